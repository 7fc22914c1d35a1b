//! YAML documents with positions. The only code that sees the YAML library.

mod node;

pub use node::{Content, Node};

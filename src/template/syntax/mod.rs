//! The syntax of templates and expressions.

mod dialect;
mod parse;
pub mod tree;
pub(crate) mod walk;

pub use dialect::Dialect;
pub use parse::{SyntaxError, expression, statements};

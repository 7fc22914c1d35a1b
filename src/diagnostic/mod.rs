//! Positions in source files, and messages that point at them.

mod message;
mod source;
mod suggest;

pub use message::{Diagnostic, Diagnostics, Label};
pub use source::{Source, Span};
pub use suggest::{did_you_mean, list_or, plural};

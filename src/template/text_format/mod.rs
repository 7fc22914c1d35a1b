//! Python's two ways of formatting strings.

mod brace;
mod number;
mod percent;

pub(crate) use brace::format;
pub(crate) use percent::percent;

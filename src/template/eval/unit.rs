//! One template at work: its tree, its text and its place.

use std::sync::Arc;

use crate::diagnostic::Span;
use crate::template::place::Place;
use crate::template::program::Program;
use crate::template::syntax::Dialect;
use crate::template::syntax::tree::At;

/// A template with its place.
pub(crate) struct Unit {
    /// The parsed text.
    pub program: Arc<Program>,
    /// Where the text stands.
    pub place: Place,
    dialect: Option<Arc<Dialect>>,
}

impl Unit {
    /// A template; the files that it includes are in `dialect`, or in Ansible's own.
    pub fn new(program: Arc<Program>, place: Place, dialect: Option<Arc<Dialect>>) -> Self {
        Self { program, place, dialect }
    }

    /// The syntax of included files.
    pub fn dialect(&self) -> Arc<Dialect> {
        self.dialect.clone().unwrap_or_default()
    }

    /// The place of a part of the template.
    pub fn span(&self, at: At) -> Option<Span> {
        self.place.span(&self.program.text, at)
    }
}

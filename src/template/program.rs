//! Parsed templates, kept for the next time.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::syntax::tree::{Node, Statement};
use super::syntax::{self, Dialect, SyntaxError};

/// More programs than this are not kept: generated texts must not fill the memory.
const MOST: usize = 20_000;

/// A parsed text.
pub(crate) struct Program {
    /// The text.
    pub text: Arc<str>,
    /// The tree.
    pub code: Code,
}

/// The tree of a text.
pub(crate) enum Code {
    /// A template.
    Template(Vec<Statement>),
    /// A bare expression, as in `when`.
    Expression(Node),
}

/// How a text is read.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Reading {
    Template(Dialect),
    Expression,
}

type ByText = HashMap<Arc<str>, Arc<Program>>;

/// The programs of a run.
#[derive(Default)]
pub(crate) struct Programs {
    known: RwLock<HashMap<Reading, ByText>>,
}

impl Programs {
    /// The program of a template.
    pub fn template(
        &self,
        text: &Arc<str>,
        dialect: &Dialect,
    ) -> Result<Arc<Program>, SyntaxError> {
        self.get(text, Reading::Template(dialect.clone()))
    }

    /// The program of a bare expression.
    pub fn expression(&self, text: &Arc<str>) -> Result<Arc<Program>, SyntaxError> {
        self.get(text, Reading::Expression)
    }

    fn get(&self, text: &Arc<str>, reading: Reading) -> Result<Arc<Program>, SyntaxError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = known.get(&reading).and_then(|programs| programs.get(text)) {
            return Ok(Arc::clone(program));
        }
        drop(known);
        let code = match &reading {
            Reading::Template(dialect) => Code::Template(syntax::statements(text, dialect)?),
            Reading::Expression => Code::Expression(syntax::expression(text)?),
        };
        let program = Arc::new(Program { text: Arc::clone(text), code });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let programs = known.entry(reading).or_default();
        if programs.len() < MOST {
            programs.insert(Arc::clone(text), Arc::clone(&program));
        }
        Ok(program)
    }
}

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

type ByText = HashMap<Arc<str>, Arc<Program>>;

/// The programs of a run.
#[derive(Default)]
pub(crate) struct Programs {
    scalars: RwLock<ByText>,
    expressions: RwLock<ByText>,
    files: RwLock<HashMap<Dialect, ByText>>,
}

impl Programs {
    /// The program of a string of a YAML file.
    pub fn scalar(&self, text: &Arc<str>) -> Result<Arc<Program>, SyntaxError> {
        remembered(&self.scalars, text, || {
            syntax::statements(text, &Dialect::scalar()).map(Code::Template)
        })
    }

    /// The program of a bare expression.
    pub fn expression(&self, text: &Arc<str>) -> Result<Arc<Program>, SyntaxError> {
        remembered(&self.expressions, text, || syntax::expression(text).map(Code::Expression))
    }

    /// The program of a template file.
    pub fn template(
        &self,
        text: &Arc<str>,
        dialect: &Dialect,
    ) -> Result<Arc<Program>, SyntaxError> {
        let known = self.files.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = known.get(dialect).and_then(|programs| programs.get(text)) {
            return Ok(Arc::clone(program));
        }
        drop(known);
        let code = Code::Template(syntax::statements(text, dialect)?);
        let program = Arc::new(Program { text: Arc::clone(text), code });
        let mut known = self.files.write().unwrap_or_else(PoisonError::into_inner);
        let programs = known.entry(dialect.clone()).or_default();
        if programs.len() < MOST {
            programs.insert(Arc::clone(text), Arc::clone(&program));
        }
        Ok(program)
    }
}

fn remembered(
    programs: &RwLock<ByText>,
    text: &Arc<str>,
    parse: impl FnOnce() -> Result<Code, SyntaxError>,
) -> Result<Arc<Program>, SyntaxError> {
    let known = programs.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(program) = known.get(text) {
        return Ok(Arc::clone(program));
    }
    drop(known);
    let program = Arc::new(Program { text: Arc::clone(text), code: parse()? });
    let mut known = programs.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() < MOST {
        known.insert(Arc::clone(text), Arc::clone(&program));
    }
    Ok(program)
}

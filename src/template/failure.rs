//! Why a template gives no value.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};
use crate::value::{Unknown, Value};

/// Why rendering gave no value.
#[derive(Debug, Clone)]
pub enum Failure {
    /// Only applying can tell the value.
    Unknown(Arc<Unknown>),
    /// The template is wrong, or a variable that it needs is undefined.
    Error(Diagnostic),
}

impl From<Diagnostic> for Failure {
    fn from(error: Diagnostic) -> Self {
        Self::Error(error)
    }
}

/// What stops an evaluation; an undefined value is one, until `default` or `is defined` catches it.
#[derive(Debug, Clone)]
pub(crate) enum Stop {
    /// Only applying can tell.
    Unknown(Arc<Unknown>),
    /// A variable, attribute or item that does not exist.
    Undefined(Box<Undefined>),
    /// Anything else.
    Error(Box<Diagnostic>),
}

/// A value that does not exist.
#[derive(Debug, Clone)]
pub(crate) struct Undefined {
    /// What is missing.
    pub missing: Missing,
    /// Where it was asked for.
    pub span: Option<Span>,
    /// Whether an operator has worked on it: `default` then catches it only through a variable.
    pub used: bool,
    /// Through which variables it was reached, innermost first.
    pub trace: Vec<String>,
}

/// What is missing.
#[derive(Debug, Clone)]
pub(crate) enum Missing {
    /// A variable.
    Variable(Arc<str>),
    /// An attribute or item: its name, what was asked, the names that exist.
    Member(String, &'static str, Vec<String>),
    /// The value of `a if false`, which shows as nothing in a text.
    Else,
    /// Something that has a message of its own.
    Message(String),
}

impl Stop {
    /// An error that has no place yet.
    pub fn error(message: impl Into<String>) -> Self {
        Self::Error(Box::new(Diagnostic::new(message)))
    }

    /// An undefined value with a message of its own.
    pub fn undefined(message: impl Into<String>) -> Self {
        Self::missing(Missing::Message(message.into()))
    }

    /// An undefined value.
    pub fn missing(missing: Missing) -> Self {
        Self::Undefined(Box::new(Undefined { missing, span: None, used: false, trace: Vec::new() }))
    }

    /// The same after an operator has worked on it.
    pub fn used(self) -> Self {
        self.with_used(true)
    }

    /// The same as seen through a variable.
    pub fn unused(self) -> Self {
        self.with_used(false)
    }

    fn with_used(mut self, used: bool) -> Self {
        if let Self::Undefined(undefined) = &mut self {
            undefined.used = used;
        }
        self
    }

    /// Whether `default` and `is defined` catch it.
    pub fn is_undefined(&self) -> bool {
        matches!(self, Self::Undefined(undefined) if !undefined.used)
    }

    /// Adds what to do, if it is an error.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Error(error) = &mut self {
            error.hints.push(hint.into());
        }
        self
    }

    /// The same at a place; a place that is already set stays.
    pub fn at(mut self, span: Option<Span>) -> Self {
        let slot = match &mut self {
            Self::Unknown(_) => return self,
            Self::Undefined(undefined) => &mut undefined.span,
            Self::Error(error) => &mut error.span,
        };
        if slot.is_none() {
            *slot = span;
        }
        self
    }

    /// Adds a step of how it came to this.
    pub fn during(mut self, step: String) -> Self {
        match &mut self {
            Self::Unknown(_) => {}
            Self::Undefined(undefined) => undefined.trace.push(step),
            Self::Error(error) => error.trace.push(step),
        }
        self
    }

    /// What the caller of the templar gets; `names` are the variables that exist.
    pub fn into_failure(self, names: impl FnOnce() -> Vec<String>) -> Failure {
        match self {
            Self::Unknown(unknown) => Failure::Unknown(unknown),
            Self::Error(error) => Failure::Error(*error),
            Self::Undefined(undefined) => Failure::Error(undefined.into_diagnostic(names)),
        }
    }
}

impl From<Diagnostic> for Stop {
    fn from(error: Diagnostic) -> Self {
        Self::Error(Box::new(error))
    }
}

impl Undefined {
    /// The same as a message for people; `names` are the variables that exist.
    pub fn into_diagnostic(self, names: impl FnOnce() -> Vec<String>) -> Diagnostic {
        let diagnostic = match &self.missing {
            Missing::Variable(name) => {
                let known = names();
                Diagnostic::new(format!("variable `{name}` is undefined"))
                    .suggest(name, known.iter().map(String::as_str))
            }
            Missing::Member(name, of, known) => {
                Diagnostic::new(format!("the {of} has no member `{name}`"))
                    .suggest(name, known.iter().map(String::as_str))
            }
            Missing::Else => {
                Diagnostic::new("the condition of this `if` is false and it has no `else`")
            }
            Missing::Message(message) => Diagnostic::new(message.clone()),
        };
        let mut diagnostic = diagnostic.at_maybe(self.span.as_ref());
        diagnostic.trace.extend(self.trace);
        diagnostic
    }
}

/// Stops at a value that is unknown itself; what is inside is not looked at.
pub(crate) fn known(value: Value) -> Result<Value, Stop> {
    match value {
        Value::Unknown(unknown) => Err(Stop::Unknown(unknown)),
        other => Ok(other),
    }
}

/// Stops at a value that is unknown anywhere inside.
pub(crate) fn fully_known(value: &Value) -> Result<(), Stop> {
    value.find_unknown().map_or(Ok(()), |unknown| Err(Stop::Unknown(Arc::clone(unknown))))
}

//! From a byte in a template's text to a place in the file that it was written in.

use std::sync::Arc;

use super::syntax::tree::At;
use crate::diagnostic::{Source, Span};
use crate::value::Str;
use crate::yaml;

/// Where the text of a template stands.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// Nobody knows.
    Nowhere,
    /// The text is a file from this byte on.
    File(Arc<Source>, usize),
    /// The text is a scalar of a YAML file.
    Scalar(Span),
}

impl Place {
    /// The place of a string.
    pub fn of(text: &Str) -> Self {
        text.origin().map_or(Self::Nowhere, |span| Self::Scalar(span.clone()))
    }

    /// The range `at` of `text`, which stands here.
    pub fn span(&self, text: &str, at: At) -> Option<Span> {
        match self {
            Self::Nowhere => None,
            Self::File(source, from) => Some(Span::new(source, from + at.start, from + at.end)),
            Self::Scalar(span) => Some(yaml::place(span, text, at.start..at.end)),
        }
    }
}

//! A source text and a range in it.

use std::fmt;
use std::sync::Arc;

/// A text that was read from a file (or typed on a command line), with the name that people know it by.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as the user would type it, or a name such as `<-e>`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A shared source.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }
}

/// A byte range in a source. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    /// The text that the range is in.
    pub source: Arc<Source>,
    /// First byte.
    pub start: usize,
    /// First byte after the range.
    pub end: usize,
}

impl Span {
    /// The range `start..end` of `source`, cut to the text's length.
    pub fn new(source: &Arc<Source>, start: usize, end: usize) -> Self {
        let length = source.text.len();
        let start = start.min(length);
        Self { source: Arc::clone(source), start, end: end.clamp(start, length) }
    }

    /// Line and column, both from 1; the column counts characters.
    pub fn line_column(&self) -> (usize, usize) {
        let before = &self.source.text.as_bytes()[..self.start];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
        (line, column)
    }

    /// The text in the range.
    pub fn text(&self) -> &str {
        self.source.text.get(self.start..self.end).unwrap_or("")
    }

    /// A range inside this one, by byte offsets from its start.
    #[must_use]
    pub fn sub(&self, start: usize, end: usize) -> Self {
        Self::new(&self.source, self.start + start, self.start + end)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.source.name)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters_from_one() {
        let source = Source::new("a.yml", "x\nüy: z\n");
        let at = source.text.find('z').expect("is there");
        assert_eq!(Span::new(&source, at, at + 1).to_string(), "a.yml:2:5");
    }
}

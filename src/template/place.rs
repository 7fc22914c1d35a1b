//! From a byte in a template's text to a place in the file that it was written in.

use std::sync::Arc;

use super::syntax::tree::At;
use crate::diagnostic::{Source, Span};
use crate::value::Str;

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
            Self::Scalar(span) => Some(inside(span, text, at)),
        }
    }
}

/// The range of a scalar's text in its file: quotes, escapes, folds and indents make them differ.
/// The whole scalar if the two cannot be matched.
fn inside(scalar: &Span, text: &str, at: At) -> Span {
    let written = scalar.text();
    if written == text {
        return scalar.sub(at.start, at.end);
    }
    if written.len() >= 2 && written.get(1..written.len() - 1) == Some(text) {
        return scalar.sub(at.start + 1, at.end + 1);
    }
    match (aligned(written, text, at.start), aligned(written, text, at.end.saturating_sub(1))) {
        (Some(start), Some(end)) => scalar.sub(start, end + 1),
        (Some(start), None) => scalar.sub(start, start + 1),
        _ => scalar.clone(),
    }
}

/// The byte of `written` that became byte `target` of `text`.
fn aligned(written: &str, text: &str, target: usize) -> Option<usize> {
    let body = header_length(written);
    let mut raw = written[body..].char_indices().map(|(at, c)| (at + body, c)).peekable();
    for (index, wanted) in text.char_indices() {
        loop {
            let (at, found) = *raw.peek()?;
            let same = found == wanted || (found.is_whitespace() && wanted.is_whitespace());
            if same {
                if index >= target {
                    return Some(at);
                }
                raw.next();
                break;
            }
            if wanted.is_whitespace() && !found.is_whitespace() && found != '\\' {
                break;
            }
            if !(found.is_whitespace() || matches!(found, '\\' | '\'' | '"')) {
                return None;
            }
            raw.next();
        }
    }
    None
}

/// `|-` and the like, up to the end of their line.
fn header_length(written: &str) -> usize {
    if written.starts_with(['|', '>']) {
        written.find('\n').map_or(0, |newline| newline + 1)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(file: &str, scalar: &str, text: &str, needle: &str) -> String {
        let source = Source::new("a.yml", file);
        let start = file.find(scalar).expect("is there");
        let span = Span::new(&source, start, start + scalar.len());
        let at = text.find(needle).expect("is there");
        let at = At { start: at, end: at + needle.len() };
        let found = inside(&span, text, at);
        format!("{found} {}", found.text())
    }

    #[test]
    fn finds_plain_quoted_and_block_scalars() {
        assert_eq!(located("a: {{ b }}", "{{ b }}", "{{ b }}", "b"), "a.yml:1:7 b");
        assert_eq!(located("a: \"{{ b }}\"", "\"{{ b }}\"", "{{ b }}", "b"), "a.yml:1:8 b");
        let block = "|\n  x\n  {{ bad }}\n";
        let file = format!("a: {block}");
        assert_eq!(located(&file, block, "x\n{{ bad }}\n", "bad"), "a.yml:3:6 bad");
        let folded = "\"x\\\"y {{ bad }}\"";
        assert_eq!(
            located(&format!("a: {folded}"), folded, "x\"y {{ bad }}", "bad"),
            "a.yml:1:13 bad"
        );
    }
}

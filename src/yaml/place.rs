//! From a place in a string's text to the place in the file that it was written at.

use std::ops::Range;

use crate::diagnostic::Span;

/// The place in the file of `range` (bytes) of `text`, a string that was written at `origin`.
///
/// Quotes, escapes, folds and indents make what is written differ from the text. Where the two
/// cannot be matched it is the words of the range, if they stand there just once, and at worst the
/// whole string.
pub fn place(origin: &Span, text: &str, range: Range<usize>) -> Span {
    let written = origin.text();
    if written == text {
        return origin.sub(range.start, range.end);
    }
    if written.len() >= 2 && written.get(1..written.len() - 1) == Some(text) {
        return origin.sub(range.start + 1, range.end + 1);
    }
    let end = aligned(written, text, range.end.saturating_sub(1));
    match (aligned(written, text, range.start), end) {
        (Some(start), Some(end)) => origin.sub(start, end + 1),
        (Some(start), None) => origin.sub(start, start + 1),
        _ => by_word(written, text, range)
            .map_or_else(|| origin.clone(), |found| origin.sub(found.start, found.end)),
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

/// Finds the words of the range itself, if they stand in the file just once.
fn by_word(written: &str, text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let wanted = text.get(range)?.trim();
    let start = written.find(wanted).filter(|_| !wanted.is_empty())?;
    let once = !written[start + wanted.len()..].contains(wanted);
    once.then(|| start..start + wanted.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;

    #[test]
    fn a_line_of_a_block_is_found_by_its_count() {
        let source = Source::new("a.yml", "x: |\n  a {{ b }}\n  c\n  a {{ b }}\n");
        let origin = Span::new(&source, 3, source.text.len());
        let text = "a {{ b }}\nc\na {{ b }}\n";
        let at = text.rfind('b').unwrap();
        assert_eq!(place(&origin, text, at..at + 1).to_string(), "a.yml:4:8");
    }

    #[test]
    fn folded_text_is_found_by_its_words() {
        let source = Source::new("a.yml", "x: >\n  one {{ two }}\n  three\n");
        let origin = Span::new(&source, 3, source.text.len());
        assert_eq!(place(&origin, "one {{ two }} three\n", 7..10).to_string(), "a.yml:2:10");
    }

    fn located(file: &str, scalar: &str, text: &str, needle: &str) -> String {
        let source = Source::new("a.yml", file);
        let start = file.find(scalar).expect("is there");
        let span = Span::new(&source, start, start + scalar.len());
        let at = text.find(needle).expect("is there");
        let found = place(&span, text, at..at + needle.len());
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

    #[test]
    fn words_behind_an_escape_are_found_by_themselves() {
        let scalar = "\"x\\ny {{ bad }}\"";
        let file = format!("a: {scalar}");
        assert_eq!(located(&file, scalar, "x\ny {{ bad }}", "bad"), "a.yml:1:13 bad");
    }
}

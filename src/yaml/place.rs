//! From a place in a string's text to the place in the file that it was written at.

use std::ops::Range;

use crate::diagnostic::Span;

/// The place in the file of `range` (bytes) of `text`, a string that was written at `origin`.
///
/// Exact where the file holds the text as it is; in block scalars by line; where escapes or folding
/// are in the way, the nearest line that can be told, at worst the whole string.
pub fn place(origin: &Span, text: &str, range: Range<usize>) -> Span {
    let written = origin.text();
    if written == text {
        return origin.sub(range.start, range.end);
    }
    by_line(written, text, &range)
        .or_else(|| by_word(written, text, &range))
        .map_or_else(|| origin.clone(), |found| origin.sub(found.start, found.end))
}

/// Finds the line of the text among the lines as written, counting equal lines.
fn by_line(written: &str, text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let before = text.get(..range.start)?;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next()?;
    let equal_before =
        text[..line_start].lines().filter(|other| other.trim() == line.trim()).count();
    let mut offset = 0;
    let mut equal = 0;
    for candidate in written.split_inclusive('\n') {
        if candidate.trim() == line.trim() {
            if equal == equal_before {
                let start = offset + candidate.find(line.trim())?;
                let lead = line.len() - line.trim_start().len();
                let column = (range.start - line_start).saturating_sub(lead);
                let length = range.len().min(line.trim().len().saturating_sub(column));
                return Some(start + column..start + column + length);
            }
            equal += 1;
        }
        offset += candidate.len();
    }
    None
}

/// Finds the words of the range itself, if they stand in the file just once.
fn by_word(written: &str, text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let wanted = text.get(range.clone())?.trim();
    let start = written.find(wanted).filter(|_| !wanted.is_empty())?;
    let once = written[start + wanted.len()..].find(wanted).is_none();
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
}

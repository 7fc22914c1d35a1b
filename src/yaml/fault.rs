//! What is wrong with a YAML text, in words that say what to do.

use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::{Diagnostic, Source, Span};

/// Characters that no YAML text may hold, looked for before anything else.
pub fn forbidden_character(source: &Arc<Source>) -> Option<Diagnostic> {
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let offset = source.text.len() - text.len();
    let (at, bad) = text.char_indices().find(|(_, c)| is_forbidden(*c))?;
    let span = Span::new(source, offset + at, offset + at + bad.len_utf8());
    let code = bad as u32;
    let problem = match bad {
        '\0' => Diagnostic::new("the file holds a NUL byte, which YAML does not allow")
            .hint("is this a binary file? save it as plain UTF-8 text"),
        '\u{feff}' => Diagnostic::new("a byte order mark stands inside the text")
            .hint("remove it; two files may have been joined"),
        _ => Diagnostic::new(format!("the control character U+{code:04X} is not allowed in YAML"))
            .hint("remove it, or write it as an escape in double quotes"),
    };
    Some(problem.at(&span))
}

fn is_forbidden(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => true,
        _ => c.is_control(),
    }
}

/// The message for an error of the YAML library.
pub fn from_scan(source: &Arc<Source>, error: &ScanError) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or(source.text.len());
    if let Some(template) = unquoted_template(source, at) {
        return template;
    }
    let span = point(source, at);
    if let Some(tab) = tab_in_indent(source, at, error.kind()) {
        return tab;
    }
    if let Some(fault) = colon_in_value(source, at, error.kind()) {
        return fault;
    }
    if matches!(
        error.kind(),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent
    ) {
        return open_quote(source, at);
    }
    in_words(error.kind()).at(&span)
}

/// The place of an error; at the end of the text, its last visible character.
fn point(source: &Arc<Source>, at: usize) -> Span {
    let text = &source.text;
    if at < text.len() {
        let width = text[at..].chars().next().map_or(0, char::len_utf8);
        return Span::new(source, at, at + width);
    }
    let end = text.trim_end().len();
    let start = text[..end].char_indices().next_back().map_or(0, |(start, _)| start);
    Span::new(source, start, end)
}

fn in_words(kind: &ErrorKind) -> Diagnostic {
    use ErrorKind as E;
    match kind {
        E::RecursionLimitExceeded => Diagnostic::new("the text is nested too deeply")
            .hint("no more than 100 levels of lists and mappings are read"),
        E::UnknownAnchor => Diagnostic::new("this alias has no anchor before it")
            .hint("an alias `*name` needs `&name` earlier in the same document"),
        E::UnclosedFlowCollection { open } => {
            Diagnostic::new(format!("`{open}` is opened and never closed"))
        }
        E::MismatchedFlowCollectionEnd { open, close } => {
            Diagnostic::new(format!("`{open}` is closed by `{close}`"))
        }
        E::UnexpectedCharacter { character: character @ ('@' | '`' | '%') } => Diagnostic::new(format!(
            "a value cannot start with `{character}`"
        ))
        .hint("put the whole value in quotes"),
        E::MappingValueNotAllowed | E::InvalidIndentation | E::ExpectedBlockMappingKey => {
            Diagnostic::new("a key is not expected here").hint(
                "check that this line is indented as its neighbours are, and that a value with `: ` in it is quoted",
            )
        }
        E::SimpleKeyExpected | E::InvalidSimpleKey => {
            Diagnostic::new("expected `key: value`; the `:` is missing")
                .hint("check the indentation of this line and the line before it")
        }
        E::ExpectedBlockSequenceEntry | E::BlockSequenceEntryNotAllowed => {
            Diagnostic::new("a list and other text are mixed here")
                .hint("indent the items of one list alike, each with `- `")
        }
        E::UnknownQuotedScalarEscape => Diagnostic::new("unknown escape in a double-quoted string")
            .hint("write `\\\\` for a backslash, or use single quotes"),
        other => Diagnostic::new(format!("this is not valid YAML: {}", lowercase(&other.to_string()))),
    }
}

fn lowercase(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// The line around a byte: its start and its text.
fn line_at(text: &str, at: usize) -> (usize, &str) {
    let at = at.min(text.len());
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    (start, &text[start..end])
}

/// The last quote before `at` that starts a value.
fn open_quote(source: &Arc<Source>, at: usize) -> Diagnostic {
    let text = &source.text[..at.min(source.text.len())];
    let starts = |mark: &str| text.rfind(mark).map(|start| start + mark.len() - 1);
    let marks = [": '", ": \"", "- '", "- \"", "[\"", "['", ", \"", ", '"];
    let quote = marks.iter().filter_map(|mark| starts(mark)).max();
    let span = quote.map_or_else(|| point(source, at), |quote| Span::new(source, quote, quote + 1));
    Diagnostic::new("a quote is opened and not closed")
        .at(&span)
        .hint("close it; the further lines of a quoted value must be indented")
}

/// A tab before the first word of the line, or of the next line where a value is at its end.
fn tab_in_indent(source: &Arc<Source>, at: usize, kind: &ErrorKind) -> Option<Diagnostic> {
    let (mut start, mut line) = line_at(&source.text, at);
    if *kind == ErrorKind::TabInPlainScalar || at >= start + line.trim_end().len() {
        (start, line) = line_at(&source.text, start + line.len() + 1);
    }
    let indent = &line[..line.len() - line.trim_start().len()];
    let tab = start + indent.find('\t')?;
    let problem = Diagnostic::new("a tab cannot indent YAML").hint("replace the tab by spaces");
    Some(problem.at(&Span::new(source, tab, tab + 1)))
}

/// `msg: done: now`: the second colon makes the value look like a key.
fn colon_in_value(source: &Arc<Source>, at: usize, kind: &ErrorKind) -> Option<Diagnostic> {
    if !matches!(kind, ErrorKind::MappingValueNotAllowed) {
        return None;
    }
    let (start, line) = line_at(&source.text, at);
    let value = line.find(": ")? + 2;
    if at <= start + value || !source.text[at..].starts_with(':') {
        return None;
    }
    let problem = Diagnostic::new("this value holds `: `, which YAML takes for another key")
        .hint("put the whole value in quotes");
    Some(problem.at(&Span::new(source, start + value, start + line.trim_end().len())))
}

/// `msg: {{ name }}` without quotes, on the line of the error or one of the two before it.
pub fn unquoted_template(source: &Arc<Source>, at: usize) -> Option<Diagnostic> {
    let mut at = at.min(source.text.len());
    for _ in 0..3 {
        let (start, line) = line_at(&source.text, at);
        if let Some(column) = template_value(line) {
            let whole = Span::new(source, start + column, start + line.trim_end().len());
            let shown = whole.text().replace('"', "'");
            let problem = Diagnostic::new("a value that starts with a template needs quotes")
                .hint(format!("write `\"{shown}\"`"));
            return Some(problem.at(&whole));
        }
        at = start.checked_sub(1)?;
    }
    None
}

/// The column of a `{{` that starts an unquoted value.
fn template_value(line: &str) -> Option<usize> {
    let bare = line.trim_start();
    let mut rest = bare;
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item.trim_start();
    }
    if rest.starts_with("{{") {
        return Some(line.len() - rest.len());
    }
    if rest.starts_with(['"', '\'', '#']) {
        return None;
    }
    let (key, _) = rest.split_once(": ")?;
    let after = &rest[key.len() + 2..];
    let value = after.trim_start();
    value.starts_with("{{").then(|| line.len() - value.len())
}

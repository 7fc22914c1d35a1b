//! Arguments written as text: `copy: src=a dest="b c"`, `command: echo hi creates=/x`.

use std::ops::Range;

/// The parts of such a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Parts {
    /// `key=value` words: the key, the value without its quotes, the bytes of the word.
    pub options: Vec<(String, String, Range<usize>)>,
    /// What is left, with its quotes; between the words as it was written.
    pub rest: String,
}

/// A quote or a `{{` that is never closed.
#[derive(Debug, PartialEq, Eq)]
pub struct Unbalanced {
    /// What was opened.
    pub what: &'static str,
    /// The byte at which.
    pub at: usize,
}

/// Splits a text into options and the rest. `is_option` says which keys are options; words with other keys are rest.
pub fn split(text: &str, is_option: impl Fn(&str) -> bool) -> Result<Parts, Unbalanced> {
    let mut parts = Parts { options: vec![], rest: String::new() };
    let mut kept_until = 0;
    for range in words(text)? {
        let Some((key, value)) = option(&text[range.clone()]) else { continue };
        if !is_option(key) {
            continue;
        }
        parts.rest.push_str(&text[kept_until..range.start]);
        kept_until = range.end;
        parts.options.push((key.to_string(), unquote(value), range));
    }
    parts.rest.push_str(&text[kept_until..]);
    parts.rest = parts.rest.trim().to_string();
    Ok(parts)
}

fn option(word: &str) -> Option<(&str, &str)> {
    let (key, value) = word.split_once('=')?;
    let name = key.chars().all(|char| char.is_ascii_alphanumeric() || "_-.".contains(char));
    (name && !key.is_empty()).then_some((key, value))
}

/// The words of a text: blanks in quotes and in `{{ }}`, `{% %}`, `{# #}` do not part them.
fn words(text: &str) -> Result<Vec<Range<usize>>, Unbalanced> {
    let mut words = Vec::new();
    let mut start: Option<usize> = None;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let Some(char) = rest.chars().next() else { break };
        if char.is_whitespace() {
            words.extend(start.take().map(|start| start..at));
            at += char.len_utf8();
            continue;
        }
        start.get_or_insert(at);
        at += span_of(rest).map_err(|what| Unbalanced { what, at })?;
    }
    words.extend(start.map(|start| start..text.len()));
    Ok(words)
}

/// How many bytes belong together at the start of `rest`: a character, a quoted text, a template.
fn span_of(rest: &str) -> Result<usize, &'static str> {
    const TEMPLATES: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
    if let Some((open, close)) = TEMPLATES.into_iter().find(|(open, _)| rest.starts_with(open)) {
        let inside = rest[2..].find(close).ok_or(open)?;
        return Ok(inside + 4);
    }
    let mut chars = rest.chars();
    match chars.next() {
        Some(quote @ ('"' | '\'')) => {
            let mut escaped = false;
            for (offset, char) in rest.char_indices().skip(1) {
                match char {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    _ if char == quote => return Ok(offset + 1),
                    _ => {}
                }
            }
            Err(if quote == '"' { "\"" } else { "'" })
        }
        Some('\\') => Ok(1 + chars.next().map_or(0, char::len_utf8)),
        Some(char) => Ok(char.len_utf8()),
        None => Ok(0),
    }
}

fn unquote(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|inner| inner.strip_suffix(quote)) {
            return inner.replace(&format!("\\{quote}"), &quote.to_string());
        }
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(String, String)> {
        let parts = split(text, |_| true).expect("balanced");
        parts.options.into_iter().map(|(key, value, _)| (key, value)).collect()
    }

    #[test]
    fn quotes_and_templates_hold_words_together() {
        assert_eq!(
            all("src=a.j2 dest='/x y' mode=\"{{ m | default('0644') }}\" owner={{ a b }}"),
            [
                ("src", "a.j2"),
                ("dest", "/x y"),
                ("mode", "{{ m | default('0644') }}"),
                ("owner", "{{ a b }}")
            ]
            .map(|(key, value)| (key.to_string(), value.to_string()))
        );
    }

    #[test]
    fn a_command_keeps_what_is_no_option() {
        let parts = split("FOO=1 echo \"a  b\" creates=/x  --c=d", |key| key == "creates")
            .expect("balanced");
        assert_eq!(parts.rest, "FOO=1 echo \"a  b\"   --c=d");
        assert_eq!(parts.options[0].1, "/x");
    }

    #[test]
    fn an_open_quote_is_an_error_at_its_place() {
        assert_eq!(split("echo 'a", |_| true), Err(Unbalanced { what: "'", at: 5 }));
        assert_eq!(split("echo {{ a", |_| true), Err(Unbalanced { what: "{{", at: 5 }));
    }
}

//! Regular expressions as Python writes them, for the modules whose arguments are such.

use fancy_regex::{Captures, Regex, RegexBuilder};

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

/// How a pattern is read, beside its own `(?…)` flags.
#[derive(Debug, Clone, Copy, Default)]
pub struct Flags {
    /// `^` and `$` match at every line.
    pub multiline: bool,
    /// `.` matches line ends too.
    pub dot_all: bool,
}

impl Pattern {
    /// A pattern of Python's `re`; the error says what is wrong with it.
    pub fn new(text: &str, flags: Flags) -> Result<Self, String> {
        let multiline = flags.multiline || inline_flags(text).contains('m');
        let mut pattern = String::new();
        if flags.multiline {
            pattern.push_str("(?m)");
        }
        if flags.dot_all {
            pattern.push_str("(?s)");
        }
        pattern.push_str(&translate(text, multiline));
        match RegexBuilder::new(&pattern).backtrack_limit(10_000_000).build() {
            Ok(regex) => Ok(Self(regex)),
            Err(error) => Err(format!("`{text}` is not a regular expression: {error}")),
        }
    }

    /// Whether it matches anywhere.
    pub fn is_match(&self, text: &str) -> Result<bool, String> {
        self.0.is_match(text).map_err(|error| error.to_string())
    }

    /// The first match.
    pub fn captures<'t>(&self, text: &'t str) -> Result<Option<Captures<'t, str>>, String> {
        self.0.captures(text).map_err(|error| error.to_string())
    }

    /// The text with all matches replaced, and how many there were.
    pub fn replace_all(&self, text: &str, replacement: &str) -> Result<(String, usize), String> {
        let (mut result, mut end, mut count) = (String::new(), 0, 0);
        for captures in self.0.captures_iter(text) {
            let captures = captures.map_err(|error| error.to_string())?;
            let Some(whole) = captures.get(0) else { continue };
            result.push_str(&text[end..whole.start()]);
            result.push_str(&expand(replacement, &captures)?);
            end = whole.end();
            count += 1;
        }
        result.push_str(&text[end..]);
        Ok((result, count))
    }
}

/// The flags that a pattern starts with: `im` of `(?im)abc`.
fn inline_flags(text: &str) -> &str {
    let flags = text.strip_prefix("(?").and_then(|rest| rest.split_once(')'));
    flags.map_or("", |(flags, _)| flags).trim_matches(|letter: char| !letter.is_ascii_lowercase())
}

/// The same pattern in the dialect of the regex crates.
fn translate(text: &str, multiline: bool) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut class: Option<usize> = None;
    while let Some(letter) = rest.chars().next() {
        let after = &rest[letter.len_utf8()..];
        let at_class_start = class.is_some_and(|start| matches!(&out[start..], "[" | "[^"));
        rest = after;
        match letter {
            '\\' => {
                let Some(escaped) = after.chars().next() else {
                    out.push('\\');
                    continue;
                };
                rest = &after[escaped.len_utf8()..];
                push_escape(&mut out, escaped);
            }
            ']' if class.is_some() && !at_class_start => {
                class = None;
                out.push(']');
            }
            ']' if class.is_some() => out.push_str("\\]"),
            '[' | '&' | '~' if class.is_some() => out.extend(['\\', letter]),
            '[' => {
                class = Some(out.len());
                out.push('[');
            }
            '$' if class.is_none() && !multiline => out.push_str(r"(?=\n?\z)"),
            '{' if class.is_none() => rest = push_brace(&mut out, after),
            _ => out.push(letter),
        }
    }
    out
}

fn push_escape(out: &mut String, escaped: char) {
    match escaped {
        'Z' => out.push_str(r"\z"),
        letter if letter.is_alphanumeric() => out.extend(['\\', letter]),
        letter if r"\.+*?()|[]{}^$#&-~".contains(letter) => out.extend(['\\', letter]),
        letter => out.push(letter),
    }
}

/// A `{` that is no repetition is a plain character in Python.
fn push_brace<'t>(out: &mut String, after: &'t str) -> &'t str {
    if let Some((inside, rest)) = after.split_once('}') {
        let (least, most) = inside.split_once(',').unwrap_or((inside, "0"));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if digits(least) && digits(most) && inside.len() > usize::from(inside.contains(',')) {
            let zero = if least.is_empty() { "0" } else { "" };
            out.push_str(&["{", zero, inside, "}"].concat());
            return rest;
        }
    }
    out.push_str(r"\{");
    after
}

/// A replacement with `\1`, `\g<name>` and escapes filled in, as Python's `Match.expand` does.
pub fn expand(replacement: &str, captures: &Captures<'_, str>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = replacement;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(letter) = rest.chars().next() else {
            return Err(format!("`{replacement}` ends with a lone `\\`"));
        };
        let after = &rest[letter.len_utf8()..];
        rest = match letter {
            'g' => {
                let Some((name, rest)) =
                    after.strip_prefix('<').and_then(|name| name.split_once('>'))
                else {
                    return Err(format!("`\\g` without `<group>` in `{replacement}`"));
                };
                out.push_str(group(name, captures)?);
                rest
            }
            '0' => {
                out.push('\0');
                after
            }
            '1'..='9' => {
                let two = after.starts_with(|next: char| next.is_ascii_digit());
                let (number, rest) = rest.split_at(if two { 2 } else { 1 });
                out.push_str(group(number, captures)?);
                rest
            }
            letter => {
                push_control(&mut out, letter, replacement)?;
                after
            }
        };
    }
    out.push_str(rest);
    Ok(out)
}

fn push_control(out: &mut String, letter: char, replacement: &str) -> Result<(), String> {
    match letter {
        'n' => out.push('\n'),
        't' => out.push('\t'),
        'r' => out.push('\r'),
        'a' => out.push('\x07'),
        'b' => out.push('\x08'),
        'f' => out.push('\x0c'),
        'v' => out.push('\x0b'),
        '\\' => out.push('\\'),
        letter if letter.is_ascii_alphabetic() => {
            return Err(format!("bad escape `\\{letter}` in `{replacement}`"));
        }
        letter => out.extend(['\\', letter]),
    }
    Ok(())
}

fn group<'t>(name: &str, captures: &Captures<'t, str>) -> Result<&'t str, String> {
    let found = match name.parse::<usize>() {
        Ok(number) if number < captures.len() => captures.get(number),
        Ok(number) => return Err(format!("the pattern has no group {number}")),
        Err(_) => captures.name(name),
    };
    Ok(found.map_or("", |found| found.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern, Flags::default()).unwrap().is_match(text).unwrap()
    }

    #[test]
    fn pythons_dialect_is_understood() {
        assert!(matches("^a$", "a\n"));
        assert!(!matches(r"^a\Z", "a\n"));
        assert!(matches("{{ x }}", "{{ x }}"));
        assert!(matches("a{,2}b", "aab"));
        assert!(matches(r"[[&~]x", "[x"));
        assert!(matches(r"[]a]x", "]x"));
        assert!(matches(r"\<b\>\/\-", "<b>/-"));
        assert!(matches(r"(?i)^PORT\s+\d{1,5}$", "port 22"));
        assert!(matches(r"(?m)^b$", "a\nb\nc"));
        assert!(matches(r"(?P<q>['\x22]).*(?P=q)", "'a'"));
        assert!(matches(r"^(?!#)Port", "Port 22"));
        assert!(Pattern::new("(", Flags::default()).is_err());
    }

    #[test]
    fn replacements_are_filled_in_as_python_does() {
        let pattern = Pattern::new(r"(?P<k>\w+)=(\w+)?", Flags::default()).unwrap();
        let replaced = |text: &str| pattern.replace_all("a=1 b=", text);
        assert_eq!(replaced(r"\2:\g<k>\n").unwrap(), ("1:a\n :b\n".into(), 2));
        assert_eq!(replaced(r"\.").unwrap().0, r"\. \.");
        assert!(replaced(r"\3").is_err());
        assert!(replaced(r"\q").is_err());
    }
}

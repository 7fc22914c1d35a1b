//! Regular expressions as in Python's `re`.

use fancy_regex::{Regex, RegexBuilder};

use super::failure::Stop;

/// A pattern that backtracks more than this is refused.
const BACKTRACK_LIMIT: usize = 5_000_000;

/// `re.IGNORECASE` and the like.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flags {
    /// `re.IGNORECASE`
    pub ignore_case: bool,
    /// `re.MULTILINE`
    pub multiline: bool,
    /// `re.DOTALL`
    pub dot_all: bool,
}

/// A compiled pattern.
pub(crate) fn compile(pattern: &str, flags: Flags) -> Result<Regex, Stop> {
    let mut prefix = String::new();
    for (set, letter) in [(flags.ignore_case, 'i'), (flags.multiline, 'm'), (flags.dot_all, 's')] {
        if set {
            prefix.push(letter);
        }
    }
    let whole = if prefix.is_empty() { pattern.into() } else { format!("(?{prefix}){pattern}") };
    RegexBuilder::new(&whole)
        .backtrack_limit(BACKTRACK_LIMIT)
        .build()
        .map_err(|error| Stop::error(format!("cannot read the pattern `{pattern}`: {error}")))
}

/// Whether a pattern is found anywhere.
pub(crate) fn finds(pattern: &Regex, text: &str) -> Result<bool, Stop> {
    pattern.is_match(text).map_err(|error| failed(&error))
}

/// A pattern that cannot be decided.
pub(crate) fn failed(error: &fancy_regex::Error) -> Stop {
    Stop::error(format!("the pattern cannot be matched: {error}"))
}

/// The replacement of `re.sub`: `\1`, `\g<1>`, `\g<name>`, `\n`; a `$` is a dollar.
pub(crate) struct Replacement {
    parts: Vec<Part>,
}

enum Part {
    Text(String),
    Number(usize),
    Name(String),
}

impl Replacement {
    /// Reads a replacement.
    pub fn parse(text: &str) -> Result<Self, Stop> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text.chars().peekable();
        while let Some(character) = rest.next() {
            if character != '\\' {
                plain.push(character);
                continue;
            }
            let group = match rest.next() {
                Some('g') if rest.next_if_eq(&'<').is_some() => {
                    let name: String = rest.by_ref().take_while(|c| *c != '>').collect();
                    name.parse().map_or(Part::Name(name), Part::Number)
                }
                Some(digit @ '1'..='9') => {
                    let mut number = digit.to_string();
                    number.extend(rest.next_if(char::is_ascii_digit));
                    Part::Number(number.parse().unwrap_or(0))
                }
                Some(other) => {
                    plain.push_str(&escape(other)?);
                    continue;
                }
                None => return Err(Stop::error("the replacement ends in a lone backslash")),
            };
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(group);
        }
        parts.push(Part::Text(plain));
        Ok(Self { parts })
    }

    /// The text with its matches replaced, `limit` at most if it is not 0, and how many there were.
    pub fn apply(
        &self,
        pattern: &Regex,
        text: &str,
        limit: usize,
    ) -> Result<(String, usize), Stop> {
        let (mut out, mut at, mut count) = (String::new(), 0, 0);
        for found in pattern.captures_iter(text) {
            if limit > 0 && count == limit {
                break;
            }
            let found = found.map_err(|error| failed(&error))?;
            let Some(whole) = found.get(0) else { break };
            out.push_str(&text[at..whole.start()]);
            for part in &self.parts {
                match part {
                    Part::Text(text) => out.push_str(text),
                    Part::Number(number) if *number >= found.len() => {
                        return Err(Stop::error(format!("the pattern has no group {number}")));
                    }
                    Part::Number(number) => {
                        out.push_str(found.get(*number).map_or("", |group| group.as_str()));
                    }
                    Part::Name(name) => {
                        out.push_str(found.name(name).map_or("", |group| group.as_str()));
                    }
                }
            }
            at = whole.end();
            count += 1;
        }
        out.push_str(&text[at..]);
        Ok((out, count))
    }
}

fn escape(character: char) -> Result<String, Stop> {
    Ok(match character {
        'n' => "\n".into(),
        't' => "\t".into(),
        'r' => "\r".into(),
        '0' => "\0".into(),
        '\\' => "\\".into(),
        letter if letter.is_ascii_alphabetic() => {
            return Err(Stop::error(format!("bad escape `\\{letter}` in the replacement")));
        }
        other => format!("\\{other}"),
    })
}

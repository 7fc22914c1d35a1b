//! Which hosts a play or a `--limit` means: `web*:&prod:!old`, `~regex`, `group[0]`, `@file`.
//!
//! Source: Ansible's documentation, "Patterns: targeting hosts and groups".

use std::path::Path;

use fancy_regex::Regex;
use indexmap::IndexSet;

use super::{Inventory, LOCAL, Reader};
use crate::diagnostic::{Diagnostic, Span};

/// How a part of a pattern changes the hosts so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Add,
    Intersect,
    Exclude,
}

/// Which of the matching hosts are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slice {
    All,
    One(i64),
    /// From the first to the last, both included; no last means to the end.
    Range(usize, Option<usize>),
}

#[derive(Debug, Clone)]
struct Part {
    mode: Mode,
    /// The name, glob or regular expression as it was written.
    name: String,
    /// Decides about names; none where only the name itself can match.
    matcher: Option<Regex>,
    slice: Slice,
    span: Option<Span>,
}

/// A host pattern, ready to be used.
#[derive(Debug, Clone)]
pub struct Pattern {
    parts: Vec<Part>,
}

/// The hosts that a pattern means, and what in it matched nothing.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Names of hosts, each once, in the inventory's order.
    pub hosts: Vec<String>,
    /// Parts of the pattern that match no host and no group, each with near names. Ansible warns.
    pub unmatched: Vec<Diagnostic>,
}

impl Pattern {
    /// Reads one pattern. Parts are separated by `,` or `:`.
    pub fn parse(text: &str, span: Option<&Span>) -> Result<Self, Diagnostic> {
        Self::parse_all([(text, span)])
    }

    /// Reads several patterns as one, as `hosts:` with a list has them.
    pub fn parse_all<'a>(
        texts: impl IntoIterator<Item = (&'a str, Option<&'a Span>)>,
    ) -> Result<Self, Diagnostic> {
        let mut parts = Vec::new();
        for (text, span) in texts {
            for piece in pieces(text) {
                parts.push(part(piece, span)?);
            }
        }
        // Excluding and intersecting work on what the others have added, wherever they stand.
        parts.sort_by_key(|part| part.mode);
        if parts.first().is_none_or(|part| part.mode != Mode::Add) {
            parts.insert(0, part("all", None)?);
        }
        Ok(Self { parts })
    }

    /// Reads a `--limit`: a pattern in which `@file` stands for the patterns in a file, one per line.
    pub fn limit(reader: &Reader, text: &str) -> Result<Self, Diagnostic> {
        let mut texts: Vec<String> = Vec::new();
        for piece in pieces(text) {
            match piece.strip_prefix('@') {
                None => texts.push(piece.to_string()),
                Some(file) => {
                    let lines = reader.files.read_text(Path::new(file))?;
                    texts.extend(
                        lines
                            .lines()
                            .map(str::trim)
                            .filter(|line| !line.is_empty() && !line.starts_with('#'))
                            .map(ToString::to_string),
                    );
                }
            }
        }
        if texts.is_empty() {
            return Err(Diagnostic::new(format!("the limit `{text}` names no host")));
        }
        Self::parse_all(texts.iter().map(|text| (text.as_str(), None)))
    }
}

impl Inventory {
    /// The hosts that a pattern means.
    pub fn select(&self, pattern: &Pattern) -> Selection {
        let mut hosts: IndexSet<&str> = IndexSet::new();
        let mut unmatched = Vec::new();
        for part in &pattern.parts {
            let matched = self.matching(part);
            if matched.is_empty() && part.name != "all" && !self.groups.contains_key(&part.name) {
                unmatched.push(self.no_match(part));
            }
            let found: IndexSet<&str> = sliced(&matched, part.slice).into_iter().collect();
            match part.mode {
                Mode::Add => hosts.extend(found),
                Mode::Intersect => hosts.retain(|host| found.contains(host)),
                Mode::Exclude => hosts.retain(|host| !found.contains(host)),
            }
        }
        Selection { hosts: hosts.into_iter().map(ToString::to_string).collect(), unmatched }
    }

    fn matching<'a>(&'a self, part: &'a Part) -> Vec<&'a str> {
        if part.mode == Mode::Add && part.slice == Slice::All && self.hosts.contains_key(&part.name)
        {
            return vec![&part.name];
        }
        let fits = |name: &str| match &part.matcher {
            None => name == part.name,
            Some(regex) => regex.is_match(name).unwrap_or(false),
        };
        let mut found: IndexSet<&str> = IndexSet::new();
        let mut groups = 0;
        for name in self.groups.keys().filter(|name| fits(name)) {
            groups += 1;
            found.extend(self.hosts_of(name));
        }
        if groups == 0 || part.matcher.is_some() {
            found.extend(self.hosts.keys().map(String::as_str).filter(|name| fits(name)));
        }
        if found.is_empty() && groups == 0 {
            found.extend(LOCAL.iter().filter(|name| **name == part.name));
        }
        found.into_iter().collect()
    }

    fn no_match(&self, part: &Part) -> Diagnostic {
        let names = self.groups.keys().chain(self.hosts.keys()).map(String::as_str);
        Diagnostic::new(format!("no host and no group matches `{}`", part.name))
            .at_maybe(part.span.as_ref())
            .suggest(&part.name, names)
    }
}

fn sliced<'a>(hosts: &[&'a str], slice: Slice) -> Vec<&'a str> {
    match slice {
        Slice::All => hosts.to_vec(),
        Slice::One(index) => {
            let length = i64::try_from(hosts.len()).unwrap_or(i64::MAX);
            let index = if index < 0 { index + length } else { index };
            usize::try_from(index)
                .ok()
                .and_then(|index| hosts.get(index))
                .copied()
                .into_iter()
                .collect()
        }
        Slice::Range(first, last) => {
            let count = last.map_or(usize::MAX, |last| (last + 1).saturating_sub(first));
            hosts.iter().skip(first).take(count).copied().collect()
        }
    }
}

/// Splits at `,`, or else at `:` outside brackets; an IPv6 address or a regular expression stays whole.
fn pieces(text: &str) -> Vec<&str> {
    let split: Vec<&str> = if text.contains(',') {
        text.split(',').collect()
    } else if text.starts_with('~') || text.parse::<std::net::Ipv6Addr>().is_ok() {
        vec![text]
    } else {
        let mut depth = 0_i32;
        text.split(|c: char| {
            depth += i32::from(c == '[') - i32::from(c == ']');
            (c == ':' && depth <= 0) || c.is_whitespace()
        })
        .collect()
    };
    split.into_iter().map(str::trim).filter(|piece| !piece.is_empty()).collect()
}

fn part(piece: &str, span: Option<&Span>) -> Result<Part, Diagnostic> {
    let (mode, rest) = match piece.chars().next() {
        Some('!') => (Mode::Exclude, &piece[1..]),
        Some('&') => (Mode::Intersect, &piece[1..]),
        _ => (Mode::Add, piece),
    };
    let bad = |message: String| Diagnostic::new(message).at_maybe(span);
    if rest.is_empty() {
        return Err(bad(format!("`{piece}` in a host pattern needs a name after it")));
    }
    if let Some(file) = rest.strip_prefix('@') {
        return Err(bad(format!("`@{file}` is only read in `--limit`")));
    }
    let (name, slice) = if rest.starts_with('~') { (rest, Slice::All) } else { subscript(rest) };
    let regex = match name.strip_prefix('~') {
        Some(regex) => Some(format!("^(?:{regex})")),
        None => name.contains(['*', '?', '[', '.']).then(|| glob(name)),
    };
    let matcher = regex
        .map(|regex| Regex::new(&regex))
        .transpose()
        .map_err(|error| bad(format!("`{rest}` is not a regular expression: {error}")))?;
    Ok(Part { mode, name: name.to_string(), matcher, slice, span: span.cloned() })
}

/// `name[1]`, `name[-1]`, `name[1:3]`, `name[1:]`.
fn subscript(text: &str) -> (&str, Slice) {
    let parsed =
        text.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')).and_then(|(name, inside)| {
            let slice = match inside
                .split_once(':')
                .or_else(|| inside.rsplit_once('-').filter(|(a, _)| !a.is_empty()))
            {
                Some((first, "")) => Slice::Range(digits(first)?, None),
                Some((first, last)) => Slice::Range(digits(first)?, Some(digits(last)?)),
                None => Slice::One(inside.parse().ok()?),
            };
            Some((name, slice))
        });
    parsed.filter(|(name, _)| !name.is_empty()).unwrap_or((text, Slice::All))
}

fn digits(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A glob (`*`, `?`, `[a-c]`, `[!a]`) as a regular expression for the whole name.
fn glob(text: &str) -> String {
    let mut out = String::from("(?s)^");
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            '[' => match rest.split_once(']').filter(|(set, _)| !set.is_empty()) {
                Some((set, after)) => {
                    let (not, set) = set.strip_prefix('!').map_or(("", set), |set| ("^", set));
                    out.push_str(&format!(
                        "[{not}{}]",
                        set.replace('\\', "\\\\").replace('[', "\\[")
                    ));
                    rest = after;
                }
                None => out.push_str("\\["),
            },
            c => out.push_str(&fancy_regex::escape(&c.to_string())),
        }
    }
    out + "$"
}

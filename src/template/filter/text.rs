//! Text in, text out.

use super::{Filter, filter};
use crate::template::arguments::Bound;
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::{python, text_format};
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    filter("lower", &[], |_, input, _| with(input, str::to_lowercase)),
    filter("upper", &[], |_, input, _| with(input, str::to_uppercase)),
    filter("capitalize", &[], |_, input, _| with(input, capitalized)),
    filter("title", &[], |_, input, _| with(input, titled)),
    filter("trim", &["chars"], trim),
    filter("replace", &["old", "new", "count"], replace),
    filter("indent", &["width", "first", "blank"], indent),
    filter("center", &["width"], center),
    filter("truncate", &["length", "killwords", "end", "leeway"], truncate),
    filter("wordcount", &[], wordcount),
    filter("wordwrap", &["width", "break_long_words", "wrapstring", "break_on_hyphens"], wordwrap),
    filter("split", &["sep", "maxsplit"], split),
    filter("format", &["*", "**"], format),
    filter("striptags", &[], |_, input, _| with(input, striptags)),
    filter("escape", &[], |_, input, _| with(input, escaped)),
    filter("e", &[], |_, input, _| with(input, escaped)),
    filter("forceescape", &[], |_, input, _| with(input, escaped)),
    filter("safe", &[], |_, input, _| Ok(input.clone())),
    filter("quote", &[], |_, input, _| with(input, quoted)),
];

fn with(input: &Value, change: impl Fn(&str) -> String) -> Result<Value, Stop> {
    Ok(Value::data(change(&python::text(input)?)))
}

/// The first letter large, the others small.
pub(crate) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + &characters.as_str().to_lowercase()
}

/// Each word capitalized, where words end at blanks, hyphens and brackets.
fn titled(text: &str) -> String {
    let mut out = String::new();
    let mut start = true;
    for character in text.chars() {
        if start {
            out.extend(character.to_uppercase());
        } else {
            out.extend(character.to_lowercase());
        }
        start = character.is_whitespace() || "-({[<".contains(character);
    }
    out
}

fn trim(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let characters = arguments.set(0).map(python::text).transpose()?;
    with(input, |text| match &characters {
        Some(characters) => text.trim_matches(|c| characters.contains(c)).to_string(),
        None => text.trim().to_string(),
    })
}

fn replace(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let (old, new) = (arguments.text(0)?, arguments.text(1)?);
    let count = usize::try_from(arguments.integer(2, -1)?).unwrap_or(usize::MAX);
    with(input, |text| text.replacen(&*old, &new, count))
}

fn indent(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let margin = match arguments.set(0) {
        Some(Value::Str(margin)) => margin.as_str().to_string(),
        _ => " ".repeat(usize::try_from(arguments.integer(0, 4)?).unwrap_or(0)),
    };
    let (first, blank) = (arguments.flag(1, false)?, arguments.flag(2, false)?);
    with(input, |text| {
        let lines = text.split('\n').enumerate().map(|(index, line)| {
            let wanted = if index == 0 { first } else { blank || !line.is_empty() };
            if wanted { format!("{margin}{line}") } else { line.to_string() }
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

fn center(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let width = usize::try_from(arguments.integer(0, 80)?).unwrap_or(0);
    with(input, |text| centered(text, width, ' '))
}

/// Python's `str.center`: of an odd margin the larger half goes left when the width is odd.
pub(crate) fn centered(text: &str, width: usize, fill: char) -> String {
    let length = text.chars().count();
    let margin = width.min(10_000).saturating_sub(length);
    let left = margin / 2 + (margin & width & 1);
    let fill = |count: usize| fill.to_string().repeat(count);
    format!("{}{text}{}", fill(left), fill(margin - left))
}

fn truncate(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let size = |index, default| -> Result<usize, Stop> {
        Ok(usize::try_from(arguments.integer(index, default)?).unwrap_or(0))
    };
    let (length, leeway) = (size(0, 255)?, size(3, 5)?);
    let (kill, end) = (arguments.flag(1, false)?, arguments.text_or(2, "...")?);
    let end_length = end.chars().count();
    if length < end_length {
        return Err(Stop::error(format!("the length is shorter than `{end}`")));
    }
    with(input, |text| {
        if text.chars().count() <= length + leeway {
            return text.to_string();
        }
        let cut: String = text.chars().take(length - end_length).collect();
        let kept = if kill { &cut } else { cut.rsplit_once(' ').map_or(&*cut, |(kept, _)| kept) };
        format!("{kept}{end}")
    })
}

fn wordcount(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let text = python::text(input)?;
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty());
    Ok(Value::Int(i64::try_from(words.count()).unwrap_or(i64::MAX)))
}

fn wordwrap(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let width = usize::try_from(arguments.integer(0, 79)?).unwrap_or(79).max(1);
    let (breaks, newline) = (arguments.flag(1, true)?, arguments.text_or(2, "\n")?);
    with(input, |text| {
        let lines = text.lines().map(|line| wrapped(line, width, breaks).join(&newline));
        lines.collect::<Vec<_>>().join(&newline)
    })
}

fn wrapped(line: &str, width: usize, breaks: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        let mut word = word.to_string();
        let length = |text: &str| text.chars().count();
        if !current.is_empty() && length(&current) + 1 + length(&word) > width {
            lines.push(std::mem::take(&mut current));
        }
        while breaks && length(&word) > width && current.is_empty() {
            let rest = word.chars().skip(width).collect();
            lines.push(word.chars().take(width).collect());
            word = rest;
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(&word);
    }
    lines.push(current);
    lines
}

fn split(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let text = python::text(input)?;
    let most = usize::try_from(arguments.integer(1, -1)?).ok();
    let separator = arguments.set(0).map(python::text).transpose()?;
    parts(&text, separator.as_deref(), most).map(Value::list)
}

/// Python's `str.split`.
pub(crate) fn parts(
    text: &str,
    separator: Option<&str>,
    most: Option<usize>,
) -> Result<Vec<Value>, Stop> {
    let limit = most.map_or(usize::MAX, |most| most.saturating_add(1));
    match separator {
        Some("") => Err(Stop::error("the separator is empty")),
        Some(separator) => Ok(text.splitn(limit, separator).map(Value::data).collect()),
        None => {
            let mut rest = text.trim_start();
            let mut found = Vec::new();
            while !rest.is_empty() {
                if found.len() + 1 == limit {
                    found.push(Value::data(rest.trim_end()));
                    break;
                }
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                found.push(Value::data(&rest[..end]));
                rest = rest[end..].trim_start();
            }
            Ok(found)
        }
    }
}

fn format(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let format = python::text(input)?;
    let named = arguments.keywords.iter().map(|(name, value)| (&**name, value.clone()));
    let named = Value::map(named);
    let named = named.as_map().filter(|map| !map.is_empty());
    text_format::percent(&format, &arguments.rest, named).map(Value::data)
}

fn striptags(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        rest = match tag.split_once('>') {
            Some((_, after)) => after,
            None => "",
        };
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
}

/// A word of a POSIX shell.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_string();
    }
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

//! Methods of strings.

use super::unknown;
use crate::template::arguments::{Arguments, Bound, items};
use crate::template::failure::Stop;
use crate::template::filter::text::{capitalized, centered, parts};
use crate::template::{python, text_format};
use crate::value::Value;

const NAMES: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "index",
    "isalnum",
    "isalpha",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "upper",
    "zfill",
];

/// `text.name(arguments)`
pub(super) fn call(text: &str, name: &str, arguments: Arguments) -> Result<Value, Stop> {
    if name == "format" {
        return text_format::format(text, &arguments).map(Value::data);
    }
    if !NAMES.contains(&name) {
        return Err(unknown("str", name, NAMES));
    }
    let parameters: &'static [&'static str] = match name {
        "split" | "rsplit" => &["sep", "maxsplit"],
        "splitlines" => &["keepends"],
        "replace" => &["old", "new", "count"],
        "startswith" | "endswith" | "find" | "rfind" | "index" | "rindex" | "count" => {
            &["sub", "start", "end"]
        }
        "center" | "ljust" | "rjust" => &["width", "fillchar"],
        "encode" => &["encoding", "errors"],
        "strip" | "lstrip" | "rstrip" | "zfill" | "join" | "partition" | "rpartition"
        | "removeprefix" | "removesuffix" | "expandtabs" => &["argument"],
        _ => &[],
    };
    let bound = arguments.bind(parameters)?;
    if name.starts_with("is") {
        return Ok(Value::Bool(asked(text, name)));
    }
    match name {
        "split" | "rsplit" | "splitlines" | "partition" | "rpartition" => cut(text, name, &bound),
        "startswith" | "endswith" | "find" | "rfind" | "index" | "rindex" | "count" => {
            searched(text, name, &bound)
        }
        "center" | "ljust" | "rjust" | "zfill" => padded(text, name, &bound).map(Value::data),
        _ => changed(text, name, &bound).map(Value::data),
    }
}

fn changed(text: &str, name: &str, bound: &Bound) -> Result<String, Stop> {
    Ok(match name {
        "lower" | "casefold" => text.to_lowercase(),
        "upper" => text.to_uppercase(),
        "capitalize" => capitalized(text),
        "title" => title(text),
        "swapcase" => text.chars().map(swapped).collect(),
        "strip" | "lstrip" | "rstrip" => stripped(text, name, bound)?.to_string(),
        "replace" => {
            let count = usize::try_from(bound.integer(2, -1)?).unwrap_or(usize::MAX);
            text.replacen(&*bound.text(0)?, &bound.text(1)?, count)
        }
        "removeprefix" => text.strip_prefix(&*bound.text(0)?).unwrap_or(text).to_string(),
        "removesuffix" => text.strip_suffix(&*bound.text(0)?).unwrap_or(text).to_string(),
        "join" => {
            let parts = items(bound.need(0)?)?;
            let parts = parts.iter().map(|part| match part {
                Value::Str(part) => Ok(part.as_str().to_string()),
                other => {
                    Err(Stop::error(format!("`join()` wants strings, not `{}`", other.type_name()))
                        .hint("the filter `join` takes any values"))
                }
            });
            parts.collect::<Result<Vec<_>, _>>()?.join(text)
        }
        "expandtabs" => expanded(text, usize::try_from(bound.integer(0, 8)?).unwrap_or(8)),
        _ => text.to_string(),
    })
}

/// Letters after anything that is no letter are large.
fn title(text: &str) -> String {
    let mut after_letter = false;
    let mut out = String::new();
    for character in text.chars() {
        if after_letter {
            out.extend(character.to_lowercase());
        } else {
            out.extend(character.to_uppercase());
        }
        after_letter = character.is_alphabetic();
    }
    out
}

fn swapped(character: char) -> char {
    if character.is_uppercase() {
        character.to_lowercase().next().unwrap_or(character)
    } else {
        character.to_uppercase().next().unwrap_or(character)
    }
}

fn expanded(text: &str, size: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for character in text.chars() {
        if character == '\t' && size > 0 {
            let missing = size - column % size;
            out.push_str(&" ".repeat(missing));
            column += missing;
        } else {
            out.push(character);
            column = if character == '\n' { 0 } else { column + 1 };
        }
    }
    out
}

fn stripped<'a>(text: &'a str, name: &str, bound: &Bound) -> Result<&'a str, Stop> {
    let characters = bound.set(0).map(python::text).transpose()?;
    let wanted = |c: char| characters.as_ref().map_or(c.is_whitespace(), |set| set.contains(c));
    let text = if name == "rstrip" { text } else { text.trim_start_matches(wanted) };
    Ok(if name == "lstrip" { text } else { text.trim_end_matches(wanted) })
}

fn cut(text: &str, name: &str, bound: &Bound) -> Result<Value, Stop> {
    let separator = || bound.set(0).map(python::text).transpose();
    let most =
        usize::try_from(if name.ends_with("split") { bound.integer(1, -1)? } else { -1 }).ok();
    Ok(match name {
        "split" => Value::list(parts(text, separator()?.as_deref(), most)?),
        "rsplit" => Value::list(right_parts(text, separator()?.as_deref(), most)?),
        "splitlines" => {
            let keep = bound.flag(0, false)?;
            let lines = text.split_inclusive('\n');
            Value::list(lines.map(|line| {
                Value::data(if keep { line } else { line.trim_end_matches(['\n', '\r']) })
            }))
        }
        _ => {
            let separator = bound.text(0)?;
            let found = if name == "partition" {
                text.split_once(&*separator)
            } else {
                text.rsplit_once(&*separator)
            };
            let (before, middle, after) = match (found, name) {
                (Some((before, after)), _) => (before, &*separator, after),
                (None, "partition") => (text, "", ""),
                (None, _) => ("", "", text),
            };
            Value::list([before, middle, after].map(Value::data))
        }
    })
}

fn right_parts(
    text: &str,
    separator: Option<&str>,
    most: Option<usize>,
) -> Result<Vec<Value>, Stop> {
    let Some(most) = most else { return parts(text, separator, None) };
    if separator == Some("") {
        return Err(Stop::error("the separator is empty"));
    }
    let mut found = Vec::new();
    let mut rest = if separator.is_none() { text.trim_end() } else { text };
    while found.len() < most {
        let split = match separator {
            Some(separator) => rest.rsplit_once(separator),
            None => rest
                .rsplit_once(char::is_whitespace)
                .map(|(before, word)| (before.trim_end(), word)),
        };
        let Some((before, part)) = split else { break };
        found.push(Value::data(part));
        rest = before;
    }
    if separator.is_some() || !rest.is_empty() {
        found.push(Value::data(rest));
    }
    found.reverse();
    Ok(found)
}

fn searched(text: &str, name: &str, bound: &Bound) -> Result<Value, Stop> {
    let characters: Vec<char> = text.chars().collect();
    let length = i64::try_from(characters.len()).unwrap_or(i64::MAX);
    let clamp = |index: i64| {
        let index = if index < 0 { index + length } else { index };
        usize::try_from(index.clamp(0, length)).unwrap_or(0)
    };
    let (start, end) = (clamp(bound.integer(1, 0)?), clamp(bound.integer(2, length)?));
    let inside: String = characters.get(start..end).unwrap_or(&[]).iter().collect();
    if name.ends_with("with") {
        let wanted = match bound.need(0)? {
            Value::List(items) => items.iter().map(python::text).collect::<Result<Vec<_>, _>>()?,
            other => vec![python::text(other)?],
        };
        let starts = name == "startswith";
        return Ok(Value::Bool(wanted.iter().any(|part| {
            if starts { inside.starts_with(&**part) } else { inside.ends_with(&**part) }
        })));
    }
    let part = bound.text(0)?;
    if name == "count" {
        let count = inside.matches(&*part).count();
        return Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)));
    }
    let found = if name.starts_with('r') { inside.rfind(&*part) } else { inside.find(&*part) };
    match found {
        Some(at) => {
            let index = inside[..at].chars().count() + start;
            Ok(Value::Int(i64::try_from(index).unwrap_or(i64::MAX)))
        }
        None if name.ends_with("find") => Ok(Value::Int(-1)),
        None => Err(Stop::error(format!("`{name}()`: the text is not there"))),
    }
}

fn padded(text: &str, name: &str, bound: &Bound) -> Result<String, Stop> {
    let width = usize::try_from(bound.need_integer(0)?).unwrap_or(0).min(10_000);
    let fill = if name == "zfill" { "0".into() } else { bound.text_or(1, " ")? };
    let fill = fill.chars().next().unwrap_or(' ');
    let missing = fill.to_string().repeat(width.saturating_sub(text.chars().count()));
    Ok(match name {
        "center" => centered(text, width, fill),
        "ljust" => format!("{text}{missing}"),
        "rjust" => format!("{missing}{text}"),
        _ => {
            let sign = usize::from(text.starts_with(['+', '-']));
            format!("{}{missing}{}", &text[..sign], &text[sign..])
        }
    })
}

fn asked(text: &str, name: &str) -> bool {
    let all = |wanted: fn(char) -> bool| !text.is_empty() && text.chars().all(wanted);
    match name {
        "isalnum" => all(char::is_alphanumeric),
        "isalpha" => all(char::is_alphabetic),
        "isdigit" | "isdecimal" | "isnumeric" => all(char::is_numeric),
        "isspace" => all(char::is_whitespace),
        "isupper" => text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase),
        "islower" => text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase),
        "istitle" => text.chars().any(char::is_alphabetic) && title(text) == text,
        "isidentifier" => {
            text.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        }
        _ => false,
    }
}

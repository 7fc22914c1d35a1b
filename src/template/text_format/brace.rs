//! `str.format`.

use super::number::{exponent, general};
use crate::template::arguments::Arguments;
use crate::template::eval::part;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

/// `text.format(arguments)`
pub(crate) fn format(text: &str, arguments: &Arguments) -> Result<String, Stop> {
    let mut out = String::new();
    let mut rest = text;
    let mut automatic = 0;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
            continue;
        }
        if brace == "}" {
            return Err(Stop::error("single `}` in the format"));
        }
        let (field, after) = field(rest)?;
        rest = after;
        let (field, spec) = field.split_once(':').unwrap_or((field, ""));
        let (name, conversion) = field.split_once('!').unwrap_or((field, ""));
        let spec = if spec.contains('{') { format(spec, arguments)? } else { spec.to_string() };
        let value = lookup(name, arguments, &mut automatic)?;
        let value = match conversion {
            "r" | "a" => Value::data(python::repr(&value)?),
            "s" => Value::data(python::text(&value)?),
            _ => value,
        };
        out.push_str(&apply(&value, &spec)?);
    }
    out.push_str(rest);
    Ok(out)
}

/// The text up to the brace that ends a field, and what follows it.
fn field(text: &str) -> Result<(&str, &str), Stop> {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Ok((&text[..at], &text[at + 1..])),
            '}' => depth -= 1,
            _ => {}
        }
    }
    Err(Stop::error("a `{` of the format is not closed"))
}

fn lookup(name: &str, arguments: &Arguments, automatic: &mut usize) -> Result<Value, Stop> {
    let head = &name[..name.find(['.', '[']).unwrap_or(name.len())];
    let index = if head.is_empty() {
        *automatic += 1;
        Some(*automatic - 1)
    } else {
        head.parse::<usize>().ok()
    };
    let found = match index {
        Some(index) => arguments.positional.get(index),
        None => arguments.keywords.get(head),
    };
    let missing = || Stop::error(format!("the format wants a value for `{{{name}}}`"));
    let mut value = found.cloned().ok_or_else(missing)?;
    for step in name[head.len()..].split(['.', '[']).filter(|step| !step.is_empty()) {
        let step = step.trim_end_matches(']');
        value = part(&value, &step.parse().map_or_else(|_| Value::data(step), Value::Int))?;
    }
    Ok(value)
}

/// `[[fill]align][sign][#][0][width][,][.precision][type]`
fn apply(value: &Value, spec: &str) -> Result<String, Stop> {
    let mut characters: Vec<char> = spec.chars().collect();
    let aligns = |c: Option<&char>| c.is_some_and(|c| "<>=^".contains(*c));
    let (mut fill, mut align) = (' ', None);
    if aligns(characters.get(1)) {
        fill = characters.remove(0);
        align = Some(characters.remove(0));
    } else if aligns(characters.first()) {
        align = Some(characters.remove(0));
    }
    let mut rest = characters.into_iter().peekable();
    let sign = rest.next_if(|c| "+- ".contains(*c));
    let alternate = rest.next_if_eq(&'#').is_some();
    if rest.next_if_eq(&'0').is_some() && align.is_none() {
        (fill, align) = ('0', Some('='));
    }
    let digits = |rest: &mut std::iter::Peekable<std::vec::IntoIter<char>>| {
        let mut text = String::new();
        while let Some(digit) = rest.next_if(char::is_ascii_digit) {
            text.push(digit);
        }
        text.parse::<usize>().ok().map(|width| width.min(10_000))
    };
    let width = digits(&mut rest).unwrap_or(0);
    let comma = rest.next_if_eq(&',').is_some();
    let precision = if rest.next_if_eq(&'.').is_some() { digits(&mut rest) } else { None };
    let kind: String = rest.collect();
    let (body, numeric) = body(value, &kind, precision, alternate)?;
    let (minus, digits) = match body.strip_prefix('-').filter(|_| numeric) {
        Some(digits) => ("-", digits),
        None => ("", body.as_str()),
    };
    let lead = match (minus, sign, numeric) {
        ("-", ..) => "-",
        (_, Some('+'), true) => "+",
        (_, Some(' '), true) => " ",
        _ => "",
    };
    let digits = if comma { grouped(digits) } else { digits.to_string() };
    let align = align.unwrap_or(if numeric { '>' } else { '<' });
    let missing = width.saturating_sub(lead.chars().count() + digits.chars().count());
    let fill = |count: usize| fill.to_string().repeat(count);
    Ok(match align {
        '<' => format!("{lead}{digits}{}", fill(missing)),
        '^' => format!("{}{lead}{digits}{}", fill(missing / 2), fill(missing - missing / 2)),
        '=' => format!("{lead}{}{digits}", fill(missing)),
        _ => format!("{}{lead}{digits}", fill(missing)),
    })
}

/// The value without its padding, and whether it is a number.
fn body(
    value: &Value,
    kind: &str,
    precision: Option<usize>,
    alternate: bool,
) -> Result<(String, bool), Stop> {
    let prefix = |prefix: &str| if alternate { prefix.to_string() } else { String::new() };
    let signed = |number: i64, digits: String| {
        if number < 0 { format!("-{digits}") } else { digits }
    };
    let float = |number: f64| {
        let (size, places) = (number.abs(), precision.unwrap_or(6));
        let digits = match kind {
            "e" | "E" => exponent(size, places),
            "g" | "G" => general(size, places.max(1)),
            "%" => format!("{:.places$}%", size * 100.0),
            _ => format!("{size:.places$}"),
        };
        let digits = if kind == "E" || kind == "G" { digits.to_uppercase() } else { digits };
        if number < 0.0 { format!("-{digits}") } else { digits }
    };
    Ok(match (value, kind) {
        (Value::Int(n), "" | "d" | "n") => (n.to_string(), true),
        (Value::Int(n), "x") => {
            (signed(*n, format!("{}{:x}", prefix("0x"), n.unsigned_abs())), true)
        }
        (Value::Int(n), "X") => {
            (signed(*n, format!("{}{:X}", prefix("0X"), n.unsigned_abs())), true)
        }
        (Value::Int(n), "o") => {
            (signed(*n, format!("{}{:o}", prefix("0o"), n.unsigned_abs())), true)
        }
        (Value::Int(n), "b") => {
            (signed(*n, format!("{}{:b}", prefix("0b"), n.unsigned_abs())), true)
        }
        (Value::Float(n), "") => match precision {
            Some(places) => {
                let digits = general(n.abs(), places.max(1));
                (if *n < 0.0 { format!("-{digits}") } else { digits }, true)
            }
            None => (python::float(*n), true),
        },
        (Value::Int(_) | Value::Float(_), "e" | "E" | "f" | "F" | "g" | "G" | "%") => {
            (float(python::number(value).unwrap_or(0.0)), true)
        }
        (Value::Str(text), "" | "s") => {
            (text.as_str().chars().take(precision.unwrap_or(usize::MAX)).collect(), false)
        }
        (other, "") => (python::text(other)?.to_string(), false),
        (other, kind) => {
            let found = other.type_name();
            return Err(Stop::error(format!("the format `{kind}` does not fit a `{found}`")));
        }
    })
}

fn grouped(digits: &str) -> String {
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

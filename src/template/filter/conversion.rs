//! From one type to another.

use super::{Filter, filter, structural};
use crate::template::arguments::{self, Bound};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::{Str, Value};

pub(super) const FILTERS: &[Filter] = &[
    filter("bool", &[], boolean),
    filter("int", &["default", "base"], integer),
    filter("float", &["default"], float),
    filter("string", &[], string),
    structural("list", &[], list),
    structural("type_debug", &[], type_debug),
    structural("ternary", &["true_val", "false_val", "none_val"], ternary),
];

/// Words that mean true; anything else is false, as in Ansible, which only warns of it.
#[expect(clippy::unnecessary_wraps, reason = "filters have one type")]
fn boolean(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    Ok(match input {
        Value::Bool(_) => input.clone(),
        Value::Str(text) => {
            let word = text.as_str().trim().to_lowercase();
            Value::Bool(matches!(word.as_str(), "yes" | "on" | "1" | "true" | "t" | "y" | "1.0"))
        }
        other => Value::Bool(python::number(other) == Some(1.0)),
    })
}

fn integer(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let default = || arguments.value(0).cloned().unwrap_or(Value::Int(0));
    let base = u32::try_from(arguments.integer(1, 10)?).unwrap_or(10);
    #[expect(clippy::cast_possible_truncation, reason = "int() cuts")]
    let cut = |number: f64| {
        if number.is_finite() { Value::Int(number.trunc() as i64) } else { default() }
    };
    Ok(match input {
        Value::Str(text) => {
            let text = text.as_str().trim().replace('_', "");
            match parse_integer(&text, base) {
                Some(number) => Value::Int(number),
                None => text.parse::<f64>().map_or_else(|_| default(), cut),
            }
        }
        Value::Float(number) => cut(*number),
        other => python::integer(other).map_or_else(default, Value::Int),
    })
}

fn parse_integer(text: &str, base: u32) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let prefixes: &[&str] = match base {
        16 => &["0x", "0X"],
        8 => &["0o", "0O"],
        2 => &["0b", "0B"],
        _ => &[],
    };
    let digits = prefixes.iter().find_map(|prefix| digits.strip_prefix(prefix)).unwrap_or(digits);
    if digits.starts_with(['+', '-']) || !(2..=36).contains(&base) {
        return None;
    }
    i64::from_str_radix(digits, base).ok().map(|number| sign * number)
}

#[expect(clippy::unnecessary_wraps, reason = "filters have one type")]
fn float(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let default = || arguments.value(0).cloned().unwrap_or(Value::Float(0.0));
    Ok(match input {
        Value::Str(text) => text.as_str().trim().parse().map_or_else(|_| default(), Value::Float),
        other => python::number(other).map_or_else(default, Value::Float),
    })
}

fn string(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    match input {
        Value::Str(_) => Ok(input.clone()),
        other => Ok(Value::Str(Str::data(python::text(other)?))),
    }
}

fn list(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    match input {
        Value::List(_) => Ok(input.clone()),
        other => Ok(Value::list(arguments::items(other)?)),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "filters have one type")]
fn type_debug(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    Ok(Value::data(input.type_name()))
}

fn ternary(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    match (input, arguments.set(2)) {
        (Value::Null, Some(none)) => Ok(none.clone()),
        _ if python::truth(input)? => arguments.need(0).cloned(),
        _ => arguments.need(1).cloned(),
    }
}

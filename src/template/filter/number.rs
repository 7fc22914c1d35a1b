//! Numbers and sizes.

use super::{Filter, filter};
use crate::template::arguments::{Bound, items};
use crate::template::eval::{Session, add};
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    filter("abs", &[], abs),
    filter("round", &["precision", "method"], round),
    filter("sum", &["attribute", "start"], sum),
    filter("log", &["base"], log),
    filter("pow", &["y"], |_, input, b| Ok(Value::Float(number(input)?.powf(number(b.need(0)?)?)))),
    filter("root", &["base"], root),
    filter("human_readable", &["isbits", "unit"], human_readable),
    filter("human_to_bytes", &["default_unit", "isbits"], human_to_bytes),
    filter("filesizeformat", &["binary"], filesizeformat),
];

fn number(value: &Value) -> Result<f64, Stop> {
    python::number(value)
        .ok_or_else(|| Stop::error(format!("wants a number, not a `{}`", value.type_name())))
}

fn abs(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    match input {
        Value::Int(number) => Ok(Value::Int(number.saturating_abs())),
        other => Ok(Value::Float(number(other)?.abs())),
    }
}

fn round(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let precision = i32::try_from(arguments.integer(0, 0)?).unwrap_or(0);
    let scale = 10f64.powi(precision);
    let given = number(input)?;
    let rounded = match &*arguments.text_or(1, "common")? {
        "common" if precision >= 0 => {
            // Python rounds the exact decimal value, half to even: so does the formatter.
            let places = usize::try_from(precision).unwrap_or(0);
            format!("{given:.places$}").parse().unwrap_or(given)
        }
        "common" => (given * scale).round_ties_even() / scale,
        "ceil" => (given * scale).ceil() / scale,
        "floor" => (given * scale).floor() / scale,
        other => return Err(Stop::error(format!("`round` has no method `{other}`"))),
    };
    #[expect(clippy::cast_possible_truncation, reason = "it came from an integer")]
    Ok(match (input, &*arguments.text_or(1, "common")?) {
        (Value::Int(_), "common") => Value::Int(rounded as i64),
        _ => Value::Float(rounded),
    })
}

fn sum(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let mut total = arguments.set(1).cloned().unwrap_or(Value::Int(0));
    for item in items(input)? {
        let item = match arguments.set(0) {
            Some(path) => super::pick::member(&item, path)?,
            None => item,
        };
        total = add(&total, &item)?;
    }
    Ok(total)
}

fn log(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let given = number(input)?;
    if given <= 0.0 {
        return Err(Stop::error("`log` wants a number above 0"));
    }
    let base = arguments.set(0).map(number).transpose()?;
    Ok(Value::Float(match base {
        None => given.ln(),
        Some(10.0) => given.log10(),
        Some(2.0) => given.log2(),
        Some(base) => given.ln() / base.ln(),
    }))
}

fn root(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let given = number(input)?;
    let base = arguments.set(0).map(number).transpose()?;
    Ok(Value::Float(match base {
        None | Some(2.0) => given.sqrt(),
        Some(base) => given.powf(1.0 / base),
    }))
}

const UNITS: [(char, u32); 8] =
    [('Y', 80), ('Z', 70), ('E', 60), ('P', 50), ('T', 40), ('G', 30), ('M', 20), ('K', 10)];

fn power(exponent: u32) -> f64 {
    2f64.powi(i32::try_from(exponent).unwrap_or(0))
}

fn human_readable(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let size = match input {
        Value::Str(text) => text
            .as_str()
            .trim()
            .parse()
            .map_err(|_| Stop::error(format!("`{}` is no number", text.as_str())))?,
        other => number(other)?,
    };
    let unit = arguments.set(1).map(python::text).transpose()?;
    let unit = unit.and_then(|unit| unit.chars().next()).map(|unit| unit.to_ascii_uppercase());
    let found = UNITS.iter().find(|(letter, exponent)| match unit {
        Some(unit) => unit == *letter,
        None => size >= power(*exponent),
    });
    let base = if arguments.flag(0, false)? { "b" } else { "B" };
    let whole = if base == "b" { "bits" } else { "Bytes" };
    Ok(Value::data(match found {
        Some((letter, exponent)) => format!("{:.2} {letter}{base}", size / power(*exponent)),
        None => format!("{size:.2} {whole}"),
    }))
}

fn human_to_bytes(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let text = python::text(input)?;
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let wrong = || Stop::error(format!("`{text}` is no size such as `10 MB`"));
    let number: f64 = trimmed[..end].parse().map_err(|_| wrong())?;
    let written = trimmed[end..].trim();
    let default = arguments.text_or(0, "")?;
    let unit = if written.is_empty() { &*default } else { written };
    let exponent = match unit.chars().next().map(|unit| unit.to_ascii_uppercase()) {
        None | Some('B') => 0,
        Some(letter) => UNITS.iter().find(|(known, _)| *known == letter).ok_or_else(wrong)?.1,
    };
    let wanted = if arguments.flag(1, false)? { 'b' } else { 'B' };
    let tail = unit.chars().nth(usize::from(exponent > 0));
    if tail.is_some_and(|tail| tail != wanted) && unit.len() <= 2 {
        return Err(wrong());
    }
    #[expect(clippy::cast_possible_truncation, reason = "sizes are far below 2^63")]
    Ok(Value::Int((number * power(exponent)).round() as i64))
}

fn filesizeformat(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let size = match input {
        Value::Str(text) => text
            .as_str()
            .parse()
            .map_err(|_| Stop::error(format!("`{}` is no number", text.as_str())))?,
        other => number(other)?,
    };
    let binary = arguments.flag(0, false)?;
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if (size - 1.0).abs() < f64::EPSILON {
        return Ok(Value::data("1 Byte"));
    }
    if size < base {
        return Ok(Value::data(format!("{} Bytes", size.trunc())));
    }
    let prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
    let mut unit = base;
    for (index, prefix) in prefixes.iter().enumerate() {
        unit *= base;
        if size < unit || index + 1 == prefixes.len() {
            let name =
                if binary { format!("{}iB", prefix.to_uppercase()) } else { format!("{prefix}B") };
            return Ok(Value::data(format!("{:.1} {name}", base * size / unit)));
        }
    }
    Ok(Value::data(""))
}

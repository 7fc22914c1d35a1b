//! Values as Python sees them: text, truth, equality, order.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::Arc;

use super::failure::Stop;
use super::member;
use crate::value::{Key, Value};

/// `str(value)`.
pub(crate) fn text(value: &Value) -> Result<Arc<str>, Stop> {
    Ok(match value {
        Value::Str(text) => text.shared(),
        Value::Omit => return Err(Stop::error("`omit` cannot be part of a text")),
        other => repr(other)?.into(),
    })
}

/// `repr(value)`.
pub(crate) fn repr(value: &Value) -> Result<String, Stop> {
    let mut out = String::new();
    write_repr(value, &mut out)?;
    Ok(out)
}

fn write_repr(value: &Value, out: &mut String) -> Result<(), Stop> {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&float(*number)),
        Value::Str(text) => quoted(text.as_str(), out),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_repr(item, out)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_repr(&key.to_value(), out)?;
                out.push_str(": ");
                write_repr(item, out)?;
            }
            out.push('}');
        }
        Value::Unknown(unknown) => return Err(Stop::Unknown(Arc::clone(unknown))),
        Value::Encrypted(encrypted) => match encrypted.plain.get() {
            Some(plain) => quoted(plain.as_str(), out),
            None => return Err(Stop::error("a vaulted value was used before it was decrypted")),
        },
        Value::Omit => return Err(Stop::error("`omit` cannot be part of a text")),
    }
    Ok(())
}

/// `repr` of a float: 17 significant digits at most, an exponent from 1e16 on and below 1e-4.
pub(crate) fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let size = number.abs();
    if number == 0.0 || (1e-4..1e16).contains(&size) {
        return format!("{number:?}");
    }
    let written = format!("{number:e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let (sign, exponent) =
        exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}e{sign}{exponent:0>2}")
}

fn quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
}

/// `bool(value)`.
pub(crate) fn truth(value: &Value) -> Result<bool, Stop> {
    Ok(match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Int(number) => *number != 0,
        Value::Float(number) => *number != 0.0,
        Value::Str(text) => !text.as_str().is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Map(map) => {
            map.keys().any(|key| *key != Key::Rest) || !member::whole(map)?.is_empty()
        }
        Value::Unknown(unknown) => return Err(Stop::Unknown(Arc::clone(unknown))),
        Value::Encrypted(_) | Value::Omit => true,
    })
}

/// A number, with truth values counted as 0 and 1 as in Python.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::Int(number) => Some(as_float(*number)),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

/// The nearest float.
#[expect(clippy::cast_precision_loss, reason = "as Python's float() does")]
pub(crate) fn as_float(number: i64) -> f64 {
    number as f64
}

/// An integer, with truth values counted as 0 and 1.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(truth) => Some(i64::from(*truth)),
        Value::Int(number) => Some(*number),
        _ => None,
    }
}

/// `a == b`. Stops where the answer hangs on an unknown.
pub(crate) fn equal(a: &Value, b: &Value) -> Result<bool, Stop> {
    match (a, b) {
        (Value::Unknown(unknown), _) | (_, Value::Unknown(unknown)) => {
            Err(Stop::Unknown(Arc::clone(unknown)))
        }
        (Value::Str(a), Value::Str(b)) => Ok(a == b),
        (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            all_equal(a.iter().zip(b.iter()))
        }
        (Value::Map(a), Value::Map(b)) => {
            let (a, b) = (member::whole(a)?, member::whole(b)?);
            if a.len() != b.len() {
                return Ok(false);
            }
            let Some(pairs) =
                a.iter().map(|(key, value)| Some((value, b.get(key)?))).collect::<Option<Vec<_>>>()
            else {
                return Ok(false);
            };
            all_equal(pairs.into_iter())
        }
        _ => Ok(match (integer(a), integer(b), number(a), number(b)) {
            (Some(a), Some(b), _, _) => a == b,
            #[expect(clippy::float_cmp, reason = "Python compares floats exactly")]
            (_, _, Some(a), Some(b)) => a == b,
            _ => a == b,
        }),
    }
}

/// Whether all pairs are equal; a difference that is known outweighs what is unknown.
fn all_equal<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Result<bool, Stop> {
    let mut doubt = None;
    for (a, b) in pairs {
        match equal(a, b) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(stop) => doubt = Some(stop),
        }
    }
    doubt.map_or(Ok(true), Err)
}

/// `a < b` and its kin: an error for types that Python does not compare.
pub(crate) fn order(a: &Value, b: &Value) -> Result<Ordering, Stop> {
    match (a, b) {
        (Value::Unknown(unknown), _) | (_, Value::Unknown(unknown)) => {
            Err(Stop::Unknown(Arc::clone(unknown)))
        }
        (Value::Str(a), Value::Str(b)) => Ok(a.as_str().cmp(b.as_str())),
        (Value::List(a), Value::List(b)) => {
            for (a, b) in a.iter().zip(b.iter()) {
                if !equal(a, b)? {
                    return order(a, b);
                }
            }
            Ok(a.len().cmp(&b.len()))
        }
        _ => {
            if let (Some(a), Some(b)) = (integer(a), integer(b)) {
                return Ok(a.cmp(&b));
            }
            match (number(a), number(b)) {
                (Some(a), Some(b)) => Ok(a.partial_cmp(&b).unwrap_or(Ordering::Equal)),
                _ => Err(Stop::error(format!(
                    "cannot compare `{}` with `{}`",
                    a.type_name(),
                    b.type_name()
                ))
                .hint("convert one of them, for example with `| int` or `| string`")),
            }
        }
    }
}

/// `item in container`.
pub(crate) fn contains(container: &Value, item: &Value) -> Result<bool, Stop> {
    match (container, item) {
        (Value::Unknown(unknown), _) | (_, Value::Unknown(unknown)) => {
            Err(Stop::Unknown(Arc::clone(unknown)))
        }
        (Value::Str(text), Value::Str(part)) => Ok(text.as_str().contains(part.as_str())),
        (Value::Str(_), other) => Err(Stop::error(format!(
            "`in` wants a string on its left where a string is on its right, not `{}`",
            other.type_name()
        ))),
        (Value::Map(map), key) => {
            let key = Key::from_value(key);
            Ok(key.map_or(Ok(None), |key| member::of(map, &key))?.is_some())
        }
        (Value::List(items), item) => {
            let mut doubt = None;
            for candidate in items.iter() {
                match equal(candidate, item) {
                    Ok(true) => return Ok(true),
                    Ok(false) => {}
                    Err(stop) => doubt = Some(stop),
                }
            }
            doubt.map_or(Ok(false), Err)
        }
        (other, _) => Err(Stop::error(format!(
            "`in` cannot search in a value of type `{}`",
            other.type_name()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_in_python() {
        let cases = [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
        ];
        for (number, written) in cases {
            assert_eq!(float(number), written);
        }
    }

    #[test]
    fn numbers_are_equal_across_types_and_strings_are_not() {
        assert!(equal(&Value::Int(1), &Value::Float(1.0)).expect("known"));
        assert!(equal(&Value::Int(1), &Value::Bool(true)).expect("known"));
        assert!(!equal(&Value::Int(1), &Value::data("1")).expect("known"));
    }
}

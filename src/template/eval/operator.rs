//! Operators on finished values.

use std::cmp::Ordering;

use crate::template::failure::Stop;
use crate::template::syntax::tree::{Comparison, Operator};
use crate::template::{python, text_format};
use crate::value::{Str, Value};

/// `a < b` and its kin.
pub(super) fn compare(comparison: Comparison, a: &Value, b: &Value) -> Result<bool, Stop> {
    Ok(match comparison {
        Comparison::Equal => python::equal(a, b)?,
        Comparison::NotEqual => !python::equal(a, b)?,
        Comparison::Less => python::order(a, b)? == Ordering::Less,
        Comparison::LessOrEqual => python::order(a, b)? != Ordering::Greater,
        Comparison::Greater => python::order(a, b)? == Ordering::Greater,
        Comparison::GreaterOrEqual => python::order(a, b)? != Ordering::Less,
        Comparison::In => python::contains(b, a)?,
        Comparison::NotIn => !python::contains(b, a)?,
    })
}

/// `-a`
pub(super) fn negate(value: &Value) -> Result<Value, Stop> {
    match (python::integer(value), value) {
        (Some(number), _) => number.checked_neg().map(Value::Int).ok_or_else(overflow),
        (None, Value::Float(number)) => Ok(Value::Float(-number)),
        _ => Err(Stop::error(format!("cannot negate a `{}`", value.type_name()))),
    }
}

fn overflow() -> Stop {
    Stop::error("the result does not fit into 64 bits")
}

/// `a + b` and its kin.
pub(crate) fn binary(operator: Operator, a: &Value, b: &Value) -> Result<Value, Stop> {
    match operator {
        Operator::Concatenate => {
            let (a, b) = (python::text(a)?, python::text(b)?);
            return Ok(Value::data(format!("{a}{b}")));
        }
        Operator::Add => return add(a, b),
        Operator::Multiply => {
            if let Some(repeated) = repeat(a, b).or_else(|| repeat(b, a)) {
                return repeated;
            }
        }
        Operator::Remainder => {
            if let Value::Str(format) = a {
                return percent(format.as_str(), b, false);
            }
        }
        _ => {}
    }
    match (python::integer(a), python::integer(b), python::number(a), python::number(b)) {
        (Some(a), Some(b), _, _) => integers(operator, a, b),
        (_, _, Some(a), Some(b)) => floats(operator, a, b),
        _ => Err(mismatch(operator, a, b)),
    }
}

fn mismatch(operator: Operator, a: &Value, b: &Value) -> Stop {
    let sign = match operator {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::FloorDivide => "//",
        Operator::Remainder => "%",
        Operator::Power => "**",
        Operator::Concatenate => "~",
    };
    let message = format!("`{sign}` does not work on `{}` and `{}`", a.type_name(), b.type_name());
    let error = Stop::error(message);
    match (a, b) {
        (Value::Str(_), _) | (_, Value::Str(_)) if operator == Operator::Add => {
            error.hint("`~` joins values of any type as text, `| int` makes a number")
        }
        (Value::Map(_), Value::Map(_)) => error.hint("mappings are merged with `| combine(…)`"),
        _ => error,
    }
}

/// `a + b`
pub(crate) fn add(a: &Value, b: &Value) -> Result<Value, Stop> {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => {
            Ok(Value::Str(Str::data(format!("{}{}", a.as_str(), b.as_str()))))
        }
        (Value::List(a), Value::List(b)) => Ok(Value::list(a.iter().chain(b.iter()).cloned())),
        _ => match (python::integer(a), python::integer(b), python::number(a), python::number(b)) {
            (Some(a), Some(b), _, _) => a.checked_add(b).map(Value::Int).ok_or_else(overflow),
            (_, _, Some(a), Some(b)) => Ok(Value::Float(a + b)),
            _ => Err(mismatch(Operator::Add, a, b)),
        },
    }
}

/// `'ab' * 2`, `[1] * 2`
fn repeat(sequence: &Value, count: &Value) -> Option<Result<Value, Stop>> {
    let Value::Int(count) = count else { return None };
    let count = usize::try_from(*count).unwrap_or(0);
    let too_long = || Some(Err(Stop::error("the result is too long")));
    match sequence {
        Value::Str(text) if text.as_str().len().saturating_mul(count) > 100_000_000 => too_long(),
        Value::Str(text) => Some(Ok(Value::data(text.as_str().repeat(count)))),
        Value::List(items) if items.len().saturating_mul(count) > 10_000_000 => too_long(),
        Value::List(items) => Some(Ok(Value::list(
            std::iter::repeat_n(items, count).flat_map(|items| items.iter().cloned()),
        ))),
        _ => None,
    }
}

fn integers(operator: Operator, a: i64, b: i64) -> Result<Value, Stop> {
    let zero = || Stop::error("division by zero");
    let result = match operator {
        Operator::Add | Operator::Concatenate => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide | Operator::FloorDivide | Operator::Remainder if b == 0 => {
            return Err(zero());
        }
        Operator::Divide => return Ok(Value::Float(python::as_float(a) / python::as_float(b))),
        Operator::FloorDivide => floor_divide(a, b),
        Operator::Remainder => floor_divide(a, b).and_then(|q| a.checked_sub(q.checked_mul(b)?)),
        Operator::Power if b < 0 => {
            return Ok(Value::Float(python::as_float(a).powf(python::as_float(b))));
        }
        Operator::Power => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
    };
    result.map(Value::Int).ok_or_else(overflow)
}

/// Division that rounds down, as Python's does.
fn floor_divide(a: i64, b: i64) -> Option<i64> {
    let quotient = a.checked_div(b)?;
    Some(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
}

fn floats(operator: Operator, a: f64, b: f64) -> Result<Value, Stop> {
    let divides =
        matches!(operator, Operator::Divide | Operator::FloorDivide | Operator::Remainder);
    if divides && b == 0.0 {
        return Err(Stop::error("division by zero"));
    }
    Ok(Value::Float(match operator {
        Operator::Add | Operator::Concatenate => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        Operator::FloorDivide => (a / b).floor(),
        Operator::Remainder => a - (a / b).floor() * b,
        Operator::Power => a.powf(b),
    }))
}

/// `'%s and %d' % (a, b)`
pub(super) fn percent(format: &str, operand: &Value, tuple: bool) -> Result<Value, Stop> {
    let arguments = match operand {
        Value::List(items) if tuple => items.as_ref().clone(),
        other => vec![other.clone()],
    };
    text_format::percent(format, &arguments, operand.as_map()).map(Value::data)
}

/// `a[start:stop:step]`
pub(super) fn slice(
    input: &Value,
    start: Option<i64>,
    end: Option<i64>,
    step: Option<i64>,
) -> Result<Value, Stop> {
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Stop::error("the step of a slice cannot be zero"));
    }
    match input {
        Value::List(items) => {
            let picked = picks(items.len(), start, end, step);
            Ok(Value::list(picked.into_iter().filter_map(|index| items.get(index).cloned())))
        }
        Value::Str(text) => {
            let characters: Vec<char> = text.as_str().chars().collect();
            let picked = picks(characters.len(), start, end, step);
            let cut: String = picked.into_iter().filter_map(|at| characters.get(at)).collect();
            Ok(Value::data(cut))
        }
        other => Err(Stop::error(format!("cannot slice a `{}`", other.type_name()))),
    }
}

/// The indices of a slice, by Python's rules for absent, negative and far bounds.
fn picks(length: usize, start: Option<i64>, end: Option<i64>, step: i64) -> Vec<usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let clamp = |bound: i64| (if bound < 0 { bound + length } else { bound }).clamp(low, high);
    let mut at = start.map_or(if step > 0 { low } else { high }, clamp);
    let end = end.map_or(if step > 0 { high } else { low }, clamp);
    let mut picked = Vec::new();
    while if step > 0 { at < end } else { at > end } {
        picked.extend(usize::try_from(at).ok());
        at = at.saturating_add(step);
    }
    picked
}

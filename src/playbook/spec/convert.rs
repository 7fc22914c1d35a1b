//! Whether a value can serve as a type, with the conversions that Ansible makes (observed with ansible-core 2.19).

use std::sync::Arc;

use super::Kind;
use crate::playbook::literal_bool;
use crate::value::{Map, Value};

/// The value as the type, or nothing.
pub fn convert(value: &Value, kind: Kind) -> Option<Value> {
    match kind {
        Kind::Str | Kind::Path | Kind::Raw => Some(value.clone()),
        Kind::Bool => truth(value).map(Value::Bool),
        Kind::Int => integer(value),
        Kind::Float => match value {
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => Some(value.clone()),
            Value::Str(text) => text.as_str().trim().parse::<f64>().ok().map(Value::Float),
            _ => None,
        },
        Kind::List => match value {
            Value::List(_) => Some(value.clone()),
            Value::Str(text) => {
                Some(Value::list(text.as_str().split(',').map(|part| Value::data(part.trim()))))
            }
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => Some(Value::list([value.clone()])),
            _ => None,
        },
        Kind::Dict => match value {
            Value::Map(_) => Some(value.clone()),
            Value::Str(text) => mapping(text.as_str()),
            _ => None,
        },
        Kind::Json | Kind::JsonArg => {
            matches!(value, Value::Str(_) | Value::List(_) | Value::Map(_)).then(|| value.clone())
        }
        Kind::Bytes | Kind::Bits => size(value, kind == Kind::Bits).then(|| value.clone()),
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Float(number) => match number.to_string().as_str() {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        },
        other => literal_bool(other),
    }
}

fn integer(value: &Value) -> Option<Value> {
    match value {
        Value::Int(_) | Value::Bool(_) => Some(value.clone()),
        Value::Float(number) if number.fract() == 0.0 => Some(value.clone()),
        Value::Str(text) => {
            let text = text.as_str().trim();
            let whole = text.split_once('.').map_or(text, |(whole, rest)| {
                if rest.chars().all(|digit| digit == '0') { whole } else { "" }
            });
            whole.parse::<i64>().ok().map(Value::Int)
        }
        _ => None,
    }
}

/// JSON, or `a=b, c=d`.
fn mapping(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.starts_with('{') {
        let json: serde_json::Value = serde_json::from_str(text).ok()?;
        return json.is_object().then(|| Value::from_json(&json));
    }
    let mut map = Map::new();
    for part in text.split([',', ' ']).filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=')?;
        map.insert(key.into(), Value::data(value));
    }
    (!map.is_empty()).then(|| Value::Map(Arc::new(map)))
}

/// `10`, `10K`, `1.5MB`; for bits `10Kb`.
fn size(value: &Value, bits: bool) -> bool {
    let text = match value {
        Value::Int(_) | Value::Float(_) => return true,
        Value::Str(text) => text.as_str().trim(),
        _ => return false,
    };
    let digits =
        text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim();
    let fits_unit = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => true,
        other => {
            let short = other.strip_suffix('B').unwrap_or(other);
            short.len() == 1 && "YZEPTGMK".contains(short)
        }
    };
    let wrong_b = if bits { unit.ends_with('B') } else { unit.len() > 1 && unit.ends_with('b') };
    number.parse::<f64>().is_ok() && fits_unit && !wrong_b
}

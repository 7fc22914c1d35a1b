//! Secrets flow: what is made from a secret is secret.

use std::sync::Arc;

use crate::value::Value;

/// Whether a secret string is anywhere inside.
pub(crate) fn inside(value: &Value) -> bool {
    match value {
        Value::Str(text) => text.is_secret(),
        Value::Encrypted(_) => true,
        Value::List(items) => items.iter().any(inside),
        Value::Map(map) => map.values().any(inside),
        _ => false,
    }
}

/// The result of an operation on `inputs`: a string made from any secret is secret, and so is all
/// that was made from a secret string itself (`split`). Containers keep their parts' own marks.
pub(crate) fn spread<'a>(result: Value, inputs: impl IntoIterator<Item = &'a Value>) -> Value {
    let inputs: Vec<&Value> = inputs.into_iter().collect();
    let direct = inputs.iter().any(|input| matches!(input, Value::Str(text) if text.is_secret()));
    match &result {
        Value::Str(text) if !text.is_secret() => {
            if direct || inputs.iter().any(|input| inside(input)) { mark(result) } else { result }
        }
        Value::List(_) | Value::Map(_) if direct => mark(result),
        _ => result,
    }
}

/// The value with every string in it secret.
fn mark(value: Value) -> Value {
    match value {
        Value::Str(text) => Value::Str(text.secret()),
        Value::List(items) => Value::list(items.iter().cloned().map(mark)),
        Value::Map(map) => Value::Map(Arc::new(
            map.iter().map(|(key, item)| (key.clone(), mark(item.clone()))).collect(),
        )),
        other => other,
    }
}

/// Whether a derived text is worth searching for: short ones, numbers and truth values would mask
/// half of every text.
pub(crate) fn worth_learning(text: &str) -> bool {
    text.chars().count() >= 6 && text.parse::<f64>().is_err()
}

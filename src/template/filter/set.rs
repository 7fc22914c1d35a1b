//! Lists as sets; the order of the input is kept.

use super::{Filter, filter};
use crate::template::arguments::{Bound, items};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    filter("unique", &["case_sensitive", "attribute"], unique),
    filter("union", &["b"], union),
    filter("intersect", &["b"], |_, input, b| kept(input, b, true)),
    filter("difference", &["b"], |_, input, b| kept(input, b, false)),
    filter("symmetric_difference", &["b"], symmetric_difference),
];

/// Whether an equal item is among the others.
fn among(others: &[Value], item: &Value) -> Result<bool, Stop> {
    for other in others {
        if python::equal(other, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn distinct(values: impl IntoIterator<Item = Value>) -> Result<Vec<Value>, Stop> {
    let mut kept = Vec::new();
    for value in values {
        if !among(&kept, &value)? {
            kept.push(value);
        }
    }
    Ok(kept)
}

fn unique(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let sensitive = arguments.flag(0, false)?;
    let mut seen = Vec::new();
    let mut kept = Vec::new();
    for item in items(input)? {
        let key = match arguments.set(1) {
            Some(path) => super::pick::member(&item, path)?,
            None => item.clone(),
        };
        let key = match key {
            Value::Str(text) if !sensitive => Value::data(text.as_str().to_lowercase()),
            other => other,
        };
        if !among(&seen, &key)? {
            seen.push(key);
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

fn union(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let others = items(arguments.need(0)?)?;
    Ok(Value::list(distinct(items(input)?.into_iter().chain(others))?))
}

fn kept(input: &Value, arguments: &Bound, wanted: bool) -> Result<Value, Stop> {
    let others = items(arguments.need(0)?)?;
    let mut kept = Vec::new();
    for item in items(input)? {
        if among(&others, &item)? == wanted {
            kept.push(item);
        }
    }
    Ok(Value::list(distinct(kept)?))
}

fn symmetric_difference(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let (ours, theirs) = (items(input)?, items(arguments.need(0)?)?);
    let mut kept = Vec::new();
    for (from, others) in [(&ours, &theirs), (&theirs, &ours)] {
        for item in from {
            if !among(others, item)? {
                kept.push(item.clone());
            }
        }
    }
    Ok(Value::list(distinct(kept)?))
}

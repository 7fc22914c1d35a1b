//! Lists as a whole.

use super::{Filter, filter, structural};
use crate::template::arguments::{Bound, items};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    structural("length", &[], length),
    structural("count", &[], length),
    structural("first", &[], first),
    structural("last", &[], last),
    filter("join", &["d", "attribute"], join),
];

fn length(_: &Session<'_>, input: Value, _: &Bound) -> Result<Value, Stop> {
    let count = match &input {
        Value::Str(text) => text.as_str().chars().count(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        other => {
            return Err(Stop::error(format!("a `{}` has no length", other.type_name())));
        }
    };
    Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn first(_: &Session<'_>, input: Value, _: &Bound) -> Result<Value, Stop> {
    let found = items(&input)?.into_iter().next();
    found.ok_or_else(|| Stop::undefined("there is no first item of nothing"))
}

fn last(_: &Session<'_>, input: Value, _: &Bound) -> Result<Value, Stop> {
    let found = items(&input)?.pop();
    found.ok_or_else(|| Stop::undefined("there is no last item of nothing"))
}

fn join(_: &Session<'_>, input: Value, arguments: &Bound) -> Result<Value, Stop> {
    let separator = arguments.text_or(0, "")?;
    let mut parts = Vec::new();
    for item in items(&input)? {
        let item = match arguments.set(1) {
            Some(path) => super::pick::member(&item, path)?,
            None => item,
        };
        parts.push(python::text(&item)?);
    }
    Ok(Value::data(parts.join(&*separator)))
}

//! Lists as a whole.

use super::{Filter, filter, structural};
use crate::template::arguments::{Bound, items, list};
use crate::template::eval::{Session, part};
use crate::template::failure::Stop;
use crate::template::member::whole;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    structural("length", &[], length),
    structural("count", &[], length),
    structural("first", &[], first),
    structural("last", &[], last),
    structural("reverse", &[], reverse),
    structural("flatten", &["levels", "skip_nulls"], flatten),
    structural("batch", &["linecount", "fill_with"], batch),
    structural("slice", &["slices", "fill_with"], slice),
    structural("extract", &["container", "morekeys"], extract),
    structural("attr", &["name"], |_, input, b| super::pick::member(input, b.need(0)?)),
    filter("join", &["d", "attribute"], join),
];

fn length(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let count = match input {
        Value::Str(text) => text.as_str().chars().count(),
        Value::List(items) => items.len(),
        Value::Map(map) => whole(map)?.len(),
        other => {
            return Err(Stop::error(format!("a `{}` has no length", other.type_name())));
        }
    };
    Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn first(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let found = items(input)?.into_iter().next();
    found.ok_or_else(|| Stop::undefined("there is no first item of nothing"))
}

fn last(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let found = items(input)?.pop();
    found.ok_or_else(|| Stop::undefined("there is no last item of nothing"))
}

fn join(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let separator = arguments.text_or(0, "")?;
    let mut parts = Vec::new();
    for item in items(input)? {
        let item = match arguments.set(1) {
            Some(path) => super::pick::member(&item, path)?,
            None => item,
        };
        parts.push(python::text(&item)?);
    }
    Ok(Value::data(parts.join(&*separator)))
}

fn reverse(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    if let Value::Str(text) = input {
        return Ok(Value::data(text.as_str().chars().rev().collect::<String>()));
    }
    let mut values = items(input)?;
    values.reverse();
    Ok(Value::list(values))
}

fn flatten(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let levels = arguments.set(0).map(|_| arguments.need_integer(0)).transpose()?;
    let skip = arguments.flag(1, true)?;
    let mut out = Vec::new();
    flat(list(input)?, levels.unwrap_or(i64::MAX), skip, &mut out);
    Ok(Value::list(out))
}

fn flat(values: &[Value], levels: i64, skip: bool, out: &mut Vec<Value>) {
    for value in values {
        match value {
            Value::Null if skip => {}
            Value::Str(text) if skip && matches!(text.as_str(), "None" | "null") => {}
            Value::List(inner) if levels > 0 => flat(inner, levels - 1, skip, out),
            other => out.push(other.clone()),
        }
    }
}

fn size(arguments: &Bound) -> Result<usize, Stop> {
    match usize::try_from(arguments.need_integer(0)?) {
        Ok(size) if size > 0 => Ok(size),
        _ => Err(Stop::error("the size must be 1 or more")),
    }
}

fn batch(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let size = size(arguments)?;
    let values = items(input)?;
    Ok(Value::list(values.chunks(size).map(|chunk| {
        let mut chunk = chunk.to_vec();
        if let Some(fill) = arguments.set(1) {
            chunk.resize(size.min(100_000).max(chunk.len()), fill.clone());
        }
        Value::list(chunk)
    })))
}

/// Columns of as equal length as can be.
fn slice(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let slices = size(arguments)?;
    let values = items(input)?;
    let (each, longer) = (values.len() / slices, values.len() % slices);
    let mut rest = values.as_slice();
    let columns = (0..slices.min(100_000)).map(|index| {
        let (column, after) = rest.split_at(each + usize::from(index < longer));
        rest = after;
        let fill = arguments.set(1).filter(|_| longer > 0 && index >= longer);
        Value::list(column.iter().chain(fill).cloned())
    });
    Ok(Value::list(columns.collect::<Vec<_>>()))
}

/// The part of a container at a key, and then at more keys.
fn extract(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let mut found = part(arguments.need(0)?, input)?;
    match arguments.set(1) {
        Some(Value::List(keys)) => {
            for key in keys.iter() {
                found = part(&found, key)?;
            }
        }
        Some(key) => found = part(&found, key)?,
        None => {}
    }
    Ok(found)
}

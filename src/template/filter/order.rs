//! Sorting, extremes, groups.

use std::cmp::Ordering;

use super::pick::member;
use super::{Filter, filter};
use crate::template::arguments::{Bound, items, mapping};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    filter("sort", &["reverse", "case_sensitive", "attribute"], sort),
    filter("min", &["case_sensitive", "attribute", "**"], |_, input, b| {
        extreme(input, b, Ordering::Less)
    }),
    filter("max", &["case_sensitive", "attribute", "**"], |_, input, b| {
        extreme(input, b, Ordering::Greater)
    }),
    filter("dictsort", &["case_sensitive", "by", "reverse"], dictsort),
    filter("groupby", &["attribute", "default", "case_sensitive"], groupby),
];

fn folded(value: Value, sensitive: bool) -> Value {
    match value {
        Value::Str(text) if !sensitive => Value::data(text.as_str().to_lowercase()),
        other => other,
    }
}

/// What items are compared by: themselves, or their members at one or more paths.
fn keys(item: &Value, paths: Option<&Value>, sensitive: bool) -> Result<Vec<Value>, Stop> {
    match paths {
        None => Ok(vec![folded(item.clone(), sensitive)]),
        Some(Value::Str(paths)) => paths
            .as_str()
            .split(',')
            .map(|path| Ok(folded(member(item, &Value::data(path.trim()))?, sensitive)))
            .collect(),
        Some(path) => Ok(vec![folded(member(item, path)?, sensitive)]),
    }
}

/// Sorts by keys, stably; an error if two cannot be compared.
fn sorted<T>(mut keyed: Vec<(Vec<Value>, T)>, reverse: bool) -> Result<Vec<T>, Stop> {
    let mut trouble = None;
    keyed.sort_by(|(a, _), (b, _)| {
        let (a, b) = if reverse { (b, a) } else { (a, b) };
        let steps = a.iter().zip(b).map(|(a, b)| python::order(a, b));
        for step in steps {
            match step {
                Ok(Ordering::Equal) => {}
                Ok(other) => return other,
                Err(stop) => {
                    trouble.get_or_insert(stop);
                    return Ordering::Equal;
                }
            }
        }
        Ordering::Equal
    });
    trouble.map_or_else(|| Ok(keyed.into_iter().map(|(_, item)| item).collect()), Err)
}

fn sort(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let (reverse, sensitive) = (arguments.flag(0, false)?, arguments.flag(1, false)?);
    let keyed = items(input)?.into_iter().map(|item| {
        let keys = keys(&item, arguments.set(2), sensitive)?;
        Ok((keys, item))
    });
    Ok(Value::list(sorted(keyed.collect::<Result<_, Stop>>()?, reverse)?))
}

fn extreme(input: &Value, arguments: &Bound, wanted: Ordering) -> Result<Value, Stop> {
    let path = arguments.set(1);
    let sensitive = arguments.flag(0, false)?;
    let mut best: Option<(Value, Value)> = None;
    for item in items(input)? {
        let key = match path {
            Some(path) => member(&item, path)?,
            None => item.clone(),
        };
        let key = folded(key, sensitive);
        let better = match &best {
            Some((known, _)) => python::order(&key, known)? == wanted,
            None => true,
        };
        if better {
            best = Some((key, item));
        }
    }
    best.map(|(_, item)| item).ok_or_else(|| Stop::error("there is no such item of nothing"))
}

fn dictsort(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let (sensitive, reverse) = (arguments.flag(0, false)?, arguments.flag(2, false)?);
    let by_value = match &*arguments.text_or(1, "key")? {
        "key" => false,
        "value" => true,
        other => return Err(Stop::error(format!("`dictsort` cannot sort by `{other}`"))),
    };
    let keyed = mapping(input)?.iter().map(|(key, value)| {
        let by = if by_value { value.clone() } else { key.to_value() };
        (vec![folded(by, sensitive)], Value::list([key.to_value(), value.clone()]))
    });
    Ok(Value::list(sorted(keyed.collect(), reverse)?))
}

fn groupby(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let sensitive = arguments.flag(2, false)?;
    let mut keyed = Vec::new();
    for item in items(input)? {
        let key = match (member(&item, arguments.need(0)?), arguments.set(1)) {
            (Err(Stop::Undefined(_)), Some(default)) => default.clone(),
            (found, _) => found?,
        };
        keyed.push((vec![folded(key.clone(), sensitive)], (key, item)));
    }
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for (key, item) in sorted(keyed, false)? {
        match groups.last_mut() {
            Some((known, members))
                if python::equal(
                    &folded(known.clone(), sensitive),
                    &folded(key.clone(), sensitive),
                )? =>
            {
                members.push(item);
            }
            _ => groups.push((key, vec![item])),
        }
    }
    let pair = |(key, members): (Value, Vec<Value>)| Value::list([key, Value::list(members)]);
    Ok(Value::list(groups.into_iter().map(pair)))
}

//! Filters that apply another filter or test to each item.

use super::{Filter, structural};
use crate::template::arguments::{Arguments, Bound, items};
use crate::template::eval::{Session, part};
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    structural("map", &["*", "attribute", "default", "**"], map),
    structural("select", &["*", "**"], |s, input, b| picked(s, input, b, true)),
    structural("reject", &["*", "**"], |s, input, b| picked(s, input, b, false)),
    structural("selectattr", &["*", "**"], |s, input, b| picked_by(s, input, b, true)),
    structural("rejectattr", &["*", "**"], |s, input, b| picked_by(s, input, b, false)),
];

/// The member of an item at a path such as `a.b.0`; undefined if there is none.
pub(crate) fn member(item: &Value, path: &Value) -> Result<Value, Stop> {
    let Value::Str(path) = path else { return part(item, path) };
    let mut found = item.clone();
    for step in path.as_str().split('.') {
        let key = step.parse().map_or_else(|_| Value::data(step), Value::Int);
        found = match part(&found, &key) {
            // A number may also be a key that is text.
            Err(Stop::Undefined(_)) if matches!(key, Value::Int(_)) => {
                part(&found, &Value::data(step))?
            }
            other => other?,
        };
    }
    Ok(found)
}

fn map(session: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let mut results = Vec::new();
    if let Some(path) = arguments.value(1) {
        for item in items(input)? {
            results.push(match (member(&item, path), arguments.value(2)) {
                (Err(Stop::Undefined(_)), Some(default)) => default.clone(),
                (found, _) => found?,
            });
        }
        return Ok(Value::list(results));
    }
    let Some((name, rest)) = arguments.rest.split_first() else {
        return Err(Stop::error("`map` wants the name of a filter, or `attribute=`"));
    };
    let name = python::text(name)?;
    for item in items(input)? {
        let given = Arguments { positional: rest.to_vec(), keywords: arguments.keywords.clone() };
        results.push(applied(session, &name, item, given)?);
    }
    Ok(Value::list(results))
}

/// A filter on one item; `default` is one that only looks at truth here.
fn applied(
    session: &Session<'_>,
    name: &str,
    item: Value,
    given: Arguments,
) -> Result<Value, Stop> {
    if !matches!(super::plain_name(name), "default" | "d") {
        return session.filter(name, item, given);
    }
    let bound = given.bind(&["default_value", "boolean"])?;
    let replaced = bound.flag(1, false)? && !python::truth(&item)?;
    Ok(if replaced { bound.value(0).cloned().unwrap_or_else(|| Value::data("")) } else { item })
}

fn picked(
    session: &Session<'_>,
    input: &Value,
    arguments: &Bound,
    wanted: bool,
) -> Result<Value, Stop> {
    let mut results = Vec::new();
    for item in items(input)? {
        let holds = match arguments.rest.split_first() {
            Some((name, rest)) => {
                let given =
                    Arguments { positional: rest.to_vec(), keywords: arguments.keywords.clone() };
                asked(session, &python::text(name)?, Ok(item.clone()), given)?
            }
            None => python::truth(&item)?,
        };
        if holds == wanted {
            results.push(item);
        }
    }
    Ok(Value::list(results))
}

fn picked_by(
    session: &Session<'_>,
    input: &Value,
    arguments: &Bound,
    wanted: bool,
) -> Result<Value, Stop> {
    let Some((path, rest)) = arguments.rest.split_first() else {
        return Err(Stop::error("`selectattr` and `rejectattr` want the name of an attribute"));
    };
    let mut results = Vec::new();
    for item in items(input)? {
        let found = member(&item, path);
        let holds = match rest.split_first() {
            Some((name, rest)) => {
                let given =
                    Arguments { positional: rest.to_vec(), keywords: arguments.keywords.clone() };
                asked(session, &python::text(name)?, found, given)?
            }
            None => python::truth(&found?)?,
        };
        if holds == wanted {
            results.push(item);
        }
    }
    Ok(Value::list(results))
}

fn asked(
    session: &Session<'_>,
    name: &str,
    item: Result<Value, Stop>,
    given: Arguments,
) -> Result<bool, Stop> {
    let plain = super::plain_name(name);
    match (plain, item) {
        ("defined", Err(Stop::Undefined(_))) | ("undefined", Ok(_)) => Ok(false),
        ("undefined", Err(Stop::Undefined(_))) | ("defined", Ok(_)) => Ok(true),
        (_, item) => session.test(name, &item?, given),
    }
}

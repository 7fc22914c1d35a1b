//! Lookups of variables and the environment.

use super::{Lookup, lookup};
use crate::template::arguments::Bound;
use crate::template::eval::Session;
use crate::template::failure::{Missing, Stop};
use crate::template::{python, regex};
use crate::value::Value;

pub(super) const LOOKUPS: &[Lookup] = &[
    lookup("vars", &["*", "default"], variables),
    lookup("varnames", &["*"], names),
    lookup("env", &["*", "default"], environment),
];

fn variables(session: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let mut values = Vec::new();
    for name in &arguments.rest {
        let name = python::text(name)?;
        let found = match session.variable(&name) {
            Ok(Some(item)) => session.finish(item),
            Ok(None) => Err(Stop::missing(Missing::Variable(name))),
            Err(stop) => Err(stop),
        };
        values.push(match (found, arguments.value(1)) {
            (Err(Stop::Undefined(_)), Some(default)) => default.clone(),
            (found, _) => found?,
        });
    }
    Ok(values)
}

fn names(session: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let mut known = session.scope().names();
    known.sort();
    let mut found = Vec::new();
    for pattern in &arguments.rest {
        let pattern = regex::compile(&python::text(pattern)?, regex::Flags::default())?;
        for name in &known {
            if regex::finds(&pattern, name)? {
                found.push(Value::data(name.as_str()));
            }
        }
    }
    Ok(found)
}

fn environment(session: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let values = arguments.rest.iter().map(|name| {
        let name = python::text(name)?;
        let found = session.context.environment.get(&*name).map(|text| Value::data(text.as_str()));
        Ok(found.or_else(|| arguments.value(1).cloned()).unwrap_or_else(|| Value::data("")))
    });
    values.collect()
}

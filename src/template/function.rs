//! Functions and constants that every template knows.

use std::rc::Rc;
use std::sync::Arc;

use super::arguments::{Arguments, items};
use super::eval::{Item, Session};
use super::failure::{Stop, fully_known};
use super::member::whole;
use super::{lookup, python, time};
use crate::diagnostic::Diagnostic;
use crate::value::{Key, Map, Value};

/// The functions.
pub(crate) const FUNCTIONS: &[&str] =
    &["lookup", "query", "q", "now", "undef", "range", "dict", "namespace", "cycler", "joiner"];

/// `range` gives no more than this.
const LONGEST_RANGE: i64 = 1_000_000;

/// Whether a function has this name.
pub(crate) fn exists(name: &str) -> bool {
    FUNCTIONS.contains(&name)
}

/// A name that is not a variable: `omit`, `vars`, `hostvars`.
pub(crate) fn constant<'a>(session: &Session<'a>, name: &str) -> Option<Item<'a>> {
    match name {
        "omit" => Some(Item::Value(Value::Omit)),
        "vars" => Some(Item::Variables(Rc::new(session.again()))),
        "hostvars" if !session.scope().hosts().is_empty() => Some(Item::Hosts),
        _ => None,
    }
}

/// Calls a function.
pub(crate) fn call<'a>(
    session: &Session<'a>,
    name: &str,
    arguments: Arguments,
) -> Result<Item<'a>, Stop> {
    if matches!(name, "range" | "now" | "undef") {
        arguments.values().try_for_each(fully_known)?;
    }
    match name {
        "lookup" => lookup::call(session, arguments, false).map(Item::Value),
        "query" | "q" => lookup::call(session, arguments, true).map(Item::Value),
        "now" => now(session, arguments),
        "undef" => Err(undef(arguments)?),
        "range" => range(&arguments).map(Item::Value),
        "dict" => dict(arguments).map(Item::Value),
        "namespace" => namespace(arguments),
        "cycler" => Ok(Item::Cycler(Rc::new((arguments.positional, 0.into())))),
        "joiner" => {
            let bound = arguments.bind(&["sep"])?;
            let separator = bound.value(0).cloned().unwrap_or_else(|| Value::data(", "));
            Ok(Item::Joiner(Rc::new((separator, false.into()))))
        }
        _ => Err(Diagnostic::new(format!("there is no function `{name}`"))
            .suggest(name, FUNCTIONS.iter().copied())
            .into()),
    }
}

/// `now(utc=false, fmt='')`
fn now<'a>(session: &Session<'a>, arguments: Arguments) -> Result<Item<'a>, Stop> {
    let bound = arguments.bind(&["utc", "fmt"])?;
    let mut at = session.context.now.clone();
    if bound.flag(0, false)? {
        at = at.with_time_zone(jiff::tz::TimeZone::UTC);
    }
    match bound.set(1) {
        Some(format) => Ok(Value::data(time::format(&at, &python::text(format)?)?).into()),
        None => Ok(Item::Time(Rc::new(at))),
    }
}

/// `undef(hint='…')`
fn undef(arguments: Arguments) -> Result<Stop, Stop> {
    let bound = arguments.bind(&["hint"])?;
    let hint = bound.set(0).map(python::text).transpose()?;
    Ok(Stop::undefined(hint.as_deref().unwrap_or("undefined on purpose (`undef()`)")))
}

fn range(arguments: &Arguments) -> Result<Value, Stop> {
    let numbers = arguments.positional.iter().map(|value| {
        python::integer(value).ok_or_else(|| {
            Stop::error(format!("`range` wants integers, not `{}`", value.type_name()))
        })
    });
    let (start, end, step) = match numbers.collect::<Result<Vec<_>, _>>()?.as_slice() {
        [end] => (0, *end, 1),
        [start, end] => (*start, *end, 1),
        [start, end, step] => (*start, *end, *step),
        _ => return Err(Stop::error("`range` wants one to three integers")),
    };
    if step == 0 {
        return Err(Stop::error("the step of `range` cannot be zero"));
    }
    if (end - start) / step > LONGEST_RANGE {
        return Err(Stop::error(format!("`range` gives at most {LONGEST_RANGE} numbers")));
    }
    let inside = |at: &i64| if step > 0 { *at < end } else { *at > end };
    let numbers = std::iter::successors(Some(start), |at| at.checked_add(step));
    Ok(Value::list(numbers.take_while(inside).map(Value::Int)))
}

/// `dict(a=1)`, `dict([[k, v], …])`
fn dict(arguments: Arguments) -> Result<Value, Stop> {
    let mut map = Map::new();
    for source in &arguments.positional {
        if let Value::Map(entries) = source {
            map.extend(whole(entries)?.iter().map(|(key, value)| (key.clone(), value.clone())));
            continue;
        }
        for pair in items(source)? {
            let pair = items(&pair)?;
            let [key, value] = pair.as_slice() else {
                return Err(Stop::error("`dict` wants pairs of a key and a value"));
            };
            let key = Key::from_value(key);
            let key = key.ok_or_else(|| Stop::error("a list or mapping cannot be a key"))?;
            map.insert(key, value.clone());
        }
    }
    map.extend(arguments.keywords.into_iter().map(|(key, value)| (Key::Str(key), value)));
    Ok(Value::Map(Arc::new(map)))
}

fn namespace<'a>(arguments: Arguments) -> Result<Item<'a>, Stop> {
    let entries = dict(arguments)?;
    let entries = entries.as_map().into_iter().flatten();
    let entries = entries.map(|(key, value)| (key.to_string().into(), value.clone())).collect();
    Ok(Item::Namespace(Rc::new(std::cell::RefCell::new(entries))))
}

//! Lookups, one family per file.

mod file;
mod list;
mod password;
mod table;
mod variable;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::arguments::{Arguments, Bound};
use super::eval::Session;
use super::failure::Stop;
use super::filter::plain_name;
use super::python;
use crate::diagnostic::Diagnostic;
use crate::value::Value;

/// What a lookup finds: always a list. Its terms are in `rest`.
pub(crate) type Run = fn(&Session<'_>, &Bound) -> Result<Vec<Value>, Stop>;

/// A lookup.
pub(crate) struct Lookup {
    /// Its name without a collection.
    pub name: &'static str,
    /// Its options, after `*` for the terms.
    pub parameters: &'static [&'static str],
    /// What it finds.
    pub run: Run,
}

const fn lookup(name: &'static str, parameters: &'static [&'static str], run: Run) -> Lookup {
    Lookup { name, parameters, run }
}

static LOOKUPS: LazyLock<HashMap<&'static str, &'static Lookup>> = LazyLock::new(|| {
    let families =
        [file::LOOKUPS, list::LOOKUPS, password::LOOKUPS, table::LOOKUPS, variable::LOOKUPS];
    families.into_iter().flatten().map(|lookup| (lookup.name, lookup)).collect()
});

/// Lookups of Ansible that run programs or ask the network, and what to do in their place.
const REFUSED: [(&str, &str); 4] = [
    (
        "pipe",
        "it runs a program on the controller; register the output of a `command` task instead",
    ),
    (
        "lines",
        "it runs a program on the controller; register the output of a `command` task instead",
    ),
    ("url", "it asks the network while templates are rendered; use a `uri` task instead"),
    ("dig", "it asks the network while templates are rendered; the `dns` role does so"),
];

/// All names.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = LOOKUPS.keys().copied().collect();
    names.sort_unstable();
    names
}

/// The lookup of a name.
pub(crate) fn find(name: &str) -> Result<&'static Lookup, Stop> {
    let plain = plain_name(name);
    if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == plain) {
        return Err(Stop::error(format!("the lookup `{name}` is not supported")).hint(*why));
    }
    LOOKUPS.get(plain).copied().ok_or_else(|| {
        Diagnostic::new(format!("there is no lookup `{name}`")).suggest(plain, names()).into()
    })
}

/// `lookup(name, …)`, or `query(name, …)` which always gives a list.
pub(crate) fn call(
    session: &Session<'_>,
    mut arguments: Arguments,
    as_list: bool,
) -> Result<Value, Stop> {
    if arguments.positional.is_empty() {
        return Err(Stop::error("`lookup` wants the name of a lookup"));
    }
    let name = python::text(&arguments.positional.remove(0))?;
    let found = find(&name)?;
    let wants_list =
        take(&mut arguments, "wantlist").map_or(Ok(as_list), |wanted| python::truth(&wanted))?;
    let errors = take(&mut arguments, "errors");
    let errors = errors.as_ref().and_then(Value::as_str).unwrap_or("strict");
    let lenient = match errors {
        "strict" => false,
        "warn" | "ignore" => true,
        other => return Err(Stop::error(format!("`errors` of a lookup cannot be `{other}`"))),
    };
    let bound = arguments.bind(found.parameters)?;
    match (found.run)(session, &bound) {
        Ok(values) if wants_list => Ok(Value::list(values)),
        Ok(values) => joined(values),
        Err(Stop::Error(_) | Stop::Undefined(_)) if lenient => {
            Ok(if wants_list { Value::list([]) } else { Value::Null })
        }
        Err(Stop::Error(mut error)) => {
            error.message = format!("lookup `{name}`: {}", error.message);
            Err(Stop::Error(error))
        }
        Err(stop) => Err(stop),
    }
}

fn take(arguments: &mut Arguments, name: &str) -> Option<Value> {
    arguments.keywords.shift_remove(&Arc::from(name))
}

/// One value as itself, several texts joined by commas, anything else as a list.
fn joined(mut values: Vec<Value>) -> Result<Value, Stop> {
    if values.len() == 1 {
        return Ok(values.remove(0));
    }
    if !values.is_empty() && values.iter().all(|value| matches!(value, Value::Str(_))) {
        let texts = values.iter().map(python::text).collect::<Result<Vec<_>, _>>()?;
        let text = Value::data(texts.join(","));
        return Ok(super::secret::spread(text, values.iter()));
    }
    Ok(Value::list(values))
}

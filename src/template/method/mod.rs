//! Python's methods of strings, lists and mappings, one type per file.

mod list;
mod mapping;
pub(crate) mod mutation;
mod text;

use super::arguments::Arguments;
use super::failure::{Missing, Stop};
use crate::value::Value;

/// `value.name(arguments)`
pub(crate) fn call(value: &Value, name: &str, arguments: Arguments) -> Result<Value, Stop> {
    match value {
        Value::Str(text) => text::call(text.as_str(), name, arguments),
        Value::List(items) => list::call(items, name, arguments),
        Value::Map(map) => mapping::call(map, name, arguments),
        other => Err(unknown(other.type_name(), name, &[])),
    }
}

fn unknown(of: &'static str, name: &str, known: &[&str]) -> Stop {
    let known = known.iter().map(ToString::to_string).collect();
    Stop::missing(Missing::Member(format!("{name}()"), of, known))
}

/// A method that would change its object: values do not change here.
fn mutates(of: &str, name: &str, hint: &str) -> Stop {
    Stop::error(format!("`{name}()` would change a {of} in place, which is not supported"))
        .hint(hint)
}

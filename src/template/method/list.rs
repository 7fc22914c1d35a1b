//! Methods of lists.

use super::{mutates, unknown};
use crate::template::arguments::Arguments;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

const NAMES: &[&str] = &["index", "count", "copy"];

/// `items.name(arguments)`
pub(super) fn call(items: &[Value], name: &str, arguments: Arguments) -> Result<Value, Stop> {
    let number = |count: usize| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
    match name {
        "index" => {
            let bound = arguments.bind(&["value"])?;
            for (index, item) in items.iter().enumerate() {
                if python::equal(item, bound.need(0)?)? {
                    return Ok(number(index));
                }
            }
            Err(Stop::error("`index()`: the value is not in the list"))
        }
        "count" => {
            let bound = arguments.bind(&["value"])?;
            let mut count = 0;
            for item in items {
                count += usize::from(python::equal(item, bound.need(0)?)?);
            }
            Ok(number(count))
        }
        "copy" => Ok(Value::list(items.iter().cloned())),
        "append" | "insert" | "extend" => Err(mutates(
            "list",
            name,
            "make a new list: `{% set x = x + [item] %}`, in a loop with `namespace`",
        )),
        "sort" | "reverse" => {
            Err(mutates("list", name, "make a new list with `| sort` or `| reverse`"))
        }
        "remove" | "pop" | "clear" => Err(mutates(
            "list",
            name,
            "make a new list with `| reject(…)`, `| difference(…)` or a slice",
        )),
        _ => Err(unknown("list", name, NAMES)),
    }
}

//! Methods of mappings.

use std::sync::Arc;

use super::{mutates, unknown};
use crate::template::arguments::{Arguments, items};
use crate::template::failure::Stop;
use crate::template::member::{self, whole};
use crate::value::{Key, Map, Value};

const NAMES: &[&str] = &["items", "keys", "values", "get", "copy", "fromkeys"];

/// `map.name(arguments)`
pub(super) fn call(map: &Map, name: &str, arguments: Arguments) -> Result<Value, Stop> {
    match name {
        "items" => {
            let pair = |(key, value): (&Key, &Value)| Value::list([key.to_value(), value.clone()]);
            Ok(Value::list(whole(map)?.iter().map(pair)))
        }
        "keys" => Ok(Value::list(whole(map)?.keys().map(Key::to_value))),
        "values" => Ok(Value::list(whole(map)?.values().cloned())),
        "get" => {
            let bound = arguments.bind(&["key", "default"])?;
            let key = Key::from_value(bound.need(0)?);
            let found = key.map_or(Ok(None), |key| member::of(map, &key))?;
            Ok(found.or(bound.value(1)).cloned().unwrap_or(Value::Null))
        }
        "copy" => Ok(Value::Map(Arc::new(map.clone()))),
        "fromkeys" => {
            let bound = arguments.bind(&["keys", "value"])?;
            let value = bound.value(1).cloned().unwrap_or(Value::Null);
            let keys = items(bound.need(0)?)?;
            let keys = keys.iter().filter_map(Key::from_value);
            Ok(Value::Map(Arc::new(keys.map(|key| (key, value.clone())).collect())))
        }
        "update" | "setdefault" => Err(mutates(
            "dict",
            name,
            "make a new one: `{% set x = x | combine({'key': value}) %}`",
        )),
        "pop" | "popitem" | "clear" => Err(mutates(
            "dict",
            name,
            "make a new one: `| dict2items | rejectattr('key', 'equalto', …) | items2dict`",
        )),
        _ => Err(unknown("dict", name, NAMES)),
    }
}

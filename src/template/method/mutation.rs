//! Methods that change a list or mapping in place: the changed value, and what the method gives.

use std::sync::Arc;

use crate::template::arguments::{Arguments, items, mapping};
use crate::template::failure::Stop;
use crate::template::member::whole;
use crate::template::python;
use crate::value::{Key, Map, Value};

/// Whether a method changes values of this type.
pub(crate) fn changes(value: &Value, name: &str) -> bool {
    match value {
        Value::List(_) => matches!(
            name,
            "append" | "extend" | "insert" | "remove" | "pop" | "clear" | "sort" | "reverse"
        ),
        Value::Map(_) => matches!(name, "update" | "setdefault" | "pop" | "popitem" | "clear"),
        _ => false,
    }
}

/// The value after `value.name(arguments)`, and what the call gives.
pub(crate) fn apply(
    value: &Value,
    name: &str,
    arguments: Arguments,
) -> Result<(Value, Value), Stop> {
    match value {
        Value::List(list) => {
            let mut list = list.as_ref().clone();
            let given = change_list(&mut list, name, arguments)?;
            Ok((Value::list(list), given))
        }
        other => {
            let mut map = mapping(other)?.clone();
            let given = change_map(&mut map, name, arguments)?;
            Ok((Value::Map(Arc::new(map)), given))
        }
    }
}

fn change_list(list: &mut Vec<Value>, name: &str, arguments: Arguments) -> Result<Value, Stop> {
    let parameters: &'static [&'static str] = match name {
        "insert" => &["index", "value"],
        "sort" => &["reverse"],
        "clear" | "reverse" => &[],
        _ => &["value"],
    };
    let bound = arguments.bind(parameters)?;
    let position = |index: i64, length: usize| {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let index = if index < 0 { index + length } else { index };
        usize::try_from(index.clamp(0, length)).unwrap_or(0)
    };
    match name {
        "append" => list.push(bound.need(0)?.clone()),
        "extend" => list.extend(items(bound.need(0)?)?),
        "insert" => {
            let at = position(bound.need_integer(0)?, list.len());
            list.insert(at, bound.need(1)?.clone());
        }
        "pop" => {
            let at = position(bound.integer(0, -1)?, list.len());
            if at >= list.len() {
                return Err(Stop::error("`pop()`: there is no such item"));
            }
            return Ok(list.remove(at));
        }
        "remove" => {
            for index in 0..list.len() {
                if python::equal(&list[index], bound.need(0)?)? {
                    list.remove(index);
                    return Ok(Value::Null);
                }
            }
            return Err(Stop::error("`remove()`: the value is not in the list"));
        }
        "reverse" => list.reverse(),
        "clear" => list.clear(),
        _ => sort(list, bound.flag(0, false)?)?,
    }
    Ok(Value::Null)
}

fn sort(list: &mut [Value], reverse: bool) -> Result<(), Stop> {
    let mut trouble = None;
    list.sort_by(|a, b| {
        let order = if reverse { python::order(b, a) } else { python::order(a, b) };
        order.unwrap_or_else(|stop| {
            trouble.get_or_insert(stop);
            std::cmp::Ordering::Equal
        })
    });
    trouble.map_or(Ok(()), Err)
}

fn change_map(map: &mut Map, name: &str, arguments: Arguments) -> Result<Value, Stop> {
    let parameters: &'static [&'static str] = match name {
        "update" => &["other", "**"],
        "clear" | "popitem" => &[],
        _ => &["key", "default"],
    };
    let bound = arguments.bind(parameters)?;
    let key = || {
        let key = bound.need(0)?;
        Key::from_value(key)
            .ok_or_else(|| Stop::error(format!("a `{}` cannot be a key", key.type_name())))
    };
    if name != "update" {
        whole(map)?;
    }
    match name {
        "update" => {
            if let Some(other) = bound.set(0) {
                let other = whole(mapping(other)?)?;
                map.extend(other.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            let named = bound.keywords.iter();
            map.extend(named.map(|(name, value)| (Key::Str(Arc::clone(name)), value.clone())));
        }
        "setdefault" => {
            let default = bound.value(1).cloned().unwrap_or(Value::Null);
            return Ok(map.entry(key()?).or_insert(default).clone());
        }
        "pop" => {
            let found = map.shift_remove(&key()?).or_else(|| bound.value(1).cloned());
            return found.ok_or_else(|| Stop::error("`pop()`: there is no such key"));
        }
        "popitem" => {
            let (key, value) =
                map.pop().ok_or_else(|| Stop::error("`popitem()`: the mapping is empty"))?;
            return Ok(Value::list([key.to_value(), value]));
        }
        _ => map.clear(),
    }
    Ok(Value::Null)
}

/// The value with another one at a path of keys and indices.
pub(crate) fn replaced(root: &Value, path: &[Value], new: Value) -> Option<Value> {
    let Some((key, rest)) = path.split_first() else { return Some(new) };
    match root {
        Value::Map(map) => {
            let key = Key::from_value(key)?;
            let inner = replaced(map.get(&key)?, rest, new)?;
            let mut map = map.as_ref().clone();
            map.insert(key, inner);
            Some(Value::Map(Arc::new(map)))
        }
        Value::List(list) => {
            let length = i64::try_from(list.len()).ok()?;
            let index = python::integer(key)?;
            let at = usize::try_from(if index < 0 { index + length } else { index }).ok()?;
            let inner = replaced(list.get(at)?, rest, new)?;
            let mut list = list.as_ref().clone();
            list[at] = inner;
            Some(Value::list(list))
        }
        _ => None,
    }
}

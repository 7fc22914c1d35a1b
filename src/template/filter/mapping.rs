//! Mappings.

use std::sync::Arc;

use super::{Filter, structural};
use crate::template::arguments::{Bound, list, mapping};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::member::{self, whole};
use crate::template::python;
use crate::value::{Key, Map, Value};

pub(super) const FILTERS: &[Filter] = &[
    structural("combine", &["*", "recursive", "list_merge"], combine),
    structural("dict2items", &["key_name", "value_name"], dict2items),
    structural("items2dict", &["key_name", "value_name"], items2dict),
    structural("items", &[], pairs),
    structural("rekey_on_member", &["key", "duplicates"], rekey),
    structural("subelements", &["subelements", "skip_missing"], subelements),
];

/// What becomes of two lists under the same key.
#[derive(Clone, Copy)]
enum ListMerge {
    Replace,
    Keep,
    Append,
    Prepend,
    AppendNew,
    PrependNew,
}

fn combine(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let recursive = arguments.flag(1, false)?;
    let lists = match &*arguments.text_or(2, "replace")? {
        "replace" => ListMerge::Replace,
        "keep" => ListMerge::Keep,
        "append" => ListMerge::Append,
        "prepend" => ListMerge::Prepend,
        "append_rp" => ListMerge::AppendNew,
        "prepend_rp" => ListMerge::PrependNew,
        other => {
            return Err(Stop::error(format!("`list_merge` of `combine` cannot be `{other}`"))
                .hint(
                    "it is `replace`, `keep`, `append`, `prepend`, `append_rp` or `prepend_rp`",
                ));
        }
    };
    let mut merged = Map::new();
    for source in std::iter::once(input).chain(&arguments.rest) {
        for layer in layers(source)? {
            merged = merge(merged, mapping(&layer)?, recursive, lists)?;
        }
    }
    Ok(Value::Map(Arc::new(merged)))
}

/// A mapping, or a list of lists of mappings.
fn layers(source: &Value) -> Result<Vec<Value>, Stop> {
    match source {
        Value::List(items) => {
            let nested = items.iter().map(layers).collect::<Result<Vec<_>, _>>()?;
            Ok(nested.into_iter().flatten().collect())
        }
        other => Ok(vec![other.clone()]),
    }
}

fn merge(mut into: Map, from: &Map, recursive: bool, lists: ListMerge) -> Result<Map, Stop> {
    if !into.is_empty() {
        // What is not known of it could take the place of anything.
        whole(from)?;
    }
    for (key, value) in from {
        let merged = match (into.get(key), value) {
            (Some(Value::Map(old)), Value::Map(new)) if recursive => {
                Value::Map(Arc::new(merge(old.as_ref().clone(), new, recursive, lists)?))
            }
            (Some(Value::List(old)), Value::List(new)) => merge_lists(old, new, lists)?,
            _ => value.clone(),
        };
        into.insert(key.clone(), merged);
    }
    Ok(into)
}

fn merge_lists(old: &[Value], new: &[Value], lists: ListMerge) -> Result<Value, Stop> {
    let without = |from: &[Value], others: &[Value]| -> Result<Vec<Value>, Stop> {
        let mut kept = Vec::new();
        for item in from {
            let mut found = false;
            for other in others {
                found |= python::equal(item, other)?;
            }
            if !found {
                kept.push(item.clone());
            }
        }
        Ok(kept)
    };
    Ok(Value::list(match lists {
        ListMerge::Replace => new.to_vec(),
        ListMerge::Keep => old.to_vec(),
        ListMerge::Append => [old, new].concat(),
        ListMerge::Prepend => [new, old].concat(),
        ListMerge::AppendNew => [without(old, new)?, new.to_vec()].concat(),
        ListMerge::PrependNew => [new.to_vec(), without(old, new)?].concat(),
    }))
}

fn dict2items(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let (key, value) = (arguments.text_or(0, "key")?, arguments.text_or(1, "value")?);
    let entries = whole(mapping(input)?)?.iter();
    Ok(Value::list(entries.map(|(k, v)| Value::map([(&*key, k.to_value()), (&*value, v.clone())]))))
}

fn items2dict(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let (key, value) = (arguments.text_or(0, "key")?, arguments.text_or(1, "value")?);
    let mut map = Map::new();
    for item in list(input)? {
        let entry = mapping(item)?;
        let part = |name: &str| {
            let missing = || Stop::error(format!("`items2dict`: an item has no `{name}`"));
            member::of(entry, &Key::from(name))?.cloned().ok_or_else(missing)
        };
        let name = part(&key)?;
        let name = Key::from_value(&name)
            .ok_or_else(|| Stop::error(format!("a `{}` cannot be a key", name.type_name())))?;
        map.insert(name, part(&value)?);
    }
    Ok(Value::Map(Arc::new(map)))
}

fn pairs(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let entries = whole(mapping(input)?)?.iter();
    Ok(Value::list(entries.map(|(key, value)| Value::list([key.to_value(), value.clone()]))))
}

/// A list of mappings (or the values of a mapping) by the value of one of their keys.
fn rekey(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let (name, duplicates) = (arguments.text(0)?, arguments.text_or(1, "error")?);
    let entries: Vec<Value> = match input {
        Value::Map(map) => whole(map)?.values().cloned().collect(),
        other => list(other)?.to_vec(),
    };
    let mut result = Map::new();
    for entry in entries {
        let key = member::of(mapping(&entry)?, &Key::from(&*name))?.and_then(Key::from_value);
        let key = key.ok_or_else(|| Stop::error(format!("an item has no `{name}`")))?;
        if &*duplicates == "error" && result.contains_key(&key) {
            return Err(Stop::error(format!("the key `{key}` is there twice"))
                .hint("`duplicates='overwrite'` takes the last"));
        }
        result.insert(key, entry);
    }
    Ok(Value::Map(Arc::new(result)))
}

/// Pairs of each item with each element of a list inside of it.
pub(crate) fn subelements(
    _: &Session<'_>,
    input: &Value,
    arguments: &Bound,
) -> Result<Value, Stop> {
    let path: Vec<String> = match arguments.need(0)? {
        Value::List(steps) => {
            steps.iter().map(|s| Ok(python::text(s)?.to_string())).collect::<Result<_, Stop>>()?
        }
        other => python::text(other)?.split('.').map(ToString::to_string).collect(),
    };
    let lenient = arguments.flag(1, false)?;
    let outer: Vec<Value> = match input {
        Value::Map(map) => whole(map)?.values().cloned().collect(),
        other => list(other)?.to_vec(),
    };
    let mut results = Vec::new();
    for item in outer {
        let mut inner = Some(item.clone());
        for step in &path {
            let map = inner.as_ref().and_then(Value::as_map);
            let found = map.map_or(Ok(None), |map| member::of(map, &Key::from(step.as_str())))?;
            inner = found.cloned();
        }
        match inner {
            Some(Value::List(elements)) => results.extend(
                elements.iter().map(|element| Value::list([item.clone(), element.clone()])),
            ),
            Some(Value::Unknown(unknown)) => return Err(Stop::Unknown(unknown)),
            None if lenient => {}
            None => {
                return Err(Stop::error(format!("an item has no `{}`", path.join(".")))
                    .hint("`skip_missing=True` leaves such items out"));
            }
            Some(other) => {
                let found = other.type_name();
                let path = path.join(".");
                return Err(Stop::error(format!("`{path}` must be a list, not `{found}`")));
            }
        }
    }
    Ok(Value::list(results))
}

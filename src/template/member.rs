//! The members of mappings, some of which are open: only applying can tell what else they hold.

use std::sync::Arc;

use super::failure::Stop;
use crate::value::{Key, Map, Value};

/// The value under a key, if there is one; unknown where only applying can tell whether there is.
pub(crate) fn of<'a>(map: &'a Map, key: &Key) -> Result<Option<&'a Value>, Stop> {
    match map.get(key) {
        Some(Value::Omit) => Ok(None),
        Some(found) => Ok(Some(found)),
        None => whole(map).map(|_| None),
    }
}

/// A mapping of which all members are known by their names.
pub(crate) fn whole(map: &Map) -> Result<&Map, Stop> {
    match map.get(&Key::Rest) {
        Some(Value::Unknown(unknown)) => Err(Stop::Unknown(Arc::clone(unknown))),
        _ => Ok(map),
    }
}

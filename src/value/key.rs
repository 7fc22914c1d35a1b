//! Keys of mappings: mostly strings, but YAML allows numbers and truth values.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use indexmap::Equivalent;

use super::Value;

/// The key of a mapping. A string key hashes as the string itself, so `map.get("name")` works.
#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    /// A string.
    Str(Arc<str>),
    /// An integer.
    Int(i64),
    /// A truth value; `on:` as a key is one.
    Bool(bool),
    /// `null:` or `~:`.
    Null,
    /// All other keys, in a mapping of which only applying can tell what else it holds: its value
    /// is unknown. Nothing that people write is this key.
    Rest,
}

impl Key {
    /// The text of a string key.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The same as a value; a string key is data.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Str(text) => Value::data(Arc::clone(text)),
            Self::Int(number) => Value::Int(*number),
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Null => Value::Null,
            Self::Rest => Value::unknown("what else the mapping holds"),
        }
    }

    /// The key that a value can serve as: none for lists, mappings, floats and unknowns.
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Str(text) => Some(Self::Str(text.shared())),
            Value::Int(number) => Some(Self::Int(*number)),
            Value::Bool(truth) => Some(Self::Bool(*truth)),
            Value::Null => Some(Self::Null),
            _ => None,
        }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Str(text) => text.hash(state),
            Self::Int(number) => number.hash(state),
            Self::Bool(truth) => truth.hash(state),
            Self::Null => 0u8.hash(state),
            Self::Rest => 1u8.hash(state),
        }
    }
}

impl Equivalent<Key> for str {
    fn equivalent(&self, key: &Key) -> bool {
        key.as_str() == Some(self)
    }
}

impl Equivalent<Key> for String {
    fn equivalent(&self, key: &Key) -> bool {
        key.as_str() == Some(self)
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str(text) => f.write_str(text),
            Self::Int(number) => write!(f, "{number}"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Null => f.write_str("null"),
            Self::Rest => f.write_str("(anything else)"),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Map;
    use super::*;

    #[test]
    fn string_keys_are_found_by_text_and_numbers_are_not() {
        let map: Map = [(Key::from("a"), Value::Int(1)), (Key::Int(80), Value::Int(2))].into();
        assert_eq!(map.get("a"), Some(&Value::Int(1)));
        assert_eq!(map.get("80"), None);
        assert_eq!(map.get(&Key::Int(80)), Some(&Value::Int(2)));
    }
}

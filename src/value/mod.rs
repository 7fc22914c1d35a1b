//! The values that flow through the program: what YAML holds, what templates give, what modules return.
//!
//! A string carries where it comes from: its place in a file, whether it may be a template
//! (only text that the controller's own files hold), and whether it is secret.

mod json;
mod key;
mod redactor;
mod text;
mod unknown;

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

pub use key::Key;
pub use redactor::{MASK, Redactor};
pub use text::{Encrypted, Str};
pub use unknown::Unknown;

/// An ordered mapping.
pub type Map = IndexMap<Key, Value>;

/// One value. Cheap to clone.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// YAML's null, Python's `None`.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A string with its origin.
    Str(Str),
    /// A list.
    List(Arc<Vec<Value>>),
    /// A mapping that keeps its order.
    Map(Arc<Map>),
    /// A vaulted string that nobody has looked at yet.
    Encrypted(Arc<Encrypted>),
    /// A value that only applying can tell.
    Unknown(Arc<Unknown>),
    /// Ansible's `omit`: the argument is as if it were not written. In a mapping with
    /// [`Key::Rest`], a key that is certainly not there.
    Omit,
}

impl Value {
    /// A string that is data: never a template.
    pub fn data(text: impl Into<Arc<str>>) -> Self {
        Self::Str(Str::data(text))
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(Arc::new(items.into_iter().collect()))
    }

    /// A mapping.
    pub fn map<K: Into<Key>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(Arc::new(entries.into_iter().map(|(key, value)| (key.into(), value)).collect()))
    }

    /// An unknown value with its reason.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(Arc::new(Unknown::new(reason)))
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// An entry of a mapping.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// What Python would call the type: `str`, `int`, `dict` …; for messages and `type_debug`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) | Self::Encrypted(_) => "str",
            Self::List(_) => "list",
            Self::Map(_) => "dict",
            Self::Unknown(_) => "unknown",
            Self::Omit => "omit",
        }
    }

    /// The first unknown anywhere inside.
    pub fn find_unknown(&self) -> Option<&Arc<Unknown>> {
        match self {
            Self::Unknown(unknown) => Some(unknown),
            Self::List(items) => items.iter().find_map(Self::find_unknown),
            Self::Map(map) => map.values().find_map(Self::find_unknown),
            _ => None,
        }
    }
}

impl fmt::Debug for Value {
    /// For people and tests; secrets are masked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Str(text) => write!(f, "{text:?}"),
            Self::List(items) => f.debug_list().entries(items.iter()).finish(),
            Self::Map(map) => f.debug_map().entries(map.iter()).finish(),
            Self::Encrypted(_) => f.write_str(MASK),
            Self::Unknown(unknown) => write!(f, "<{unknown}>"),
            Self::Omit => f.write_str("<omit>"),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<Str> for Value {
    fn from(value: Str) -> Self {
        Self::Str(value)
    }
}

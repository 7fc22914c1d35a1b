//! The arguments of filters, tests, lookups and functions, bound to their parameters.

use std::sync::Arc;

use indexmap::IndexMap;

use super::failure::{Stop, known};
use super::member::whole;
use super::python;
use crate::diagnostic::{Diagnostic, list_or};
use crate::value::{Map, Value};

/// Arguments as they were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arguments {
    /// Without a name.
    pub positional: Vec<Value>,
    /// With a name.
    pub keywords: IndexMap<Arc<str>, Value>,
}

/// Arguments bound to parameters.
///
/// A parameter is a name; `*` stands for any number of further positional arguments, `**` for any
/// further names.
pub(crate) struct Bound {
    parameters: &'static [&'static str],
    values: Vec<Option<Value>>,
    /// What `*` took.
    pub rest: Vec<Value>,
    /// What `**` took.
    pub keywords: IndexMap<Arc<str>, Value>,
}

impl Arguments {
    /// Positional arguments only.
    pub fn of(positional: impl IntoIterator<Item = Value>) -> Self {
        Self { positional: positional.into_iter().collect(), keywords: IndexMap::new() }
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.positional.iter().chain(self.keywords.values())
    }

    /// The arguments by parameter; an error for one too many or an unknown name.
    pub fn bind(self, parameters: &'static [&'static str]) -> Result<Bound, Stop> {
        let named: &[&str] = match parameters.iter().position(|name| name.starts_with('*')) {
            Some(star) => &parameters[..star],
            None => parameters,
        };
        let takes_rest = parameters.contains(&"*");
        let takes_names = parameters.contains(&"**");
        let mut values: Vec<Option<Value>> = vec![None; parameters.len()];
        let mut rest = Vec::new();
        let given = self.positional.len();
        for (index, value) in self.positional.into_iter().enumerate() {
            if index < named.len() {
                values[index] = Some(value);
            } else if takes_rest {
                rest.push(value);
            } else {
                let most = crate::diagnostic::plural(named.len(), "argument");
                return Err(Stop::error(format!("takes {most} at most, got {given}")));
            }
        }
        let mut keywords = IndexMap::new();
        for (name, value) in self.keywords {
            // Keyword-only parameters stand after `*`.
            match parameters.iter().position(|known| *known == &*name) {
                Some(index) => values[index] = Some(value),
                None if takes_names => {
                    keywords.insert(name, value);
                }
                None => return Err(unknown_name(&name, parameters)),
            }
        }
        Ok(Bound { parameters, values, rest, keywords })
    }
}

fn unknown_name(name: &str, parameters: &[&str]) -> Stop {
    let known = || parameters.iter().copied().filter(|name| !name.starts_with('*'));
    let error = Diagnostic::new(format!("unknown argument `{name}`")).suggest(name, known());
    let names = list_or(known());
    if names.is_empty() { error.into() } else { error.hint(format!("it takes {names}")).into() }
}

impl Bound {
    /// An argument, if it was given.
    pub fn value(&self, index: usize) -> Option<&Value> {
        self.values.get(index)?.as_ref()
    }

    /// An argument that is given and not null.
    pub fn set(&self, index: usize) -> Option<&Value> {
        self.value(index).filter(|value| **value != Value::Null)
    }

    /// An argument that must be given.
    pub fn need(&self, index: usize) -> Result<&Value, Stop> {
        self.value(index).ok_or_else(|| {
            let name = self.parameters.get(index).unwrap_or(&"?");
            Stop::error(format!("argument `{name}` is missing"))
        })
    }

    /// A text that must be given; numbers count as their text.
    pub fn text(&self, index: usize) -> Result<Arc<str>, Stop> {
        python::text(&known(self.need(index)?.clone())?)
    }

    /// A text, or its default.
    pub fn text_or(&self, index: usize, default: &str) -> Result<Arc<str>, Stop> {
        if self.set(index).is_some() { self.text(index) } else { Ok(default.into()) }
    }

    /// A truth value, or its default.
    pub fn flag(&self, index: usize, default: bool) -> Result<bool, Stop> {
        self.value(index).map_or(Ok(default), python::truth)
    }

    /// An integer, or its default.
    pub fn integer(&self, index: usize, default: i64) -> Result<i64, Stop> {
        if self.set(index).is_some() { self.need_integer(index) } else { Ok(default) }
    }

    /// An integer that must be given.
    pub fn need_integer(&self, index: usize) -> Result<i64, Stop> {
        let value = known(self.need(index)?.clone())?;
        python::integer(&value).ok_or_else(|| {
            let name = self.parameters.get(index).unwrap_or(&"?");
            let found = value.type_name();
            Stop::error(format!("argument `{name}` must be an integer, not `{found}`"))
        })
    }
}

/// The items of what can be walked: a list, the keys of a mapping, the characters of a string.
pub(crate) fn items(value: &Value) -> Result<Vec<Value>, Stop> {
    match value {
        Value::List(items) => Ok(items.as_ref().clone()),
        Value::Map(map) => Ok(whole(map)?.keys().map(crate::value::Key::to_value).collect()),
        Value::Str(text) => {
            Ok(text.as_str().chars().map(|character| Value::data(character.to_string())).collect())
        }
        Value::Unknown(unknown) => Err(Stop::Unknown(Arc::clone(unknown))),
        other => Err(Stop::error(format!("cannot walk through a `{}`", other.type_name()))),
    }
}

/// A list that must be one: strings and mappings are refused.
pub(crate) fn list(value: &Value) -> Result<&[Value], Stop> {
    match value {
        Value::List(items) => Ok(items),
        Value::Unknown(unknown) => Err(Stop::Unknown(Arc::clone(unknown))),
        other => Err(Stop::error(format!("wants a list, not `{}`", other.type_name()))),
    }
}

/// A mapping that must be one.
pub(crate) fn mapping(value: &Value) -> Result<&Map, Stop> {
    match value {
        Value::Map(map) => Ok(map),
        Value::Unknown(unknown) => Err(Stop::Unknown(Arc::clone(unknown))),
        other => Err(Stop::error(format!("wants a mapping, not `{}`", other.type_name()))),
    }
}

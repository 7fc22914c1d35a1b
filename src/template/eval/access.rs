//! Attributes and items: `a.b`, `a['b']`, `a[0]`.

use super::item::Item;
use super::machine::Machine;
use super::moment;
use crate::template::failure::{Missing, Stop};
use crate::template::{member, python, secret};
use crate::value::{Key, Value};

impl<'a> Machine<'_, 'a> {
    /// `item.name`
    pub(super) fn attribute(&self, item: &Item<'a>, name: &str) -> Result<Item<'a>, Stop> {
        match item {
            Item::Value(_) | Item::Raw(_) | Item::Variables(_) | Item::Hosts => {
                self.index(item, &Value::data(name))
            }
            Item::Namespace(entries) => match entries.borrow().get(name) {
                Some(value) => Ok(Item::Value(value.clone())),
                None => Err(missing(name, "namespace", entries.borrow().keys())),
            },
            Item::Module(frame) => {
                let own = if name.starts_with('_') { None } else { frame.own(name) };
                own.unwrap_or_else(|| Err(missing(name, "imported template", [""; 0])))
            }
            Item::Time(at) => moment::attribute(at, name).map(Item::Value),
            Item::Duration(micros) => moment::duration_attribute(*micros, name).map(Item::Value),
            Item::Loop(state) => state.attribute(name).map(Item::Value),
            Item::Cycler(cycler) if name == "current" => {
                Ok(cycler.0.get(*cycler.1.borrow()).cloned().unwrap_or(Value::Null).into())
            }
            Item::Macro(closure) if name == "name" => {
                Ok(Value::data(&*closure.definition.name).into())
            }
            other => Err(missing(name, other.type_name(), [""; 0])),
        }
    }

    /// `item[key]`
    pub(super) fn index(&self, item: &Item<'a>, key: &Value) -> Result<Item<'a>, Stop> {
        match item {
            Item::Value(value) => part(value, key).map(Item::Value),
            Item::Raw(value) => self.session.resolve(part(value, key)?, &label(key)),
            Item::Variables(session) => {
                let name = python::text(key)?;
                session.variable(&name)?.ok_or_else(|| {
                    let known = session.scope().names();
                    Stop::missing(Missing::Member(name.to_string(), "host's variables", known))
                })
            }
            Item::Hosts => self.session.host(&python::text(key)?),
            other => self.attribute(other, &python::text(key)?),
        }
    }
}

fn label(key: &Value) -> String {
    key.as_str().map_or_else(|| format!("item {key:?}"), ToString::to_string)
}

fn missing<S: AsRef<str>>(
    name: &str,
    of: &'static str,
    known: impl IntoIterator<Item = S>,
) -> Stop {
    let known = known.into_iter().map(|name| name.as_ref().to_string()).collect();
    Stop::missing(Missing::Member(name.to_string(), of, known))
}

/// The part of a value at a key or index; undefined if there is none.
pub(crate) fn part(value: &Value, key: &Value) -> Result<Value, Stop> {
    let absent = || {
        let known = value.as_map().map(|map| map.keys().map(ToString::to_string).collect());
        let name = python::text(key).map_or_else(|_| "?".into(), |name| name.to_string());
        Stop::missing(Missing::Member(name, value.type_name(), known.unwrap_or_default()))
    };
    match (value, key) {
        (Value::Unknown(unknown), _) => Err(Stop::Unknown(unknown.clone())),
        (Value::Map(map), key) => {
            let key = match key {
                #[expect(clippy::cast_possible_truncation, reason = "checked to be whole")]
                Value::Float(number) if number.fract() == 0.0 => Some(Key::Int(*number as i64)),
                other => Key::from_value(other),
            };
            let found = key.map_or(Ok(None), |key| member::of(map, &key))?;
            found.cloned().ok_or_else(absent)
        }
        (Value::List(items), key) => {
            let index = python::integer(key).and_then(|index| position(index, items.len()));
            index.and_then(|index| items.get(index)).cloned().ok_or_else(absent)
        }
        (Value::Str(text), key) => {
            let Some(index) = python::integer(key) else { return Err(absent()) };
            let length = text.as_str().chars().count();
            let character = position(index, length).and_then(|at| text.as_str().chars().nth(at));
            let found = Value::data(character.ok_or_else(absent)?.to_string());
            Ok(secret::spread(found, std::iter::once(value)))
        }
        _ => Err(absent()),
    }
}

/// An index as Python counts: negative ones from the end.
fn position(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if index < 0 { index + length } else { index }).ok()
}

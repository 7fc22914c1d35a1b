//! Values as JSON and back.

use std::sync::Arc;

use super::{Key, MASK, Map, Value};

impl Value {
    /// The value as JSON with its secrets in clear: for modules and filters, not for people.
    pub fn to_json(&self) -> serde_json::Value {
        self.json(false)
    }

    /// The value as JSON for people and logs: secrets are masked.
    pub fn to_masked_json(&self) -> serde_json::Value {
        self.json(true)
    }

    fn json(&self, mask: bool) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Null | Self::Omit => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) => Json::from(*value),
            Self::Float(value) => Json::from(*value),
            Self::Str(text) if mask && text.is_secret() => Json::from(MASK),
            Self::Str(text) => Json::from(text.as_str()),
            Self::List(items) => items.iter().map(|item| item.json(mask)).collect(),
            Self::Map(map) => {
                let is_said = |key: &Key, value: &Self| *key != Key::Rest && *value != Self::Omit;
                let there = map.iter().filter(|(key, value)| is_said(key, value));
                there.map(|(key, value)| (key.to_string(), value.json(mask))).collect()
            }
            Self::Encrypted(encrypted) => match encrypted.plain.get() {
                Some(plain) if !mask => Json::from(plain.as_str()),
                _ => Json::from(MASK),
            },
            Self::Unknown(unknown) => Json::from(format!("<{unknown}>")),
        }
    }

    /// The value of a JSON text's tree; every string is data.
    pub fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(integer) => Self::Int(integer),
                None => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Self::data(text.as_str()),
            Json::Array(items) => Self::list(items.iter().map(Self::from_json)),
            Json::Object(entries) => {
                let map: Map = entries
                    .iter()
                    .map(|(key, value)| (Key::from(key.as_str()), Self::from_json(value)))
                    .collect();
                Self::Map(Arc::new(map))
            }
        }
    }
}

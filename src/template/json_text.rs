//! JSON as Python's `json.dumps` writes it.

use super::python;
use crate::value::{Key, Map, Value};

/// How JSON is laid out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Spaces per level; all in one line without it.
    pub indent: Option<usize>,
    /// Whether mappings are sorted by key.
    pub sort_keys: bool,
    /// Whether characters beyond ASCII are escaped.
    pub ascii: bool,
}

/// The value as JSON, with its secrets in clear.
pub(crate) fn write(value: &Value, style: Style) -> String {
    let mut out = String::new();
    Writer { style, out: &mut out }.value(value, 0);
    out
}

struct Writer<'a> {
    style: Style,
    out: &'a mut String,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value, level: usize) {
        match value {
            Value::Bool(truth) => self.out.push_str(if *truth { "true" } else { "false" }),
            Value::Int(number) => self.out.push_str(&number.to_string()),
            Value::Float(number) => self.out.push_str(&float(*number)),
            Value::Str(text) => self.text(text.as_str()),
            Value::Encrypted(encrypted) => {
                let plain = encrypted.plain.get();
                self.text(plain.map_or(encrypted.envelope.as_str(), |plain| plain.as_str()));
            }
            Value::List(items) => self.list(items, level),
            Value::Map(map) => self.map(map, level),
            Value::Null | Value::Unknown(_) | Value::Omit => self.out.push_str("null"),
        }
    }

    fn list(&mut self, items: &[Value], level: usize) {
        if items.is_empty() {
            self.out.push_str("[]");
            return;
        }
        self.out.push('[');
        for (index, item) in items.iter().enumerate() {
            self.separate(index, level + 1);
            self.value(item, level + 1);
        }
        self.end(level, ']');
    }

    fn map(&mut self, map: &Map, level: usize) {
        if map.is_empty() {
            self.out.push_str("{}");
            return;
        }
        let mut entries: Vec<(&Key, &Value)> = map.iter().collect();
        if self.style.sort_keys {
            entries.sort_by_key(|(key, _)| key.to_string());
        }
        self.out.push('{');
        for (index, (key, value)) in entries.into_iter().enumerate() {
            self.separate(index, level + 1);
            self.text(&key.to_string());
            self.out.push_str(": ");
            self.value(value, level + 1);
        }
        self.end(level, '}');
    }

    fn separate(&mut self, index: usize, level: usize) {
        if index > 0 {
            self.out.push_str(if self.style.indent.is_some() { "," } else { ", " });
        }
        self.newline(level);
    }

    fn newline(&mut self, level: usize) {
        if let Some(indent) = self.style.indent {
            self.out.push('\n');
            self.out.push_str(&" ".repeat(indent * level));
        }
    }

    fn end(&mut self, level: usize, bracket: char) {
        self.newline(level);
        self.out.push(bracket);
    }

    fn text(&mut self, text: &str) {
        let quoted = serde_json::Value::from(text).to_string();
        if !self.style.ascii || quoted.is_ascii() {
            self.out.push_str(&quoted);
            return;
        }
        for character in quoted.chars() {
            if character.is_ascii() {
                self.out.push(character);
            } else {
                let mut units = [0u16; 2];
                for unit in character.encode_utf16(&mut units) {
                    self.out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
}

fn float(number: f64) -> String {
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else {
        python::float(number)
    }
}

//! Lists and mappings, in blocks or in brackets.

use std::cmp::Ordering;

use super::Flow;
use super::analysis::is_break;
use super::number::float;
use super::out::{Context, Out};
use crate::value::{Key, Map, Value};

/// Longer keys get a line of their own after `?`.
const LONGEST_KEY: usize = 128;

impl Out<'_> {
    /// Writes a value that stands in `context`, where blocks around it are indented by `indent`.
    pub fn node(&mut self, value: &Value, context: Context, indent: Option<usize>) {
        match value {
            Value::List(items) if self.flow > 0 || items.is_empty() || self.in_brackets(value) => {
                self.flow_list(items, indent);
            }
            Value::List(items) => self.block_list(items, context, indent),
            Value::Map(map) if self.flow > 0 || map.is_empty() || self.in_brackets(value) => {
                self.flow_map(map, indent);
            }
            Value::Map(map) => self.block_map(map, indent),
            Value::Str(text) => self.string(text.as_str(), context, indent),
            Value::Encrypted(encrypted) => match encrypted.plain.get() {
                Some(plain) => self.string(plain.as_str(), context, indent),
                None => self.vaulted(&encrypted.envelope, indent),
            },
            Value::Bool(value) => {
                self.plain(if *value { "true" } else { "false" }, context, indent);
            }
            Value::Int(value) => self.plain(&value.to_string(), context, indent),
            Value::Float(value) => self.plain(&float(*value), context, indent),
            Value::Null | Value::Unknown(_) | Value::Omit => self.plain("null", context, indent),
        }
    }

    fn in_brackets(&self, value: &Value) -> bool {
        match self.style.flow {
            Flow::Never => false,
            Flow::Always => true,
            Flow::Leaves => match value {
                Value::List(items) => items.iter().all(is_leaf),
                Value::Map(map) => map.values().all(is_leaf),
                _ => false,
            },
        }
    }

    fn block_list(&mut self, items: &[Value], context: Context, indent: Option<usize>) {
        let indentless = context == Context::Entry && !self.indention;
        let inner = Some(self.deeper(indent, false, indentless));
        for item in items {
            self.break_line(inner);
            self.block_indicator("-");
            self.node(item, Context::Item, inner);
        }
    }

    fn block_map(&mut self, map: &Map, indent: Option<usize>) {
        let inner = Some(self.deeper(indent, false, false));
        for (key, value) in self.ordered(map) {
            let key = key.to_value();
            self.break_line(inner);
            if is_simple_key(&key) {
                self.node(&key, Context::Key, inner);
                self.indicator(":", false);
            } else {
                self.block_indicator("?");
                self.node(&key, Context::Entry, inner);
                self.break_line(inner);
                self.block_indicator(":");
            }
            self.node(value, Context::Entry, inner);
        }
    }

    fn flow_list(&mut self, items: &[Value], indent: Option<usize>) {
        self.bracket("[");
        self.flow += 1;
        let inner = Some(self.deeper(indent, true, false));
        for (index, item) in items.iter().enumerate() {
            self.next_in_brackets(index, inner);
            self.node(item, Context::Item, inner);
        }
        self.flow -= 1;
        self.indicator("]", false);
    }

    fn flow_map(&mut self, map: &Map, indent: Option<usize>) {
        self.bracket("{");
        self.flow += 1;
        let inner = Some(self.deeper(indent, true, false));
        for (index, (key, value)) in self.ordered(map).into_iter().enumerate() {
            let key = key.to_value();
            self.next_in_brackets(index, inner);
            if is_simple_key(&key) {
                self.node(&key, Context::Key, inner);
                self.indicator(":", false);
            } else {
                self.indicator("?", true);
                self.node(&key, Context::Entry, inner);
                if self.column > self.width {
                    self.break_line(inner);
                }
                self.indicator(":", true);
            }
            self.node(value, Context::Entry, inner);
        }
        self.flow -= 1;
        self.indicator("}", false);
    }

    fn next_in_brackets(&mut self, index: usize, indent: Option<usize>) {
        if index > 0 {
            self.indicator(",", false);
        }
        if self.column > self.width {
            self.break_line(indent);
        }
    }

    /// The entries in the order they are written. Keys that cannot be compared stay as they are.
    fn ordered<'m>(&self, map: &'m Map) -> Vec<(&'m Key, &'m Value)> {
        let mut entries: Vec<(&Key, &Value)> = map.iter().collect();
        let comparable = entries.windows(2).all(|pair| order(pair[0].0, pair[1].0).is_some());
        if self.style.sort_keys && comparable {
            entries.sort_by(|a, b| order(a.0, b.0).unwrap_or(Ordering::Equal));
        }
        entries
    }
}

fn is_leaf(value: &Value) -> bool {
    match value {
        Value::List(_) | Value::Map(_) => false,
        Value::Encrypted(encrypted) => encrypted.plain.get().is_some(),
        _ => true,
    }
}

fn is_simple_key(key: &Value) -> bool {
    match key.as_str() {
        Some(text) => text.len() <= LONGEST_KEY && !text.contains(is_break),
        None => true,
    }
}

/// As Python compares keys: strings with strings, numbers and truth values with each other.
fn order(a: &Key, b: &Key) -> Option<Ordering> {
    let number = |key: &Key| match key {
        Key::Int(number) => Some(*number),
        Key::Bool(truth) => Some(i64::from(*truth)),
        _ => None,
    };
    match (a, b) {
        (Key::Str(a), Key::Str(b)) => Some(a.cmp(b)),
        _ => Some(number(a)?.cmp(&number(b)?)),
    }
}

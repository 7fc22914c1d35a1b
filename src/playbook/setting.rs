//! A keyword or argument as it is written: its value and both places.

use indexmap::IndexMap;

use crate::diagnostic::Span;
use crate::value::{Str, Value};

/// The value of a keyword or argument, not yet rendered.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Where its name stands.
    pub name: Span,
    /// What is written; strings may be templates.
    pub value: Value,
    /// Where the value stands.
    pub span: Span,
}

impl Setting {
    /// The value as a truth value if it is one without any rendering: `true`, `yes`, `"on"`, `1`.
    pub fn literal_bool(&self) -> Option<bool> {
        literal_bool(&self.value)
    }

    /// The text if it is a string without template marks.
    pub fn literal_text(&self) -> Option<&str> {
        literal_text(&self.value)
    }
}

/// Ansible's truth values, strings included; none for anything else and for templates.
pub fn literal_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::Int(1) => Some(true),
        Value::Int(0) => Some(false),
        Value::Str(text) => match text.as_str().to_lowercase().as_str() {
            "yes" | "on" | "true" | "1" | "y" | "t" => Some(true),
            "no" | "off" | "false" | "0" | "n" | "f" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The text of a string without template marks.
pub fn literal_text(value: &Value) -> Option<&str> {
    match value {
        Value::Str(text) if !text.is_template() => Some(text.as_str()),
        _ => None,
    }
}

/// The arguments of a module in the order of the file; free-form `key=value` text and `args:` are merged in.
#[derive(Debug, Clone, Default)]
pub struct Args {
    /// By name as written.
    pub named: IndexMap<String, Setting>,
    /// What `command: echo hi creates=/x` leaves after its options: `echo hi`; for modules that take free text.
    pub free_form: Option<FreeForm>,
    /// `args: "{{ options }}"` or `module: "{{ options }}"`: a template that gives a mapping at run time;
    /// the named arguments win over its entries.
    pub spread: Option<Setting>,
}

/// The free text of `command`, `shell`, `raw`, `script`, `meta`, `include_*`.
#[derive(Debug, Clone)]
pub struct FreeForm {
    /// The text without its `key=value` options.
    pub text: Str,
    /// Where the text stands, options included.
    pub span: Span,
}

impl Args {
    /// The argument of that name.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.named.get(name)
    }

    /// The first argument that is written under one of the names.
    pub fn first(&self, names: &[&str]) -> Option<&Setting> {
        names.iter().find_map(|name| self.named.get(*name))
    }

    /// Whether nothing is written at all.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.free_form.is_none() && self.spread.is_none()
    }
}

//! The entries of a mapping, taken out one by one; what is left over nobody knows.

use crate::diagnostic::{Diagnostic, Span};
use crate::playbook::Setting;
use crate::yaml::Node;

/// One entry.
#[derive(Clone, Copy)]
pub struct Field<'n> {
    /// The key's text.
    pub name: &'n str,
    /// The key.
    pub key: &'n Node,
    /// The value.
    pub value: &'n Node,
}

impl Field<'_> {
    /// The entry as a setting.
    pub fn setting(&self) -> Setting {
        Setting {
            name: self.key.span.clone(),
            value: self.value.to_value(),
            span: self.value.span.clone(),
        }
    }
}

/// The entries of one mapping.
pub struct Fields<'n> {
    /// Where the mapping stands.
    pub span: &'n Span,
    entries: Vec<(Field<'n>, bool)>,
}

impl<'n> Fields<'n> {
    /// The entries of a mapping, or what is wrong with it. `what` names it for people: "a task".
    pub fn new(node: &'n Node, what: &str) -> Result<Self, Diagnostic> {
        let Some(entries) = node.as_mapping() else {
            let message = format!("{what} is a mapping, and this is {}", describe(node));
            return Err(Diagnostic::new(message).at(&node.span));
        };
        let mut fields = Vec::new();
        for (key, value) in entries {
            let Some(name) = key.as_str() else {
                let message = format!("a keyword of {what} is text, and this is {}", describe(key));
                return Err(Diagnostic::new(message).at(&key.span).hint("put it in quotes"));
            };
            fields.push((Field { name, key, value }, false));
        }
        Ok(Self { span: &node.span, entries: fields })
    }

    /// Takes the entry of that name.
    pub fn take(&mut self, name: &str) -> Option<Field<'n>> {
        let (field, taken) = self.entries.iter_mut().find(|(field, _)| field.name == name)?;
        *taken = true;
        Some(*field)
    }

    /// Takes the entry of that name unless its value is null.
    pub fn take_filled(&mut self, name: &str) -> Option<Field<'n>> {
        self.take(name).filter(|field| !field.value.is_null())
    }

    /// Takes all entries left whose name passes.
    pub fn take_where(&mut self, passes: impl Fn(&str) -> bool) -> Vec<Field<'n>> {
        let mut taken_now = Vec::new();
        for (field, taken) in &mut self.entries {
            if !*taken && passes(field.name) {
                *taken = true;
                taken_now.push(*field);
            }
        }
        taken_now
    }

    /// Whether there is an entry of that name, taken or not.
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(field, _)| field.name == name)
    }

    /// All entries.
    pub fn all(&self) -> impl Iterator<Item = Field<'n>> {
        self.entries.iter().map(|(field, _)| *field)
    }
}

/// What a node is, for people: "a list", "the text `x`".
pub fn describe(node: &Node) -> String {
    use crate::value::Value;
    use crate::yaml::Content;
    match &node.content {
        Content::Sequence(_) => "a list".to_string(),
        Content::Mapping(_) => "a mapping".to_string(),
        Content::Scalar(Value::Null) => "empty".to_string(),
        Content::Scalar(Value::Str(text)) if text.as_str().chars().count() <= 40 => {
            format!("the text `{}`", text.as_str())
        }
        Content::Scalar(Value::Str(_)) => "a text".to_string(),
        Content::Scalar(Value::Encrypted(_)) => "a vaulted text".to_string(),
        Content::Scalar(Value::Bool(truth)) => format!("the truth value `{truth}`"),
        Content::Scalar(Value::Int(number)) => format!("the number `{number}`"),
        Content::Scalar(_) => "a number".to_string(),
    }
}

//! Tags: the few that Ansible's files carry, and a refusal for every other.

use std::sync::Arc;

use granit_parser::Tag;

use super::scalar::{resolve, word};
use super::{Content, Node};
use crate::diagnostic::{Diagnostic, Span};
use crate::value::{Encrypted, Str, Value};

/// What a tag (or its absence) makes of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// No tag on a plain scalar: its form decides.
    Plain,
    /// A string whatever its form.
    String,
    /// `!!int`, `!!float`, `!!bool`, `!!null`: the form must agree.
    Typed(&'static str),
    /// `!unsafe`: never a template.
    Unsafe,
    /// `!vault`: an encrypted string.
    Vault,
    /// `!!seq` or `!!map`, which say nothing new.
    Collection,
}

impl Meaning {
    pub fn for_scalar(tag: &Tag) -> Option<Self> {
        if let Some(core) = tag.core_suffix() {
            return match core {
                "str" | "timestamp" => Some(Self::String),
                "int" => Some(Self::Typed("int")),
                "float" => Some(Self::Typed("float")),
                "bool" => Some(Self::Typed("bool")),
                "null" => Some(Self::Typed("null")),
                _ => None,
            };
        }
        match tag.original().as_str() {
            "!" => Some(Self::String),
            "!unsafe" => Some(Self::Unsafe),
            "!vault" | "!vault-encrypted" => Some(Self::Vault),
            _ => None,
        }
    }

    pub fn for_sequence(tag: &Tag) -> Option<Self> {
        Self::for_collection(tag, "seq")
    }

    pub fn for_mapping(tag: &Tag) -> Option<Self> {
        Self::for_collection(tag, "map")
    }

    fn for_collection(tag: &Tag, core: &str) -> Option<Self> {
        if tag.core_suffix() == Some(core) {
            return Some(Self::Collection);
        }
        (tag.original() == "!unsafe").then_some(Self::Unsafe)
    }
}

/// The value of a scalar under its tag.
pub fn scalar(text: &str, plain: bool, meaning: Meaning, span: &Span) -> Result<Value, Diagnostic> {
    let string = || Str::template(text, Some(span.clone()));
    match meaning {
        Meaning::Plain => Ok(by_form(text, span)?.unwrap_or_else(|| Value::Str(string()))),
        Meaning::String | Meaning::Collection => Ok(Value::Str(string())),
        Meaning::Typed(name) => typed(text, name, span),
        Meaning::Unsafe if plain => {
            Ok(by_form(text, span)?.unwrap_or_else(|| Value::Str(string().untrusted())))
        }
        Meaning::Unsafe => Ok(Value::Str(string().untrusted())),
        Meaning::Vault => vault(text, span),
    }
}

fn by_form(text: &str, span: &Span) -> Result<Option<Value>, Diagnostic> {
    resolve(text).map_err(|_| {
        Diagnostic::new(format!("the number `{text}` does not fit into 64 bits"))
            .at(span)
            .hint("put it in quotes if it is a name rather than a number")
    })
}

fn typed(text: &str, name: &str, span: &Span) -> Result<Value, Diagnostic> {
    match (name, by_form(text, span)?) {
        ("int", Some(value @ Value::Int(_)))
        | ("float", Some(value @ Value::Float(_)))
        | ("bool", Some(value @ Value::Bool(_)))
        | ("null", Some(value @ Value::Null)) => Ok(value),
        #[expect(clippy::cast_precision_loss, reason = "a float is what the tag asks for")]
        ("float", Some(Value::Int(value))) => Ok(Value::Float(value as f64)),
        _ => {
            match word(text).filter(|_| name == "bool") {
                Some(value @ Value::Bool(_)) => Ok(value),
                _ => Err(Diagnostic::new(format!("`{text}` is not what its tag `!!{name}` says"))
                    .at(span)),
            }
        }
    }
}

fn vault(text: &str, span: &Span) -> Result<Value, Diagnostic> {
    if text.trim_start().starts_with("$ANSIBLE_VAULT;") {
        return Ok(Value::Encrypted(Arc::new(Encrypted::new(text, Some(span.clone())))));
    }
    Err(Diagnostic::new("a `!vault` value must start with `$ANSIBLE_VAULT;`")
        .at(span)
        .hint("make one with `mxprov vault encrypt-string`, and keep its lines in a `|` block"))
}

/// The node with every string in it as data, as `!unsafe` on a collection means.
pub fn untrusted(node: Node) -> Node {
    let content = match node.content {
        Content::Scalar(Value::Str(text)) => Content::Scalar(Value::Str(text.untrusted())),
        Content::Scalar(other) => Content::Scalar(other),
        Content::Sequence(items) => Content::Sequence(items.into_iter().map(untrusted).collect()),
        Content::Mapping(entries) => Content::Mapping(
            entries.into_iter().map(|(key, value)| (key, untrusted(value))).collect(),
        ),
    };
    Node { content, span: node.span }
}

/// The refusal of a tag.
pub fn unknown(tag: &Tag, span: &Span) -> Diagnostic {
    let name = tag.original();
    Diagnostic::new(format!("the tag `{name}` is not supported here"))
        .at(span)
        .suggest(&name, ["!vault", "!unsafe", "!vault-encrypted"])
        .hint("`!vault` and `!unsafe` are; a value that starts with `!` needs quotes")
}

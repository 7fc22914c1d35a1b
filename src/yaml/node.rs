//! A YAML node with its place.

use std::sync::Arc;

use crate::diagnostic::Span;
use crate::value::{Encrypted, Key, Value};

/// One node of a document: what it holds and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it holds.
    pub content: Content,
    /// Where it stands.
    pub span: Span,
}

/// What a node holds. Tags are resolved: `!vault` gives [`Value::Encrypted`], `!unsafe` untrusted strings.
#[derive(Debug, Clone)]
pub enum Content {
    /// A scalar: null, truth value, number, string or vaulted string.
    Scalar(Value),
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping in the order of the file, merge keys merged (an own key wins), without duplicates.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// The value without its places; strings keep theirs as origin.
    pub fn to_value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::Sequence(items) => Value::list(items.iter().map(Self::to_value)),
            Content::Mapping(entries) => Value::Map(Arc::new(
                entries
                    .iter()
                    .filter_map(|(key, value)| Some((key.key()?, value.to_value())))
                    .collect(),
            )),
        }
    }

    /// The node as the key of a mapping; the composer lets nothing else be one.
    pub fn key(&self) -> Option<Key> {
        match &self.content {
            Content::Scalar(value) => Key::from_value(value),
            _ => None,
        }
    }

    /// The text of a string scalar.
    pub fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(value) => value.as_str(),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn as_mapping(&self) -> Option<&[(Node, Node)]> {
        match &self.content {
            Content::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of a sequence.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.content {
            Content::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The entry of a mapping with this key, with the key's own node.
    pub fn entry(&self, name: &str) -> Option<(&Node, &Node)> {
        self.as_mapping()?
            .iter()
            .find(|(key, _)| key.as_str() == Some(name))
            .map(|(key, value)| (key, value))
    }

    /// `null` or nothing at all.
    pub fn is_null(&self) -> bool {
        matches!(self.content, Content::Scalar(Value::Null))
    }

    /// The vaulted value of this node, if it is one.
    pub fn encrypted(&self) -> Option<&Arc<Encrypted>> {
        match &self.content {
            Content::Scalar(Value::Encrypted(encrypted)) => Some(encrypted),
            _ => None,
        }
    }

    /// How many nodes this is, itself included.
    pub fn size(&self) -> usize {
        1 + match &self.content {
            Content::Scalar(_) => 0,
            Content::Sequence(items) => items.iter().map(Self::size).sum(),
            Content::Mapping(entries) => {
                entries.iter().map(|(key, value)| key.size() + value.size()).sum()
            }
        }
    }
}

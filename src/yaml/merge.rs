//! Merge keys (`<<`): the entries of other mappings as defaults of this one.

use std::collections::HashMap;

use super::{Content, Node};
use crate::diagnostic::Diagnostic;
use crate::value::Key;

/// The own entries over the merged ones. Merged entries come first; an own entry stands where the
/// merged one stood, and of two merged mappings the first wins.
pub fn merge(own: Vec<(Node, Node)>, merged: Vec<Node>) -> Result<Vec<(Node, Node)>, Diagnostic> {
    if merged.is_empty() {
        return Ok(own);
    }
    let mut entries: Vec<(Node, Node)> = Vec::new();
    let mut places: HashMap<Key, usize> = HashMap::new();
    for node in merged {
        for (key, value) in sources(node)? {
            put(&mut entries, &mut places, (key, value), false);
        }
    }
    for entry in own {
        put(&mut entries, &mut places, entry, true);
    }
    Ok(entries)
}

fn put(
    entries: &mut Vec<(Node, Node)>,
    places: &mut HashMap<Key, usize>,
    entry: (Node, Node),
    replace: bool,
) {
    let Some(key) = entry.0.key() else { return };
    match places.get(&key) {
        Some(place) if replace => entries[*place] = entry,
        Some(_) => {}
        None => {
            places.insert(key, entries.len());
            entries.push(entry);
        }
    }
}

/// The entries that the value of a `<<` stands for: a mapping or a list of mappings.
fn sources(node: Node) -> Result<Vec<(Node, Node)>, Diagnostic> {
    let span = node.span.clone();
    match node.content {
        Content::Mapping(entries) => Ok(entries),
        Content::Sequence(items) => {
            let mut all = Vec::new();
            for item in items {
                match item.content {
                    Content::Mapping(entries) => all.extend(entries),
                    _ => return Err(not_a_mapping(&item.span)),
                }
            }
            Ok(all)
        }
        Content::Scalar(_) => Err(not_a_mapping(&span)),
    }
}

fn not_a_mapping(span: &crate::diagnostic::Span) -> Diagnostic {
    Diagnostic::new("`<<` merges mappings, and this is none")
        .at(span)
        .hint("give an alias of a mapping (`<<: *name`) or a list of them")
}

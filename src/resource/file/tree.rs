//! All that is under a directory.

use crate::remote::{Output, Script};

use super::super::probe::{Probe, answers, base64_field};
use super::super::query::{Query, State};
use super::state::{Attributes, PathKind};

/// Asks what is in a directory and below, itself included; links are not followed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tree {
    /// The absolute path of the directory.
    pub path: String,
}

/// All that is there, a directory before what is in it; empty if there is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeState(pub Vec<TreeNode>);

/// One path of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeNode {
    /// The absolute path.
    pub path: String,
    /// What stands there.
    pub attributes: Attributes,
}

impl State for TreeState {}

/// Fields of find(1): type, mode, names and numbers of owner and group, size, path, link target.
const LIST: &str = r#"[ -e "$path" ] || exit 0
{ find -P "$path" -printf '%y %m %u %g %U %G %s\0%p\0%l\0' || echo ! >&2; } | base64"#;

impl Query for Tree {
    type State = TreeState;
    const DERIVED: bool = true;

    fn script(queries: &[&Self]) -> Script {
        Probe::of_each(queries, |query, question| {
            question.assign("path", query.path.as_str()).line(LIST);
        })
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<TreeState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| {
            let (_, text) = answer?;
            nodes(&base64_field(&text)?)
                .map(TreeState)
                .ok_or_else(|| format!("the list of `{}` could not be read", query.path))
        })
        .collect()
    }
}

fn nodes(bytes: &[u8]) -> Option<Vec<TreeNode>> {
    let text = String::from_utf8_lossy(bytes);
    let fields: Vec<&str> = text.split('\0').collect();
    let mut nodes = Vec::new();
    for record in fields[..fields.len() - 1].chunks(3) {
        let [facts, path, target] = record else { return None };
        nodes.push(TreeNode { path: (*path).to_string(), attributes: attributes(facts, target)? });
    }
    Some(nodes)
}

fn attributes(facts: &str, target: &str) -> Option<Attributes> {
    let [kind, mode, owner, group, uid, gid, size] =
        facts.split(' ').collect::<Vec<_>>().try_into().ok()?;
    Some(Attributes {
        kind: match kind {
            "f" => PathKind::File,
            "d" => PathKind::Directory,
            "l" => PathKind::Link(target.to_string()),
            _ => PathKind::Other,
        },
        mode: u32::from_str_radix(mode, 8).ok()?,
        owner: owner.to_string(),
        group: group.to_string(),
        uid: uid.parse().ok(),
        gid: gid.parse().ok(),
        size: size.parse().ok(),
        fresh: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_find_are_read_whatever_the_names_hold() {
        let bytes = b"d 755 root root 0 0 4096\0/a\0\0f 640 web 1001 1000 1001 3\0/a/b c\n\0\0\
                      l 777 root root 0 0 1\0/a/l\0to me\0";
        let nodes = nodes(bytes).expect("is a list");
        assert_eq!(nodes.len(), 3);
        assert_eq!(nodes[1].path, "/a/b c\n");
        assert_eq!((nodes[1].attributes.mode, nodes[1].attributes.uid), (0o640, Some(1000)));
        assert_eq!(nodes[2].attributes.kind, PathKind::Link("to me".into()));
    }
}

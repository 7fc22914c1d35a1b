//! Inventories in YAML form.
//!
//! Source: Ansible's documentation, "How to build your inventory" and the `yaml` inventory plugin.

use super::address::expand;
use super::draft::Draft;
use crate::diagnostic::Diagnostic;
use crate::value::Value;
use crate::yaml::{Content, Node};

const SECTIONS: [&str; 3] = ["hosts", "vars", "children"];

/// Reads a YAML inventory into `draft`.
pub fn read(root: &Node, draft: &mut Draft) -> Result<(), Diagnostic> {
    let Some(groups) = root.as_mapping() else {
        return Err(Diagnostic::new("an inventory must be a mapping of groups")
            .at(&root.span)
            .hint("start with `all:` and under it `hosts:`"));
    };
    if let Some((key, plugin)) = root.entry("plugin") {
        let name = plugin.as_str().unwrap_or("?");
        return Err(Diagnostic::new(format!("the inventory plugin `{name}` is not supported"))
            .at(&key.span)
            .hint("write the hosts as a static inventory, as `ansible-inventory --list --yaml` prints it"));
    }
    groups.iter().try_for_each(|(name, body)| group(name, body, draft))
}

fn group(name: &Node, body: &Node, draft: &mut Draft) -> Result<(), Diagnostic> {
    let title = text_key(name, "group")?;
    draft.group(title, Some(&name.span))?;
    let sections = match &body.content {
        Content::Mapping(sections) => sections.as_slice(),
        _ if body.is_null() => &[],
        _ => return Err(group_is_no_mapping(title, body)),
    };
    for (key, value) in sections {
        match text_key(key, "section")? {
            "hosts" => hosts(title, value, draft)?,
            "vars" => vars(title, value, draft)?,
            "children" => children(title, value, draft)?,
            other => return Err(unknown_section(other, title, key)),
        }
    }
    Ok(())
}

fn text_key<'a>(key: &'a Node, what: &str) -> Result<&'a str, Diagnostic> {
    key.as_str().ok_or_else(|| {
        let written = key.span.text();
        Diagnostic::new(format!("the name of a {what} must be a string, and `{written}` is none"))
            .at(&key.span)
            .hint(format!("put it in quotes: `\"{written}\":`"))
    })
}

fn group_is_no_mapping(title: &str, body: &Node) -> Diagnostic {
    Diagnostic::new(format!("the group `{title}` must be a mapping"))
        .at(&body.span)
        .hint("under a group stand `hosts:`, `vars:` and `children:`")
}

fn unknown_section(name: &str, group: &str, key: &Node) -> Diagnostic {
    Diagnostic::new(format!("unknown key `{name}` in the group `{group}`"))
        .at(&key.span)
        .suggest(name, SECTIONS)
        .hint("a group holds `hosts`, `vars` and `children`; a group in a group goes under `children:`")
}

/// The entries of `hosts:` or `children:`: a mapping, one name, or nothing.
fn members<'a>(
    value: &'a Node,
    what: &str,
) -> Result<Vec<(&'a Node, Option<&'a Node>)>, Diagnostic> {
    match &value.content {
        Content::Mapping(entries) => {
            Ok(entries.iter().map(|(key, value)| (key, Some(value))).collect())
        }
        Content::Scalar(Value::Null) => Ok(vec![]),
        Content::Scalar(Value::Str(_)) => Ok(vec![(value, None)]),
        Content::Sequence(items) => {
            let first = items.first().and_then(Node::as_str).unwrap_or("name");
            Err(Diagnostic::new(format!("`{what}` must be a mapping, not a list"))
                .at(&value.span)
                .hint(format!("write `{first}:` instead of `- {first}`")))
        }
        Content::Scalar(_) => {
            Err(Diagnostic::new(format!("`{what}` must be a mapping")).at(&value.span))
        }
    }
}

fn hosts(group: &str, value: &Node, draft: &mut Draft) -> Result<(), Diagnostic> {
    for (name, body) in members(value, "hosts")? {
        let pattern = text_key(name, "host")?;
        let (names, port) =
            expand(pattern).map_err(|message| Diagnostic::new(message).at(&name.span))?;
        let vars = host_vars(pattern, body)?;
        for host in &names {
            draft.add_host(host, group, Some(&name.span))?;
            if let Some(port) = port {
                draft.host_var(host, "ansible_port", Value::Int(port.into()));
            }
            for (key, value) in vars {
                draft.host_var(host, variable_name(key)?, value.to_value());
            }
        }
    }
    Ok(())
}

fn host_vars<'a>(host: &str, body: Option<&'a Node>) -> Result<&'a [(Node, Node)], Diagnostic> {
    match body {
        None => Ok(&[]),
        Some(body) if body.is_null() => Ok(&[]),
        Some(body) => body.as_mapping().ok_or_else(|| {
            Diagnostic::new(format!("the variables of the host `{host}` must be a mapping"))
                .at(&body.span)
                .hint("under a host stand its variables: `ansible_host: 192.0.2.1`")
        }),
    }
}

fn vars(group: &str, value: &Node, draft: &mut Draft) -> Result<(), Diagnostic> {
    if value.is_null() {
        return Ok(());
    }
    let Some(entries) = value.as_mapping() else {
        return Err(Diagnostic::new("`vars` must be a mapping").at(&value.span));
    };
    for (key, value) in entries {
        draft.group_var(group, variable_name(key)?, value.to_value(), &key.span)?;
    }
    Ok(())
}

/// The name of a variable: a string.
pub fn variable_name(key: &Node) -> Result<&str, Diagnostic> {
    text_key(key, "variable")
}

fn children(parent: &str, value: &Node, draft: &mut Draft) -> Result<(), Diagnostic> {
    for (name, body) in members(value, "children")? {
        let child = text_key(name, "group")?;
        draft.group(child, Some(&name.span))?;
        if let Some(body) = body {
            group(name, body, draft)?;
        }
        draft.add_child(parent, child, Some(&name.span))?;
    }
    Ok(())
}

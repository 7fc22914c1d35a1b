//! A layer uses only those above it: the order of the architecture.

use std::path::Path;

use crate::reached::tests_of;
use crate::sources::{files, name, none, root, text};

/// The layers in reading order, with those that each may use.
const LAYERS: [(&str, &[&str]); 14] = [
    ("diagnostic", &[]),
    ("files", &["diagnostic"]),
    ("value", &["diagnostic"]),
    ("yaml", &["diagnostic", "files", "value"]),
    ("template", &["diagnostic", "files", "value", "yaml"]),
    ("inventory", &["diagnostic", "files", "value", "yaml", "template"]),
    ("playbook", &["diagnostic", "files", "value", "yaml", "template", "inventory"]),
    ("vault", &["diagnostic", "files", "value", "yaml", "template", "playbook"]),
    ("remote", &["diagnostic", "value"]),
    ("resource", &["diagnostic", "value", "remote"]),
    ("module", &["diagnostic", "files", "value", "yaml", "remote", "resource"]),
    (
        "engine",
        &[
            "diagnostic",
            "files",
            "value",
            "yaml",
            "template",
            "inventory",
            "playbook",
            "vault",
            "remote",
            "resource",
            "module",
        ],
    ),
    ("report", &["diagnostic", "value", "resource", "engine"]),
    (
        "cli",
        &[
            "diagnostic",
            "files",
            "value",
            "yaml",
            "template",
            "inventory",
            "playbook",
            "vault",
            "remote",
            "resource",
            "module",
            "engine",
            "report",
        ],
    ),
];

/// Macros, which live at the crate's root wherever they are written.
const MACROS: [&str; 2] = ["arguments", "choice"];

#[test]
fn layers_use_only_those_above_them() {
    let mut complaints = Vec::new();
    let tests = tests_of(&root().join("src/lib.rs"));
    for path in files("src", ".rs").into_iter().filter(|path| !tests.contains(path)) {
        let Some(layer) = layer_of(&path) else { continue };
        let Some((_, may)) = LAYERS.iter().find(|(known, _)| *known == layer) else {
            complaints.push(format!("{}: `{layer}` is in no table", name(&path)));
            continue;
        };
        let text = text(&path);
        for (number, line) in program(&text) {
            let used = used(line).filter(|used| *used != layer && !MACROS.contains(used));
            for used in used.filter(|used| !may.contains(used)) {
                let place = format!("{}:{number}", name(&path));
                complaints.push(format!("{place}: `{layer}` may not use `{used}`"));
            }
        }
    }
    none(&complaints);
}

#[test]
fn the_map_of_the_crate_is_in_reading_order() {
    let text = text(&root().join("src/lib.rs"));
    let map = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let order: Vec<&str> = LAYERS.iter().map(|(layer, _)| *layer).collect();
    assert_eq!(map.collect::<Vec<_>>(), order);
}

/// The folder below `src`; none for `lib.rs` and `main.rs`.
fn layer_of(path: &Path) -> Option<String> {
    let below = path.strip_prefix(root().join("src")).ok()?;
    let mut parts = below.components();
    let first = parts.next()?.as_os_str().to_string_lossy().into_owned();
    parts.next().map(|_| first)
}

/// The lines with their numbers, without comments and without the tests at the file's end.
fn program(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let is_tests = |pair: &[&str]| {
        pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
    };
    let end = lines.windows(2).position(is_tests).unwrap_or(lines.len());
    let lines = lines.into_iter().take(end).enumerate().map(|(index, line)| (index + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The first names behind `crate::`.
fn used(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

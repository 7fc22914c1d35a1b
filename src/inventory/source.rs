//! What `-i` may name: a file, a directory of files, a list of hosts with a comma.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::address::expand;
use super::draft::Draft;
use super::{Reader, ini, yaml};
use crate::diagnostic::{Diagnostic, Source, Span};
use crate::value::Value;
use crate::yaml::{is_sealed, parse_one};

/// Files in an inventory directory that are none: Ansible's `inventory_ignore_extensions`.
const IGNORED: [&str; 12] =
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];

/// Folders in an inventory directory that hold variables.
const VARIABLE_FOLDERS: [&str; 4] = ["group_vars", "host_vars", "vars_plugins", "vars"];

/// Reads one `-i` into `draft`. Every problem of its files is told.
pub fn read(reader: &Reader, given: &str, draft: &mut Draft) -> Vec<Diagnostic> {
    let path = Path::new(given);
    if reader.files.is_directory(path) {
        return read_directory(reader, path, draft);
    }
    if !reader.files.exists(path) {
        if given.contains(',') {
            draft.file = None;
            return read_list(given, draft).err().into_iter().collect();
        }
        let mut problem = Diagnostic::new(format!("the inventory `{given}` does not exist"));
        if !given.contains(['/', '.']) || given.parse::<std::net::IpAddr>().is_ok() {
            problem =
                problem.hint(format!("to name a host, end the list with a comma: `-i {given},`"));
        }
        return vec![problem];
    }
    read_file(reader, path, draft).err().into_iter().collect()
}

fn read_directory(reader: &Reader, path: &Path, draft: &mut Draft) -> Vec<Diagnostic> {
    let names = match reader.files.list(path) {
        Ok(names) => names,
        Err(error) => return vec![error.into()],
    };
    let mut problems = Vec::new();
    for name in names {
        let inner = path.join(&name);
        let ignored = name.starts_with('.') || IGNORED.iter().any(|end| name.ends_with(end));
        if ignored {
            continue;
        }
        if reader.files.is_directory(&inner) {
            if !VARIABLE_FOLDERS.contains(&name.as_str()) {
                problems.extend(read_directory(reader, &inner, draft));
            }
        } else {
            problems.extend(read_file(reader, &inner, draft).err());
        }
    }
    problems
}

/// `web1,web2:2222,`
fn read_list(list: &str, draft: &mut Draft) -> Result<(), Diagnostic> {
    let source = Source::new("<-i>", list);
    let mut start = 0;
    for piece in list.split(',') {
        let host = piece.trim();
        let at = start + (piece.len() - piece.trim_start().len());
        start += piece.len() + 1;
        if host.is_empty() {
            continue;
        }
        let span = Span::new(&source, at, at + host.len());
        let (names, port) = expand(host).map_err(|message| Diagnostic::new(message).at(&span))?;
        for name in &names {
            draft.add_host(name, "ungrouped", Some(&span))?;
            if let Some(port) = port {
                draft.host_var(name, "ansible_port", Value::Int(port.into()));
            }
        }
    }
    Ok(())
}

fn read_file(reader: &Reader, path: &Path, draft: &mut Draft) -> Result<(), Diagnostic> {
    draft.file = Some(PathBuf::from(path));
    let source = reader.files.source(path)?;
    if source.text.starts_with("#!") {
        return Err(Diagnostic::new("this inventory is a program, and programs are not run")
            .at(&Span::new(&source, 0, 2))
            .hint(
                "keep what it prints: `./inventory --list > inventory.json`, as a static inventory",
            ));
    }
    if is_sealed(&source.text) || is_yaml_name(path) {
        let root = crate::yaml::read(&*reader.files, &*reader.unseal, path)?;
        return if root.is_null() { Err(empty(&source)) } else { yaml::read(&root, draft) };
    }
    if looks_like_ini(path, &source) {
        return ini::read(&source, draft);
    }
    match parse_one(&source) {
        Ok(root) if root.as_mapping().is_some() => yaml::read(&root, draft),
        Err(problem) if starts_like_yaml(&source.text) => Err(problem),
        _ => ini::read(&source, draft),
    }
}

fn is_yaml_name(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "yml" || end == "yaml" || end == "json")
}

fn empty(source: &Arc<Source>) -> Diagnostic {
    Diagnostic::new("this inventory is empty")
        .at(&Span::new(source, 0, 0))
        .hint("start with `all:` and under it `hosts:`")
}

/// Whether the file is an INI one by its name or by its first line that says something.
fn looks_like_ini(path: &Path, source: &Source) -> bool {
    path.extension().is_some_and(|end| end == "ini")
        || first_line(&source.text)
            .is_none_or(|line| line.starts_with(['[', ';']) && !line.starts_with("[{"))
}

fn first_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))
}

/// `name:` or `---` or `{` on the first line that says something.
fn starts_like_yaml(text: &str) -> bool {
    first_line(text).is_some_and(|line| {
        let bare = line.split(" #").next().unwrap_or(line).trim_end();
        bare.ends_with(':')
            || bare.starts_with("---")
            || bare.starts_with('{')
            || bare.contains(": ")
    })
}

//! `mxprov doc`: the modules and their arguments, from the same declarations that check them.

use std::fmt::Write as _;

use clap::Args;

use crate::diagnostic::Diagnostic;
use crate::module::{self, ArgumentSpec, Entry};
use crate::value::Redactor;

use super::exit::Exit;
use super::process::Process;
use super::setup::{Shows, reporter};

/// Flags of `doc`.
#[derive(Debug, Args)]
pub struct Doc {
    /// The module; all modules with a line each if none is given.
    module: Option<String>,
}

impl Doc {
    /// Runs the command.
    pub fn run(&self, process: &Process) -> Exit {
        let reporter = reporter(process, &Redactor::new(), Shows::default());
        let Some(name) = &self.module else {
            reporter.result(&list());
            return Exit::Done;
        };
        match module::find(name) {
            Some(entry) => {
                reporter.result(&page(entry));
                Exit::Done
            }
            None => {
                let known = module::all().iter().map(Entry::short_name);
                let error =
                    Diagnostic::new(format!("there is no module `{name}`")).suggest(name, known);
                reporter.error(&match error.hints.is_empty() {
                    true => error.hint("`mxprov doc` lists them all"),
                    false => error,
                });
                Exit::Usage
            }
        }
    }
}

fn list() -> String {
    let mut entries: Vec<&Entry> = module::all().iter().collect();
    entries.sort_by_key(|entry| entry.short_name());
    let width = entries.iter().map(|entry| entry.short_name().len()).max().unwrap_or(0);
    entries
        .iter()
        .map(|entry| format!("{:width$}  {}\n", entry.short_name(), entry.summary))
        .collect()
}

fn page(entry: &Entry) -> String {
    let mut text = format!("{}: {}\n", entry.name, entry.summary);
    if let Some(name) = entry.free_form {
        let _ = writeln!(text, "free text after the module's name is `{name}`");
    }
    for spec in (entry.specs)() {
        let mut notes = vec![spec.kind.to_string()];
        if spec.required {
            notes.push("required".into());
        }
        if let Some(default) = plain(&spec) {
            notes.push(format!("default {default}"));
        }
        if !spec.choices.is_empty() {
            notes.push(format!("one of {}", spec.choices.join(", ")));
        }
        if !spec.aliases.is_empty() {
            notes.push(format!("also {}", spec.aliases.join(", ")));
        }
        let _ = writeln!(text, "\n  {} ({})", spec.name, notes.join("; "));
        for line in spec.doc.lines() {
            let _ = writeln!(text, "      {}", line.trim());
        }
    }
    text
}

/// A default in a playbook's words; none where the program's own words say nothing to people.
fn plain(spec: &ArgumentSpec) -> Option<String> {
    let default = spec.default?;
    let inner = default.strip_prefix("Value::data(").and_then(|rest| rest.strip_suffix(')'));
    let inner = inner.unwrap_or(default);
    if let Some(text) = inner.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return Some(if text.is_empty() { "empty".into() } else { text.into() });
    }
    if let Some(bits) = inner.strip_prefix("Mode::Bits(0o").and_then(|rest| rest.strip_suffix(')'))
    {
        return Some(format!("0{bits}"));
    }
    match inner.rsplit_once("::") {
        None => Some(inner.to_string()),
        Some((_, "new()")) => Some("empty".into()),
        Some((_, variant)) => {
            let variant = variant.to_lowercase();
            spec.choices.iter().any(|choice| *choice == variant).then_some(variant)
        }
    }
}

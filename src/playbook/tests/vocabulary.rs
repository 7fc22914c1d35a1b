//! A small vocabulary for the cases.

use crate::diagnostic::Diagnostic;
use crate::playbook::{Args, Known, Vocabulary};
use crate::value::{Map, Str, Value};

const OURS: [&str; 21] = [
    "add_host",
    "apt",
    "assert",
    "command",
    "copy",
    "cron",
    "debug",
    "fail",
    "file",
    "group_by",
    "include_vars",
    "lineinfile",
    "package",
    "ping",
    "raw",
    "script",
    "service",
    "set_fact",
    "shell",
    "template",
    "user",
];

const ANSIBLES: [&str; 4] = ["yum", "win_command", "seport", "dnf"];

/// Knows some modules, and renders `{{ name }}`.
pub struct Words;

impl Vocabulary for Words {
    fn module(&self, name: &str) -> Known {
        let short = name.strip_prefix("ansible.builtin.").unwrap_or(name);
        match OURS.into_iter().find(|own| *own == short) {
            Some(own) => Known::Ours(own),
            None if ANSIBLES.contains(&short) => Known::Ansibles,
            None => Known::Unknown,
        }
    }

    fn takes_free_form(&self, canonical: &str) -> bool {
        ["command", "shell", "raw", "script", "include_vars"].contains(&canonical)
    }

    fn check_args(&self, canonical: &str, args: &Args) -> Vec<Diagnostic> {
        let strange = args.named.iter().find(|(name, _)| canonical == "ping" && *name != "data");
        let problem = |name: &String| Diagnostic::new(format!("`ping` has no argument `{name}`"));
        strange
            .map(|(name, setting)| problem(name).at(&setting.name).suggest(name, ["data"]))
            .into_iter()
            .collect()
    }

    fn check_template(&self, text: &Str) -> Vec<Diagnostic> {
        let open = text.as_str().matches("{{").count() != text.as_str().matches("}}").count();
        let problem =
            || Diagnostic::new("the `{{` of this template is never closed").at_maybe(text.origin());
        if open { vec![problem()] } else { vec![] }
    }

    fn check_expression(&self, text: &Str) -> Vec<Diagnostic> {
        let open = text.as_str().matches('(').count() != text.as_str().matches(')').count();
        let problem = || {
            Diagnostic::new("the `(` of this expression is never closed").at_maybe(text.origin())
        };
        if open { vec![problem()] } else { vec![] }
    }

    fn render(&self, text: &Str, vars: &Map) -> Result<Value, Diagnostic> {
        let mut result = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").unwrap_or((after, ""));
            let name = name.trim();
            let value = vars.get(name);
            let Some(value) = value else {
                return Err(
                    Diagnostic::new(format!("`{name}` is undefined")).at_maybe(text.origin())
                );
            };
            if before.is_empty() && after.is_empty() && result.is_empty() {
                return Ok(value.clone());
            }
            result.push_str(before);
            result.push_str(value.as_str().unwrap_or("?"));
            rest = after;
        }
        result.push_str(rest);
        Ok(Value::data(result))
    }

    fn has_lookup(&self, name: &str) -> bool {
        [
            "items",
            "dict",
            "fileglob",
            "sequence",
            "subelements",
            "nested",
            "first_found",
            "together",
            "list",
        ]
        .contains(&name)
    }

    fn names(&self) -> Vec<&'static str> {
        OURS.to_vec()
    }
}

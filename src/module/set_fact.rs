//! `ansible.builtin.set_fact`: sets variables for the rest of the run.

use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{Host, Suspend};
use crate::value::{Key, Map, Value};

use super::{ArgumentSpec, Arguments, Call, Module, Passed, Plan};

/// Any variables.
pub struct Args {
    variables: Map,
}

impl Arguments for Args {
    fn specs() -> Vec<ArgumentSpec> {
        vec![ArgumentSpec {
            name: "cacheable",
            aliases: &[],
            kind: "bool",
            choices: vec![],
            required: false,
            default: Some("false"),
            secret: false,
            doc: "Accepted; facts are not cached. All other arguments are variables.".into(),
        }]
    }

    fn read(passed: &Passed, at: Option<&Span>) -> Result<Self, Vec<Diagnostic>> {
        let errors = Self::check(passed, at);
        if !errors.is_empty() {
            return Err(errors);
        }
        let variables = passed
            .iter()
            .filter(|(name, _)| *name != "cacheable")
            .map(|(name, given)| (Key::from(name.as_str()), given.value.clone()))
            .filter(|(_, value)| !matches!(value, Value::Omit))
            .collect();
        Ok(Self { variables })
    }

    fn check(passed: &Passed, _at: Option<&Span>) -> Vec<Diagnostic> {
        let is_name = |name: &str| {
            let mut letters = name.chars();
            letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
                && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        };
        passed
            .iter()
            // A template for the name is rendered with the rest.
            .filter(|(name, _)| !is_name(name) && !name.contains("{{"))
            .map(|(name, given)| {
                Diagnostic::new(format!("`{name}` is not a name for a variable"))
                    .hint("letters, digits and underscores, not starting with a digit")
                    .at_maybe(given.name.as_ref())
            })
            .collect()
    }
}

/// The module.
pub struct SetFact;

impl Module for SetFact {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.set_fact";
    const SUMMARY: &'static str = "set variables for the rest of the run";

    fn plan(args: &Args, call: &Call<'_>, _host: &Host<'_>) -> Result<Plan, Suspend> {
        let mut plan = Plan::new();
        for (name, value) in &args.variables {
            let name = match name.to_string() {
                name if name.contains("{{") => {
                    let text = crate::value::Str::template(name, None);
                    let rendered = call.controller.render(&Value::Str(text))?;
                    rendered.as_str().unwrap_or_default().to_string()
                }
                name => name,
            };
            plan.variables.insert(Key::from(name), value.clone());
        }
        let facts = plan.variables.clone();
        Ok(plan.with("ansible_facts", Value::Map(std::sync::Arc::new(facts))))
    }
}

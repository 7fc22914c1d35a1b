//! What the loader asks the layers below: which modules there are, and what their arguments may be.

use super::Args;
use crate::diagnostic::Diagnostic;
use crate::value::{Map, Str, Value};

/// What is known about the name of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// One of ours, with its short name: `apt` for `ansible.builtin.apt`.
    Ours(&'static str),
    /// A module that Ansible has and mxprov has not: an error only where a run reaches it.
    Ansibles,
    /// Nobody's: an error at load.
    Unknown,
}

/// The modules and templates that playbooks may use; the engine implements it.
pub trait Vocabulary: Send + Sync {
    /// What is known about a module's name, short or with its collection.
    fn module(&self, name: &str) -> Known;

    /// Whether the module takes free text beside `key=value` options, as `command` does.
    fn takes_free_form(&self, canonical: &str) -> bool;

    /// What is wrong with the arguments as far as their values are literal.
    fn check_args(&self, canonical: &str, args: &Args) -> Vec<Diagnostic>;

    /// What is wrong with a text that is a template: its syntax, filters, tests, lookups.
    fn check_template(&self, text: &Str) -> Vec<Diagnostic>;

    /// What is wrong with a text that is an expression (`when`).
    fn check_expression(&self, text: &Str) -> Vec<Diagnostic>;

    /// The value of a template over variables that are known before a run, for names of imported files and roles and
    /// for tags. An error where it needs more.
    fn render(&self, text: &Str, vars: &Map) -> Result<Value, Diagnostic>;

    /// Whether there is a lookup of that name (`with_x`).
    fn has_lookup(&self, name: &str) -> bool;

    /// The names of all modules, for "did you mean".
    fn names(&self) -> Vec<&'static str>;
}

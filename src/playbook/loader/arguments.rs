//! Reads the arguments of a module: a mapping, `key=value` text, free text, `args`.

use super::build::Build;
use super::fields::{Field, describe};
use super::flow;
use super::free_form::{self, Unbalanced};
use crate::diagnostic::{Diagnostic, Span};
use crate::playbook::{Args, FreeForm, Setting};
use crate::value::{Str, Value};
use crate::yaml::{Node, place};

/// Where a module's arguments come from.
pub enum Given<'n> {
    /// The value of the module's key.
    Node(&'n Node),
    /// The rest of the text of `action`.
    Text(Str, Span),
    /// The rest of the mapping of `action`.
    Entries(Vec<Field<'n>>),
}

/// The options of modules that take a command (Ansible's documentation of `command`, `shell`, `script`).
const COMMAND_OPTIONS: [&str; 8] = [
    "chdir",
    "creates",
    "executable",
    "expand_argument_vars",
    "removes",
    "stdin",
    "stdin_add_newline",
    "strip_empty_ends",
];

impl Build<'_> {
    /// The arguments, wherever they are written.
    pub fn given(
        &mut self,
        module: &str,
        canonical: Option<&'static str>,
        given: Given<'_>,
    ) -> Args {
        match given {
            Given::Text(text, span) => self.text_args(module, canonical, &text, &span),
            Given::Entries(entries) => {
                let mut args = Args::default();
                for field in entries {
                    named(&mut args, field);
                }
                args
            }
            Given::Node(node) => self.node_args(module, canonical, node),
        }
    }

    fn node_args(&mut self, module: &str, canonical: Option<&'static str>, node: &Node) -> Args {
        let mut args = Args::default();
        if node.is_null() {
            return args;
        }
        if node.as_mapping().is_some() {
            if let Some(mut fields) = self.fields(node, &format!("the arguments of `{module}`")) {
                for field in fields.take_where(|_| true) {
                    named(&mut args, field);
                }
            }
            return args;
        }
        if let Value::Str(text) = node.to_value() {
            return self.text_args(module, canonical, &text, &node.span);
        }
        let message = format!(
            "the arguments of `{module}` are a mapping or text, and this is {}",
            describe(node)
        );
        let problem = Diagnostic::new(message).at(&node.span);
        let quotes = self.takes_free_form(canonical) && node.as_sequence().is_none();
        self.error(if quotes { problem.hint("put it in quotes") } else { problem });
        args
    }

    /// Whether the module takes text that is no `key=value`; one that only Ansible has may.
    pub fn takes_free_form(&self, canonical: Option<&'static str>) -> bool {
        canonical.is_none_or(|name| {
            flow::canonical(name).is_some() || self.loader.vocabulary.takes_free_form(name)
        })
    }

    /// `key=value` text, or the free text of a command.
    fn text_args(
        &mut self,
        module: &str,
        canonical: Option<&'static str>,
        text: &Str,
        span: &Span,
    ) -> Args {
        let mut args = Args::default();
        let command = matches!(
            module.rsplit('.').next(),
            Some("command" | "shell" | "raw" | "script" | "win_command" | "win_shell" | "expect")
        );
        let is_option = |key: &str| !command || COMMAND_OPTIONS.contains(&key);
        let parts = match free_form::split(text.as_str(), is_option) {
            Ok(parts) => parts,
            Err(Unbalanced { what, at }) => {
                let message =
                    format!("the `{what}` in the arguments of `{module}` is never closed");
                self.error(Diagnostic::new(message).at(&place(
                    span,
                    text.as_str(),
                    at..at + what.len(),
                )));
                return args;
            }
        };
        for (key, value, range) in parts.options {
            let at = place(span, text.as_str(), range);
            let value = Value::Str(like(text, &value, &at));
            if args.named.contains_key(&key) {
                self.error(Diagnostic::new(format!("`{key}` is given twice")).at(&at));
            }
            args.named.insert(key, Setting { name: at.clone(), value, span: at });
        }
        if parts.rest.is_empty() {
            return args;
        }
        let rest = like(text, &parts.rest, text.origin().unwrap_or(span));
        if self.takes_free_form(canonical) {
            args.free_form = Some(FreeForm { text: rest, span: span.clone() });
        } else if args.named.is_empty() && rest.is_template() && is_one_template(rest.as_str()) {
            args.spread =
                Some(Setting { name: span.clone(), value: Value::Str(rest), span: span.clone() });
        } else {
            let message = format!(
                "`{module}` takes `key=value` arguments, and `{}` is none",
                first_word(&parts.rest)
            );
            let problem = Diagnostic::new(message).at(span);
            self.error(
                problem
                    .hint("put a value with blanks in quotes, or write the arguments as a mapping"),
            );
        }
        args
    }

    /// `args:`; what the module itself is given wins.
    pub fn extra(&mut self, args: &mut Args, field: Field<'_>) {
        if let Value::Str(text) = field.value.to_value()
            && text.is_template()
        {
            args.spread = Some(field.setting());
            return;
        }
        let Some(mut fields) = self.fields(field.value, "`args`") else { return };
        for field in fields.take_where(|_| true) {
            if !args.named.contains_key(field.name) {
                named(args, field);
            }
        }
    }
}

fn named(args: &mut Args, field: Field<'_>) {
    match field.value.to_value() {
        Value::Str(text) if field.name == "_raw_params" => {
            args.free_form = Some(FreeForm { text, span: field.value.span.clone() });
        }
        _ => {
            args.named.insert(field.name.to_string(), field.setting());
        }
    }
}

/// A part of a text: a template if the whole may be one.
pub fn like(whole: &Str, part: &str, origin: &Span) -> Str {
    let text = if whole.is_trusted() {
        Str::template(part, Some(origin.clone()))
    } else {
        Str::data(part)
    };
    if whole.is_secret() { text.secret() } else { text }
}

fn is_one_template(text: &str) -> bool {
    text.starts_with("{{") && text.ends_with("}}") && text.matches("{{").count() == 1
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or(text)
}

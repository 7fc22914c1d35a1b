//! Rendering for one task on one host: values, keywords, conditions.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::playbook::{Keyword, Setting, Task};
use crate::resource::Suspend;
use crate::template::{Context, Failure};
use crate::value::{Key, Map, Str, Unknown, Value};

use super::controller::TaskFiles;
use super::shared::Shared;
use super::variables::Variables;

/// Renders for one task on one host.
pub struct Render<'a> {
    /// What all hosts share.
    pub shared: &'a Shared,
    /// The variables that the task sees.
    pub variables: Variables,
    /// The task's files.
    pub files: TaskFiles<'a>,
    /// Whether lookups may write: only while applying.
    pub may_write: bool,
}

impl<'a> Render<'a> {
    fn context(&self) -> Context<'_> {
        Context {
            files: &self.files,
            vault: self.shared.vault.as_decrypt(),
            environment: &self.shared.environment,
            now: &self.shared.now,
            may_write: self.may_write,
        }
    }

    /// A value with all its templates rendered.
    pub fn value(&self, value: &Value) -> Result<Value, Suspend> {
        let rendered = self.shared.templar.render(value, &self.variables, &self.context());
        rendered.map_err(|failure| suspend(&failure))
    }

    /// A value that must be text.
    pub fn text(&self, setting: &Setting) -> Result<String, Suspend> {
        match self.value(&setting.value)? {
            Value::Str(text) => Ok(text.as_str().to_string()),
            Value::Int(number) => Ok(number.to_string()),
            other => Err(wrong(setting, "text", &other)),
        }
    }

    /// A value that must be a number of 0 or more.
    pub fn number(&self, setting: &Setting) -> Result<f64, Suspend> {
        let value = self.value(&setting.value)?;
        <f64 as crate::module::Argument>::read(&value)
            .ok()
            .filter(|number| *number >= 0.0)
            .ok_or_else(|| wrong(setting, "a number", &value))
    }

    /// A value that must be true or false.
    pub fn truth(&self, setting: &Setting) -> Result<bool, Suspend> {
        let value = self.value(&setting.value)?;
        <bool as crate::module::Argument>::read(&value)
            .map_err(|_| wrong(setting, "a boolean", &value))
    }

    /// A keyword of the task that is true or false.
    pub fn flag(&self, task: &Task, keyword: Keyword) -> Result<Option<bool>, Suspend> {
        match task.effective(keyword) {
            Some(setting) if matches!(setting.value, Value::Null) => Ok(None),
            Some(setting) => self.truth(setting).map(Some),
            None => Ok(None),
        }
    }

    /// A keyword of the task that is text.
    pub fn word(&self, task: &Task, keyword: Keyword) -> Result<Option<String>, Suspend> {
        task.effective(keyword).map(|setting| self.text(setting)).transpose()
    }

    /// What a lookup gives for the terms of a `with_x`.
    pub fn lookup(&self, name: &str, terms: &Value) -> Result<Value, Suspend> {
        let terms = self.value(terms)?;
        let listed = match terms {
            Value::List(_) => terms,
            other => Value::list([other]),
        };
        if ["items", "list", "flattened"].contains(&name) {
            let mut flat = Vec::new();
            for item in listed.as_list().unwrap_or_default() {
                match item {
                    Value::List(inner) if name != "list" => flat.extend(inner.iter().cloned()),
                    other => flat.push(other.clone()),
                }
            }
            return Ok(Value::list(flat));
        }
        let locals: Map = [(Key::from("mxprov_terms"), listed.clone())].into();
        let count = listed.as_list().map_or(0, <[Value]>::len);
        let terms: Vec<String> = (0..count).map(|index| format!("mxprov_terms[{index}]")).collect();
        let call = format!("{{{{ query('{name}', {}) }}}}", terms.join(", "));
        self.with_locals(&Arc::new(locals)).value(&Value::Str(Str::template(call, None)))
    }

    /// Whether an expression holds.
    pub fn condition(&self, expression: &Value) -> Result<bool, Suspend> {
        let truth = self.shared.templar.condition(expression, &self.variables, &self.context());
        truth.map_err(|failure| suspend(&failure))
    }

    /// The first of these conditions that does not hold, in words. One that is false decides, even
    /// beside one that is unknown.
    pub fn first_false(&self, conditions: &[&Setting]) -> Result<Option<String>, Suspend> {
        let mut unknown: Option<Arc<Unknown>> = None;
        for setting in conditions {
            match self.condition(&setting.value) {
                Ok(true) => {}
                Ok(false) => return Ok(Some(condition_text(setting))),
                Err(Suspend::Unknown(reason)) => {
                    unknown.get_or_insert(reason);
                }
                // What stands behind an unknown condition may rely on it.
                Err(other) if unknown.is_none() => return Err(other),
                Err(_) => {}
            }
        }
        match unknown {
            Some(reason) => Err(Suspend::Unknown(reason)),
            None => Ok(None),
        }
    }

    /// A template file rendered with the task's variables.
    pub fn template(
        &self,
        source: &Arc<crate::diagnostic::Source>,
        dialect: &crate::template::Dialect,
    ) -> Result<Str, Suspend> {
        let text = self.shared.templar.template(source, &self.variables, &self.context(), dialect);
        text.map_err(|failure| suspend(&failure))
    }

    /// The same renderer with more local variables.
    #[must_use]
    pub fn with_locals(&self, locals: &Arc<Map>) -> Render<'a> {
        Render {
            shared: self.shared,
            variables: self.variables.with_locals(locals),
            files: self.files.clone(),
            may_write: self.may_write,
        }
    }
}

fn condition_text(setting: &Setting) -> String {
    match &setting.value {
        Value::Str(text) => text.as_str().trim().to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => "when".to_string(),
    }
}

fn wrong(setting: &Setting, kind: &str, value: &Value) -> Suspend {
    let message = format!("{kind} is expected, not a value of type `{}`", value.type_name());
    failed(&Diagnostic::new(message).at(&setting.span))
}

/// A template's failure as the end of planning.
pub fn suspend(failure: &Failure) -> Suspend {
    match failure {
        Failure::Unknown(unknown) => Suspend::Unknown(Arc::clone(unknown)),
        Failure::Error(error) => failed(error),
    }
}

/// A message with its place and its hints in one text.
pub fn failed(error: &Diagnostic) -> Suspend {
    let mut text = error.to_string();
    for step in &error.trace {
        text.push_str(", ");
        text.push_str(step);
    }
    for hint in &error.hints {
        text.push_str("; ");
        text.push_str(hint);
    }
    Suspend::Failed(text)
}

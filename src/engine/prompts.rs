//! What `vars_prompt` asks, rendered; the asking itself is for whoever has a terminal.

use std::sync::Arc;

use crate::diagnostic::{Diagnostics, Span};
use crate::playbook::{Play, Setting, VarsPrompt};
use crate::value::{Map, Str, Value};

use super::outcome::words_of;
use super::rollout::{outside, wrong};
use super::shared::Shared;

/// One question of a play.
#[derive(Debug, Clone)]
pub struct Prompted {
    /// The variable.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// The question as people read it.
    pub question: String,
    /// What holds if nothing is typed.
    pub default: Option<Value>,
    /// What is typed is not shown, and is a secret.
    pub private: bool,
    /// It is asked twice.
    pub confirm: bool,
    /// What is typed is never a template.
    pub untrusted: bool,
}

impl Prompted {
    /// What was typed, as the variable's value.
    pub fn value(&self, typed: &str) -> Value {
        let text = if self.untrusted {
            Str::data(typed).untrusted()
        } else {
            Str::template(typed, Some(self.span.clone()))
        };
        Value::Str(if self.private { text.secret() } else { text })
    }
}

/// The questions of a play, without those that an extra variable answers.
pub fn prompts(
    shared: &Arc<Shared>,
    play: &Arc<Play>,
    extra: &Map,
) -> Result<Vec<Prompted>, Diagnostics> {
    let is_open =
        |prompt: &&VarsPrompt| !extra.iter().any(|(key, _)| key.to_string() == prompt.name);
    let render = outside(shared, play, &[]);
    let rendered = |setting: &Setting| {
        render.value(&setting.value).map_err(|suspend| wrong(setting, &words_of(&suspend)))
    };
    let mut prompts = Vec::new();
    for prompt in play.vars_prompt.iter().filter(is_open) {
        let question = match prompt.prompt.as_ref().map(rendered).transpose()? {
            Some(Value::Str(text)) => text.as_str().to_string(),
            Some(other) => other.to_masked_json().to_string(),
            None => prompt.name.clone(),
        };
        prompts.push(Prompted {
            name: prompt.name.clone(),
            span: prompt.span.clone(),
            question,
            default: prompt.default.as_ref().map(rendered).transpose()?,
            private: prompt.private,
            confirm: prompt.confirm,
            untrusted: prompt.untrusted,
        });
    }
    Ok(prompts)
}

//! Asks what `vars_prompt` wants to know, before anything else is done.

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::engine::{Prompted, Shared, prompts};
use crate::playbook::Playbook;
use crate::remote::Prompt as _;
use crate::value::{Key, Map, Value};

use super::prompt::Terminal;

/// How often a person may type two different texts.
const TRIES: usize = 3;

/// The answers, play by play.
pub fn answers(
    shared: &Arc<Shared>,
    playbook: &Playbook,
    extra: &Map,
    terminal: Terminal,
) -> Result<Arc<[Arc<Map>]>, Diagnostics> {
    let mut plays = Vec::new();
    for play in &playbook.plays {
        for prompt in play.vars_prompt.iter().filter(|prompt| prompt.private) {
            if let Some(Value::Str(text)) = extra.get(prompt.name.as_str()) {
                shared.redactor.learn(text.as_str());
            }
        }
        let mut answers = Map::new();
        for prompt in prompts(shared, play, extra)? {
            let value = answer(&prompt, terminal)?;
            if let (true, Value::Str(text)) = (prompt.private, &value) {
                shared.redactor.learn(text.as_str());
            }
            answers.insert(Key::from(prompt.name.as_str()), value);
        }
        plays.push(Arc::new(answers));
    }
    Ok(plays.into())
}

fn answer(prompt: &Prompted, terminal: Terminal) -> Result<Value, Diagnostic> {
    if !terminal.available {
        return prompt.default.clone().ok_or_else(|| {
            let message = format!("`{}` cannot be asked for: there is no terminal", prompt.name);
            let hint = match prompt.private {
                true => format!("give it with `-e @FILE`, with `{}: …` in the file", prompt.name),
                false => format!("give it with `-e {}=…`, or add a `default`", prompt.name),
            };
            Diagnostic::new(message).at(&prompt.span).hint(hint)
        });
    }
    for _ in 0..TRIES {
        let typed = ask(prompt, &question(prompt), terminal)?;
        if let (true, Some(default)) = (typed.is_empty(), &prompt.default) {
            return Ok(default.clone());
        }
        if !prompt.confirm || ask(prompt, "once more", terminal)? == typed {
            return Ok(prompt.value(&typed));
        }
    }
    let message = format!("the texts typed for `{}` differ from each other", prompt.name);
    Err(Diagnostic::new(message).at(&prompt.span))
}

fn ask(prompt: &Prompted, question: &str, terminal: Terminal) -> Result<String, Diagnostic> {
    let typed = if prompt.private {
        terminal.secret(question).map(|secret| secret.expose_secret().to_string())
    } else {
        terminal.line(&format!("{question}: "))
    };
    typed.ok_or_else(|| {
        let message = format!("nothing was typed for `{}`", prompt.name);
        Diagnostic::new(message).at(&prompt.span)
    })
}

/// The question, with the default where it is no secret.
fn question(prompt: &Prompted) -> String {
    let question = prompt.question.trim_end().trim_end_matches(':');
    match &prompt.default {
        Some(Value::Str(text)) if !text.is_secret() && !prompt.private => {
            format!("{question} [{}]", text.as_str())
        }
        Some(Value::Str(_)) | None => question.to_string(),
        Some(other) => format!("{question} [{}]", other.to_masked_json()),
    }
}

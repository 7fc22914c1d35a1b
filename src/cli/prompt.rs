//! Questions to the person at the terminal.

use std::io::{BufRead as _, Write as _};

use secrecy::SecretString;

use crate::remote::Prompt;

/// Asks on the terminal, if there is one.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Whether anybody can be asked.
    pub available: bool,
}

impl Terminal {
    /// The answer to a question, shown while it is typed.
    pub fn line(self, question: &str) -> Option<String> {
        if !self.available {
            return None;
        }
        let mut err = std::io::stderr();
        write!(err, "{question}").and_then(|()| err.flush()).ok()?;
        let mut answer = String::new();
        match std::io::stdin().lock().read_line(&mut answer) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(answer.trim_end_matches(['\r', '\n']).to_string()),
        }
    }

    /// Yes or no; no if nobody can be asked.
    pub fn agrees(self, question: &str) -> bool {
        let answer = self.line(&format!("{question} [y/N] ")).unwrap_or_default();
        ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
    }
}

impl Prompt for Terminal {
    fn secret(&self, question: &str) -> Option<SecretString> {
        if !self.available {
            return None;
        }
        rpassword::prompt_password(format!("{question}: ")).ok().map(Into::into)
    }
}

//! Values as types.

use std::time::Duration;

use super::line::{ConfigError, Position};

/// The arguments of a keyword's line, and where it stands.
#[derive(Clone, Debug)]
pub(in crate::remote) struct Value {
    pub words: Vec<String>,
    pub at: Position,
}

impl Value {
    pub fn first(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    fn wrong(&self, expected: &str) -> ConfigError {
        self.at.error(format!("`{}` is not {expected}", self.first()))
    }

    pub fn flag(&self) -> Result<bool, ConfigError> {
        match self.first() {
            "yes" | "true" => Ok(true),
            "no" | "false" => Ok(false),
            _ => Err(self.wrong("`yes` or `no`")),
        }
    }

    pub fn number<T: std::str::FromStr>(&self) -> Result<T, ConfigError> {
        self.first().parse().map_err(|_| self.wrong("a number in range"))
    }

    /// Seconds, or a sequence such as `1h30m` (`sshd_config(5)`, TIME FORMATS).
    pub fn duration(&self) -> Result<Duration, ConfigError> {
        seconds(self.first())
            .map(Duration::from_secs)
            .ok_or_else(|| self.wrong("a time such as `30` or `1m30s`"))
    }

    pub fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        let found = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(self.first()));
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<String> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
            self.wrong(&format!("one of {}", names.join(", ")))
        })
    }
}

fn seconds(text: &str) -> Option<u64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let mut total = 0_u64;
    let mut digits = String::new();
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        let unit = match character.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(unit)?)?;
        digits.clear();
    }
    // `1m30` means one minute and thirty seconds.
    let rest = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    (!text.is_empty()).then(|| total.checked_add(rest)).flatten()
}

//! `%` tokens and `${VARIABLES}` in values.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha1::{Digest as _, Sha1};

/// What tokens stand for (`ssh_config(5)`, TOKENS).
#[derive(Clone, Debug, Default)]
pub(in crate::remote) struct Tokens {
    /// `%d`, the home directory.
    pub home: String,
    /// `%h`, the host that is connected to.
    pub host: String,
    /// `%i`, the local user's id.
    pub uid: u32,
    /// `%j`, the jump hosts.
    pub jump: String,
    /// `%k`, the host key alias, or else the name as given.
    pub alias: String,
    /// `%l`, the local host's name.
    pub local: String,
    /// `%n`, the name as given.
    pub name: String,
    /// `%p`.
    pub port: u16,
    /// `%r`, the remote user.
    pub remote: String,
    /// `%u`, the local user.
    pub user: String,
    /// For `${NAME}`.
    pub variables: BTreeMap<String, String>,
}

impl Tokens {
    /// A leading `~/`, `%` tokens, and variables; the error says what is wrong.
    pub fn path(&self, text: &str) -> Result<String, String> {
        let expanded = self.variables(&self.all(text)?)?;
        Ok(match expanded.strip_prefix('~') {
            Some("") => self.home.clone(),
            Some(rest) if rest.starts_with('/') => [self.home.as_str(), rest].concat(),
            _ => expanded,
        })
    }

    /// All tokens.
    pub fn all(&self, text: &str) -> Result<String, String> {
        self.some(text, "CdhijkLlnpru")
    }

    /// Those that a proxy command may hold.
    pub fn proxy(&self, text: &str) -> Result<String, String> {
        self.some(text, "hnpr")
    }

    /// `%h` alone, for `HostName`.
    pub fn host_name(&self, text: &str) -> Result<String, String> {
        self.some(text, "h")
    }

    fn some(&self, text: &str, allowed: &str) -> Result<String, String> {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            if character != '%' {
                expanded.push(character);
                continue;
            }
            match rest.next() {
                Some('%') => expanded.push('%'),
                Some(token) if allowed.contains(token) => expanded.push_str(&self.token(token)),
                Some(token) => return Err(format!("`%{token}` cannot be used here")),
                None => return Err("a `%` at the end; write `%%`".to_owned()),
            }
        }
        Ok(expanded)
    }

    fn token(&self, token: char) -> String {
        match token {
            'C' => self.connection(),
            'd' => self.home.clone(),
            'h' => self.host.clone(),
            'i' => self.uid.to_string(),
            'j' => self.jump.clone(),
            'k' => self.alias.clone(),
            'L' => self.local.split('.').next().unwrap_or_default().to_owned(),
            'l' => self.local.clone(),
            'n' => self.name.clone(),
            'p' => self.port.to_string(),
            'r' => self.remote.clone(),
            _ => self.user.clone(),
        }
    }

    /// `%C`: the SHA-1 of `%l%h%p%r%j`.
    fn connection(&self) -> String {
        let text = format!("{}{}{}{}{}", self.local, self.host, self.port, self.remote, self.jump);
        Sha1::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
            hex
        })
    }

    fn variables(&self, text: &str) -> Result<String, String> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or("a `${` without its `}`")?;
            let value = self
                .variables
                .get(name)
                .ok_or_else(|| format!("the environment variable `{name}` is not set"))?;
            expanded.push_str(before);
            expanded.push_str(value);
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }
}

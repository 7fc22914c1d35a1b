//! Flags that say what is worked on: inventories, limits, variables, vault passwords.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::files::Files;
use crate::value::{Key, Map, Str, Value};

/// Inventories, limits, variables, vault passwords.
#[derive(Debug, Args)]
#[command(next_help_heading = "Inventory and variables")]
pub struct SourceFlags {
    /// Inventory file, directory, or hosts with commas. May be given several times.
    #[arg(short, long, value_name = "FILE")]
    pub inventory: Vec<String>,

    /// Only these hosts: a pattern such as `edge:!old`, or `@file`.
    #[arg(short, long, value_name = "PATTERN")]
    pub limit: Option<String>,

    /// Variables over all others: `key=value`, YAML, JSON, or `@file`.
    #[arg(short, long, value_name = "VARS")]
    pub extra_vars: Vec<String>,

    #[command(flatten)]
    pub vault: VaultFlags,
}

/// Vault passwords.
#[derive(Debug, Clone, Args)]
pub struct VaultFlags {
    /// File with the vault's password, or `id@file`. May be given several times.
    #[arg(long, visible_alias = "vault-id", value_name = "FILE")]
    pub vault_password_file: Vec<String>,

    /// Ask for the vault's password.
    #[arg(short = 'J', long, visible_alias = "ask-vault-password")]
    pub ask_vault_pass: bool,
}

impl SourceFlags {
    /// An inventory must be given.
    pub fn must_be_given(&self) -> Result<(), Diagnostic> {
        if self.inventory.is_empty() {
            return Err(Diagnostic::new("no inventory is given").hint("give one with `-i FILE`"));
        }
        Ok(())
    }
}

/// Opens a file's bytes where they are vaulted.
type Open<'a> = &'a dyn Fn(&str, Vec<u8>) -> Result<Vec<u8>, Diagnostic>;

/// The extra variables, later ones over earlier ones.
pub fn extra_vars(given: &[String], files: &dyn Files, open: Open<'_>) -> Result<Map, Diagnostics> {
    let mut all = Map::new();
    for (index, text) in given.iter().enumerate() {
        let map = match text.strip_prefix('@') {
            Some(path) => {
                let path = PathBuf::from(path);
                let bytes =
                    files.read(&path).map_err(|error| Diagnostic::new(error.to_string()))?;
                let name = path.display().to_string();
                let text = String::from_utf8(open(&name, bytes)?)
                    .map_err(|_| Diagnostic::new(format!("`{name}` is not UTF-8")))?;
                yaml_vars(&Source::new(name, text))?
            }
            None if text.trim_start().starts_with(['{', '['])
                || (text.contains(": ") && !text.contains('=')) =>
            {
                yaml_vars(&Source::new(name_of(index), text.as_str()))?
            }
            None => words(text, index)?,
        };
        all.extend(map);
    }
    Ok(all)
}

fn name_of(index: usize) -> String {
    format!("<-e {}>", index + 1)
}

fn yaml_vars(source: &Arc<Source>) -> Result<Map, Diagnostic> {
    let node = crate::yaml::parse_one(source)?;
    match node.to_value() {
        Value::Map(map) => Ok((*map).clone()),
        Value::Null => Ok(Map::new()),
        _ => Err(Diagnostic::new("variables must be a mapping").at(&node.span)),
    }
}

/// `a=1 b="two words"`: values are strings, as in Ansible.
fn words(text: &str, index: usize) -> Result<Map, Diagnostic> {
    let source = Source::new(name_of(index), text);
    let mut map = Map::new();
    for word in split(text) {
        let Some((name, value)) = word.split_once('=') else {
            let at = text.find(&word).unwrap_or(0);
            let span = crate::diagnostic::Span::new(&source, at, at + word.len());
            return Err(Diagnostic::new(format!("`{word}` is not `key=value`"))
                .at(&span)
                .hint("write `-e key=value`, `-e '{\"key\": \"value\"}'` or `-e @file.yml`"));
        };
        map.insert(Key::from(name), Value::Str(Str::template(value, None)));
    }
    Ok(map)
}

/// Words with quotes, as a shell would.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut any = false;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => (quote, any) = (Some(c), true),
            (None, c) if c.is_whitespace() => {
                if any {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            (_, c) => {
                word.push(c);
                any = true;
            }
        }
    }
    if any {
        words.push(word);
    }
    words
}

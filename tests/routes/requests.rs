//! The table of requests with the process that must answer each.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::lab::proxy::dynamic;

/// Where a request comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    #[default]
    Public,
    Federation,
    Admin,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub method: String,
    path: String,
    /// A tier, `main`, or `none`.
    pub to: String,
    #[serde(default)]
    pub door: Door,
    /// What is sent, null for nothing.
    #[serde(default)]
    body: Value,
    /// Whether the process knows the request without more being switched on.
    #[serde(default = "yes")]
    pub known: bool,
}

fn yes() -> bool {
    true
}

impl Row {
    /// The path with these names in it, percent-encoded already.
    pub fn path(&self, names: &[(&str, &str)]) -> String {
        named(&self.path, names)
    }

    /// The body with these names in it, as they are; empty for none.
    pub fn body(&self, names: &[(&str, &str)]) -> String {
        if self.body.is_null() { String::new() } else { named(&self.body.to_string(), names) }
    }
}

fn named(text: &str, names: &[(&str, &str)]) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// All of `synapse.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// What a tier is on a host of each size.
    pub tiers: BTreeMap<String, BTreeMap<String, String>>,
    pub requests: Vec<Row>,
}

impl Requests {
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/routes/synapse.yaml");
        let text = std::fs::read_to_string(&path).expect("the table is there");
        dynamic::read(&path, &text).expect("the table is as it should be")
    }
}

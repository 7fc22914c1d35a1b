//! The inventory as `ansible-inventory` shows it: `--list` as JSON, `--graph` as a tree.

use std::path::Path;

use serde_json::{Map as Json, Value as JsonValue, json};

use super::{Host, Inventory};
use crate::diagnostic::Diagnostic;
use crate::value::Map;

impl Inventory {
    /// All groups, and under `_meta` the variables of each host. Secrets are masked, templates stand as
    /// they are written.
    pub fn list(&self, playbook: Option<&Path>) -> Result<JsonValue, Diagnostic> {
        let mut root = Json::new();
        let mut vars = Json::new();
        for host in self.hosts.values() {
            let merged = self.merged(host, playbook)?;
            if !merged.is_empty() {
                vars.insert(
                    host.name.clone(),
                    crate::value::Value::Map(merged.into()).to_masked_json(),
                );
            }
        }
        root.insert("_meta".to_string(), json!({ "hostvars": vars }));
        for group in self.groups.values() {
            let mut entry = Json::new();
            if !group.hosts.is_empty() && group.name != "all" {
                entry.insert("hosts".to_string(), json!(group.hosts));
            }
            if !group.children.is_empty() {
                entry.insert("children".to_string(), json!(group.children));
            }
            if !entry.is_empty() {
                root.insert(group.name.clone(), JsonValue::Object(entry));
            }
        }
        Ok(JsonValue::Object(root))
    }

    /// The variables of a host that the inventory knows, the winners only.
    pub fn merged(&self, host: &Host, playbook: Option<&Path>) -> Result<Map, Diagnostic> {
        let mut merged = Map::new();
        for layer in self.layers(host, playbook)? {
            merged.extend(layer.vars.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        Ok(merged)
    }

    /// The tree of groups and hosts from one group down; nothing for an unknown group.
    pub fn graph(&self, from: &str) -> Option<String> {
        self.groups.get(from)?;
        let mut out = format!("@{from}:\n");
        self.branch(from, 1, &mut out);
        Some(out)
    }

    fn branch(&self, group: &str, depth: usize, out: &mut String) {
        let Some(group) = self.groups.get(group) else { return };
        let indent = format!("  {}|--", "|  ".repeat(depth - 1));
        for child in &group.children {
            out.push_str(&format!("{indent}@{child}:\n"));
            self.branch(child, depth + 1, out);
        }
        if group.name != "all" {
            for host in &group.hosts {
                out.push_str(&format!("{indent}{host}\n"));
            }
        }
    }
}

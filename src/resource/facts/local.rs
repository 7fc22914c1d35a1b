//! The administrator's own facts: `ansible_local`.

use crate::value::{Key, Map, Value};

use super::super::probe::base64_field;
use super::{Said, entry, map, text};

/// Each `name.fact` is JSON, or else in the manner of .ini files.
pub(super) fn facts(said: &Said<'_>) -> Vec<(Key, Value)> {
    let mut facts = Map::new();
    for line in said.of("local").lines() {
        let Some((file, packed)) = line.split_once(' ') else { continue };
        let bytes = base64_field(packed).unwrap_or_default();
        let content = String::from_utf8_lossy(&bytes).into_owned();
        let value = match serde_json::from_str::<serde_json::Value>(&content) {
            Ok(json) => Value::from_json(&json),
            Err(_) => ini(&content).unwrap_or_else(|| {
                Value::data(format!("error loading facts as JSON or ini: `{file}`"))
            }),
        };
        facts.extend([entry(file.trim_end_matches(".fact"), value)]);
    }
    vec![entry("local", map(facts))]
}

/// Sections of names and values; names are in small letters, as Python's reader makes them.
fn ini(content: &str) -> Option<Value> {
    let mut sections: Vec<(String, Map)> = Vec::new();
    for line in content.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push((name.to_string(), Map::new()));
            continue;
        }
        let (name, value) = line.split_once(['=', ':'])?;
        let (_, section) = sections.last_mut()?;
        section.extend([text(&name.trim().to_lowercase(), value.trim())]);
    }
    Some(map(sections.into_iter().map(|(name, section)| entry(&name, map(section)))))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    #[test]
    fn json_and_ini_are_read() {
        let pack = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let said = format!("a.fact {}\nb.fact {}\n", pack("{\"x\": [1]}"), pack("[s]\nName = 1\n"));
        let facts: Map = facts(&Said(vec![("local", &said)])).into_iter().collect();
        let local = facts.get("local").expect("is there");
        assert_eq!(local.get("a").and_then(|a| a.get("x")), Some(&Value::list([Value::Int(1)])));
        let name = local.get("b").and_then(|b| b.get("s")).and_then(|s| s.get("name"));
        assert_eq!(name, Some(&Value::data("1")));
    }
}

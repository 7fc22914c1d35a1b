//! Inventories as people write them, and as they get them wrong.
//!
//! What real Ansible makes of `tests/inventory/*` is stored there; `observe.py` renews it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;

use super::*;
use crate::files::{Disk, Tree};
use crate::yaml::Sealed;

fn reader(files: impl Files + 'static) -> Reader {
    Reader { files: Arc::new(files), unseal: Arc::new(Sealed::default()) }
}

fn load(text: &str, name: &str) -> Result<Inventory, Diagnostics> {
    Inventory::load(reader(Tree::new([(name, text)])), &[name])
}

fn strings(json: &Json) -> Vec<String> {
    json.as_array()
        .map(|items| items.iter().filter_map(Json::as_str).map(ToString::to_string).collect())
        .unwrap_or_default()
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inventory");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("case.json").exists())
        .collect();
    cases.sort();
    cases
}

fn json(path: &Path) -> Json {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn inventories_are_read_as_ansible_reads_them() {
    let cases = cases();
    assert!(cases.len() >= 8, "the cases are not there");
    for case in cases {
        let (asked, expected) = (json(&case.join("case.json")), json(&case.join("expected.json")));
        let name = case.display();
        let inventory = Inventory::load(reader(Disk::new(&case)), &strings(&asked["sources"]))
            .unwrap_or_else(|problems| panic!("{name}: {problems}"));
        let playbook = asked["playbook_dir"].as_str().map(Path::new);
        let list = inventory.list(playbook).unwrap();
        for (host, vars) in expected["list"]["_meta"]["hostvars"].as_object().unwrap() {
            assert_eq!(&list["_meta"]["hostvars"][host], vars, "{name}: {host}");
        }
        assert_eq!(list, expected["list"], "{name}");
        assert_eq!(inventory.graph("all").unwrap(), expected["graph"].as_str().unwrap(), "{name}");
        for (pattern, hosts) in expected["patterns"].as_object().unwrap() {
            let selection = inventory.select(&Pattern::parse(pattern, None).unwrap());
            assert_eq!(selection.hosts, strings(hosts), "{name}: {pattern}");
        }
    }
}

//! Cases belong to modules, and modules have cases.

use std::collections::BTreeSet;

use mxprov::module;

use crate::sources::{none, root};

#[test]
fn every_folder_of_cases_belongs_to_a_module_and_every_module_has_one() {
    let entries = std::fs::read_dir(root().join("tests/modules")).expect("the folder is readable");
    let folders: BTreeSet<String> = entries
        .map(|entry| entry.expect("is an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let modules: BTreeSet<String> =
        module::all().iter().map(|entry| entry.short_name().to_owned()).collect();
    let mut complaints = Vec::new();
    for folder in folders.difference(&modules) {
        complaints.push(format!("tests/modules/{folder}: there is no such module"));
    }
    for module in modules.difference(&folders) {
        complaints.push(format!("`{module}` has no cases"));
    }
    none(&complaints);
}

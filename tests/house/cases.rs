//! Cases belong to modules, and modules have cases.

use std::collections::BTreeSet;

use mxprov::module;

use crate::sources::{none, root};

/// Modules without cases, and why.
const WITHOUT: [(&str, &str); 2] = [
    ("mxprov_dns", "it needs a DNS server: tests/hosts/dns.rs and tests/dns"),
    ("reboot", "it would take the host from under the other cases"),
];

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
    let without = |module: &str| WITHOUT.iter().any(|(known, _)| *known == module);
    for module in modules.difference(&folders).filter(|module| !without(module)) {
        complaints.push(format!("`{module}` has no cases"));
    }
    none(&complaints);
}

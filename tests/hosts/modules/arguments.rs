//! Every argument of every module has a case.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use mxprov::module;
use serde_json::Value as Json;

use super::case;
use super::run::files;

/// `module.argument` that no case can show, with the reason.
const EXCEPT: [(&str, &str); 0] = [];

#[test]
fn every_argument_has_a_case() -> Result<()> {
    let mut given: BTreeSet<String> = BTreeSet::new();
    for path in files()? {
        for case in case::read(&path)? {
            let entry = module::find(&case.module);
            match (&case.args, entry.and_then(|entry| entry.free_form)) {
                (Some(Json::Object(args)), _) => {
                    given.extend(args.keys().map(|name| format!("{}.{name}", case.module)));
                }
                (Some(_), Some(free)) => drop(given.insert(format!("{}.{free}", case.module))),
                _ => {}
            }
        }
    }
    let mut without = Vec::new();
    for entry in module::all() {
        for spec in (entry.specs)() {
            let mut names = std::iter::once(spec.name).chain(spec.aliases.iter().copied());
            let name = format!("{}.{}", entry.short_name(), spec.name);
            let is_given =
                names.any(|name| given.contains(&format!("{}.{name}", entry.short_name())));
            if !is_given && !EXCEPT.iter().any(|(known, _)| *known == name) {
                without.push(name);
            }
        }
    }
    ensure!(without.is_empty(), "{} arguments without a case: {without:#?}", without.len());
    Ok(())
}

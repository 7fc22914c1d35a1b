//! Every argument of every module has a case.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use mxprov::module::{self, Given, Passed};
use mxprov::value::Value;
use serde_json::Value as Json;

use super::case;
use super::run::files;

/// The arguments that no case shows yet, one `module.argument` a line. The list may only shrink:
/// `mxprov_dns` has its cases in `tests/dns`, `reboot` needs a host of its own.
const WITHOUT: &str = include_str!("without-a-case.txt");

/// The kind of arguments that no module takes.
const REFUSED: &str = "not supported";

#[test]
fn arguments_that_are_not_supported_are_refused() {
    for entry in module::all() {
        for spec in (entry.specs)().into_iter().filter(|spec| spec.kind == REFUSED) {
            let given = Given { name: None, value: Value::data("x"), span: None };
            let passed: Passed = [(spec.name.to_owned(), given)].into_iter().collect();
            let errors = (entry.check)(&passed, None);
            let is_refused =
                errors.iter().any(|e| e.message.contains("is not supported by mxprov"));
            assert!(is_refused, "`{}` of `{}`: {errors:?}", spec.name, entry.short_name());
        }
    }
}

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
        for spec in (entry.specs)().into_iter().filter(|spec| spec.kind != REFUSED) {
            let mut names = std::iter::once(spec.name).chain(spec.aliases.iter().copied());
            let name = format!("{}.{}", entry.short_name(), spec.name);
            let is_given =
                names.any(|name| given.contains(&format!("{}.{name}", entry.short_name())));
            if !is_given {
                without.push(name);
            }
        }
    }
    let known: BTreeSet<&str> = WITHOUT.lines().collect();
    let now: BTreeSet<&str> = without.iter().map(String::as_str).collect();
    let new: Vec<&&str> = now.difference(&known).collect();
    ensure!(new.is_empty(), "arguments without a case: {new:#?}");
    let shown: Vec<&&str> = known.difference(&now).collect();
    ensure!(shown.is_empty(), "these have cases by now, take them off the list: {shown:#?}");
    Ok(())
}

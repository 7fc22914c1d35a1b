//! Every argument of every module has a case.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use mxprov::diagnostic::Source;
use mxprov::module::{self, Given, Passed};
use mxprov::value::Value;
use mxprov::yaml;
use serde_json::Value as Json;

use super::{case, run};

/// Modules whose cases stand elsewhere in `tests/`, as they need no host: `args` are theirs too.
const ELSEWHERE: [(&str, &str); 1] = [("mxprov_dns", "dns")];

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
    let mut given = given_to_hosts()?;
    for (module, folder) in ELSEWHERE {
        given.extend(given_in(module, folder)?);
    }
    let mut without = Vec::new();
    for entry in module::all() {
        let full = |name: &str| format!("{}.{name}", entry.short_name());
        for spec in (entry.specs)().into_iter().filter(|spec| spec.kind != REFUSED) {
            let mut names = std::iter::once(spec.name).chain(spec.aliases.iter().copied());
            if !names.any(|name| given.contains(&full(name))) {
                without.push(full(spec.name));
            }
        }
    }
    ensure!(without.is_empty(), "arguments without a case: {without:#?}");
    Ok(())
}

/// `module.argument` of each argument in the cases for hosts.
fn given_to_hosts() -> Result<BTreeSet<String>> {
    let mut given = BTreeSet::new();
    for path in run::all_files()? {
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
    Ok(given)
}

/// As [`given_to_hosts`], of the cases in another folder of `tests/`.
fn given_in(module: &str, folder: &str) -> Result<BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut given = BTreeSet::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        let source = Source::new(path.display().to_string(), std::fs::read_to_string(&path)?);
        let cases = yaml::parse_one(&source).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let cases = cases.to_value();
        for case in cases.as_list().with_context(|| format!("{} is no list", path.display()))? {
            let args = case.get("args").and_then(Value::as_map).into_iter().flatten();
            given.extend(args.map(|(name, _)| format!("{module}.{name}")));
        }
    }
    Ok(given)
}

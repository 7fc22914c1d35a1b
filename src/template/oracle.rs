//! The cases of `tests/language`, whose expectations real Ansible has given (`oracle.py` there).

use std::path::{Path, PathBuf};

use super::Failure;
use super::harness::Bench;
use crate::diagnostic::Source;
use crate::value::{Map, Str, Value};

fn families() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language");
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("is readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    paths
}

fn bench(variables: &Map) -> Bench {
    let mut bench = Bench::new().file("/etc/passwd", "root:x:0:0\n");
    bench.variables.0 = variables.clone();
    bench
}

/// What is expected, and what there was, if they differ.
fn difference(bench: &Bench, case: &Value) -> Option<String> {
    let written = |name: &str| case.get(name).and_then(Value::as_str);
    let (text, result) = match (written("template"), written("when")) {
        (Some(text), _) => (text, bench.render(text)),
        (_, Some(text)) => (text, bench.when(text).map(Value::Bool)),
        _ => return Some(format!("{case:?} is no case")),
    };
    let (value, error) = match case.get("ours") {
        Some(ours) => (ours.get("value"), ours.get("error").and_then(Value::as_str)),
        None => (case.get("value"), written("error")),
    };
    let same = match (&result, error) {
        (Ok(found), None) => Some(&plain(found)) == value,
        (Ok(Value::Omit), Some("omit")) | (Err(Failure::Error(_)), Some(_)) => true,
        _ => false,
    };
    let found = match result {
        Ok(found) => format!("{found:?}"),
        Err(Failure::Unknown(unknown)) => unknown.to_string(),
        Err(Failure::Error(error)) => format!("{error} {:?}", error.hints),
    };
    (!same).then(|| {
        let wanted = value.map_or_else(|| format!("an error ({error:?})"), |v| format!("{v:?}"));
        format!("{text}\n   wanted {wanted}\n   got    {found}")
    })
}

/// Strings compare by their text alone.
fn plain(value: &Value) -> Value {
    match value {
        Value::Str(text) => Value::Str(Str::data(text.as_str())),
        other => other.clone(),
    }
}

#[test]
fn templates_give_what_ansible_gives() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for path in families() {
        let text = std::fs::read_to_string(&path).expect("is readable");
        let source = Source::new(path.display().to_string(), text);
        let family = crate::yaml::parse_one(&source).expect("is YAML").to_value();
        let variables = family.get("vars").and_then(Value::as_map).cloned().unwrap_or_default();
        let bench = bench(&variables);
        let cases = family.get("cases").and_then(Value::as_list).expect("has cases");
        count += cases.len();
        let name = path.file_name().expect("has a name").to_string_lossy().into_owned();
        let found = cases.iter().filter_map(|case| difference(&bench, case));
        wrong.extend(found.map(|text| format!("{name}: {text}")));
    }
    assert!(count > 500, "only {count} cases were found");
    assert!(wrong.is_empty(), "{} of {count} differ\n{}", wrong.len(), wrong.join("\n"));
}

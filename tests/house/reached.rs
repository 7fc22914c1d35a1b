//! No file is forgotten: each is part of the program or of a test binary.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::sources::{files, name, none, root, text};

#[test]
fn every_file_is_part_of_something_that_is_built() {
    let manifest = text(&root().join("Cargo.toml"));
    let targets = manifest.lines().filter_map(|line| line.strip_prefix("path = "));
    let mut reached = BTreeSet::new();
    for target in targets {
        walk(&root().join(target.trim_matches('"')), false, &mut reached, &mut BTreeSet::new());
    }
    let mut all = files("src", ".rs");
    all.extend(files("tests", ".rs"));
    let forgotten: Vec<String> =
        all.iter().filter(|path| !reached.contains(*path)).map(|path| name(path)).collect();
    none(&forgotten);
}

/// The files below this one that are only built for tests.
pub fn tests_of(start: &Path) -> BTreeSet<PathBuf> {
    let mut tests = BTreeSet::new();
    walk(start, false, &mut BTreeSet::new(), &mut tests);
    tests
}

fn walk(
    path: &Path,
    is_test: bool,
    reached: &mut BTreeSet<PathBuf>,
    tests: &mut BTreeSet<PathBuf>,
) {
    if !path.is_file() || !reached.insert(path.to_owned()) {
        return;
    }
    if is_test {
        tests.insert(path.to_owned());
    }
    let text = text(path);
    let (mut is_for_tests, mut written) = (false, None);
    for line in text.lines().map(str::trim) {
        if line == "#[cfg(test)]" {
            is_for_tests = true;
        } else if let Some(given) = line.strip_prefix("#[path = \"") {
            written = given.strip_suffix("\"]").map(str::to_owned);
        } else if !line.starts_with("#[") {
            if let Some(module) = declared(line) {
                for file in candidates(path, module, written.as_deref()) {
                    walk(&file, is_test || is_for_tests, reached, tests);
                }
            }
            (is_for_tests, written) = (false, None);
        }
    }
}

/// The module that a line declares to be in a file of its own.
fn declared(line: &str) -> Option<&str> {
    let (visibility, module) = line.strip_suffix(';')?.split_once("mod ")?;
    (visibility.is_empty() || visibility.starts_with("pub")).then_some(module)
}

fn candidates(path: &Path, module: &str, written: Option<&str>) -> Vec<PathBuf> {
    let folder = path.parent().expect("a file is in a folder");
    if let Some(written) = written {
        return vec![canonical(&folder.join(written))];
    }
    let stem = path.file_stem().unwrap_or_default();
    let is_root = ["mod", "lib", "main"].iter().any(|root| stem == *root);
    let folder = if is_root { folder.to_owned() } else { folder.join(stem) };
    vec![folder.join(format!("{module}.rs")), folder.join(module).join("mod.rs")]
}

/// `a/../b` as `b`, so that a file has one name.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

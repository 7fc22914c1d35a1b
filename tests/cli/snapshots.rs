//! Every case gives what its file says. `MXPROV_BLESS=1 cargo test --test cli` writes the files
//! instead, for people to read before they commit them.

use std::path::Path;

use crate::case::Case;

#[test]
fn the_program_says_what_the_cases_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/cases");
    let bless = std::env::var_os("MXPROV_BLESS").is_some();
    let only = std::env::var("MXPROV_CASE").unwrap_or_default();
    let entries = std::fs::read_dir(&folder).expect("the cases are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let chosen = paths.iter().filter(|path| path.to_string_lossy().contains(&only));
    let complaints: Vec<String> = chosen.filter_map(|path| Case::read(path).judge(bless)).collect();
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn there_are_more_than_thirty_kinds_of_bad_input() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/cases");
    let entries = std::fs::read_dir(&folder).expect("the cases are there");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let bad = names.filter(|name| name.to_string_lossy().starts_with("bad-")).count();
    assert!(bad >= 30, "only {bad}");
}

//! Every file says on its first line what it is for.

use crate::sources::{name, none, rust, text};

#[test]
fn every_file_begins_with_a_line_that_says_what_it_is_for() {
    let is_silent = |path: &std::path::PathBuf| {
        let text = text(path);
        let first = text.lines().next().unwrap_or_default();
        !first.starts_with("//! ")
    };
    let silent: Vec<String> = rust().into_iter().filter(is_silent).map(|p| name(&p)).collect();
    none(&silent);
}

//! The lists in `docs/language.md` are those of the program.

use std::fmt::Write as _;

use mxprov::{module, playbook, template};

use crate::sources::{root, text};

/// Writes the lists instead of comparing: `MXPROV_BLESS=1 cargo test --test house language`.
const BLESS: &str = "MXPROV_BLESS";

#[test]
fn the_language_page_is_in_step_with_the_program() {
    let path = root().join("docs/language.md");
    let page = text(&path);
    let names = template::names();
    let lists = [
        ("keywords", keywords()),
        ("modules", modules()),
        ("filters", words(&names.filters)),
        ("tests", words(&names.tests)),
        ("lookups", words(&names.lookups)),
        ("functions", words(&names.functions)),
    ];
    let expected = lists.iter().fold(page.clone(), |page, (name, list)| filled(&page, name, list));
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&path, expected).expect("the page is writable");
        return;
    }
    assert!(page == expected, "docs/language.md is out of step: set {BLESS}=1 to write it");
}

/// The page with this list between the marks of its name.
fn filled(page: &str, name: &str, list: &str) -> String {
    let (open, close) = (format!("<!-- list: {name} -->\n"), "<!-- end -->");
    let start = page.find(&open).unwrap_or_else(|| panic!("docs/language.md: no list `{name}`"));
    let start = start + open.len();
    let end = start + page[start..].find(close).expect("a list has an end");
    format!("{}{list}{}", &page[..start], &page[end..])
}

/// Keywords by the places that they may stand in.
fn keywords() -> String {
    let mut text = String::from("| keyword | in |\n|---|---|\n");
    for (name, places) in playbook::keyword_places() {
        let _ = writeln!(text, "| `{name}` | {} |", places.join(", "));
    }
    text
}

fn modules() -> String {
    let mut entries: Vec<_> = module::all().iter().collect();
    entries.sort_by_key(|entry| entry.short_name());
    let mut text = String::from("| module | what it is for |\n|---|---|\n");
    for entry in entries {
        let _ = writeln!(text, "| `{}` | {} |", entry.name, entry.summary);
    }
    text
}

/// Names on lines of a readable length.
fn words(names: &[&str]) -> String {
    let mut text = String::new();
    let mut length = 0;
    for name in names {
        let word = format!("`{name}`");
        if length > 0 && length + 1 + word.len() > 110 {
            text.push('\n');
            length = 0;
        }
        if length > 0 {
            text.push(' ');
            length += 1;
        }
        text.push_str(&word);
        length += word.len();
    }
    text.push('\n');
    text
}

//! No lint is silenced in passing.

use crate::sources::{name, none, rust, text};

/// `expect` says when it is no longer needed; these two stand where it cannot be used.
const ALLOWED: [(&str, &str); 2] = [
    ("tests/lab/mod.rs", "shared by targets of which none uses all of it"),
    ("src/module/arguments.rs", "in a macro, where only some expansions need it"),
];

#[test]
fn lints_are_expected_with_a_reason_not_allowed() {
    let mut complaints = Vec::new();
    for path in rust() {
        let (name, text) = (name(&path), text(&path));
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start();
            let is_allow = line.starts_with("#[allow(") || line.starts_with("#![allow(");
            let is_known = ALLOWED.iter().any(|(known, _)| *known == name);
            if is_allow && !is_known {
                complaints.push(format!("{name}:{}: {line}", index + 1));
            }
            let is_expect = line.starts_with("#[expect(") && line.ends_with(")]");
            if is_expect && !line.contains("reason") {
                complaints.push(format!("{name}:{}: without a reason: {line}", index + 1));
            }
        }
    }
    none(&complaints);
}

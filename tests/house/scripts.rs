//! Shell scripts are clean.

use std::process::Command;

use crate::sources::{files, name, none, root, text};

/// Folders that hold scripts, some of them without an ending in their name.
const FOLDERS: [&str; 3] = [".ci", "roles", "tests"];

#[test]
fn shellcheck_has_nothing_to_say() {
    let is_there = Command::new("shellcheck").arg("--version").output().is_ok();
    if !is_there {
        assert!(std::env::var_os("CI").is_none(), "shellcheck must be there in CI");
        eprintln!("SKIPPED shellcheck_has_nothing_to_say: shellcheck is not installed");
        return;
    }
    let mut complaints = Vec::new();
    for folder in FOLDERS.into_iter().filter(|folder| root().join(folder).is_dir()) {
        for path in files(folder, "") {
            let bytes = std::fs::read(&path).expect("the file is readable");
            if !bytes.starts_with(b"#!/bin/sh") && !bytes.starts_with(b"#!/bin/bash") {
                continue;
            }
            let said = Command::new("shellcheck")
                .arg("--external-sources")
                .arg(&path)
                .current_dir(root())
                .output()
                .expect("shellcheck runs");
            if !said.status.success() {
                complaints.push(format!(
                    "{}:\n{}",
                    name(&path),
                    String::from_utf8_lossy(&said.stdout)
                ));
            }
            if text(&path).lines().count() > 1 && !text(&path).contains("\nset -") {
                complaints.push(format!(
                    "{}: does not say what happens after errors: no `set -`",
                    name(&path)
                ));
            }
        }
    }
    none(&complaints);
}

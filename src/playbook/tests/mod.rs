//! Case files: `tests/playbook/good/*/site.yml` with an outline, `tests/playbook/bad/*` with the messages expected.

mod includes;
mod outline;
mod vocabulary;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Loader, Location, Paths, Playbook};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::files::{Disk, Files};
use crate::value::{Map, Value};
use vocabulary::Words;

fn cases(kind: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/playbook").join(kind);
    let entries = fs::read_dir(&directory).expect("the cases are there");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    assert!(!cases.is_empty(), "no cases in {}", directory.display());
    cases
}

fn loader(base: &Path) -> Loader {
    let files: Arc<dyn Files> = Arc::new(Disk::new(base));
    let known: Map = [("extra", Value::data("from the command line"))]
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect();
    let role_roots = vec![Location::new(Arc::clone(&files), "more_roles")];
    Loader::new(
        Arc::new(Words),
        Paths {
            files,
            role_roots,
            known_vars: Arc::new(known),
            unseal: Arc::new(crate::yaml::Sealed::default()),
        },
    )
}

fn load(base: &Path, file: &str) -> Result<Playbook, Diagnostics> {
    loader(base).load(&[Path::new(file)])
}

/// Writes the results into the case files instead of comparing: `MXPROV_BLESS=1 cargo test --lib playbook`.
fn bless() -> bool {
    std::env::var_os("MXPROV_BLESS").is_some()
}

#[test]
fn good_playbooks_give_their_outlines() {
    for case in cases("good") {
        let playbook = match load(&case, "site.yml") {
            Ok(playbook) => playbook,
            Err(problems) => panic!("{}: {problems}", case.display()),
        };
        for (file, found) in [
            ("outline.txt", outline::outline(&playbook)),
            ("tasks.txt", outline::listing(&playbook)),
        ] {
            let file = case.join(file);
            if bless() {
                fs::write(&file, &found).expect("written");
            }
            let expected = fs::read_to_string(&file).unwrap_or_default();
            assert_eq!(found, expected, "{}", file.display());
        }
    }
}

/// `# expect: file:line:col: message`, each with its `# hint:` lines, at the top of the file.
fn expectation(problems: &[Diagnostic]) -> String {
    let mut text = String::new();
    for problem in problems {
        text.push_str(&format!("# expect: {problem}\n"));
        for hint in &problem.hints {
            text.push_str(&format!("#   hint: {hint}\n"));
        }
        for step in &problem.trace {
            text.push_str(&format!("#   {step}\n"));
        }
    }
    text
}

#[test]
fn bad_playbooks_give_the_expected_messages() {
    for case in cases("bad") {
        let (base, file) = if case.is_dir() {
            (case.clone(), case.join("site.yml"))
        } else {
            (case.parent().expect("a directory").to_path_buf(), case.clone())
        };
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).expect("read");
        let is_expected = |line: &&str| line.starts_with("# expect: ") || line.starts_with("#   ");
        let lines: Vec<&str> = text.split_inclusive('\n').take_while(is_expected).collect();
        let expected = lines.concat();
        let problems = match load(&base, &name) {
            Err(problems) => problems.0,
            Ok(playbook) => playbook.warnings.clone(),
        };
        assert!(!problems.is_empty(), "{} is loaded without a message", case.display());
        let found = expectation(&problems);
        if bless() && found.lines().count() != expected.lines().count() {
            // The lines move the places: once more with as many lines as there will be.
            let body = &text[expected.len()..];
            let blank = "#   hint: \n".repeat(found.lines().count());
            fs::write(&file, format!("{blank}{body}")).expect("written");
            let again = match load(&base, &name) {
                Err(problems) => problems.0,
                Ok(playbook) => playbook.warnings.clone(),
            };
            fs::write(&file, format!("{}{body}", expectation(&again))).expect("written");
            continue;
        }
        if bless() {
            fs::write(&file, format!("{found}{}", &text[expected.len()..])).expect("written");
            continue;
        }
        assert_eq!(found, expected, "{}", case.display());
    }
}

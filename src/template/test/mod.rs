//! Tests (`x is …`), one family per file. A test is one entry of its family's table.

mod address;
mod compare;
mod file;
mod pattern;
mod result;
mod types;
mod version;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::arguments::Bound;
use super::eval::Session;
use super::failure::Stop;
use super::filter::plain_name;
use crate::diagnostic::Diagnostic;
use crate::value::Value;

/// What a test asks.
pub(crate) type Run = fn(&Session<'_>, &Value, &Bound) -> Result<bool, Stop>;

/// A test.
pub(crate) struct Test {
    /// Its name without a collection.
    pub name: &'static str,
    /// Its parameters after the input; `*` and `**` as in [`Bound`].
    pub parameters: &'static [&'static str],
    /// What it asks.
    pub run: Run,
}

const fn test(name: &'static str, parameters: &'static [&'static str], run: Run) -> Test {
    Test { name, parameters, run }
}

static TESTS: LazyLock<HashMap<&'static str, &'static Test>> = LazyLock::new(|| {
    let families = [
        address::TESTS,
        compare::TESTS,
        file::TESTS,
        pattern::TESTS,
        result::TESTS,
        types::TESTS,
        version::TESTS,
    ];
    families.into_iter().flatten().map(|test| (test.name, test)).collect()
});

/// Tests that the evaluator itself knows, since they look at more than values.
static SPECIAL: [Test; 4] = [
    test("vault_encrypted", &[], |_, _, _| Ok(false)),
    test("defined", &[], |_, _, _| Ok(true)),
    test("undefined", &[], |_, _, _| Ok(false)),
    test("callable", &[], |_, _, _| Ok(false)),
];

/// All names.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = TESTS.keys().copied().collect();
    names.extend(SPECIAL.iter().map(|test| test.name));
    names.sort_unstable();
    names
}

/// The test of a name.
pub(crate) fn find(name: &str) -> Result<&'static Test, Stop> {
    let plain = plain_name(name);
    let special = || SPECIAL.iter().find(|test| test.name == plain);
    TESTS.get(plain).copied().or_else(special).ok_or_else(|| {
        Diagnostic::new(format!("there is no test `{name}`")).suggest(plain, names()).into()
    })
}

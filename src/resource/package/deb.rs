//! Package files on the host.

use crate::remote::{Output, Script};

use super::super::probe::{Probe, answers, fields};
use super::super::query::{Query, State};

/// Asks which package a `.deb` file on the host holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DebFile {
    /// Its absolute path.
    pub path: String,
}

/// The package that a file holds; none if there is no such file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebFileState(pub Option<DebPackage>);

/// The package that a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl State for DebFileState {}

impl Query for DebFile {
    type State = DebFileState;

    fn script(queries: &[&Self]) -> Script {
        Probe::of_each(queries, |query, question| {
            question.assign("path", query.path.as_str());
            question.line(r#"[ -f "$path" ] || exit 44"#);
            question.line(r#"TMPDIR=/run dpkg-deb --showformat='name=${Package}\nversion=${Version}\n' --show -- "$path" 2>&1"#);
        })
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<DebFileState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| match answer? {
            (0, text) => {
                let field = |name: &str| {
                    let found = fields(&text).find(|(key, _)| *key == name);
                    found.map(|(_, value)| value.to_string()).unwrap_or_default()
                };
                Ok(DebFileState(Some(DebPackage {
                    name: field("name"),
                    version: field("version"),
                })))
            }
            (44, _) => Ok(DebFileState(None)),
            (_, said) => Err(format!("`{}` is no package that dpkg can read: {said}", query.path)),
        })
        .collect()
    }
}

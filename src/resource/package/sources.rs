//! Where packages come from, in the one-line form.

use crate::remote::{Output, Script};

use super::super::probe::base64_field;
use super::super::query::{Query, State};

/// Asks for /etc/apt/sources.list and the `.list` files beside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sources;

/// The files with their texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourcesState(pub Vec<(String, String)>);

impl State for SourcesState {}

impl Query for Sources {
    type State = SourcesState;

    fn script(_: &[&Self]) -> Script {
        let mut script = Script::new();
        script.line(
            r#"for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  [ -f "$file" ] || continue
  printf '%s ' "$file"
  base64 -w 0 <"$file" || exit
  echo
done"#,
        );
        script
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<SourcesState, String>> {
        if !output.succeeded() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
            return vec![
                Err(format!("the sources of apt could not be read: {said}"));
                queries.len()
            ];
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let read = |line: &str| {
            let (path, packed) = line.split_once(' ').ok_or("the host sent a broken line")?;
            let bytes = base64_field(packed)?;
            Ok((path.to_string(), String::from_utf8_lossy(&bytes).into_owned()))
        };
        let files: Result<Vec<_>, String> = text.lines().map(read).collect();
        vec![files.map(SourcesState); queries.len()]
    }
}

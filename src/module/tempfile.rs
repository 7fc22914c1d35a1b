//! `ansible.builtin.tempfile`: a file or directory with a name of its own.

use std::sync::Arc;

use crate::remote::Script;
use crate::resource::{Action, Diff, Host, Step, Suspend, World};
use crate::value::Value;

use super::paths::absolute;
use super::{Call, Module, Outcome, Plan};

choice! {
    /// What is made.
    pub enum State {
        /// A directory.
        Directory = "directory",
        /// A file.
        File = "file",
    }
}

arguments! {
    /// Arguments of `tempfile`.
    pub struct Args {
        /// What is made.
        state: State = State::File,
        /// Where.
        path: Option<String>,
        /// What the name starts with.
        prefix: String = "ansible.",
        /// What the name ends with.
        suffix: String = "",
    }
}

/// The module.
pub struct Tempfile;

impl Module for Tempfile {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.tempfile";
    const SUMMARY: &'static str = "make a file or directory with a name of its own";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let folder = absolute("path", args.path.as_deref().unwrap_or("/tmp"), host)?;
        for (name, text) in [("prefix", &args.prefix), ("suffix", &args.suffix)] {
            if text.contains('/') {
                return Err(Suspend::failed(format!("`{name}` cannot hold a `/`")));
            }
        }
        let mut plan =
            Plan::new().with("path", Value::unknown("its name is chosen when it is made"));
        let kind = if args.state == State::File { "file" } else { "directory" };
        plan.set("state", Value::data(kind));
        plan.act(MakeTemporary {
            directory: args.state == State::Directory,
            folder,
            prefix: args.prefix.clone(),
            suffix: args.suffix.clone(),
        });
        plan.finish = Some(Arc::new(|outputs| {
            let mut outcome = Outcome::default();
            if let Some(output) = outputs.first() {
                let path = String::from_utf8_lossy(&output.stdout).trim_end().to_string();
                outcome.result.insert("path".into(), Value::data(path));
            }
            outcome
        }));
        Ok(plan)
    }
}

/// Makes a private file or directory and prints its path.
#[derive(Debug)]
struct MakeTemporary {
    directory: bool,
    folder: String,
    prefix: String,
    suffix: String,
}

impl Action for MakeTemporary {
    fn summary(&self) -> String {
        let kind = if self.directory { "directory" } else { "file" };
        format!("make a temporary {kind} in {}", self.folder)
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        script.assign("folder", self.folder.as_str()).assign("prefix", self.prefix.as_str());
        script.assign("suffix", self.suffix.as_str());
        script.assign("kind", if self.directory { "-d" } else { "" });
        script.line(r#"mktemp $kind -p "$folder" --suffix="$suffix" -- "${prefix}XXXXXXXX""#);
        Step::Shell(script)
    }

    fn predict(&self, _world: &mut World) {}

    fn diff(&self) -> Diff {
        let name = format!("{}/{}…{}", self.folder, self.prefix, self.suffix);
        Diff::of(format!("temporary {name}")).change("state", "absent", "present")
    }
}

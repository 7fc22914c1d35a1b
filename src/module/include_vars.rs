//! `ansible.builtin.include_vars`: variables from files, for the rest of the run.

use std::sync::Arc;

use crate::diagnostic::Source;
use crate::resource::{Host, Suspend};
use crate::value::{Key, Map, Value};

use super::{Call, Module, Plan, Search, Words};

arguments! {
    /// Arguments of `include_vars`.
    pub struct Args {
        /// The file.
        file: Option<String>,
        /// A directory whose files are read in order.
        dir: Option<String>,
        /// The variable that gets all of them; without it each is a variable of its own.
        name: Option<String>,
        /// Endings of the files that count in `dir`.
        extensions: Option<Words>,
        /// How deep to go into `dir`; 0 is all the way.
        depth: i64 = 0,
    }
}

/// The module.
pub struct IncludeVars;

impl Module for IncludeVars {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.include_vars";
    const SUMMARY: &'static str = "read variables from files";
    const FREE_FORM: Option<&'static str> = Some("file");

    fn plan(args: &Args, call: &Call<'_>, _host: &Host<'_>) -> Result<Plan, Suspend> {
        let mut variables = Map::new();
        let mut files = Vec::new();
        match (&args.file, &args.dir) {
            (Some(file), None) => files.push(call.controller.find(Search::Vars, file)?.path),
            (None, Some(dir)) => {
                let endings: Vec<String> = match &args.extensions {
                    Some(endings) => endings.to_vec(),
                    None => ["yaml", "yml", "json"].map(str::to_string).to_vec(),
                };
                let found = call.controller.find(Search::Vars, dir)?;
                collect(call, &found.path, &endings, depth(args.depth), &mut files)?;
            }
            _ => return Err(Suspend::failed("one of `file` and `dir` is needed")),
        }
        for path in &files {
            for (name, value) in read(call, path)? {
                variables.insert(name, value);
            }
        }
        if let Some(name) = &args.name {
            let all = Value::Map(Arc::new(variables));
            variables = [(Key::from(name.as_str()), all)].into();
        }
        let mut plan = Plan::new();
        plan.variables = variables.clone();
        plan.set("ansible_facts", Value::Map(Arc::new(variables)));
        plan.set(
            "ansible_included_var_files",
            Value::list(files.iter().map(|path| Value::data(path.as_str()))),
        );
        Ok(plan)
    }
}

fn depth(written: i64) -> usize {
    usize::try_from(written).ok().filter(|depth| *depth > 0).unwrap_or(16)
}

fn collect(
    call: &Call<'_>,
    folder: &str,
    endings: &[String],
    depth: usize,
    files: &mut Vec<String>,
) -> Result<(), Suspend> {
    for name in call.controller.list(folder)? {
        let path = format!("{folder}/{name}");
        if call.controller.list(&path).is_ok() {
            if depth > 1 {
                collect(call, &path, endings, depth - 1, files)?;
            }
        } else if endings
            .iter()
            .any(|ending| name.ends_with(&format!(".{}", ending.trim_start_matches('.'))))
        {
            files.push(path);
        }
    }
    Ok(())
}

fn read(call: &Call<'_>, path: &str) -> Result<Map, Suspend> {
    let bytes = call.controller.read(path)?;
    let text =
        String::from_utf8(bytes).map_err(|_| Suspend::failed(format!("`{path}` is not UTF-8")))?;
    let node = crate::yaml::parse_one(&Source::new(path, text))
        .map_err(|error| Suspend::failed(error.to_string()))?;
    match node.to_value() {
        Value::Null => Ok(Map::new()),
        Value::Map(map) => Ok((*map).clone()),
        other => Err(Suspend::failed(format!(
            "{}: variables must be a mapping, not a value of type `{}`",
            node.span,
            other.type_name()
        ))),
    }
}

//! A recipe of a container image: a few of the Dockerfile's instructions, and the names it gets.
//!
//! A recipe makes one layer, over `FROM`: a Debian release (then the lab's own base image is the
//! lowest layer) or another recipe. Lines `# name: …` say under which names Docker knows it;
//! a recipe without is there for others only.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// What a recipe's file ends in.
const ENDING: &str = ".dockerfile";
/// What another program of this repository is called as the source of a copy.
const PROGRAM: &str = "--from=";

/// One image, or what several images share.
#[derive(Debug)]
pub struct Recipe {
    /// Where it and the files that it copies are.
    folder: PathBuf,
    /// The file's name without its ending.
    pub stem: String,
    /// The names with their tags.
    pub names: Vec<String>,
    pub from: String,
    instructions: Vec<(String, String)>,
}

/// Reads all recipes of a folder, by stem.
pub fn all(folder: &Path) -> Result<BTreeMap<String, Recipe>> {
    let mut recipes = BTreeMap::new();
    for entry in fs::read_dir(folder).context("cannot list the recipes")? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(ENDING) {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            let recipe = parse(folder, stem, &text).with_context(|| format!("in `{name}`"))?;
            recipes.insert(stem.to_owned(), recipe);
        }
    }
    Ok(recipes)
}

fn parse(folder: &Path, stem: &str, text: &str) -> Result<Recipe> {
    let mut names = Vec::new();
    let mut instructions = Vec::new();
    let joined = text.replace("\\\n", " ");
    for line in joined.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("# name: ") {
            names.push(name.to_owned());
        } else if !line.is_empty() && !line.starts_with('#') {
            let (word, rest) = line.split_once(' ').context("an instruction has a value")?;
            instructions.push((word.to_owned(), rest.trim().to_owned()));
        }
    }
    let Some((_, from)) = instructions.iter().find(|(word, _)| word == "FROM") else {
        bail!("no `FROM`");
    };
    let (folder, stem, from) = (folder.to_owned(), stem.to_owned(), from.clone());
    Ok(Recipe { folder, stem, names, from, instructions })
}

impl Recipe {
    /// SHA-256 over the layer below, the recipe and the files that it copies, in hexadecimal.
    pub fn digest(&self, below: &str) -> Result<String> {
        let mut hash = Sha256::new_with_prefix(below);
        for (word, rest) in &self.instructions {
            hash.update(format!("{word} {rest}\n"));
            if word == "COPY" {
                for path in self.sources(rest)? {
                    let content = fs::read(&path)
                        .with_context(|| format!("cannot read `{}`", path.display()))?;
                    hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
                    hash.update(Sha256::digest(&content));
                }
            }
        }
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The files behind a copy, sorted; of a program, its source.
    fn sources(&self, copy: &str) -> Result<Vec<PathBuf>> {
        let source = match program(copy) {
            Some(program) => self.folder.with_file_name(program),
            None => self.folder.join(words(copy)?.0),
        };
        let mut files = Vec::new();
        let mut rest = vec![source];
        while let Some(path) = rest.pop() {
            if path.is_dir() {
                for entry in fs::read_dir(&path).context("cannot list what is copied")? {
                    rest.push(entry?.path());
                }
            } else {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    /// The programs of this repository that it copies.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        self.instructions.iter().filter(|(word, _)| word == "COPY").filter_map(|(_, r)| program(r))
    }

    /// What makes the layer: a shell script for the inside, where `context` has the recipes'
    /// folder and `programs` the repository's programs.
    pub fn script(&self, context: &str, programs: &str) -> Result<String> {
        let mut script = String::from("set -eu\n");
        for (word, rest) in &self.instructions {
            match word.as_str() {
                "RUN" => script += &format!("{rest}\n"),
                "COPY" => {
                    let (from, to) = words(rest)?;
                    let place = if program(rest).is_some() { programs } else { context };
                    script += &format!(
                        "mkdir -p \"$(dirname {to})\"\ncp -r {place}/{from} {to}\n\
                         chmod -R u=rwX,go=rX {to}\n"
                    );
                }
                _ => {}
            }
        }
        Ok(script)
    }

    /// The container configuration as Docker stores it, from that of the image below.
    pub fn configuration(&self, below: &Map<String, Value>) -> Result<Map<String, Value>> {
        let mut made = below.clone();
        for (word, rest) in &self.instructions {
            let list = || serde_json::from_str::<Value>(rest).with_context(|| format!("`{rest}`"));
            let (key, value) = match word.as_str() {
                "FROM" | "RUN" | "COPY" => continue,
                "USER" => ("User", json!(rest)),
                "WORKDIR" => ("WorkingDir", json!(rest)),
                "STOPSIGNAL" => ("StopSignal", json!(rest)),
                "CMD" => ("Cmd", list()?),
                "ENTRYPOINT" => {
                    made.remove("Cmd");
                    ("Entrypoint", list()?)
                }
                "EXPOSE" => ("ExposedPorts", set(rest.split(' '))),
                "VOLUME" => ("Volumes", set(rest.split(' '))),
                "ENV" => ("Env", environment(made.get("Env"), rest)),
                "HEALTHCHECK" => ("Healthcheck", healthcheck(rest)?),
                other => bail!("no instruction `{other}` here"),
            };
            made.insert(key.to_owned(), value);
        }
        Ok(made)
    }
}

/// `COPY --from=NAME …` takes a program of this repository.
fn program(copy: &str) -> Option<&str> {
    copy.strip_prefix(PROGRAM)?.split(' ').next()
}

/// Source and target of a copy.
fn words(copy: &str) -> Result<(&str, &str)> {
    let mut words = copy.split(' ').filter(|word| !word.starts_with("--"));
    words.next().zip(words.next()).with_context(|| format!("`COPY {copy}` needs two paths"))
}

fn set<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    Value::Object(names.map(|name| (name.to_owned(), json!({}))).collect())
}

fn environment(below: Option<&Value>, added: &str) -> Value {
    let mut all: Vec<Value> = below.and_then(Value::as_array).cloned().unwrap_or_default();
    let key = added.split_inclusive('=').next().unwrap_or_default();
    all.retain(|known| !known.as_str().unwrap_or_default().starts_with(key));
    all.push(json!(added));
    Value::Array(all)
}

/// `HEALTHCHECK CMD …` with the shell form only; the times are short, as tests wait for them.
fn healthcheck(text: &str) -> Result<Value> {
    let command = text.strip_prefix("CMD ").context("`HEALTHCHECK` needs `CMD`")?;
    let second = 1_000_000_000_u64;
    Ok(json!({
        "Test": ["CMD-SHELL", command],
        "Interval": 5 * second,
        "Timeout": 5 * second,
        "Retries": 3,
    }))
}

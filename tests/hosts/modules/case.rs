//! A case as its file writes it.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use mxprov::diagnostic::Source;
use mxprov::value::Value;
use mxprov::yaml;
use serde_json::{Map, Value as Json, json};

use crate::lab::Release;

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// `copy/content.yaml: leaves a file that is right alone`
    pub title: String,
    pub module: String,
    /// sh as root on the host, before anything else.
    pub before: Option<String>,
    /// Tasks of the same play that come first.
    pub earlier: Vec<Json>,
    /// Arguments, or the free form's text.
    pub args: Option<Json>,
    /// Other keywords of the task.
    pub keywords: Map<String, Json>,
    pub vars: Option<Json>,
    /// Files beside the playbook, by name.
    pub files: Vec<(String, String)>,
    pub expect: Expect,
    /// sh as root on the host, after applying; must end well.
    pub after: Option<String>,
    /// What the second check must say of `changed`.
    pub again: bool,
    pub release: Release,
}

/// What must come out.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    pub changed: Option<bool>,
    pub failed: Option<String>,
    pub unknown: Option<String>,
    pub skipped: Option<String>,
    pub diff: Vec<String>,
    pub result: Option<Json>,
    pub warning: Option<String>,
}

const KNOWN: [&str; 13] = [
    "name",
    "before",
    "earlier",
    "args",
    "free_form",
    "keywords",
    "vars",
    "files",
    "expect",
    "after",
    "again",
    "releases",
    "ansible",
];

/// The cases of one file.
pub fn read(path: &Path) -> Result<Vec<Case>> {
    let module = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let name = format!("{module}/{file}");
    let source = Source::new(name.as_str(), std::fs::read_to_string(path)?);
    let list = yaml::parse_one(&source).map_err(|error| anyhow!("{error:?}"))?.to_value();
    let list = list.as_list().with_context(|| format!("{name} is not a list"))?;
    let mut cases = Vec::new();
    for value in list {
        cases.extend(case(&name, &module, value)?);
    }
    Ok(cases)
}

/// The case, once for each release that it names.
fn case(file: &str, module: &str, value: &Value) -> Result<Vec<Case>> {
    let title = value.get("name").and_then(Value::as_str).unwrap_or("without a name");
    let title = format!("{file}: {title}");
    let map = value.as_map().with_context(|| format!("{title}: not a mapping"))?;
    for key in map.keys() {
        ensure!(KNOWN.contains(&key.to_string().as_str()), "{title}: what is `{key}`?");
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let json = |name: &str| value.get(name).map(Value::to_json);
    let files = json("files").unwrap_or_else(|| json!({}));
    let files = files.as_object().with_context(|| format!("{title}: files"))?;
    let case = Case {
        module: module.to_owned(),
        before: text("before"),
        earlier: json("earlier").and_then(|list| list.as_array().cloned()).unwrap_or_default(),
        args: json("free_form").or_else(|| json("args")),
        keywords: json("keywords").and_then(|map| map.as_object().cloned()).unwrap_or_default(),
        vars: json("vars"),
        files: files
            .iter()
            .map(|(name, text)| (name.clone(), text.as_str().unwrap_or_default().to_owned()))
            .collect(),
        expect: expect(&json("expect").unwrap_or_default())
            .with_context(|| format!("{title}: expect"))?,
        after: text("after"),
        again: json("again") == Some(Json::Bool(true)),
        release: Release::Debian13,
        title,
    };
    let releases = releases(&json("releases").unwrap_or_default())
        .with_context(|| format!("{}: releases", case.title))?;
    Ok(releases.into_iter().map(|release| Case { release, ..case.clone() }).collect())
}

fn expect(json: &Json) -> Result<Expect> {
    let map = json.as_object().context("not a mapping")?;
    let mut expect = Expect::default();
    let text = |value: &Json| value.as_str().map(str::to_owned).context("not a text");
    for (name, value) in map {
        match name.as_str() {
            "changed" => expect.changed = Some(value.as_bool().context("changed")?),
            "failed" => expect.failed = Some(text(value)?),
            "unknown" => expect.unknown = Some(text(value)?),
            "skipped" => expect.skipped = Some(text(value)?),
            "warning" => expect.warning = Some(text(value)?),
            "diff" => {
                let parts = value.as_array().context("diff is not a list")?;
                expect.diff = parts.iter().map(text).collect::<Result<_>>()?;
            }
            "result" => expect.result = Some(value.clone()),
            other => bail!("what is `{other}`?"),
        }
    }
    let ends = [expect.failed.is_some(), expect.unknown.is_some(), expect.skipped.is_some()];
    let ends = ends.iter().filter(|given| **given).count() + usize::from(expect.changed.is_some());
    ensure!(ends == 1, "needs one of changed, failed, unknown, skipped");
    Ok(expect)
}

/// The releases that are named; Debian 13 where none is.
fn releases(json: &Json) -> Result<Vec<Release>> {
    let Some(list) = json.as_array() else { return Ok(vec![Release::Debian13]) };
    let release = |number: &Json| {
        let number = number.as_u64().context("not a number")?;
        number.to_string().parse::<Release>()
    };
    list.iter().map(release).collect()
}

impl Case {
    /// The title of the task that is judged.
    pub const TASK: &'static str = "the case";

    /// The playbook: what comes earlier, then the task. JSON is YAML.
    pub fn playbook(&self) -> String {
        let mut task = Map::new();
        task.insert("name".into(), Self::TASK.into());
        task.insert(self.module.clone(), self.args.clone().unwrap_or_default());
        task.insert("register".into(), "mxcase".into());
        if let Some(vars) = &self.vars {
            task.insert("vars".into(), vars.clone());
        }
        task.extend(self.keywords.clone());
        let mut tasks = self.earlier.clone();
        tasks.push(Json::Object(task));
        json!([{"hosts": "all", "gather_facts": false, "tasks": tasks}]).to_string()
    }
}

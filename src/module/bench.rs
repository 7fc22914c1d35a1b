//! Tests only: modules planned and applied on this machine or a lab host, and cases that are data.
#![expect(
    clippy::disallowed_methods,
    reason = "a test is told by variables which host it may change"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use secrecy::ExposeSecret as _;

use super::{Call, Controller, Found, Given, Passed, Plan, Search, TemplateStyle, find};
use crate::diagnostic::Source;
use crate::files::{Files as _, Tree};
use crate::remote::{Output, Script};
use crate::resource::{AnyQuery, Host, Step, Suspend, World};
use crate::value::{Str, Value};

/// A controller with these files; a template is its own text.
pub struct Desk(pub Tree);

impl Controller for Desk {
    fn find(&self, _kind: Search, name: &str) -> Result<Found, Suspend> {
        let path = std::path::Path::new(name);
        if self.0.exists(path) {
            return Ok(Found { path: name.into(), directory: self.0.is_directory(path) });
        }
        Err(Suspend::failed(format!("`{name}` was not found")))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Suspend> {
        self.0.read(path.as_ref()).map_err(|error| Suspend::failed(error.to_string()))
    }

    fn list(&self, path: &str) -> Result<Vec<String>, Suspend> {
        self.0.list(path.as_ref()).map_err(|error| Suspend::failed(error.to_string()))
    }

    fn exists(&self, path: &str) -> bool {
        self.0.exists(path.as_ref())
    }

    fn is_executable(&self, path: &str) -> bool {
        self.0.is_executable(path.as_ref())
    }

    fn template(&self, path: &str, _style: &TemplateStyle) -> Result<Str, Suspend> {
        Ok(Str::data(String::from_utf8_lossy(&self.read(path)?).into_owned()))
    }

    fn render(&self, value: &Value) -> Result<Value, Suspend> {
        Ok(value.clone())
    }

    fn condition(&self, _expression: &Value) -> Result<bool, Suspend> {
        Ok(true)
    }

    fn variable(&self, _name: &str) -> Result<Option<Value>, Suspend> {
        Ok(None)
    }
}

/// One host: this machine.
pub struct Bench {
    pub world: World,
    pub desk: Desk,
    /// How many scripts were run to answer queries.
    pub trips: usize,
}

fn run(script: &Script) -> Output {
    // `MXPROV_CASE_SHELL`: "ssh -i KEY root@HOST", to work on a lab host.
    let shell = std::env::var("MXPROV_CASE_SHELL").unwrap_or_default();
    let mut words = shell.split_whitespace().chain(["sh", "-s"]);
    let mut child = Command::new(words.next().expect("there is a word"))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("LC_ALL", "C")
        .spawn()
        .expect("sh starts");
    let mut input = child.stdin.take().expect("stdin is piped");
    // Each part is a subshell with an empty standard input, as in a session.
    let text = ["(\n", script.text_to_send().expose_secret(), "\n) </dev/null\n"].concat();
    input.write_all(text.as_bytes()).expect("the script is read");
    drop(input);
    let output = child.wait_with_output().expect("sh ends");
    Output {
        status: output.status.code().unwrap_or(-1),
        stdout: output.stdout,
        stderr: output.stderr,
        truncated: false,
    }
}

impl Bench {
    pub fn new(files: Tree) -> Self {
        Self { world: World::new(), desk: Desk(files), trips: 0 }
    }

    /// The plan of a task, with all that it asks answered.
    pub fn plan(&mut self, module: &str, args: &Passed) -> Result<Plan, Suspend> {
        let entry = find(module).expect("the module is registered");
        let user: Arc<str> = "".into();
        for _ in 0..20 {
            let call = Call { controller: &self.desk, environment: vec![], check: false };
            let host = Host::new(&self.world, &user);
            let planned = (entry.plan)(args, None, &call, &host).map_err(|problems| {
                let all: Vec<String> = problems.iter().map(|one| one.message.clone()).collect();
                Suspend::failed(all.join("; "))
            })?;
            match planned {
                Err(Suspend::Needs(queries)) => self.ask(&queries),
                other => return other,
            }
        }
        panic!("the module asks without end");
    }

    fn ask(&mut self, queries: &[AnyQuery]) {
        self.trips += 1;
        let mut kinds: Vec<&str> = queries.iter().map(|query| query.id().kind).collect();
        kinds.dedup();
        for kind in kinds {
            let same: Vec<AnyQuery> =
                queries.iter().filter(|query| query.id().kind == kind).cloned().collect();
            for (query, answer) in same.iter().zip(Self::answers(&same)) {
                self.world.learn(&"".into(), query.id().clone(), answer);
            }
        }
    }

    fn answers(same: &[AnyQuery]) -> Vec<Result<crate::resource::AnyState, String>> {
        AnyQuery::parse(same, &run(&AnyQuery::script(same)))
    }

    /// Sends the plan; every prediction is compared with the host.
    pub fn apply(&mut self, plan: &Plan) -> Result<Value, String> {
        let mut outputs = Vec::new();
        for action in &plan.actions {
            let output = match action.step() {
                Step::Shell(script) => run(&script),
                Step::Store { path, content } => {
                    self.desk.0.insert(path, content);
                    Output::default()
                }
                _ => return Err("a step that no bench can take".into()),
            };
            if !action.succeeded(&output) {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned());
            }
            outputs.push(output);
            for (query, predicted) in self.world.record(|world| action.predict(world)) {
                let actual = Self::answers(std::slice::from_ref(&query)).remove(0)?;
                query.check(&predicted, &actual)?;
            }
        }
        self.world = World::new();
        let mut result = plan.result.clone();
        if let Some(finish) = &plan.finish {
            let outcome = finish(&outputs);
            result.extend(outcome.result);
            if let Some(message) = outcome.failed {
                return Err(message);
            }
        }
        Ok(Value::Map(Arc::new(result)))
    }
}

/// Arguments from YAML.
pub fn args(yaml: &str) -> Passed {
    let source = Source::new("args".to_string(), yaml.to_string());
    passed(&crate::yaml::parse_one(&source).expect("is YAML").to_value())
}

fn passed(value: &Value) -> Passed {
    let map = value.as_map().cloned().unwrap_or_default();
    map.into_iter()
        .map(|(name, value)| (name.to_string(), Given { name: None, value, span: None }))
        .collect()
}

fn sh(text: &str) -> Output {
    let mut script = Script::new();
    script.run(["eval", text]);
    run(&script)
}

/// One case of `tests/modules`; the error says what is not as it should be.
fn case(module: &str, case: &Value) -> Result<(), String> {
    let text = |name: &str| case.get(name).and_then(Value::as_str).unwrap_or("");
    let expect = case.get("expect").cloned().unwrap_or(Value::Null);
    let output = sh(text("before"));
    if !output.succeeded() {
        return Err(format!("before: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let mut files = Tree::default();
    for (name, content) in case.get("files").and_then(Value::as_map).into_iter().flatten() {
        files.insert(name.to_string(), content.as_str().unwrap_or("").as_bytes());
    }
    let mut bench = Bench::new(files);
    let args = passed(case.get("args").unwrap_or(&Value::Null));
    let planned = bench.plan(module, &args);
    let plan = match (planned, expect.get("failed").and_then(Value::as_str)) {
        (Err(Suspend::Failed(message)), Some(part)) if message.contains(part) => return Ok(()),
        (Err(other), _) => return Err(format!("{other:?}")),
        (Ok(plan), Some(part)) => {
            return match bench.apply(&plan) {
                Err(message) if message.contains(part) => Ok(()),
                other => Err(format!("should fail with {part:?}, not {other:?}")),
            };
        }
        (Ok(plan), None) => plan,
    };
    if let Some(Value::Bool(changed)) = expect.get("changed")
        && plan.is_change() != *changed
    {
        return Err(format!("changed is {}: {plan:?}", plan.is_change()));
    }
    let shown: Vec<_> = plan.actions.iter().map(|action| action.diff()).collect();
    for part in expect.get("diff").and_then(Value::as_list).unwrap_or(&[]) {
        let part = part.as_str().unwrap_or("");
        if !format!("{shown:?}").contains(part) {
            return Err(format!("the diff does not hold {part:?}: {shown:?}"));
        }
    }
    let result = bench.apply(&plan)?;
    for (name, value) in expect.get("result").and_then(Value::as_map).into_iter().flatten() {
        let found = result.get(&name.to_string());
        if found != Some(value) {
            return Err(format!("`{name}` is {found:?}, not {value:?}: {result:?}"));
        }
    }
    let output = sh(text("after"));
    if !output.succeeded() {
        return Err(format!("after: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let again = bench.plan(module, &args).map_err(|suspend| format!("again: {suspend:?}"))?;
    if again.is_change() != (case.get("again") == Some(&Value::Bool(true))) {
        return Err(format!("changed again is {}: {again:?}", again.is_change()));
    }
    Ok(())
}

/// Runs the cases on this machine: `MXPROV_CASES` is the folder, on a lab host.
#[test]
#[ignore = "changes the machine that it runs on: for lab hosts"]
fn cases_hold_on_this_machine() {
    let folder = std::env::var("MXPROV_CASES").expect("MXPROV_CASES is the folder of the cases");
    let only = std::env::var("MXPROV_ONLY").unwrap_or_default();
    let mut failures = Vec::new();
    let mut count = 0;
    for module in super::all() {
        let folder = format!("{folder}/{}", module.short_name());
        if !only.is_empty() && !only.split(',').any(|name| name == module.short_name()) {
            continue;
        }
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry.expect("is an entry").path();
            let text = std::fs::read_to_string(&path).expect("is text");
            let source = Source::new(path.display().to_string(), text);
            let cases = crate::yaml::parse_one(&source).expect("is YAML").to_value();
            for one in cases.as_list().expect("is a list") {
                count += 1;
                if let Err(problem) = case(module.short_name(), one) {
                    let name = one.get("name").and_then(Value::as_str).unwrap_or("?");
                    failures.push(format!("{}: {name}: {problem}", path.display()));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{count} cases, these failed:\n{}", failures.join("\n"));
    assert!(count > 0, "there are no cases");
}

/// What planned actions made is part of the tree, so the second task is as exact as after applying.
#[test]
fn recursion_reaches_what_is_only_planned() {
    let folder = tempfile::tempdir().expect("is made");
    let root = folder.path().join("tree").display().to_string();
    let mut bench = Bench::new(Tree::new([("t/a", "a"), ("t/s/b", "b")]));
    let copy = bench.plan("copy", &args(&format!("{{src: t/, dest: {root}}}"))).expect("is a plan");
    for action in &copy.actions {
        action.predict(&mut bench.world);
    }
    let task = args(&format!("{{path: {root}, state: directory, recurse: true, mode: \"0700\"}}"));
    let planned = bench.plan("file", &task).expect("is a plan");
    let paths: Vec<String> = planned.actions.iter().map(|action| action.diff().subject).collect();
    assert_eq!(paths.len(), 4, "{paths:?}");
    bench.world = World::new();
    bench.apply(&copy).expect("is applied");
    let after = bench.plan("file", &task).expect("is a plan");
    let now: Vec<String> = after.actions.iter().map(|action| action.diff().subject).collect();
    assert_eq!(paths, now);
}

//! What an item of a task ended as: its status, what it registers, what people are shown.

use std::sync::Arc;

use crate::module::Plan;
use crate::playbook::{Setting, Task};
use crate::remote::Output;
use crate::resource::{Diff, Suspend};
use crate::value::{Key, MASK, Map, Str, Value};

use super::evaluate::{ItemPlan, Verdict};
use super::event::Status;
use super::render::Render;
use super::settings::Manner;

/// How one item ended.
#[derive(Debug, Clone)]
pub struct ItemEnd {
    /// For people.
    pub status: Status,
    /// What it registers.
    pub result: Map,
    /// Facts that it sets.
    pub facts: Map,
    /// Variables that it sets.
    pub variables: Map,
    /// What changes.
    pub diffs: Vec<Diff>,
    /// What its actions do.
    pub actions: Vec<String>,
    /// What people should know.
    pub warnings: Vec<String>,
    /// It has something to send, change or not, and that was not sent.
    pub unsent: bool,
}

impl ItemEnd {
    fn new(status: Status) -> Self {
        Self {
            status,
            result: Map::new(),
            facts: Map::new(),
            variables: Map::new(),
            diffs: vec![],
            actions: vec![],
            warnings: vec![],
            unsent: false,
        }
    }

    /// Whether it counts as changed.
    pub fn is_changed(&self) -> bool {
        self.status == Status::Changed
    }

    /// The message, if it failed and nobody said to ignore that.
    pub fn failure(&self) -> Option<&str> {
        match &self.status {
            Status::Failed { message, ignored: false } => Some(message),
            _ => None,
        }
    }

    fn flag(&mut self, name: &str, value: bool) {
        self.result.insert(Key::from(name), Value::Bool(value));
    }
}

/// What an item ended as. `outputs` are those of its actions, none if nothing was sent.
pub fn conclude(
    task: &Task,
    render: &Render<'_>,
    item: &ItemPlan,
    outputs: Option<&[Output]>,
) -> ItemEnd {
    let mut end = match &item.verdict {
        Verdict::Skipped(reason) => {
            let mut end = ItemEnd::new(Status::Skipped { reason: reason.clone() });
            end.flag("skipped", true);
            end.flag("changed", false);
            let reason = Value::data("Conditional result was False");
            end.result.insert(Key::from("skip_reason"), reason);
            end
        }
        Verdict::Unknown(unknown) => {
            let mut end = ItemEnd::new(Status::Unknown { reason: unknown.reason.clone() });
            end.result = pending(&unknown.reason);
            for name in ["changed", "failed", "skipped"] {
                end.result.insert(Key::from(name), Value::Unknown(Arc::clone(unknown)));
            }
            end
        }
        Verdict::Failed(message) => failed(message.clone()),
        Verdict::Flow => ItemEnd::new(Status::Ok),
        Verdict::Plan(plan) => conclude_plan(plan, outputs),
    };
    if let (Some(manner), Some(outputs)) = (&item.manner, outputs) {
        limited(manner, outputs, &mut end);
    }
    if let Some((value, _)) = &item.item {
        let name = item.locals.get("ansible_loop_var").and_then(Value::as_str).unwrap_or("item");
        end.result.insert(Key::from(name), value.clone());
        end.result.insert(Key::from("ansible_loop_var"), Value::data(name));
    }
    let ignored = item.manner.as_ref().is_some_and(|manner| manner.ignore_errors);
    if end.unsent {
        open(task, ignored, &mut end);
    }
    judge(task, render, &mut end, outputs.is_some());
    if let Status::Failed { ignored: flag, .. } = &mut end.status {
        *flag = ignored;
    }
    end
}

/// What only sending tells, beside what the module knows of: how often it was tried, and, where a
/// failure does not end the play, whether it failed.
fn open(task: &Task, ignored: bool, end: &mut ItemEnd) {
    let what = end.actions.first().map_or("it", String::as_str);
    let reason = format!("`{what}` has not run yet");
    if !task.until.is_empty() {
        end.result.insert(Key::from("attempts"), Value::unknown(&reason));
    }
    if ignored && !matches!(end.status, Status::Failed { .. }) {
        end.result.insert(Key::from("failed"), Value::unknown(&reason));
    }
}

/// What `timeout` and `async` leave in the result: whether the time was up.
fn limited(manner: &Manner, outputs: &[Output], end: &mut ItemEnd) {
    if manner.run_async.is_some() {
        end.flag("started", true);
        end.flag("finished", true);
    }
    let late = outputs.iter().find(|output| output.status == LATE);
    let (Some(limit), Some(late)) = (manner.timeout, late) else { return };
    let seconds = limit.as_secs_f64();
    let mut message = format!("it took longer than the {seconds} s that it may");
    if !late.stdout.is_empty() || !late.stderr.is_empty() {
        message.push_str(&format!(": {}", complaint(late)));
    }
    if manner.run_async != Some(limit) {
        let period = Value::map([("period", Value::Float(seconds))]);
        end.result.insert(Key::from("timedout"), period);
    }
    end.flag("failed", true);
    end.flag("changed", false);
    end.result.insert(Key::from("msg"), Value::data(message.as_str()));
    end.status = Status::Failed { message, ignored: false };
}

/// The status of a script that its time limit ended, as timeout(1) has it.
const LATE: i32 = 124;

/// A failed item.
pub fn failed(message: String) -> ItemEnd {
    let mut end = ItemEnd::new(Status::Failed { message: message.clone(), ignored: false });
    end.flag("failed", true);
    end.flag("changed", false);
    end.result.insert(Key::from("msg"), Value::data(message));
    end
}

/// An item that could not reach its host, where that is let pass.
pub fn unreachable(message: String) -> ItemEnd {
    let mut end = ItemEnd::new(Status::Failed { message: message.clone(), ignored: true });
    end.flag("unreachable", true);
    end.flag("changed", false);
    end.result.insert(Key::from("msg"), Value::data(message));
    end
}

/// The differences as far as a task's `diff` lets them be shown: with `false` only what changes.
pub fn shown(diffs: &[Diff], diff: Option<bool>) -> Vec<Diff> {
    match diff {
        Some(false) => diffs.iter().map(|diff| Diff::of(diff.subject.as_str())).collect(),
        _ => diffs.to_vec(),
    }
}

/// The fields that many modules register only after they ran.
fn pending(reason: &str) -> Map {
    const FIELDS: [&str; 14] = [
        "stdout",
        "stderr",
        "stdout_lines",
        "stderr_lines",
        "rc",
        "msg",
        "start",
        "end",
        "delta",
        "content",
        "json",
        "status",
        "stat",
        "results",
    ];
    FIELDS.iter().map(|name| (Key::from(*name), Value::unknown(reason))).collect()
}

fn conclude_plan(plan: &Plan, outputs: Option<&[Output]>) -> ItemEnd {
    if let Some(reason) = &plan.skipped {
        let mut end = ItemEnd::new(Status::Skipped { reason: reason.clone() });
        end.result = plan.result.clone();
        end.flag("skipped", true);
        end.flag("changed", false);
        return end;
    }
    let mut changed = plan.is_change();
    let mut message = None;
    let mut result = Map::new();
    match (outputs, &plan.finish) {
        (Some(outputs), Some(finish)) => {
            let outcome = finish(outputs);
            result = outcome.result;
            changed = outcome.changed.unwrap_or(changed);
            // A script that failed has failed, whatever could be read out of its output.
            message = outcome.failed.or_else(|| first_complaint(plan, outputs));
        }
        (Some(outputs), None) => message = first_complaint(plan, outputs),
        (None, Some(_)) if !plan.actions.is_empty() => {
            let what = plan.actions.first().map(|action| action.summary()).unwrap_or_default();
            result = pending(&format!("`{what}` has not run yet"));
        }
        (None, _) => {}
    }
    let message = message.or_else(|| plan.failed.clone());
    let status = match &message {
        Some(message) => Status::Failed { message: message.clone(), ignored: false },
        None if changed => Status::Changed,
        None => Status::Ok,
    };
    let mut end = ItemEnd::new(status);
    end.result = result;
    for (name, value) in &plan.result {
        end.result.entry(name.clone()).or_insert_with(|| value.clone());
    }
    if outputs.is_none() {
        end.result.extend(plan.result.clone());
    }
    end.flag("changed", changed);
    end.flag("failed", message.is_some());
    if let Some(message) = message {
        end.result.entry(Key::from("msg")).or_insert_with(|| Value::data(message));
    }
    end.facts = plan.facts.clone();
    end.variables = plan.variables.clone();
    end.diffs = plan.actions.iter().map(|action| action.diff()).collect();
    end.actions = plan.actions.iter().map(|action| action.summary()).collect();
    end.warnings.clone_from(&plan.warnings);
    end.unsent = outputs.is_none() && !plan.actions.is_empty();
    end
}

/// Why the first action that failed did so.
fn first_complaint(plan: &Plan, outputs: &[Output]) -> Option<String> {
    let failed =
        plan.actions.iter().zip(outputs).find(|(action, output)| !action.succeeded(output));
    let (action, output) = match failed {
        Some(failed) => failed,
        None if outputs.len() < plan.actions.len() => {
            let missing = &plan.actions[outputs.len()];
            return Some(format!("{} was not carried out", missing.summary()));
        }
        None => return None,
    };
    Some(format!("{}: {}", action.summary(), complaint(output)))
}

/// What a failed script said: the end of its complaints, or of its output.
pub fn complaint(output: &Output) -> String {
    let tail = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    };
    let said = match tail(&output.stderr) {
        said if said.is_empty() => tail(&output.stdout),
        said => said,
    };
    if output.status == LATE && said.is_empty() {
        return "it took longer than it may".into();
    }
    if said.is_empty() { format!("it ended with status {}", output.status) } else { said }
}

/// `failed_when` and `changed_when`, which see the result under its registered name.
fn judge(task: &Task, render: &Render<'_>, end: &mut ItemEnd, sent: bool) {
    if matches!(end.status, Status::Skipped { .. } | Status::Unknown { .. }) {
        return;
    }
    let all = |conditions: &[Setting], end: &ItemEnd| {
        let render = with_result(task, render, &end.result);
        render.first_false(&conditions.iter().collect::<Vec<_>>()).map(|reason| reason.is_none())
    };
    if let Some(conditions) = &task.failed_when {
        match all(conditions, end) {
            Ok(true) => {
                let said = match &end.status {
                    Status::Failed { message, .. } => message.clone(),
                    _ => "`failed_when` holds".to_string(),
                };
                end.flag("failed", true);
                end.status = Status::Failed { message: said, ignored: false };
            }
            Ok(false) => {
                end.flag("failed", false);
                if matches!(end.status, Status::Failed { .. }) {
                    let changed = end.result.get("changed") == Some(&Value::Bool(true));
                    end.status = if changed { Status::Changed } else { Status::Ok };
                }
            }
            Err(Suspend::Unknown(_)) if !sent => {}
            Err(suspend) => *end = failed(words_of(&suspend)),
        }
    }
    if matches!(end.status, Status::Failed { .. }) {
        return;
    }
    if let Some(conditions) = &task.changed_when {
        match all(conditions, end) {
            Ok(changed) => {
                end.flag("changed", changed);
                end.status = if changed { Status::Changed } else { Status::Ok };
            }
            Err(Suspend::Unknown(unknown)) if !sent => {
                end.status = Status::Unknown { reason: unknown.reason.clone() };
                end.result.insert(Key::from("changed"), Value::Unknown(unknown));
            }
            Err(suspend) => *end = failed(words_of(&suspend)),
        }
    }
}

/// Why planning stopped, in words.
pub fn words_of(suspend: &Suspend) -> String {
    match suspend {
        Suspend::Failed(message) => message.clone(),
        Suspend::Unknown(unknown) => unknown.to_string(),
        Suspend::Needs(queries) => format!("{queries:?} is not known"),
    }
}

/// A renderer that sees a result under the task's registered name, and its fields as Ansible does.
pub fn with_result<'a>(task: &Task, render: &Render<'a>, result: &Map) -> Render<'a> {
    let mut locals = Map::new();
    let result = Value::Map(Arc::new(result.clone()));
    if let Some(register) = &task.register {
        locals.insert(Key::from(register.name.as_str()), result);
    }
    render.with_locals(&Arc::new(locals))
}

/// Whether `until` holds for this result.
pub fn until_holds(task: &Task, render: &Render<'_>, end: &ItemEnd) -> Result<bool, Suspend> {
    let render = with_result(task, render, &end.result);
    let conditions: Vec<&Setting> = task.until.iter().collect();
    render.first_false(&conditions).map(|reason| reason.is_none())
}

/// What a loop registers: the results of its items, and what they come to together.
pub fn joined(ends: &[ItemEnd], looped: bool) -> Map {
    if !looped {
        return ends.first().map(|end| end.result.clone()).unwrap_or_default();
    }
    let any = |name: &str| {
        let mut unknown = None;
        for end in ends {
            match end.result.get(name) {
                Some(Value::Bool(true)) => return Value::Bool(true),
                Some(Value::Unknown(reason)) => unknown = Some(Value::Unknown(Arc::clone(reason))),
                _ => {}
            }
        }
        unknown.unwrap_or(Value::Bool(false))
    };
    let skipped =
        !ends.is_empty() && ends.iter().all(|end| matches!(end.status, Status::Skipped { .. }));
    let mut map = Map::new();
    map.insert(Key::from("changed"), any("changed"));
    map.insert(Key::from("failed"), any("failed"));
    map.insert(Key::from("skipped"), Value::Bool(skipped));
    let message = match (any("failed"), skipped) {
        (Value::Bool(true), _) => "One or more items failed",
        (_, true) => "All items skipped",
        _ => "All items completed",
    };
    map.insert(Key::from("msg"), Value::data(message));
    let results = ends.iter().map(|end| Value::Map(Arc::new(end.result.clone())));
    map.insert(Key::from("results"), Value::list(results));
    map
}

/// The ends of a task's items, and how long it took to send them.
pub struct Ended {
    /// One for each item.
    pub ends: Vec<ItemEnd>,
    /// From the first byte sent to the last answer; zero where nothing was sent.
    pub took: std::time::Duration,
}

impl Ended {
    /// Items for which nothing was sent.
    pub fn at_once(ends: Vec<ItemEnd>) -> Self {
        Self { ends, took: std::time::Duration::ZERO }
    }
}

/// What the items of a task come to together.
pub fn overall(ends: &[ItemEnd]) -> Status {
    let first = |wanted: fn(&Status) -> bool| {
        ends.iter().map(|end| &end.status).find(|status| wanted(status))
    };
    first(|status| matches!(status, Status::Failed { ignored: false, .. }))
        .or_else(|| first(|status| matches!(status, Status::Failed { .. })))
        .or_else(|| first(|status| *status == Status::Changed))
        .or_else(|| first(|status| matches!(status, Status::Unknown { .. })))
        .or_else(|| first(|status| *status == Status::Ok))
        .or_else(|| first(|status| matches!(status, Status::Skipped { .. })))
        .cloned()
        .unwrap_or(Status::Ok)
}

/// The result with what `no_log` hides taken out.
pub fn censored() -> Value {
    Value::map([("censored", Value::Str(Str::data(MASK)))])
}

//! Reads what mxprov printed: the plan, what was applied, the counts; and compares them.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// One change of a task, or of one item of its loop.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// `role : task (item)`
    pub title: String,
    /// The plan could not say what it will be.
    pub is_unknown: bool,
    /// The difference, line by line.
    pub diff: Vec<String>,
}

/// A host's line of the recap.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    pub changed: usize,
    pub failed: usize,
    pub unknown: usize,
}

impl Counts {
    pub fn of(out: &str, host: &str) -> Result<Self> {
        let line = out
            .lines()
            .find(|line| line.split(" : ").next().map(str::trim) == Some(host))
            .with_context(|| format!("no recap of `{host}` in:\n{out}"))?;
        let number = |name: &str| {
            let word = line.split_whitespace().find_map(|word| word.strip_prefix(name));
            word.map_or(Ok(0), |word| word.parse().with_context(|| line.to_owned()))
        };
        Ok(Self {
            changed: number("changed=")?,
            failed: number("failed=")? + number("unreachable=")?,
            unknown: number("known-after-apply=")?,
        })
    }
}

/// The changes that the plan of one host shows.
pub fn planned(out: &str, host: &str) -> Result<Vec<Change>> {
    let mut changes: Vec<Change> = Vec::new();
    let mut title = String::new();
    for line in plan_of(out)?.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("    ") {
            None => {
                title = title_of(line, host).with_context(|| format!("no head: `{line}`"))?;
                changes.push(Change { title: title.clone(), ..Change::default() });
            }
            Some(body) => {
                let last = changes.last_mut().context("a body without a head")?;
                if let Some(item) = body.strip_prefix("item: ") {
                    let named = Change { title: format!("{title} ({item})"), ..Change::default() };
                    // The first item stands right below the head.
                    if last.title == title {
                        *last = named;
                    } else {
                        changes.push(named);
                    }
                } else if body.starts_with("known after apply: ") {
                    last.is_unknown = true;
                } else if let Some(diff) = body.strip_prefix("  ") {
                    last.diff.push(diff.to_owned());
                }
            }
        }
    }
    ensure!(!changes.is_empty(), "the plan is empty:\n{out}");
    Ok(changes)
}

/// The changes that an apply with `--diff` on one host has made.
pub fn applied(out: &str, host: &str) -> Result<Vec<Change>> {
    let after = &out[plan_of(out)?.len()..];
    let mut changes: Vec<Change> = Vec::new();
    let begin = format!("{host}: changed ");
    for line in after.lines() {
        if let Some(title) = line.strip_prefix(&begin) {
            let title = without_time(title).to_owned();
            changes.push(Change { title, ..Change::default() });
        } else if let (Some(last), Some(diff)) = (changes.last_mut(), line.strip_prefix("    ")) {
            last.diff.push(diff.to_owned());
        }
    }
    Ok(changes)
}

/// What was done and not planned so, and what was planned and not done.
pub fn differences(planned: &[Change], done: &[Change]) -> Vec<String> {
    let mut complaints = Vec::new();
    for change in done {
        match planned.iter().find(|plan| covers(plan, change)) {
            None => complaints.push(format!("not planned: {change:#?}")),
            Some(plan) if !plan.is_unknown && !same(&plan.diff, &change.diff) => {
                complaints.push(format!("planned as {plan:#?}, done as {change:#?}"));
            }
            Some(_) => {}
        }
    }
    let is_missing =
        |plan: &&Change| !plan.is_unknown && !done.iter().any(|done| done.title == plan.title);
    complaints.extend(planned.iter().filter(is_missing).map(|plan| format!("not done: {plan:#?}")));
    complaints
}

/// Whether a planned change stands for one that was made: the same task and item, or a task whose
/// items were not known.
fn covers(plan: &Change, done: &Change) -> bool {
    let items = format!("{} (", plan.title);
    plan.title == done.title || plan.is_unknown && done.title.starts_with(&items)
}

/// Where a plan says that dependencies are known after apply, more packages may come.
fn same(planned: &[String], done: &[String]) -> bool {
    let is_open = |line: &String| line == "what they depend on: known after apply";
    if !planned.iter().any(is_open) {
        return planned.len() == done.len()
            && planned.iter().zip(done).all(|(left, right)| agree(left, right));
    }
    let mut planned = planned.iter().filter(|line| !is_open(line));
    planned.all(|plan| done.iter().any(|done| agree(plan, done)))
}

/// Two things are told more exactly by applying: how old the package lists are by then, and which
/// version of a package is the newest once they are new.
fn agree(planned: &str, done: &str) -> bool {
    let age = |line: &str| line.starts_with("age: ") && line.ends_with(" → new");
    if planned == done || age(planned) && age(done) {
        return true;
    }
    let (Some((name, wanted)), Some((other, version))) =
        (planned.split_once(": "), done.split_once(": "))
    else {
        return false;
    };
    let is_enough = match wanted.strip_suffix(" or newer") {
        Some(least) => is_at_least(version, least),
        None => wanted == "the newest",
    };
    name == other && is_enough
}

/// As dpkg compares versions.
fn is_at_least(version: &str, least: &str) -> bool {
    let compared = Command::new("dpkg").args(["--compare-versions", version, "ge", least]).status();
    compared.is_ok_and(|status| status.success())
}

/// The output up to the plan's last line, that one included.
fn plan_of(out: &str) -> Result<&str> {
    let mut end = 0;
    for line in out.split_inclusive('\n') {
        end += line.len();
        let is_last = line.contains(" to change, ") && line.contains(" unchanged on ");
        if is_last && !line.starts_with(' ') {
            let plan = out[..end - line.len()].trim_end_matches('\n');
            // The summary is no block: what is parsed ends before it.
            return Ok(plan);
        }
    }
    anyhow::bail!("there is no plan with changes in:\n{out}")
}

/// `~ role : task (handler) [module] host`
fn title_of(line: &str, host: &str) -> Option<String> {
    let line = line.strip_prefix("~ ").or_else(|| line.strip_prefix("? "))?;
    let (title, _module) = line.strip_suffix(host)?.rsplit_once(" [")?;
    Some(title.strip_suffix(" (handler)").unwrap_or(title).to_owned())
}

/// Without the seconds that it took, where they are told.
fn without_time(title: &str) -> &str {
    let Some((rest, time)) = title.rsplit_once(' ') else { return title };
    let number = time.strip_suffix('s').unwrap_or_default();
    if number.parse::<f64>().is_ok() { rest } else { title }
}

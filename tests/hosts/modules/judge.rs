//! Whether what came out is what the case expects.

use anyhow::{Context as _, Result, bail, ensure};
use mxprov::engine::{Phase, Status, TaskEvent};
use mxprov::resource::Diff;
use serde_json::Value as Json;

use super::case::{Case, Expect};
use super::stage::Said;

/// Judges the plan. True if the case ends there, as expected: it fails.
pub fn plan(case: &Case, said: &Said) -> Result<bool> {
    let expect = &case.expect;
    if let Some(refused) = &said.refused {
        return complaint(expect, refused).map(|()| true);
    }
    let end = end(said, Phase::Plan)?;
    match (&end.status, expect) {
        (Status::Failed { message, .. }, _) => return complaint(expect, message).map(|()| true),
        // Only applying shows that it fails.
        (_, Expect { failed: Some(_), .. }) => return Ok(false),
        (Status::Unknown { reason }, Expect { unknown: Some(part), .. })
        | (Status::Skipped { reason }, Expect { skipped: Some(part), .. }) => {
            ensure!(reason.contains(part), "the reason is `{reason}`");
        }
        (Status::Changed, Expect { changed: Some(true), .. })
        | (Status::Ok, Expect { changed: Some(false), .. }) => {}
        (other, _) => bail!("the plan says {other:?}: {:?}", end.actions),
    }
    let shown = shown(&end.diffs);
    for part in &expect.diff {
        ensure!(shown.contains(part), "the diff does not hold `{part}`: {shown}");
    }
    if let Some(part) = &expect.warning {
        ensure!(said.warnings.iter().any(|warning| warning.contains(part)), "no such warning");
    }
    Ok(false)
}

/// Judges what was applied, or what the plan registered where there was nothing to apply.
pub fn apply(case: &Case, said: &Said) -> Result<()> {
    let expect = &case.expect;
    let end = end(said, Phase::Apply).or_else(|_| end(said, Phase::Plan))?;
    match (&end.status, expect) {
        (Status::Failed { message, .. }, _) => return complaint(expect, message),
        (other, Expect { failed: Some(_), .. }) => bail!("it did not fail: {other:?}"),
        (_, Expect { unknown: Some(_), .. })
        | (Status::Skipped { .. }, Expect { skipped: Some(_), .. })
        | (Status::Changed, Expect { changed: Some(true), .. })
        | (Status::Ok, Expect { changed: Some(false), .. }) => {}
        (other, _) => bail!("after applying it is {other:?}"),
    }
    if let Some(wanted) = &expect.result {
        let result = end.result.as_ref().context("nothing was registered")?.to_json();
        subset(wanted, &result, "result").with_context(|| result.to_string())?;
    }
    Ok(())
}

/// Judges the check that follows.
pub fn again(case: &Case, said: &Said) -> Result<()> {
    if let Some(refused) = &said.refused {
        bail!("again: {refused}");
    }
    let end = end(said, Phase::Plan).context("again")?;
    match (&end.status, case.again) {
        (Status::Ok | Status::Skipped { .. }, false)
        | (Status::Changed | Status::Unknown { .. }, true) => Ok(()),
        (other, _) => bail!("again it is {other:?}: {}", shown(&end.diffs)),
    }
}

fn end(said: &Said, phase: Phase) -> Result<&TaskEvent> {
    if let Some(message) = &said.unreachable {
        bail!("the host is not reached: {message}");
    }
    let failed = said.tasks.iter().find(|task| {
        &*task.title != Case::TASK && matches!(task.status, Status::Failed { ignored: false, .. })
    });
    if let Some(failed) = failed {
        bail!("an earlier task: {:?}", failed.status);
    }
    said.end(Case::TASK, phase).with_context(|| format!("the task has no end in {phase:?}"))
}

fn complaint(expect: &Expect, message: &str) -> Result<()> {
    match &expect.failed {
        Some(part) if message.contains(part.as_str()) => Ok(()),
        Some(_) => bail!("it fails with another message: {message}"),
        None => bail!("it fails: {message}"),
    }
}

/// The differences as a reader sees them, roughly.
fn shown(diffs: &[Diff]) -> String {
    let mut lines = Vec::new();
    for diff in diffs {
        for change in &diff.changes {
            lines.push(format!(
                "{}: {}: {} → {}",
                diff.subject, change.field, change.before, change.after
            ));
        }
        if let Some(text) = &diff.text {
            lines.push(diff.subject.clone());
            lines.extend(text.before.iter().map(|text| format!("-{text}")));
            lines.extend(text.after.iter().map(|text| format!("+{text}")));
            lines.extend(text.omitted.clone());
        }
    }
    lines.join("\n")
}

/// Whether all that is wanted is there: mappings may have more, lists may not.
fn subset(wanted: &Json, found: &Json, at: &str) -> Result<()> {
    match (wanted, found) {
        (Json::Object(wanted), Json::Object(found)) => {
            for (name, value) in wanted {
                let at = format!("{at}.{name}");
                let found = found.get(name).with_context(|| format!("`{at}` is missing"))?;
                subset(value, found, &at)?;
            }
        }
        (Json::Array(wanted), Json::Array(found)) => {
            ensure!(wanted.len() == found.len(), "`{at}` has {} items", found.len());
            for (index, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                subset(wanted, found, &format!("{at}[{index}]"))?;
            }
        }
        _ => ensure!(wanted == found, "`{at}` is {found}, not {wanted}"),
    }
    Ok(())
}

//! An event as JSON for machines. Whatever came from people or hosts is masked.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::diagnostic::Diagnostic;
use crate::engine::{Counts, Event, Outcome, Phase, Recap, Status, TaskEvent};
use crate::resource::{Diff, Text};
use crate::value::{Redactor, Value};

use super::diff;
use super::style::Style;

/// The event's name under `event`, and its fields beside it.
pub fn of(event: &Event, redactor: &Redactor) -> Map<String, Json> {
    let masks = Masks(redactor);
    object(match event {
        Event::RunStarted { playbooks, check, who } => {
            json!({"event": "run_started", "playbooks": playbooks, "check": check, "who": who})
        }
        Event::PhaseStarted { phase, hosts } => {
            json!({"event": "phase_started", "phase": name(*phase), "hosts": hosts_of(hosts)})
        }
        Event::PlayStarted { phase, play, hosts } => json!({
            "event": "play_started", "phase": name(*phase), "play": masks.text(play),
            "hosts": hosts_of(hosts),
        }),
        Event::PlaySkipped { play } => json!({"event": "play_skipped", "play": masks.text(play)}),
        Event::TaskStarted { phase, host, title } => {
            with(on("task_started", *phase, host), "task", masks.text(title))
        }
        Event::Asked { host, questions } => {
            json!({"event": "asked", "host": &**host, "questions": questions})
        }
        Event::Sent { host, actions } => {
            json!({"event": "sent", "host": &**host, "actions": masks.texts(actions)})
        }
        Event::Task(task) => masks.task(task),
        Event::Settled { phase, host, outcome, unsent } => {
            let settled = said(on("settled", *phase, host), *outcome);
            with(settled, "unsent", *unsent)
        }
        Event::Notified { host, handler } => {
            json!({"event": "notified", "host": &**host, "handler": masks.text(handler)})
        }
        Event::Unreachable { phase, host, message } => {
            with(on("unreachable", *phase, host), "message", masks.text(message))
        }
        Event::HostFailed { phase, host } => on("host_failed", *phase, host),
        Event::HostDone { phase, host } => on("host_done", *phase, host),
        Event::AccessProven { host, took } => {
            json!({"event": "access_proven", "host": &**host, "seconds": took.as_secs_f64()})
        }
        Event::Warning { host, warning } => masks.warning(host.as_deref(), warning),
        Event::PhaseDone { phase } => json!({"event": "phase_done", "phase": name(*phase)}),
        Event::Decided { hosts, approved } => {
            json!({"event": "decided", "approved": approved, "hosts": hosts_of(hosts)})
        }
        Event::RunDone { recap } => ended(recap),
        Event::RunStopped { reason } => {
            json!({"event": "run_stopped", "reason": masks.text(reason)})
        }
    })
}

fn object(fields: Json) -> Map<String, Json> {
    match fields {
        Json::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Plan => "plan",
        Phase::Apply => "apply",
    }
}

fn hosts_of(hosts: &[Arc<str>]) -> Vec<&str> {
    hosts.iter().map(|host| &**host).collect()
}

fn on(event: &str, phase: Phase, host: &str) -> Json {
    json!({"event": event, "phase": name(phase), "host": host})
}

fn with(mut fields: Json, name: &str, value: impl Into<Json>) -> Json {
    fields[name] = value.into();
    fields
}

fn said(fields: Json, outcome: Outcome) -> Json {
    let status = match outcome {
        Outcome::Ok => "ok",
        Outcome::Changed => "changed",
        Outcome::Skipped => "skipped",
        Outcome::Unknown => "known_after_apply",
        Outcome::Failed | Outcome::Ignored => "failed",
    };
    let fields = with(fields, "status", status);
    match outcome {
        Outcome::Failed | Outcome::Ignored => with(fields, "ignored", outcome == Outcome::Ignored),
        _ => fields,
    }
}

/// The recap of the run.
fn ended(recap: &Recap) -> Json {
    let hosts: Map<String, Json> =
        recap.counts.iter().map(|(host, counts)| (host.to_string(), counted(counts))).collect();
    json!({
        "event": "run_done", "applied": recap.applied, "pending": recap.pending,
        "interrupted": recap.interrupted, "stopped": recap.stopped, "hosts": hosts,
    })
}

fn counted(counts: &Counts) -> Json {
    json!({
        "ok": counts.ok, "changed": counts.changed, "unreachable": counts.unreachable,
        "failed": counts.failed, "skipped": counts.skipped, "rescued": counts.rescued,
        "ignored": counts.ignored, "known_after_apply": counts.unknown,
    })
}

/// Masks what is known to be secret. Names of our own are left as they are: a secret that reads
/// like one must not break the format.
struct Masks<'a>(&'a Redactor);

impl Masks<'_> {
    fn text(&self, text: &str) -> Json {
        self.0.mask(text).into()
    }

    fn texts<S: AsRef<str>>(&self, texts: &[S]) -> Json {
        texts.iter().map(|text| self.text(text.as_ref())).collect()
    }

    fn value(&self, value: &Value) -> Json {
        self.json(value.to_masked_json())
    }

    fn json(&self, json: Json) -> Json {
        match json {
            Json::String(text) => self.text(&text),
            Json::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Json::Object(fields) => {
                let masked = fields.into_iter();
                masked.map(|(name, value)| (self.0.mask(&name), self.json(value))).collect()
            }
            other => other,
        }
    }

    fn status(&self, fields: Json, status: &Status) -> Json {
        let fields = said(fields, status.outcome());
        match status {
            Status::Ok | Status::Changed => fields,
            Status::Skipped { reason } | Status::Unknown { reason } => {
                with(fields, "reason", self.text(reason))
            }
            Status::Failed { message, .. } => with(fields, "message", self.text(message)),
        }
    }

    fn task(&self, task: &TaskEvent) -> Json {
        let mut fields = on("task", task.phase, &task.host);
        if let Some(delegate) = &task.delegate {
            fields["delegate"] = (&**delegate).into();
        }
        fields["play"] = self.text(&task.play);
        fields["task"] = self.text(&task.title);
        fields["module"] = (&*task.module).into();
        fields["place"] = task.span.to_string().into();
        fields["handler"] = task.handler.into();
        fields["owed"] = task.owed.into();
        if let Some(item) = &task.item {
            fields["item"] = self.text(item);
        }
        fields = self.status(fields, &task.status);
        fields["hidden"] = task.hidden.into();
        fields["actions"] = self.texts(&task.actions);
        fields["diffs"] = task.diffs.iter().map(|diff| self.diff(diff)).collect();
        fields["assumptions"] = self.texts(&task.assumptions);
        fields["result"] = task.result.as_ref().map_or(Json::Null, |result| self.value(result));
        fields["seconds"] = task.took.as_secs_f64().into();
        fields
    }

    fn diff(&self, change: &Diff) -> Json {
        let properties = change.changes.iter().map(|change| {
            json!({
                "field": change.field,
                "before": self.text(&change.before),
                "after": self.text(&change.after),
            })
        });
        let changes: Vec<Json> = properties.collect();
        let fields = json!({"subject": self.text(&change.subject), "changes": changes});
        match &change.text {
            None => fields,
            Some(Text { omitted: Some(reason), .. }) => with(fields, "omitted", self.text(reason)),
            Some(text) => {
                let lines = diff::text_lines(text, Style { colour: false }, self.0);
                with(fields, "lines", lines)
            }
        }
    }

    fn warning(&self, host: Option<&str>, warning: &Diagnostic) -> Json {
        let place = warning.span.as_ref().map(ToString::to_string);
        json!({
            "event": "warning", "host": host, "message": self.text(&warning.message),
            "place": place, "hints": self.texts(&warning.hints),
        })
    }
}

//! The events of a run as JSON, one line each: the journal, and `--output json`. docs/journal.md
//! describes the format.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{Timestamp, Unit};

use crate::engine::{Event, Sink};
use crate::value::Redactor;

use super::fields;

/// The version of the format: it grows when a field goes or changes its meaning.
const VERSION: u32 = 1;

/// Tells the time.
pub type Clock = fn() -> Timestamp;

/// Writes one line for each event, whole and at once, so that a run that is cut off leaves all lines
/// up to there.
pub struct JsonLines {
    redactor: Redactor,
    clock: Clock,
    out: Mutex<Out>,
}

struct Out {
    to: Box<dyn Write + Send>,
    failure: Option<std::io::Error>,
}

impl JsonLines {
    /// Lines to this stream.
    pub fn new(to: Box<dyn Write + Send>, redactor: Redactor, clock: Clock) -> Self {
        Self { redactor, clock, out: Mutex::new(Out { to, failure: None }) }
    }

    /// Why the lines are not complete, if a write failed. Nothing is written after that.
    pub fn failure(&self) -> Option<String> {
        self.out().failure.as_ref().map(ToString::to_string)
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, event: &Event) -> String {
        let now = (self.clock)();
        // What cannot be rounded is told as it is.
        let now = now.round(Unit::Millisecond).unwrap_or(now);
        let mut line = serde_json::Map::new();
        line.insert("version".into(), VERSION.into());
        line.insert("time".into(), now.to_string().into());
        line.extend(fields::of(event, &self.redactor));
        format!("{}\n", serde_json::Value::from(line))
    }
}

impl Sink for JsonLines {
    fn event(&self, event: Event) {
        let line = self.line(&event);
        let mut out = self.out();
        if out.failure.is_none() {
            let written = out.to.write_all(line.as_bytes()).and_then(|()| out.to.flush());
            out.failure = written.err();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::diagnostic::{Source, Span};
    use crate::engine::{Phase, Status, TaskEvent};
    use crate::resource::Diff;
    use crate::value::Value;

    /// What was written, and where writing fails.
    #[derive(Clone, Default)]
    struct Paper {
        text: Arc<Mutex<Vec<u8>>>,
        full_at: Option<usize>,
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let mut text = self.text.lock().expect("no panic");
            if self.full_at.is_some_and(|most| text.len() + bytes.len() > most) {
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            text.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(events: Vec<Event>, redactor: &Redactor, paper: &Paper) -> (Vec<Json>, JsonLines) {
        let clock = || Timestamp::from_millisecond(1_767_323_045_678).expect("a time");
        let lines = JsonLines::new(Box::new(paper.clone()), redactor.clone(), clock);
        for event in events {
            lines.event(event);
        }
        let text = paper.text.lock().expect("no panic").clone();
        let text = String::from_utf8(text).expect("UTF-8");
        let read = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        (read, lines)
    }

    fn task(result: Value, diff: Diff) -> Event {
        let source = Source::new("site.yml", "- hosts: all\n");
        Event::Task(Box::new(TaskEvent {
            phase: Phase::Apply,
            host: "web1".into(),
            delegate: None,
            play: "all".into(),
            title: "write hush-hush".into(),
            module: "copy".into(),
            span: Span::new(&source, 2, 5),
            handler: false,
            owed: false,
            item: None,
            status: Status::Failed { message: "hush-hush is taken".into(), ignored: false },
            diffs: vec![diff],
            diff: None,
            actions: vec!["create /etc/x".into()],
            assumptions: vec![],
            result: Some(result),
            hidden: false,
            took: std::time::Duration::from_millis(1500),
        }))
    }

    #[test]
    fn a_line_tells_version_time_event_and_facts() {
        let (lines, _) = written(
            vec![Event::Asked { host: "web1".into(), questions: 3 }],
            &Redactor::new(),
            &Paper::default(),
        );
        let expected = json!({
            "version": 1, "time": "2026-01-02T03:04:05.678Z", "event": "asked", "host": "web1",
            "questions": 3,
        });
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand_and_break_nothing() {
        let redactor = Redactor::new();
        redactor.learn("hush-hush");
        // A secret that reads like one of our own names.
        redactor.learn("status");
        let result = Value::map([("hush-hush", Value::data("x hush-hush\ny"))]);
        let diff = Diff::of("file /etc/hush-hush")
            .change("mode", "hush-hush", "0644")
            .text(Some(b"a\nhush-hush\n"), Some(b"b\nhush-hush\n"));
        let (lines, _) = written(vec![task(result, diff)], &redactor, &Paper::default());
        assert!(!lines[0].to_string().contains("hush-hush"), "{}", lines[0]);
        assert_eq!(lines[0]["status"], "failed");
        assert_eq!(lines[0]["place"], "site.yml:1:3");
        assert_eq!(lines[0]["diffs"][0]["lines"][1], "-a");
        assert_eq!(lines[0]["diffs"][0]["lines"][3], " ••••••");
    }

    #[test]
    fn a_write_that_fails_is_told_and_the_lines_before_stay_whole() {
        let asked = |questions| Event::Asked { host: "web1".into(), questions };
        let paper = Paper { full_at: Some(150), ..Paper::default() };
        let events = vec![asked(1), asked(2), asked(3)];
        let (lines, writer) = written(events, &Redactor::new(), &paper);
        assert_eq!(lines.len(), 1);
        assert!(writer.failure().is_some());
    }

    #[test]
    fn the_page_names_every_event_and_field() {
        const PAGE: &str = include_str!("../../docs/journal.md");
        let host = || Arc::<str>::from("web1");
        let warning = crate::diagnostic::Diagnostic::new("mind the gap");
        let (phase, outcome) = (Phase::Plan, crate::engine::Outcome::Ignored);
        let recap = crate::engine::Recap {
            counts: [(host(), crate::engine::Counts::default())].into(),
            applied: true,
            pending: false,
            interrupted: false,
            stopped: false,
        };
        let diff = Diff::of("file /x").text(Some(b"a\n"), Some(b"b\n"));
        let events = vec![
            Event::RunStarted { playbooks: vec![], check: true, who: "me".into() },
            Event::PhaseStarted { phase, hosts: vec![host()] },
            Event::PlayStarted { phase, play: "all".into(), hosts: vec![host()] },
            Event::PlaySkipped { play: "all".into() },
            Event::TaskStarted { phase, host: host(), title: "task".into() },
            Event::Asked { host: host(), questions: 1 },
            Event::Sent { host: host(), actions: vec![] },
            task(Value::Null, diff),
            Event::Settled { phase, host: host(), outcome, unsent: false },
            Event::Notified { host: host(), handler: "restart".into() },
            Event::Unreachable { phase, host: host(), message: "gone".into() },
            Event::HostFailed { phase, host: host() },
            Event::HostDone { phase, host: host() },
            Event::AccessProven { host: host(), took: std::time::Duration::ZERO },
            Event::Warning { host: None, warning },
            Event::PhaseDone { phase },
            Event::Decided { hosts: vec![host()], approved: true },
            Event::RunDone { recap },
            Event::RunStopped { reason: "no".into() },
        ];
        let (lines, _) = written(events, &Redactor::new(), &Paper::default());
        let names = lines.iter().filter_map(|line| line["event"].as_str());
        let fields = lines.iter().filter_map(Json::as_object).flat_map(|line| line.keys());
        let missing = names.chain(fields.map(String::as_str));
        let missing: Vec<&str> =
            missing.filter(|name| !PAGE.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "not in docs/journal.md: {missing:?}");
    }
}

//! The end of a run: what happened to whom.

use std::fmt::Write as _;
use std::path::Path;

use crate::engine::Recap;

use super::style::Style;

/// More hosts than this are not named in what to do next.
const MOST: usize = 20;

/// One line for each host in Ansible's columns, what to do next, and where the journal lies.
pub fn text(recap: &Recap, journal: Option<&Path>, style: Style) -> String {
    let mut text = columns(recap, style);
    if let Some(next) = next(recap) {
        let _ = writeln!(text, "next: {next}");
    }
    if let Some(path) = journal {
        let _ = writeln!(text, "journal: {}", path.display());
    }
    text
}

/// What to do after a run that did not go well.
fn next(recap: &Recap) -> Option<String> {
    let lost = recap.lost();
    if recap.interrupted {
        return Some("run again: what is done already stays as it is".into());
    }
    if lost.is_empty() {
        return None;
    }
    let failed = recap.any_failed();
    let mend = if failed { "mend what failed" } else { "see with `mxprov ping` why" };
    // Hosts that the failure kept from their end did not fail themselves.
    if recap.stopped || lost.len() > MOST {
        return Some(format!("{mend}, then run again"));
    }
    Some(format!("{mend}, then run again with `--limit {}`", lost.join(",")))
}

fn columns(recap: &Recap, style: Style) -> String {
    let width = recap.counts.keys().map(|host| host.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (host, counts) in &recap.counts {
        let name = format!("{host:width$}");
        let name = if counts.failed > 0 || counts.unreachable {
            style.bad(&name)
        } else if counts.changed > 0 {
            style.change(&name)
        } else {
            style.good(&name)
        };
        let unknown = match counts.unknown {
            0 => String::new(),
            number => format!(" known-after-apply={number}"),
        };
        let _ = writeln!(
            text,
            "{name} : ok={} changed={} unreachable={} failed={} skipped={} rescued={} ignored={}{unknown}",
            counts.ok,
            counts.changed,
            u8::from(counts.unreachable),
            counts.failed,
            counts.skipped,
            counts.rescued,
            counts.ignored,
        );
    }
    text
}

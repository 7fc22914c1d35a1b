//! The end of a run: what happened to whom.

use std::fmt::Write as _;

use crate::engine::Recap;

use super::style::Style;

/// One line for each host in Ansible's columns.
pub fn text(recap: &Recap, style: Style) -> String {
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

//! One line of the table: what a record should be, what it is, and what to do about it.

use crate::diagnostic::plural;
use crate::value::Value;

use super::finding::{Finding, Severities, Severity};
use super::view::Resolved;

/// Longer cells are cut in the table; `records` has them whole.
const WIDEST: usize = 60;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The name.
    pub name: String,
    /// The type: `A`, `AAAA`, `CAA`, `SRV`, `TXT`.
    pub kind: &'static str,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
    /// What is wrong, and what to do.
    pub findings: Vec<(Finding, Severity, String)>,
}

impl Row {
    /// A row without findings.
    pub fn new(name: &str, kind: &'static str, expected: &str, found: String) -> Self {
        let (name, expected) = (name.to_string(), expected.to_string());
        Self { name, kind, expected, found, findings: vec![] }
    }

    /// Something is wrong, unless the playbook says that it does not matter.
    pub fn note(&mut self, severities: &Severities, finding: Finding, advice: String) {
        self.note_at(severities.of(finding), finding, advice);
    }

    /// Something is not as it should be, and no more than a warning.
    pub fn hint(&mut self, severities: &Severities, finding: Finding, advice: String) {
        self.note_at(severities.of(finding).min(Severity::Warn), finding, advice);
    }

    fn note_at(&mut self, severity: Severity, finding: Finding, advice: String) {
        if severity > Severity::Ignore {
            self.findings.push((finding, severity, advice));
        }
    }

    /// Says so if servers differ or fail while others answer.
    pub fn note_servers(&mut self, severities: &Severities, resolved: &Resolved) {
        let complaints = resolved.complaints();
        if resolved.readable && !complaints.is_empty() {
            let advice = format!(
                "not all servers say the same: {}; wait until they do, or mend the zone",
                complaints.join("; ")
            );
            self.note(severities, Finding::ServersDisagree, advice);
        }
    }

    /// `ok`, `warn` or `error`.
    pub fn verdict(&self) -> &'static str {
        self.worst().map_or("ok", Severity::name)
    }

    /// The worst finding.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|(_, severity, _)| *severity).max()
    }

    /// What to do.
    pub fn advice(&self) -> String {
        let all: Vec<&str> = self.findings.iter().map(|(.., advice)| advice.as_str()).collect();
        all.join("; ")
    }

    /// The row as tasks register it.
    pub fn value(&self) -> Value {
        Value::map([
            ("name", Value::data(self.name.as_str())),
            ("type", Value::data(self.kind)),
            ("expected", Value::data(self.expected.as_str())),
            ("found", Value::data(self.found.as_str())),
            ("verdict", Value::data(self.verdict())),
            ("advice", Value::data(self.advice())),
        ])
    }
}

/// The findings of this severity, a line each; rows with the same advice share one.
fn lines(rows: &[Row], severity: Severity) -> Vec<String> {
    let mut all: Vec<(&str, Vec<String>)> = Vec::new();
    for row in rows {
        for (.., advice) in row.findings.iter().filter(|(_, found, _)| *found == severity) {
            let subject = format!("{} {}", row.name, row.kind);
            match all.iter_mut().find(|(known, _)| *known == advice) {
                Some((_, subjects)) => subjects.push(subject),
                None => all.push((advice, vec![subject])),
            }
        }
    }
    all.into_iter().map(|(advice, subjects)| format!("{}: {advice}", subjects.join(", "))).collect()
}

/// The message of a failed check; none if nothing is an error.
pub fn complaint(rows: &[Row]) -> Option<String> {
    let head = match rows.iter().filter(|row| row.worst() == Some(Severity::Error)).count() {
        0 => return None,
        1 => "1 record of DNS is not as it must be".to_string(),
        wrong => format!("{} of DNS are not as they must be", plural(wrong, "record")),
    };
    Some(format!("{head}:\n  {}", lines(rows, Severity::Error).join("\n  ")))
}

/// What is no error and should be known.
pub fn warnings(rows: &[Row]) -> Vec<String> {
    lines(rows, Severity::Warn)
}

/// The table for people, and under it what to do.
pub fn table(rows: &[Row]) -> String {
    let mut cells = vec![["NAME", "TYPE", "EXPECTED", "FOUND", "VERDICT"].map(String::from)];
    cells.extend(rows.iter().map(|row| {
        let verdict = row.verdict().to_string();
        [row.name.clone(), row.kind.to_string(), cut(&row.expected), cut(&row.found), verdict]
    }));
    let mut widths = [0; 5];
    for line in &cells {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in &cells {
        let padded: Vec<String> =
            line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    }
    for (title, severity) in [("To do:", Severity::Error), ("To know:", Severity::Warn)] {
        let lines = lines(rows, severity);
        if !lines.is_empty() {
            text.push_str(&format!("\n{title}\n  {}\n", lines.join("\n  ")));
        }
    }
    text
}

fn cut(cell: &str) -> String {
    if cell.chars().count() <= WIDEST {
        return cell.to_string();
    }
    let start: String = cell.chars().take(WIDEST - 1).collect();
    format!("{start}…")
}

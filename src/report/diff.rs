//! A difference as a unified diff with the changed words marked.

use similar::{ChangeTag, TextDiff};

use crate::resource::{Diff, Text};
use crate::value::Redactor;

use super::style::Style;

/// Lines of unchanged text around a change.
const CONTEXT: usize = 3;

/// The lines that show a difference, indented by `indent`.
pub fn lines(diff: &Diff, style: Style, redactor: &Redactor) -> Vec<String> {
    let mut lines = Vec::new();
    for change in &diff.changes {
        let (before, after) =
            (clean(&redactor.mask(&change.before)), clean(&redactor.mask(&change.after)));
        let arrow = match (before.is_empty(), after.is_empty()) {
            (true, _) => style.good(&after),
            (_, true) => style.bad(&before),
            _ => format!("{} → {}", style.bad(&before), style.good(&after)),
        };
        lines.push(format!("{}: {arrow}", change.field));
    }
    if let Some(text) = &diff.text {
        lines.extend(text_lines(text, style, redactor));
    }
    lines
}

/// The lines of a unified diff; why there are none, where that is so.
pub fn text_lines(text: &Text, style: Style, redactor: &Redactor) -> Vec<String> {
    if let Some(reason) = &text.omitted {
        return vec![style.faint(reason)];
    }
    let sides = [&text.before, &text.after].map(|side| side.as_deref().unwrap_or_default());
    let [before, after] = sides.map(|side| redactor.mask(side));
    if before == after {
        // An empty file that comes or goes has no line to show, and no secret either.
        return match sides[0] == sides[1] {
            true => vec![],
            false => vec![style.faint("a secret in it changes")],
        };
    }
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let mut lines = vec![];
    for group in diff.grouped_ops(CONTEXT) {
        if let (Some(first), Some(last)) = (group.first(), group.last()) {
            let old = first.old_range().start + 1..last.old_range().end + 1;
            let new = first.new_range().start + 1..last.new_range().end + 1;
            let header = format!("@@ -{},{} +{},{} @@", old.start, old.len(), new.start, new.len());
            lines.push(style.faint(&header));
        }
        for op in &group {
            for change in diff.iter_inline_changes(op) {
                lines.push(inline(&change, style));
            }
        }
    }
    lines
}

fn inline(change: &similar::InlineChange<'_, str>, style: Style) -> String {
    let mut line = String::new();
    for (emphasized, word) in change.iter_strings_lossy() {
        let word = clean(word.trim_end_matches(['\n', '\r']));
        line.push_str(&match (change.tag(), emphasized) {
            (ChangeTag::Delete, true) => style.bad_words(&word),
            (ChangeTag::Delete, false) => style.bad(&word),
            (ChangeTag::Insert, true) => style.good_words(&word),
            (ChangeTag::Insert, false) => style.good(&word),
            (ChangeTag::Equal, _) => word,
        });
    }
    match change.tag() {
        ChangeTag::Delete => format!("{}{line}", style.bad("-")),
        ChangeTag::Insert => format!("{}{line}", style.good("+")),
        ChangeTag::Equal => format!(" {line}"),
    }
}

/// The text without what a terminal would obey.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' => c,
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

//! Regular expressions.

use super::{Test, test};
use crate::template::arguments::Bound;
use crate::template::failure::Stop;
use crate::template::{python, regex};
use crate::value::Value;

pub(super) const TESTS: &[Test] = &[
    test("match", &["pattern", "ignorecase", "multiline"], |_, v, b| found(v, b, "match")),
    test("search", &["pattern", "ignorecase", "multiline"], |_, v, b| found(v, b, "search")),
    test("regex", &["pattern", "ignorecase", "multiline", "match_type"], |_, v, b| {
        let kind = b.text_or(3, "search")?;
        found(v, b, &kind)
    }),
];

fn found(value: &Value, arguments: &Bound, kind: &str) -> Result<bool, Stop> {
    let pattern = arguments.text_or(0, "")?;
    let whole = match kind {
        "search" => pattern.to_string(),
        "match" => format!(r"\A(?:{pattern})"),
        "fullmatch" => format!(r"\A(?:{pattern})\z"),
        other => return Err(Stop::error(format!("`regex` has no match type `{other}`"))),
    };
    let flags = regex::Flags {
        ignore_case: arguments.flag(1, false)?,
        multiline: arguments.flag(2, false)?,
        dot_all: false,
    };
    let text = match value {
        Value::Str(text) => text.shared(),
        other => python::text(other)?,
    };
    regex::finds(&regex::compile(&whole, flags)?, &text)
}

//! `comment`: a text as a comment of some language.

use super::{Filter, filter};
use crate::template::arguments::Bound;
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[filter(
    "comment",
    &[
        "style",
        "newline",
        "prefix",
        "prefix_count",
        "decoration",
        "postfix",
        "postfix_count",
        "beginning",
        "end",
    ],
    comment,
)];

/// Decoration, beginning, end.
fn style(name: &str) -> Result<(&'static str, &'static str, &'static str), Stop> {
    Ok(match name {
        "plain" => ("# ", "", ""),
        "erlang" => ("% ", "", ""),
        "c" => ("// ", "", ""),
        "cblock" => (" * ", "/*", " */"),
        "xml" => (" - ", "<!--", "-->"),
        other => {
            return Err(Stop::error(format!("`comment` has no style `{other}`"))
                .hint("it is `plain`, `erlang`, `c`, `cblock` or `xml`"));
        }
    })
}

fn comment(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let (decoration, beginning, end) = style(&arguments.text_or(0, "plain")?)?;
    let newline = arguments.text_or(1, "\n")?;
    let decoration = arguments.text_or(4, decoration)?;
    let prefix = arguments.text_or(2, decoration.trim_end())?;
    let postfix = arguments.text_or(5, decoration.trim_end())?;
    let (beginning, end) = (arguments.text_or(7, beginning)?, arguments.text_or(8, end)?);
    let count = |index| -> Result<usize, Stop> {
        Ok(usize::try_from(arguments.integer(index, 1)?).unwrap_or(0).min(1000))
    };
    let (prefixes, postfixes) = (count(3)?, count(6)?);
    let mut out = String::new();
    if !beginning.is_empty() {
        out.push_str(&format!("{beginning}{newline}"));
    }
    if !prefix.is_empty() {
        out.push_str(&format!("{prefix}{newline}").repeat(prefixes));
    }
    let text = python::text(input)?;
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let last = lines.peek().is_none();
        let lead = if line.is_empty() && !last { decoration.trim_end() } else { &*decoration };
        out.push_str(&format!("{lead}{line}"));
        if !last {
            out.push_str(&newline);
        }
    }
    out.push_str(&format!("{newline}{postfix}").repeat(postfixes));
    if !end.is_empty() {
        out.push_str(&format!("{newline}{end}"));
    }
    Ok(Value::data(out))
}

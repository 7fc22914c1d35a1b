//! JSON and YAML.

use serde_json::Value as Json;

use super::{Filter, filter};
use crate::diagnostic::Source;
use crate::template::arguments::Bound;
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::{json_text, python};
use crate::value::Value;
use crate::yaml::{Flow, Style};

pub(super) const FILTERS: &[Filter] = &[
    filter("to_json", &["indent", "sort_keys", "ensure_ascii", "separators", "**"], to_json),
    filter(
        "to_nice_json",
        &["indent", "sort_keys", "ensure_ascii", "separators", "**"],
        to_nice_json,
    ),
    filter("tojson", &["indent"], tojson),
    filter("from_json", &[], from_json),
    filter("to_yaml", YAML, |_, input, b| to_yaml(input, b, &Style::plain())),
    filter("to_nice_yaml", YAML, |_, input, b| to_yaml(input, b, &Style::nice())),
    filter("from_yaml", &[], from_yaml),
    filter("from_yaml_all", &[], from_yaml_all),
    filter("pprint", &[], |_, input, _| Ok(Value::data(python::repr(input)?))),
];

/// The options of `PyYAML` that Ansible passes on.
const YAML: &[&str] = &[
    "indent",
    "width",
    "sort_keys",
    "default_flow_style",
    "explicit_start",
    "explicit_end",
    "allow_unicode",
];

fn to_yaml(input: &Value, arguments: &Bound, plain: &Style) -> Result<Value, Stop> {
    let number = |index: usize, default: usize| -> Result<usize, Stop> {
        match arguments.set(index) {
            Some(_) => Ok(usize::try_from(arguments.need_integer(index)?).unwrap_or(0)),
            None => Ok(default),
        }
    };
    let flow = match arguments.value(3) {
        None => plain.flow,
        Some(Value::Null) => Flow::Leaves,
        Some(always) if python::truth(always)? => Flow::Always,
        Some(_) => Flow::Never,
    };
    let style = Style {
        indent: number(0, plain.indent)?,
        width: number(1, plain.width)?,
        sort_keys: arguments.flag(2, plain.sort_keys)?,
        flow,
        explicit_start: arguments.flag(4, plain.explicit_start)?,
        explicit_end: arguments.flag(5, plain.explicit_end)?,
        unicode: arguments.flag(6, plain.unicode)?,
    };
    Ok(Value::data(crate::yaml::to_yaml(input, &style)))
}

fn style(arguments: &Bound, indent: Option<usize>, sort: bool) -> Result<json_text::Style, Stop> {
    let indent = match arguments.set(0) {
        Some(_) => Some(usize::try_from(arguments.need_integer(0)?).unwrap_or(0)),
        None => indent,
    };
    Ok(json_text::Style {
        indent,
        sort_keys: arguments.flag(1, sort)?,
        ascii: arguments.flag(2, true)?,
    })
}

fn to_json(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let style = style(arguments, None, false)?;
    Ok(Value::data(json_text::write(input, style)))
}

fn to_nice_json(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let style = style(arguments, Some(4), true)?;
    Ok(Value::data(json_text::write(input, style)))
}

/// Jinja's own: sorted, and safe inside of HTML.
fn tojson(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let style = json_text::Style { sort_keys: true, ..style(arguments, None, true)? };
    let text = json_text::write(input, style);
    Ok(Value::data(
        text.replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026")
            .replace('\'', "\\u0027"),
    ))
}

fn from_json(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let text = python::text(input)?;
    let json: Json = serde_json::from_str(&text)
        .map_err(|error| Stop::error(format!("cannot read the text as JSON: {error}")))?;
    Ok(Value::from_json(&json))
}

fn from_yaml(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let Value::Str(text) = input else { return Ok(input.clone()) };
    let source = Source::new("<from_yaml>", text.as_str());
    Ok(crate::yaml::parse_data(&source)?)
}

fn from_yaml_all(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let Value::Str(text) = input else { return Ok(input.clone()) };
    let source = Source::new("<from_yaml_all>", text.as_str());
    let documents = crate::yaml::parse(&source)?;
    Ok(Value::list(documents.iter().map(|node| untrusted(node.to_value()))))
}

/// Text that was read as YAML is data.
fn untrusted(value: Value) -> Value {
    match value {
        Value::Str(text) => Value::Str(text.untrusted()),
        Value::List(items) => Value::list(items.iter().cloned().map(untrusted)),
        Value::Map(map) => Value::Map(std::sync::Arc::new(
            map.iter().map(|(key, value)| (key.clone(), untrusted(value.clone()))).collect(),
        )),
        other => other,
    }
}

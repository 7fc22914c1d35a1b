//! Regular expressions.

use fancy_regex::Captures;

use super::{Filter, filter};
use crate::template::arguments::Bound;
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::template::regex::{self, Flags, Replacement};
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    filter(
        "regex_replace",
        &["pattern", "replacement", "ignorecase", "multiline", "count", "mandatory_count"],
        replace,
    ),
    filter("regex_search", &["regex", "*", "ignorecase", "multiline"], search),
    filter("regex_findall", &["regex", "multiline", "ignorecase"], find_all),
    filter("regex_escape", &["re_type"], escape),
];

fn flags(arguments: &Bound, ignore_case: usize, multiline: usize) -> Result<Flags, Stop> {
    Ok(Flags {
        ignore_case: arguments.flag(ignore_case, false)?,
        multiline: arguments.flag(multiline, false)?,
        dot_all: false,
    })
}

fn replace(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let pattern = regex::compile(&arguments.text_or(0, "")?, flags(arguments, 2, 3)?)?;
    let replacement = Replacement::parse(&arguments.text_or(1, "")?)?;
    let limit = usize::try_from(arguments.integer(4, 0)?).unwrap_or(0);
    let text = python::text(input)?;
    let (replaced, count) = replacement.apply(&pattern, &text, limit)?;
    let wanted = usize::try_from(arguments.integer(5, 0)?).unwrap_or(0);
    if wanted > 0 && wanted != count {
        return Err(Stop::error(format!(
            "`{pattern}` should match {wanted} times, but matches {count} times"
        )));
    }
    Ok(Value::data(replaced))
}

fn search(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let pattern = regex::compile(&arguments.text(0)?, flags(arguments, 2, 3)?)?;
    let text = python::text(input)?;
    let Some(found) = pattern.captures(&*text).map_err(|error| regex::failed(&error))? else {
        return Ok(Value::Null);
    };
    if arguments.rest.is_empty() {
        return Ok(group(&found, 0));
    }
    let groups = arguments.rest.iter().map(|wanted| {
        let wanted = python::text(wanted)?;
        let name = wanted.strip_prefix("\\g<").and_then(|name| name.strip_suffix('>'));
        let name = name.or_else(|| wanted.strip_prefix('\\'));
        let name = name.ok_or_else(|| {
            Stop::error(format!("`{wanted}` is no group"))
                .hint("write a group as `\\1` or `\\g<name>`")
        })?;
        match name.parse::<usize>() {
            Ok(number) if number < found.len() => Ok(group(&found, number)),
            Err(_) if found.name(name).is_some() => {
                Ok(found.name(name).map_or(Value::Null, |found| Value::data(found.as_str())))
            }
            _ => Err(Stop::error(format!("the pattern has no group `{name}`"))),
        }
    });
    Ok(Value::list(groups.collect::<Result<Vec<_>, _>>()?))
}

fn group(found: &Captures<'_, str>, number: usize) -> Value {
    found.get(number).map_or(Value::Null, |found| Value::data(found.as_str()))
}

fn find_all(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let pattern = regex::compile(&arguments.text(0)?, flags(arguments, 2, 1)?)?;
    let text = python::text(input)?;
    let mut results = Vec::new();
    for found in pattern.captures_iter(&*text) {
        let found = found.map_err(|error| regex::failed(&error))?;
        let part =
            |number: usize| Value::data(found.get(number).map_or("", |found| found.as_str()));
        results.push(match found.len() {
            1 => part(0),
            2 => part(1),
            more => Value::list((1..more).map(part)),
        });
    }
    Ok(Value::list(results))
}

fn escape(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let text = python::text(input)?;
    let special = match &*arguments.text_or(0, "python")? {
        "python" => "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}",
        "posix_basic" => "[].^$*\\",
        other => return Err(Stop::error(format!("`regex_escape` has no type `{other}`"))),
    };
    let mut out = String::new();
    for character in text.chars() {
        if special.contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    Ok(Value::data(out))
}

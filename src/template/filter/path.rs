//! Paths, as text: nothing is looked up on any machine.

use super::{Filter, filter};
use crate::template::arguments::{Bound, items};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    filter("basename", &[], |_, input, _| Ok(Value::data(split(&python::text(input)?).1))),
    filter("dirname", &[], |_, input, _| Ok(Value::data(split(&python::text(input)?).0))),
    filter("path_join", &[], path_join),
    filter("splitext", &[], splitext),
    filter("realpath", &[], |s, input, _| Ok(absolute(s, &python::text(input)?))),
    filter("normpath", &[], |_, input, _| Ok(Value::data(normal(&python::text(input)?)))),
    filter("relpath", &["start"], relpath),
    filter("commonpath", &[], commonpath),
    filter("expanduser", &[], expanduser),
    filter("expandvars", &[], expandvars),
];

/// Folder and name, as Python's `os.path.split`.
fn split(path: &str) -> (&str, &str) {
    let (head, tail) = path
        .rsplit_once('/')
        .map_or(("", path), |(_, tail)| path.split_at(path.len() - tail.len()));
    let trimmed = head.trim_end_matches('/');
    (if trimmed.is_empty() { head } else { trimmed }, tail)
}

/// Parts joined; one that is absolute starts anew.
fn path_join(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let Value::List(parts) = input else { return Ok(Value::data(python::text(input)?)) };
    let mut path = String::new();
    for (index, part) in parts.iter().enumerate() {
        let part = python::text(part)?;
        if part.starts_with('/') || index == 0 {
            path = part.to_string();
        } else {
            if !path.is_empty() && !path.ends_with('/') {
                path.push('/');
            }
            path.push_str(&part);
        }
    }
    Ok(Value::data(path))
}

fn splitext(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let path = python::text(input)?;
    let name_at = path.rfind('/').map_or(0, |slash| slash + 1);
    let name = &path[name_at..];
    let leading = name.len() - name.trim_start_matches('.').len();
    let dot = name[leading..].rfind('.').map_or(path.len(), |dot| name_at + leading + dot);
    Ok(Value::list([Value::data(&path[..dot]), Value::data(&path[dot..])]))
}

/// `.` and `..` taken out, as Python's `os.path.normpath`.
fn normal(path: &str) -> String {
    let root = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if root => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (root, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".into(),
        (false, false) => joined,
    }
}

fn absolute(session: &Session<'_>, path: &str) -> Value {
    let path = session.context.files.absolute(path);
    Value::data(normal(&path.to_string_lossy()))
}

fn relpath(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let (path, start) = (normal(&python::text(input)?), normal(&arguments.text(0)?));
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty()).map(ToString::to_string).collect()
    };
    let (path, start) = (parts(&path), parts(&start));
    let common = path.iter().zip(&start).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..".to_string(), start.len() - common);
    let steps: Vec<String> = up.chain(path[common..].iter().cloned()).collect();
    Ok(Value::data(if steps.is_empty() { ".".to_string() } else { steps.join("/") }))
}

fn commonpath(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let paths = items(input)?.iter().map(python::text).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = paths.first() else {
        return Err(Stop::error("`commonpath` wants at least one path"));
    };
    let root = first.starts_with('/');
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|p| !p.is_empty() && *p != ".").map(ToString::to_string).collect()
    };
    let mut common = parts(first);
    for path in &paths[1..] {
        let other = parts(path);
        let same = common.iter().zip(&other).take_while(|(a, b)| a == b).count();
        common.truncate(same);
    }
    Ok(Value::data(format!("{}{}", if root { "/" } else { "" }, common.join("/"))))
}

fn expanduser(session: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let path = python::text(input)?;
    let home = session.context.environment.get("HOME");
    Ok(Value::data(match (path.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            format!("{home}{rest}")
        }
        _ => path.to_string(),
    }))
}

fn expandvars(session: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    let text = python::text(input)?;
    let mut out = String::new();
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let inside = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, braced) = if let Some((name, _)) = inside {
            (name, 2)
        } else {
            let other = |c: char| !c.is_ascii_alphanumeric() && c != '_';
            (&after[..after.find(other).unwrap_or(after.len())], 0)
        };
        match session.context.environment.get(name) {
            Some(value) => out.push_str(value),
            None => out.push_str(&rest[before.len()..=before.len() + name.len() + braced]),
        }
        rest = &after[name.len() + braced..];
    }
    out.push_str(rest);
    Ok(Value::data(out))
}

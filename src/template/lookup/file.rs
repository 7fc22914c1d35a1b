//! Lookups of the controller's files.

use std::path::{Path, PathBuf};

use super::{Lookup, lookup};
use crate::diagnostic::Source;
use crate::template::arguments::{Bound, items};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::templar::render_source;
use crate::template::{Dialect, Folder, Kind, file, overlay, python};
use crate::value::{Str, Value};

pub(super) const LOOKUPS: &[Lookup] = &[
    lookup("file", &["*", "lstrip", "rstrip"], contents),
    lookup("unvault", &["*"], contents),
    lookup(
        "template",
        &[
            "*",
            "convert_data",
            "template_vars",
            "trim_blocks",
            "lstrip_blocks",
            "variable_start_string",
            "variable_end_string",
            "jinja2_native",
            "block_start_string",
            "block_end_string",
            "comment_start_string",
            "comment_end_string",
        ],
        template,
    ),
    lookup("first_found", &["*", "files", "paths", "skip"], first_found),
    lookup("fileglob", &["*"], fileglob),
];

fn found(session: &Session<'_>, folder: Folder, name: &str) -> Result<PathBuf, Stop> {
    session.context.files.find(folder, name).ok_or_else(|| {
        let kind = if folder == Folder::Templates { "templates" } else { "files" };
        Stop::error(format!("there is no file `{name}`")).hint(format!(
            "a relative name is searched for in `{kind}/` of the role and beside the playbook"
        ))
    })
}

fn contents(session: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let (left, right) = (arguments.flag(1, false)?, arguments.flag(2, true)?);
    let texts = arguments.rest.iter().map(|name| {
        let path = found(session, Folder::Files, &python::text(name)?)?;
        let text = file::text(session, &path)?;
        let trimmed = if left { text.as_str().trim_start() } else { text.as_str() };
        let trimmed = Str::data(if right { trimmed.trim_end() } else { trimmed });
        Ok(Value::Str(if text.is_secret() { trimmed.secret() } else { trimmed }))
    });
    texts.collect()
}

fn dialect(arguments: &Bound) -> Result<Dialect, Stop> {
    let plain = Dialect::default();
    let pair = |start: usize, end: usize, default: &(String, String)| -> Result<_, Stop> {
        let start = arguments.text_or(start, &default.0)?.to_string();
        Ok((start, arguments.text_or(end, &default.1)?.to_string()))
    };
    Ok(Dialect {
        trim_blocks: arguments.flag(3, true)?,
        lstrip_blocks: arguments.flag(4, false)?,
        variable: pair(5, 6, &plain.variable)?,
        block: pair(8, 9, &plain.block)?,
        comment: pair(10, 11, &plain.comment)?,
        ..plain
    })
}

fn template(session: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let dialect = dialect(arguments)?;
    let own = match arguments.set(2) {
        Some(Value::Map(own)) => Some(overlay::over(session, own)?),
        Some(_) => return Err(Stop::error("`template_vars` must be a mapping")),
        None => None,
    };
    let inner = own.map(|scope| session.inside(scope));
    let session = inner.as_ref().unwrap_or(session);
    let texts = arguments.rest.iter().map(|name| {
        let path = found(session, Folder::Templates, &python::text(name)?)?;
        let text = file::text(session, &path)?;
        let source = Source::new(path.display().to_string(), text.as_str());
        render_source(session, &source, &dialect).map(Value::Str)
    });
    texts.collect()
}

/// The names of `files` and `paths`: a list, or a text with commas, semicolons or colons.
fn split(value: Option<&Value>, separators: &[char]) -> Result<Vec<String>, Stop> {
    let mut names = Vec::new();
    let values = match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::List(items)) => items.as_ref().clone(),
        Some(other) => vec![other.clone()],
    };
    for value in values {
        if let Value::List(_) = &value {
            names.extend(split(Some(&value), separators)?);
            continue;
        }
        let text = python::text(&value)?;
        names.extend(
            text.split(separators).map(str::trim).filter(|n| !n.is_empty()).map(String::from),
        );
    }
    Ok(names)
}

/// The candidates of one term: a name, a list of names, or a mapping of files and paths.
fn candidates(term: &Value, skip: &mut bool) -> Result<Vec<String>, Stop> {
    match term {
        Value::Map(map) => {
            *skip |= map.get("skip").map_or(Ok(false), python::truth)?;
            let files = split(map.get("files"), &[',', ';'])?;
            let paths = split(map.get("paths"), &[',', ';', ':'])?;
            Ok(combined(&files, &paths))
        }
        Value::List(terms) => {
            let mut all = Vec::new();
            for term in terms.iter() {
                all.extend(candidates(term, skip)?);
            }
            Ok(all)
        }
        other => split(Some(other), &[',', ';']),
    }
}

fn combined(files: &[String], paths: &[String]) -> Vec<String> {
    match (files, paths) {
        (files, []) => files.to_vec(),
        ([], paths) => paths.to_vec(),
        (files, paths) => paths
            .iter()
            .flat_map(|path| {
                files
                    .iter()
                    .map(move |file| Path::new(path).join(file).to_string_lossy().into_owned())
            })
            .collect(),
    }
}

fn first_found(session: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let mut skip = arguments.flag(3, false)?;
    let mut names = Vec::new();
    let paths = split(arguments.set(2), &[',', ';', ':'])?;
    for term in &arguments.rest {
        names.extend(candidates(term, &mut skip)?);
    }
    names.extend(split(arguments.set(1), &[',', ';'])?);
    if !paths.is_empty() {
        names = combined(&names, &paths);
    }
    for name in &names {
        for folder in [Folder::Files, Folder::Templates, Folder::Vars] {
            if let Some(path) = session.context.files.find(folder, name) {
                return Ok(vec![Value::data(path.to_string_lossy())]);
            }
        }
    }
    if skip {
        return Ok(Vec::new());
    }
    let names = names.iter().map(String::as_str);
    Err(Stop::error(format!("none of the files exists: {}", crate::diagnostic::list_or(names)))
        .hint("`skip: true` makes that an empty answer"))
}

/// Files whose names match; folders of the pattern may not hold wildcards.
fn fileglob(session: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let files = session.context.files;
    let mut matches = Vec::new();
    for term in &arguments.rest {
        let term = python::text(term)?;
        let (folder, pattern) = term.rsplit_once('/').unwrap_or(("", &term));
        let bare = if term.starts_with('/') && folder.is_empty() { "/" } else { folder };
        let compiled = globset::GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .map_err(|error| Stop::error(format!("cannot read the pattern `{term}`: {error}")))?
            .compile_matcher();
        let Some(directory) = files.find(Folder::Files, if bare.is_empty() { "." } else { bare })
        else {
            continue;
        };
        for path in files.list(&directory)? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let fits = name.is_some_and(|name| {
                compiled.is_match(&name) && (!name.starts_with('.') || pattern.starts_with('.'))
            });
            if fits && files.kind(&path) == Some(Kind::File) {
                matches.push(Value::data(path.to_string_lossy()));
            }
        }
    }
    Ok(matches)
}

/// Terms with one level of lists opened, as `with_*` gives them.
pub(super) fn opened(terms: &[Value]) -> Result<Vec<Value>, Stop> {
    let mut all = Vec::new();
    for term in terms {
        match term {
            Value::List(_) => all.extend(items(term)?),
            other => all.push(other.clone()),
        }
    }
    Ok(all)
}

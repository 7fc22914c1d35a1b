//! Paths on the controller.

use super::{Test, test};
use crate::template::Kind;
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const TESTS: &[Test] = &[
    test("file", &[], |s, v, _| Ok(kind(s, v)? == Some(Kind::File))),
    test("is_file", &[], |s, v, _| Ok(kind(s, v)? == Some(Kind::File))),
    test("directory", &[], |s, v, _| Ok(kind(s, v)? == Some(Kind::Directory))),
    test("is_dir", &[], |s, v, _| Ok(kind(s, v)? == Some(Kind::Directory))),
    test("exists", &[], |s, v, _| Ok(kind(s, v)?.is_some())),
    test("link", &[], |s, v, _| link(s, v)),
    test("is_link", &[], |s, v, _| link(s, v)),
    test("link_exists", &[], |s, v, _| Ok(link(s, v)? || kind(s, v)?.is_some())),
    test("abs", &[], |_, v, _| Ok(python::text(v)?.starts_with('/'))),
    test("is_abs", &[], |_, v, _| Ok(python::text(v)?.starts_with('/'))),
    test("url", &[], |_, v, _| url(v)),
    test("uri", &[], |_, v, _| url(v)),
];

fn kind(session: &Session<'_>, value: &Value) -> Result<Option<Kind>, Stop> {
    let files = session.context.files;
    Ok(files.kind(&files.absolute(&python::text(value)?)))
}

fn link(session: &Session<'_>, value: &Value) -> Result<bool, Stop> {
    let files = session.context.files;
    Ok(files.is_link(&files.absolute(&python::text(value)?)))
}

fn url(value: &Value) -> Result<bool, Stop> {
    let text = python::text(value)?;
    Ok(text.split_once("://").is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && !rest.is_empty()
    }))
}

//! Files that are edited: read, changed in memory, written whole.

use std::sync::Arc;

use crate::resource::file::{Ownership, PathKind, Source};
use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::Plan;
use super::content::{Wanted, make_directories};
use super::paths::{absolute, parent, resolve};
use super::written::{Access, Edited};

/// A file that is to be edited, and how it is to be written.
pub struct Edit<'a> {
    /// The argument `path`.
    pub path: &'a str,
    /// Keep the old file beside the new one.
    pub backup: bool,
    /// A command that must accept the new file.
    pub validate: Option<&'a String>,
    /// Owner, group and permissions.
    pub access: &'a Access,
    /// People must not see the content.
    pub secret: bool,
}

/// A text as it was found; bytes that are not UTF-8 are taken for Latin-1, which loses nothing.
pub struct Found {
    /// The absolute path, links followed.
    pub path: String,
    /// The text; none if there is no file.
    pub text: Option<String>,
    bytes: Option<Arc<Vec<u8>>>,
    latin: bool,
}

impl<'a> Edit<'a> {
    /// As the arguments say; `secret` if people must not see the content.
    pub fn of(file: &'a Edited, secret: bool) -> Self {
        let Edited { path, care, access, .. } = file;
        Self { path, backup: care.backup, validate: care.validate.as_ref(), access, secret }
    }

    /// The text that is there.
    pub fn read(&self, host: &Host<'_>) -> Result<Found, Suspend> {
        let path = &absolute("path", self.path, host)?;
        if self.path.ends_with('/') && path != "/" {
            return Err(Suspend::failed(format!("`path` `{path}/` is a directory")));
        }
        host.path(path)?;
        let path = resolve(path, host)?;
        let state = host.path(&path)?;
        let bytes = match state.attributes().map(|found| &found.kind) {
            None => None,
            Some(PathKind::File) => host.content_of(&path)?,
            Some(_) => return Err(Suspend::failed(format!("`{path}` is no regular file"))),
        };
        Ok(Found::new(path, bytes))
    }

    /// Adds to the plan what writes the new text; none if it stays.
    pub fn write(
        &self,
        plan: &mut Plan,
        found: &Found,
        text: Option<String>,
        host: &Host<'_>,
    ) -> Result<(), Suspend> {
        let bytes = match (text, &found.bytes) {
            (Some(text), _) => Arc::new(found.encode(&text)),
            (None, Some(bytes)) => Arc::clone(bytes),
            (None, None) => return Ok(()),
        };
        let mut made = Vec::new();
        if found.text.is_none() {
            let folder = parent(&found.path).to_string();
            make_directories(&folder, &Ownership::default(), &mut made, plan, host)?;
        }
        let wanted = Wanted {
            content: Source::Bytes(bytes),
            secret: self.secret,
            owner: self.access.owner.as_ref(),
            group: self.access.group.as_ref(),
            mode: self.access.mode.clone(),
            backup: self.backup,
            validate: self.validate,
            made: &made,
            read: found.bytes.clone(),
            ..Wanted::new(found.path.clone(), vec![])
        };
        wanted.put(plan, host).map(|_| ())
    }
}

impl Found {
    fn new(path: String, bytes: Option<Arc<Vec<u8>>>) -> Self {
        let utf8 = bytes.as_ref().map(|bytes| String::from_utf8(bytes.to_vec()));
        let (text, latin) = match utf8 {
            None => (None, false),
            Some(Ok(text)) => (Some(text), false),
            Some(Err(error)) => {
                (Some(error.as_bytes().iter().map(|byte| char::from(*byte)).collect()), true)
            }
        };
        Self { path, text, bytes, latin }
    }

    /// What the arguments say, as it stands in this text.
    pub fn own(&self, argument: &str) -> String {
        if self.latin { argument.bytes().map(char::from).collect() } else { argument.to_string() }
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        if self.latin {
            text.chars().map(|letter| u8::try_from(letter).unwrap_or(b'?')).collect()
        } else {
            text.as_bytes().to_vec()
        }
    }

    /// The lines with their ends.
    pub fn lines(&self) -> Vec<String> {
        self.text.as_deref().unwrap_or("").split_inclusive('\n').map(str::to_string).collect()
    }
}

/// Refuses encodings other than UTF-8, which all that is edited is taken for.
pub fn check_encoding(encoding: &str) -> Result<(), Suspend> {
    match encoding.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "utf_8" | "ascii" | "us-ascii" => Ok(()),
        other => Err(Suspend::failed(format!("`encoding` `{other}` is not supported by mxprov"))),
    }
}

/// Registers `msg`.
pub fn say(plan: &mut Plan, message: impl Into<String>) {
    plan.set("msg", Value::data(message.into()));
}

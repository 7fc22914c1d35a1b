//! The shared end of all modules that write files: a file with this content, owner and mode.
//!
//! Attributes and digest are asked first; the content only where the digest differs.

use std::sync::Arc;

use crate::resource::file::{
    Digest, MakeDirectory, Ownership, Path, PathKind, PathState, SetAttributes, Source, WriteFile,
    octal,
};
use crate::resource::{AnyQuery, Host, Suspend};
use crate::value::Value;

use super::paths::{parent, resolve};
use super::plan::Plan;
use super::{Mode, Outcome};

/// Bigger files are not fetched for a diff.
pub const LARGEST_SHOWN: u64 = 1 << 20;

/// What a file is to be.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is an argument of its own")]
pub struct Wanted<'a> {
    /// Its absolute path.
    pub path: String,
    /// Its whole content.
    pub content: Source,
    /// People must not see the content.
    pub secret: bool,
    /// Name or number of the owner; none leaves it.
    pub owner: Option<&'a String>,
    /// Name or number of the group; none leaves it.
    pub group: Option<&'a String>,
    /// Permissions; none leaves them.
    pub mode: Option<Mode>,
    /// Keep the old file beside the new one.
    pub backup: bool,
    /// A command that must accept the new file.
    pub validate: Option<&'a String>,
    /// Where a link stands, write what it points to instead of replacing it.
    pub follow: bool,
    /// Leave a file that is there as it is.
    pub keep: bool,
    /// Directories that the same plan makes before.
    pub made: &'a [String],
    /// What it holds now, where the caller has read it.
    pub read: Option<Arc<Vec<u8>>>,
}

impl Wanted<'_> {
    /// A file of this content; all else is left as it is.
    pub fn new(path: impl Into<String>, content: Vec<u8>) -> Self {
        Self {
            path: path.into(),
            content: Source::Bytes(Arc::new(content)),
            secret: false,
            owner: None,
            group: None,
            mode: None,
            backup: false,
            validate: None,
            follow: true,
            keep: false,
            made: &[],
            read: None,
        }
    }

    /// Adds to the plan what makes the file so; says what it finds there.
    pub fn put(&self, plan: &mut Plan, host: &Host<'_>) -> Result<Put, Suspend> {
        self.ask_at_once(host)?;
        let path = if self.follow { resolve(&self.path, host)? } else { self.path.clone() };
        let before = host.path_to_replace(&path)?;
        match before.attributes().map(|found| &found.kind) {
            Some(PathKind::Directory) => {
                Err(Suspend::failed(format!("`{path}` is there and is a directory")))
            }
            Some(PathKind::Other) => {
                Err(Suspend::failed(format!("`{path}` is there and is a special file")))
            }
            Some(_) if self.keep => Ok(Put { path, before }),
            Some(PathKind::File) if self.is_same(&path, host)? => {
                self.set_attributes(plan, &path, &before);
                Ok(Put { path, before })
            }
            _ => self.write(plan, path, before, host),
        }
    }

    fn is_same(&self, path: &str, host: &Host<'_>) -> Result<bool, Suspend> {
        match (&self.read, self.content.bytes()) {
            (Some(old), Some(new)) => Ok(old == new),
            _ => match self.content.digest() {
                Some(digest) => Ok(host.digest(path)?.as_ref() == Some(&digest)),
                None => Ok(false),
            },
        }
    }

    /// What is there and its digest in one round trip.
    fn ask_at_once(&self, host: &Host<'_>) -> Result<(), Suspend> {
        let path = Path { path: self.path.clone() };
        if host.lookup(&path).is_none() {
            let digest = AnyQuery::new(Digest { path: self.path.clone() });
            host.path_to_replace(&self.path).map_err(|suspend| match suspend {
                Suspend::Needs(mut queries) => {
                    queries.push(digest);
                    Suspend::Needs(queries)
                }
                other => other,
            })?;
        }
        Ok(())
    }

    fn ownership(&self, before: &PathState) -> Ownership {
        let current = match before {
            PathState::Present(found) if found.kind == PathKind::File => found.mode,
            _ => WriteFile::NEW,
        };
        Ownership {
            owner: self.owner.cloned(),
            group: self.group.cloned(),
            mode: self.mode.as_ref().and_then(|mode| mode.resolve(current, false)),
        }
    }

    /// Adds to the plan what gives a file that is there its owner, group and mode.
    pub fn own(&self, plan: &mut Plan, before: &PathState) {
        self.set_attributes(plan, &self.path, before);
    }

    fn set_attributes(&self, plan: &mut Plan, path: &str, before: &PathState) {
        let Some(found) = before.attributes() else { return };
        let missing = self.ownership(before).missing(found);
        if !missing.is_empty() {
            plan.act(SetAttributes {
                path: path.into(),
                ownership: missing,
                before: found.clone(),
            });
        }
    }

    fn write(
        &self,
        plan: &mut Plan,
        path: String,
        before: Arc<PathState>,
        host: &Host<'_>,
    ) -> Result<Put, Suspend> {
        self.check_parent(&path, host)?;
        let old = match before.attributes() {
            Some(found) if found.size.is_none_or(|size| size <= LARGEST_SHOWN) => {
                host.content(&path)?
            }
            _ => None,
        };
        if self.backup {
            announce_backup(plan);
        }
        plan.act(WriteFile {
            path: path.clone(),
            content: self.content.clone(),
            secret: self.secret,
            ownership: self.ownership(&before),
            before: Arc::clone(&before),
            old,
            validate: self.validate.cloned(),
            backup: self.backup,
        });
        Ok(Put { path, before })
    }

    /// The directory must be there, unless this plan makes it or a package may bring it.
    fn check_parent(&self, path: &str, host: &Host<'_>) -> Result<(), Suspend> {
        let parent = parent(path);
        if parent == "/" || self.made.iter().any(|made| made == parent) {
            return Ok(());
        }
        let missing = || Suspend::failed(format!("the directory `{parent}` is not there"));
        match host.path(parent) {
            Ok(state) => match state.attributes().map(|found| &found.kind) {
                Some(PathKind::Directory | PathKind::Link(_)) => Ok(()),
                Some(_) => Err(Suspend::failed(format!("`{parent}` is not a directory"))),
                None => Err(missing()),
            },
            Err(Suspend::Unknown(_)) => {
                host.assume(format!("what runs before makes the directory `{parent}`"));
                Ok(())
            }
            Err(other) => Err(other),
        }
    }
}

/// What [`Wanted::put`] did.
pub struct Put {
    /// The file, links followed.
    pub path: String,
    /// What stood there.
    pub before: Arc<PathState>,
}

impl Put {
    /// The fields that modules of one file register: `path`, `state`, `mode`, `owner`, `size` …
    pub fn register(&self, plan: &mut Plan, wanted: &Wanted<'_>) {
        plan.set("state", Value::data("file"));
        let mut world = crate::resource::World::new();
        let predicted = plan.actions.last().and_then(|action| {
            action.predict(&mut world);
            world.predicted(&Path { path: self.path.clone() })
        });
        let after = predicted.unwrap_or_else(|| Arc::clone(&self.before));
        let Some(after) = after.attributes() else { return };
        plan.set("mode", Value::data(octal(after.mode)));
        for (name, value) in [("owner", &after.owner), ("group", &after.group)] {
            if !value.is_empty() {
                plan.set(name, Value::data(value.as_str()));
            }
        }
        for (name, value) in [("uid", after.uid), ("gid", after.gid)] {
            if let Some(value) = value {
                plan.set(name, Value::Int(value.into()));
            }
        }
        let size = wanted.content.bytes().map(|bytes| bytes.len());
        if let Some(size) = size.and_then(|size| i64::try_from(size).ok()) {
            plan.set("size", Value::Int(size));
        }
    }
}

/// The next action prints the name of the backup that it made: it is registered as `backup_file`.
pub fn announce_backup(plan: &mut Plan) {
    let (index, before) = (plan.actions.len(), plan.finish.take());
    plan.finish = Some(Arc::new(move |outputs| {
        let mut outcome = before.as_ref().map_or_else(Outcome::default, |finish| finish(outputs));
        let said = outputs.get(index).map(|output| String::from_utf8_lossy(&output.stdout));
        if let Some(name) = said.as_deref().and_then(|said| said.lines().last()) {
            outcome.result.insert("backup_file".into(), Value::data(name));
        }
        outcome
    }));
}

/// Makes a directory with its parents; those that it makes are added to `made`.
pub fn make_directories(
    path: &str,
    ownership: &Ownership,
    made: &mut Vec<String>,
    plan: &mut Plan,
    host: &Host<'_>,
) -> Result<(), Suspend> {
    if path == "/" || made.iter().any(|known| known == path) {
        return Ok(());
    }
    match host.path_to_replace(path)?.attributes().map(|found| &found.kind) {
        Some(PathKind::Directory | PathKind::Link(_)) => Ok(()),
        Some(_) => Err(Suspend::failed(format!("`{path}` is there and is no directory"))),
        None => {
            make_directories(parent(path), ownership, made, plan, host)?;
            plan.act(MakeDirectory { path: path.into(), ownership: ownership.clone() });
            made.push(path.into());
            Ok(())
        }
    }
}

/// Runs `each` on all items; what they miss is asked for at once.
pub fn gather<T, R>(
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(T) -> Result<R, Suspend>,
) -> Result<Vec<R>, Suspend> {
    let (mut done, mut missing) = (Vec::new(), Vec::new());
    for item in items {
        match each(item) {
            Ok(result) => done.push(result),
            Err(Suspend::Needs(queries)) => missing.extend(queries),
            Err(other) => return Err(other),
        }
    }
    if missing.is_empty() { Ok(done) } else { Err(Suspend::Needs(missing)) }
}

/// More than this is not carried in one piece: base64 of it must fit into a part's output.
const LARGEST_WHOLE: u64 = 8 << 20;

/// The bytes of a host's file; none if there is none.
pub fn whole(path: &str, host: &Host<'_>) -> Result<Option<Arc<Vec<u8>>>, Suspend> {
    let path = resolve(path, host)?;
    match &*host.path(&path)? {
        PathState::Present(found) if found.kind == PathKind::File => match found.size {
            Some(size) if size > LARGEST_WHOLE => Err(Suspend::failed(format!(
                "`{path}` has {size} bytes; mxprov carries files of {LARGEST_WHOLE} at most"
            ))),
            _ => host.content_of(&path),
        },
        PathState::Present(_) => Err(Suspend::failed(format!("`{path}` is no regular file"))),
        PathState::Absent => Ok(None),
    }
}

//! Paths: files, directories, links; what they are, what they hold, how they change.

mod actions;
mod checksum;
mod connectivity;
mod content;
mod list;
mod ownership;
mod same;
mod stat;
mod state;
mod tree;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use actions::{Link, MakeDirectory, Remove, SetAttributes, Touch};
pub use checksum::{Algorithm, Checksum};
pub use content::{Content, ContentState, Digest, DigestState, digest_of};
pub use list::{Listed, Listing};
pub use ownership::{Ownership, octal};
pub use same::SameFile;
pub use stat::{Facts, Stat};
pub use state::{Attributes, Path, PathKind, PathState};
pub use tree::{Tree, TreeNode, TreeState};
pub use write::{Source, WriteFile};

use super::host::{Host, Suspend};
use super::world::{Opaque, Scope};

impl Host<'_> {
    /// What stands at a path (a link is a link).
    ///
    /// Absent after an opaque action that may have brought it is unknown.
    pub fn path(&self, path: &str) -> Result<Arc<PathState>, Suspend> {
        let state = self.path_or_assume_none(path, false)?;
        Ok(state)
    }

    /// What stands at a path, for tasks that replace it whatever it is: where a planned package
    /// might bring it, absent is assumed and the plan says so.
    pub fn path_to_replace(&self, path: &str) -> Result<Arc<PathState>, Suspend> {
        self.path_or_assume_none(path, true)
    }

    fn path_or_assume_none(&self, path: &str, assume: bool) -> Result<Arc<PathState>, Suspend> {
        if let Some(fate) = self.fate_of_ancestors(path) {
            return Ok(Arc::new(fate));
        }
        let query = Path { path: path.to_string() };
        let state = self.state(query.clone())?;
        if *state != PathState::Absent || self.is_predicted(&query) {
            return Ok(state);
        }
        match self.opaque(|opaque| opaque.may_bring(path)) {
            None => Ok(state),
            Some(opaque) if assume => {
                self.assume(format!("{} no `{path}`", opaque.brings()));
                Ok(state)
            }
            Some(opaque) => Err(Suspend::Unknown(Arc::clone(&opaque.reason))),
        }
    }

    /// A directory that a planned action makes or removes has nothing in it.
    fn fate_of_ancestors(&self, path: &str) -> Option<PathState> {
        if self.is_predicted(&Path { path: path.to_string() }) {
            return None;
        }
        let mut end = path.len();
        while let Some(slash) = path[..end].rfind('/').filter(|slash| *slash > 0) {
            end = slash;
            let ancestor = Path { path: path[..end].to_string() };
            if !self.is_predicted(&ancestor) {
                continue;
            }
            let Some(Ok(state)) = self.lookup(&ancestor) else { continue };
            match &*state {
                PathState::Absent => return Some(PathState::Absent),
                PathState::Present(attributes) if attributes.fresh => {
                    // Unless a package that comes later has something of its own in it, as it may
                    // where the distribution puts things.
                    let is_theirs =
                        ["/etc/", "/usr/", "/var/"].iter().any(|it| path.starts_with(it));
                    let brings = |opaque: &Opaque| {
                        matches!(opaque.scope, Scope::Packages(_)) && opaque.may_bring(path)
                    };
                    let brings = |opaque: &Opaque| is_theirs && brings(opaque);
                    if self.opaque_since(&ancestor, brings).is_some() {
                        return None;
                    }
                    return Some(PathState::Absent);
                }
                PathState::Present(_) => {}
            }
        }
        None
    }

    /// All that is below a directory, itself not included: as it was read, and over it what planned
    /// actions make of it. Sorted by path.
    pub fn below(&self, folder: &str) -> Result<Vec<TreeNode>, Suspend> {
        let query = Path { path: folder.to_string() };
        let fresh = match self.lookup(&query) {
            Some(Ok(state)) => state.attributes().is_some_and(|found| found.fresh),
            _ => false,
        };
        let mut nodes: BTreeMap<String, Attributes> = BTreeMap::new();
        if !fresh {
            let tree = self.state(Tree { path: folder.to_string() })?;
            let read = tree.0.iter().filter(|node| node.path != folder);
            nodes.extend(read.map(|node| (node.path.clone(), node.attributes.clone())));
        }
        let below = format!("{}/", folder.trim_end_matches('/'));
        let planned = self.predictions::<Path>();
        for (query, state) in planned.filter(|(query, _)| query.path.starts_with(&below)) {
            match &*state {
                PathState::Present(found) => {
                    nodes.insert(query.path.clone(), found.clone());
                }
                PathState::Absent => {
                    let gone = format!("{}/", query.path);
                    nodes.retain(|path, _| *path != query.path && !path.starts_with(&gone));
                }
            }
        }
        Ok(nodes.into_iter().map(|(path, attributes)| TreeNode { path, attributes }).collect())
    }

    /// The SHA-256 of a regular file, in hexadecimal; none if there is none.
    pub fn digest(&self, path: &str) -> Result<Option<String>, Suspend> {
        match &*self.path(path)? {
            PathState::Present(found) if found.kind == PathKind::File => {
                Ok(self.state(Digest { path: path.to_string() })?.0.clone())
            }
            _ => Ok(None),
        }
    }

    /// The bytes of a regular file; none if there is none.
    pub fn content(&self, path: &str) -> Result<Option<Arc<Vec<u8>>>, Suspend> {
        match &*self.path(path)? {
            PathState::Present(found) if found.kind == PathKind::File => self.content_of(path),
            PathState::Present(found) if matches!(found.kind, PathKind::Link(_)) => {
                self.content_of(path)
            }
            _ => Ok(None),
        }
    }

    /// The bytes at a path that is known to be there.
    pub fn content_of(&self, path: &str) -> Result<Option<Arc<Vec<u8>>>, Suspend> {
        Ok(self.state(Content { path: path.to_string() })?.0.clone())
    }
}

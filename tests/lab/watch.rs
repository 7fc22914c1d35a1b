//! The write detector: what was written on a host between two moments.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::host::Host;
use super::running_state;
use super::snapshot::{Snapshot, Stamp};

/// What a mere login, a sudo and the passing of time write. A path stands for itself and for
/// all below it.
const LOGIN: &[&str] = &[
    "/dev/pts",
    "/run/log/journal",
    "/run/motd.dynamic",
    "/run/motd.dynamic.new",
    "/run/sudo",
    "/run/systemd/journal",
    "/run/systemd/sessions",
    "/run/systemd/transient",
    "/run/systemd/units",
    "/run/systemd/users",
    "/run/user",
    "/run/utmp",
    "/var/lib/lastlog",
    "/var/lib/sudo",
    "/var/lib/wtmpdb",
    "/var/log/btmp",
    "/var/log/journal",
    "/var/log/lastlog",
    "/var/log/wtmp",
];

/// What Docker still writes by itself when a command has long ended: the namespaces of containers
/// that are gone are cleared away once a minute, and a build's record is finished behind it. What
/// is made or built while we look shows elsewhere all the same: containers, layers, images.
const DOCKER: &[&str] = &["/run/docker/netns", "/var/lib/docker/buildkit"];

/// Folders in which the paths above come and go: their own stamp says nothing.
const LOGIN_FOLDERS: &[&str] = &["/run", "/run/systemd", "/var/lib", "/var/log"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Created,
    /// Content, mode, owner, or (of a folder) its entries: also what is gone again.
    Changed,
    Removed,
}

/// One path, or one thing of [`running_state`], that was changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    pub path: PathBuf,
    pub kind: Kind,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.kind {
            Kind::Created => "created",
            Kind::Changed => "changed",
            Kind::Removed => "removed",
        };
        write!(f, "{word} {}", self.path.display())
    }
}

/// Looks from outside, so looking writes nothing itself. A file that is made and removed again
/// shows as its changed folder. Services, network settings and firewall rules are compared too,
/// under names such as `service ssh.service`. Not seen are writes that put everything back,
/// times included, and settings of the kernel that all hosts share.
#[derive(Debug)]
pub struct Watch<'a> {
    host: &'a Host,
    before: Snapshot,
    running: BTreeMap<String, String>,
}

impl<'a> Watch<'a> {
    pub fn start(host: &'a Host) -> Result<Self> {
        host.wait_until_up()?;
        let running = running_state::take(host)?;
        Ok(Self { host, before: Snapshot::take(host)?, running })
    }

    /// What was written since the start, but for what a login writes, and Docker by itself.
    pub fn changes(&self) -> Result<Vec<Change>> {
        let all = self.all_changes()?;
        Ok(all.into_iter().filter(|change| !is_expected(&change.path)).collect())
    }

    /// What was written since the start, files first, each by name.
    pub fn all_changes(&self) -> Result<Vec<Change>> {
        let image = self.host.image()?;
        let after = Snapshot::take(self.host)?;
        let paths: BTreeSet<&PathBuf> = self.before.paths().chain(after.paths()).collect();
        let change = |path: &PathBuf| {
            let (old, new) = (self.before.stamp(path, &image), after.stamp(path, &image));
            let kind = Kind::between(old, new, Stamp::matches)?;
            Some(Change { path: path.clone(), kind })
        };
        let mut changes: Vec<Change> = paths.into_iter().filter_map(change).collect();
        changes.extend(self.running_changes()?);
        Ok(changes)
    }

    fn running_changes(&self) -> Result<Vec<Change>> {
        let after = running_state::take(self.host)?;
        let names: BTreeSet<&String> = self.running.keys().chain(after.keys()).collect();
        let change = |name: &String| {
            let (old, new) = (self.running.get(name), after.get(name));
            let kind = Kind::between(old, new, |old, new| old == new)?;
            Some(Change { path: name.into(), kind })
        };
        Ok(names.into_iter().filter_map(change).collect())
    }
}

impl Kind {
    fn between<T>(old: Option<T>, new: Option<T>, same: impl Fn(&T, &T) -> bool) -> Option<Self> {
        match (old, new) {
            (None, Some(_)) => Some(Self::Created),
            (Some(_), None) => Some(Self::Removed),
            (Some(old), Some(new)) if !same(&old, &new) => Some(Self::Changed),
            _ => None,
        }
    }
}

fn is_expected(path: &Path) -> bool {
    LOGIN.iter().chain(DOCKER).any(|known| path.starts_with(known))
        || LOGIN_FOLDERS.iter().any(|known| path == Path::new(known))
}

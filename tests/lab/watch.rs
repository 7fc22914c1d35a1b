//! The write detector: what was written on a host between two moments.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::host::Host;
use super::snapshot::Snapshot;

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

/// Folders in which the paths above come and go: their own stamp says nothing.
const LOGIN_FOLDERS: &[&str] = &["/run", "/run/systemd", "/var/lib", "/var/log"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Created,
    /// Content, mode, owner, or (of a folder) its entries: also what is gone again.
    Changed,
    Removed,
}

/// One path that was written.
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
/// shows as its changed folder; not seen are writes that put everything back, times included,
/// and what is not a file: the kernel's settings, firewall rules, the state of processes.
#[derive(Debug)]
pub struct Watch<'a> {
    host: &'a Host,
    before: Snapshot,
}

impl<'a> Watch<'a> {
    pub fn start(host: &'a Host) -> Result<Self> {
        host.wait_until_up()?;
        Ok(Self {
            host,
            before: Snapshot::take(host)?,
        })
    }

    /// What was written since the start, but for what a login writes.
    pub fn changes(&self) -> Result<Vec<Change>> {
        let all = self.all_changes()?;
        Ok(all
            .into_iter()
            .filter(|change| !is_login(&change.path))
            .collect())
    }

    /// What was written since the start, by path.
    pub fn all_changes(&self) -> Result<Vec<Change>> {
        let image = self.host.image()?;
        let after = Snapshot::take(self.host)?;
        let paths: BTreeSet<&PathBuf> = self.before.paths().chain(after.paths()).collect();
        let change = |path: &PathBuf| {
            let kind = match (self.before.stamp(path, &image), after.stamp(path, &image)) {
                (None, Some(_)) => Kind::Created,
                (Some(_), None) => Kind::Removed,
                (Some(old), Some(new)) if !old.matches(&new) => Kind::Changed,
                _ => return None,
            };
            Some(Change {
                path: path.clone(),
                kind,
            })
        };
        Ok(paths.into_iter().filter_map(change).collect())
    }
}

fn is_login(path: &Path) -> bool {
    LOGIN.iter().any(|known| path.starts_with(known))
        || LOGIN_FOLDERS.iter().any(|known| path == Path::new(known))
}

//! Owner, group and mode that a path is to have.

use super::super::diff::Diff;
use super::state::{Attributes, PathKind};
use crate::remote::Script;

/// Owner, group and mode that a path is to have; what is none stays or is the login's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ownership {
    /// Name or number of the owner.
    pub owner: Option<String>,
    /// Name or number of the group.
    pub group: Option<String>,
    /// Permission bits.
    pub mode: Option<u32>,
}

impl Ownership {
    /// What there is to change at a path with these attributes.
    #[must_use]
    pub fn missing(&self, found: &Attributes) -> Self {
        let wanted = |want: &Option<String>, have: &str, number: Option<u32>| {
            want.clone().filter(|want| {
                want != have && number_of(want).is_none_or(|want| Some(want) != number)
            })
        };
        let link = matches!(found.kind, PathKind::Link(_));
        Self {
            owner: wanted(&self.owner, &found.owner, found.uid),
            group: wanted(&self.group, &found.group, found.gid),
            mode: self.mode.filter(|mode| *mode != found.mode && !link),
        }
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Shell text that gives `"$target"` this ownership. The owner comes first: chown clears setuid.
    pub(super) fn script(&self, script: &mut Script) {
        if let Some(owner) = &self.owner {
            script.words(["chown", "-h", "--", owner]).line(r#" "$target""#);
        }
        if let Some(group) = &self.group {
            script.words(["chgrp", "-h", "--", group]).line(r#" "$target""#);
        }
        if let Some(mode) = self.mode {
            script.words(["chmod", "--", &octal(mode)]).line(r#" "$target""#);
        }
    }

    /// The attributes after the change.
    pub(super) fn over(
        &self,
        before: Option<&Attributes>,
        kind: PathKind,
        mode: u32,
    ) -> Attributes {
        let (owner, uid) =
            after(self.owner.as_ref(), before.map(|before| (&before.owner, before.uid)));
        let (group, gid) =
            after(self.group.as_ref(), before.map(|before| (&before.group, before.gid)));
        Attributes {
            mode: self.mode.unwrap_or(before.map_or(mode, |before| before.mode)),
            owner,
            group,
            uid,
            gid,
            size: None,
            fresh: before.is_none() && kind == PathKind::Directory,
            kind,
        }
    }

    pub(super) fn diff(&self, diff: Diff, before: Option<&Attributes>) -> Diff {
        let have = |get: fn(&Attributes) -> String| before.map(get).unwrap_or_default();
        let mut diff = diff;
        if let Some(owner) = &self.owner {
            diff = diff.change("owner", have(|before| before.owner.clone()), owner);
        }
        if let Some(group) = &self.group {
            diff = diff.change("group", have(|before| before.group.clone()), group);
        }
        if let Some(mode) = self.mode {
            diff = diff.change("mode", have(|before| octal(before.mode)), octal(mode));
        }
        diff
    }
}

/// The number that a name or number stands for, where that is the same on every host.
fn number_of(name: &str) -> Option<u32> {
    if name == "root" { Some(0) } else { name.parse().ok() }
}

/// Name and number after a change; what a prediction cannot tell is empty or none.
fn after(want: Option<&String>, have: Option<(&String, Option<u32>)>) -> (String, Option<u32>) {
    match (want, have) {
        (Some(want), _) if want.parse::<u32>().is_ok() => (String::new(), number_of(want)),
        (Some(want), _) => (want.clone(), number_of(want)),
        (None, Some((name, number))) => (name.clone(), number),
        (None, None) => (String::new(), None),
    }
}

/// `0644`
pub fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(owner: &str) -> Ownership {
        Ownership { owner: Some(owner.into()), ..Ownership::default() }
    }

    #[test]
    fn root_is_number_0_before_anybody_was_asked() {
        for (first, then) in [("root", "0"), ("0", "root"), ("0", "0"), ("www-data", "www-data")] {
            let predicted = owned(first).over(None, PathKind::Directory, 0o755);
            assert!(owned(then).missing(&predicted).is_empty(), "{first}, then {then}");
        }
        let predicted = owned("root").over(None, PathKind::Directory, 0o755);
        assert_eq!(owned("10001").missing(&predicted), owned("10001"));
    }
}

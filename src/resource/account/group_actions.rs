//! Changes of groups.

use crate::remote::{Script, words};

use super::super::action::{Action, Step};
use super::super::diff::Diff;
use super::super::world::World;
use super::state::{Group, GroupEntry, GroupState};

/// Makes a group.
#[derive(Debug, Clone)]
pub struct CreateGroup {
    /// Its name.
    pub name: String,
    /// Its number.
    pub gid: Option<u32>,
    /// Another group may have that number.
    pub non_unique: bool,
    /// Its number is one of those for the system.
    pub system: bool,
    /// Other options of groupadd(8): `-K`, `GID_MIN=…`.
    pub limits: Vec<String>,
}

impl Action for CreateGroup {
    fn summary(&self) -> String {
        format!("create group {}", self.name)
    }

    fn step(&self) -> Step {
        let mut call = words!["groupadd"].to_vec();
        if let Some(gid) = self.gid {
            call.extend(words!["-g", gid]);
        }
        if self.non_unique {
            call.extend(words!["-o"]);
        }
        if self.system {
            call.extend(words!["-r"]);
        }
        for limit in &self.limits {
            call.extend(words!["-K", limit]);
        }
        call.extend(words!["--", &self.name]);
        Step::Shell(Script::of(call))
    }

    fn predict(&self, world: &mut World) {
        let state = GroupState(Some(GroupEntry { gid: self.gid }));
        world.predict(Group { name: self.name.clone() }, state);
    }

    fn diff(&self) -> Diff {
        let diff = Diff::of(format!("group {}", self.name)).change("state", "absent", "present");
        diff.change("gid", "", self.gid.map(|gid| gid.to_string()).unwrap_or_default())
    }
}

/// Gives a group another number.
#[derive(Debug, Clone)]
pub struct ModifyGroup {
    /// Its name.
    pub name: String,
    /// Its number.
    pub gid: u32,
    /// Another group may have that number.
    pub non_unique: bool,
    /// Its number now.
    pub before: Option<u32>,
}

impl Action for ModifyGroup {
    fn summary(&self) -> String {
        format!("change group {}", self.name)
    }

    fn step(&self) -> Step {
        let mut call = words!["groupmod", "-g", self.gid].to_vec();
        if self.non_unique {
            call.extend(words!["-o"]);
        }
        call.extend(words!["--", &self.name]);
        Step::Shell(Script::of(call))
    }

    fn predict(&self, world: &mut World) {
        let state = GroupState(Some(GroupEntry { gid: Some(self.gid) }));
        world.predict(Group { name: self.name.clone() }, state);
    }

    fn diff(&self) -> Diff {
        let before = self.before.map(|gid| gid.to_string()).unwrap_or_default();
        Diff::of(format!("group {}", self.name)).change("gid", before, self.gid.to_string())
    }
}

/// Removes a group.
#[derive(Debug, Clone)]
pub struct DeleteGroup {
    /// Its name.
    pub name: String,
    /// Even if it is the primary group of a user.
    pub force: bool,
}

impl Action for DeleteGroup {
    fn summary(&self) -> String {
        format!("remove group {}", self.name)
    }

    fn step(&self) -> Step {
        let mut call = words!["groupdel"].to_vec();
        if self.force {
            call.extend(words!["-f"]);
        }
        call.extend(words!["--", &self.name]);
        Step::Shell(Script::of(call))
    }

    fn predict(&self, world: &mut World) {
        world.predict(Group { name: self.name.clone() }, GroupState(None));
    }

    fn diff(&self) -> Diff {
        Diff::of(format!("group {}", self.name)).change("state", "present", "absent")
    }
}

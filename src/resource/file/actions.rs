//! Changes of paths that write no content.

use std::sync::Arc;

use super::super::action::{Action, Nature, Step};
use super::super::diff::Diff;
use super::super::package;
use super::super::unit;
use super::super::world::World;
use super::connectivity::guarded;
use super::content::{Content, ContentState, Digest, DigestState, digest_of};
use super::ownership::Ownership;
use super::state::{Attributes, Path, PathKind, PathState};
use super::write::WriteFile;
use crate::remote::Script;

/// Changes owner, group or mode of what is there.
#[derive(Debug, Clone)]
pub struct SetAttributes {
    /// The absolute path.
    pub path: String,
    /// What is to change: only what differs.
    pub ownership: Ownership,
    /// What stands there now.
    pub before: Attributes,
}

impl Action for SetAttributes {
    fn summary(&self) -> String {
        format!("set the attributes of {}", self.path)
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        script.assign("target", self.path.as_str());
        self.ownership.script(&mut script);
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        let kind = self.before.kind.clone();
        let mut after = self.ownership.over(Some(&self.before), kind, self.before.mode);
        after.size = self.before.size;
        after.fresh = self.before.fresh;
        world.predict(Path { path: self.path.clone() }, PathState::Present(after));
    }

    fn diff(&self) -> Diff {
        self.ownership.diff(Diff::of(format!("file {}", self.path)), Some(&self.before))
    }

    fn nature(&self) -> Nature {
        guarded(&self.path, &PathState::Present(self.before.clone()), None)
    }
}

/// Makes one directory; its parents are actions of their own.
#[derive(Debug, Clone)]
pub struct MakeDirectory {
    /// The absolute path.
    pub path: String,
    /// What it is to belong to.
    pub ownership: Ownership,
}

impl MakeDirectory {
    /// Mode of a directory that asks for none.
    const NEW: u32 = 0o755;
}

impl Action for MakeDirectory {
    fn summary(&self) -> String {
        format!("make directory {}", self.path)
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        script.assign("target", self.path.as_str());
        // Never wider than it will be, not even for a moment.
        script.line(r#"mkdir -m 0700 -- "$target""#);
        let mode = Some(self.ownership.mode.unwrap_or(Self::NEW));
        Ownership { mode, ..self.ownership.clone() }.script(&mut script);
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        let after = self.ownership.over(None, PathKind::Directory, Self::NEW);
        world.predict(Path { path: self.path.clone() }, PathState::Present(after));
    }

    fn diff(&self) -> Diff {
        let diff =
            Diff::of(format!("directory {}", self.path)).change("state", "absent", "directory");
        let mode = Some(self.ownership.mode.unwrap_or(Self::NEW));
        Ownership { mode, ..self.ownership.clone() }.diff(diff, None)
    }

    fn nature(&self) -> Nature {
        guarded(&self.path, &PathState::Absent, None)
    }
}

/// Removes what is there, a directory with all that is in it.
#[derive(Debug, Clone)]
pub struct Remove {
    /// The absolute path.
    pub path: String,
    /// What stands there now.
    pub before: Attributes,
    /// What it holds now, if it is a file whose content is known.
    pub old: Option<Arc<Vec<u8>>>,
}

impl Action for Remove {
    fn summary(&self) -> String {
        format!("remove {}", self.path)
    }

    fn step(&self) -> Step {
        Step::Shell(Script::of(["rm", "-rf", "--one-file-system", "--", &self.path]))
    }

    fn predict(&self, world: &mut World) {
        unit::file_changed(world, &self.path);
        package::file_changed(world, &self.path);
        let path = || self.path.clone();
        world.forget_below(&self.path);
        world.predict(Path { path: path() }, PathState::Absent);
        world.foresee(Digest { path: path() }, DigestState(None));
        world.foresee(Content { path: path() }, ContentState(None));
    }

    fn diff(&self) -> Diff {
        let kind = match self.before.kind {
            PathKind::File => "file",
            PathKind::Directory => "directory",
            PathKind::Link(_) => "link",
            PathKind::Other => "special file",
        };
        let diff = Diff::of(format!("{kind} {}", self.path)).change("state", kind, "absent");
        match &self.old {
            Some(old) => diff.text(Some(old), None),
            None => diff,
        }
    }

    fn nature(&self) -> Nature {
        let before = PathState::Present(self.before.clone());
        match &self.old {
            Some(old) => guarded(&self.path, &before, Some(old)),
            None => Nature::default(),
        }
    }
}

/// Makes a symbolic or hard link, in one step where something is replaced.
#[derive(Debug, Clone)]
pub struct Link {
    /// The absolute path of the link.
    pub path: String,
    /// What it points to, as written.
    pub target: String,
    /// A hard link.
    pub hard: bool,
    /// What stands there now.
    pub before: Arc<PathState>,
}

impl Action for Link {
    fn summary(&self) -> String {
        format!("link {} to {}", self.path, self.target)
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        script.assign("path", self.path.as_str()).assign("to", self.target.as_str());
        script.line(
            r#"folder=$(mktemp -d "${path%/*}/.mxprov-XXXXXXXX")
trap 'rm -rf -- "$folder"' EXIT
[ -L "$path" ] || [ ! -d "$path" ] || rmdir -- "$path""#,
        );
        script.line(if self.hard {
            r#"ln -- "$to" "$folder/link""#
        } else {
            r#"ln -s -- "$to" "$folder/link""#
        });
        script.line(r#"mv -fT -- "$folder/link" "$path""#);
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        unit::file_changed(world, &self.path);
        package::file_changed(world, &self.path);
        let kind = if self.hard { PathKind::File } else { PathKind::Link(self.target.clone()) };
        if self.hard {
            world.forget(&Path { path: self.path.clone() });
        } else {
            let after = Ownership::default().over(None, kind, 0o777);
            world.predict(Path { path: self.path.clone() }, PathState::Present(after));
        }
        world.forget(&Digest { path: self.path.clone() });
        world.forget(&Content { path: self.path.clone() });
    }

    fn diff(&self) -> Diff {
        let before = match self.before.attributes().map(|found| &found.kind) {
            None => "absent".to_string(),
            Some(PathKind::Link(target)) => target.clone(),
            Some(PathKind::File) => "a file".to_string(),
            Some(PathKind::Directory) => "a directory".to_string(),
            Some(PathKind::Other) => "a special file".to_string(),
        };
        Diff::of(format!("link {}", self.path)).change("target", before, &self.target)
    }
}

/// Makes an empty file, or sets the times of what is there to now.
#[derive(Debug, Clone)]
pub struct Touch {
    /// The absolute path.
    pub path: String,
    /// What it is to belong to: only what differs.
    pub ownership: Ownership,
    /// What stands there now.
    pub before: Arc<PathState>,
    /// `touch -t` for the access time; none for now, empty to leave it.
    pub access_time: Option<String>,
    /// The same for the modification time.
    pub modification_time: Option<String>,
}

impl Action for Touch {
    fn summary(&self) -> String {
        format!("touch {}", self.path)
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        script.assign("target", self.path.as_str());
        script.line(r#"[ -e "$target" ] || (umask 022; : >>"$target")"#);
        for (flag, time) in [("-a", &self.access_time), ("-m", &self.modification_time)] {
            match time.as_deref() {
                Some("") => {}
                Some(time) => {
                    script.words(["touch", flag, "-t", time, "--"]).line(r#" "$target""#);
                }
                None => {
                    script.words(["touch", flag, "--"]).line(r#" "$target""#);
                }
            }
        }
        self.ownership.script(&mut script);
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        let before = self.before.attributes();
        let kind = before.map_or(PathKind::File, |found| found.kind.clone());
        let after = self.ownership.over(before, kind, WriteFile::NEW);
        world.predict(Path { path: self.path.clone() }, PathState::Present(after));
        if before.is_none() {
            world.foresee(Content { path: self.path.clone() }, ContentState(Some(Arc::default())));
            world.predict(Digest { path: self.path.clone() }, DigestState(Some(digest_of(b""))));
        }
    }

    fn diff(&self) -> Diff {
        let diff = Diff::of(format!("file {}", self.path));
        let diff = match self.before.attributes() {
            None => diff.change("state", "absent", "file"),
            Some(_) => diff.change("times", "", "now"),
        };
        self.ownership.diff(diff, self.before.attributes())
    }
}

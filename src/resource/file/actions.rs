//! Changes of paths. Files are written beside their target and renamed over it.

use std::sync::Arc;

use super::super::action::{Action, Guard, Nature, Step};
use super::super::diff::Diff;
use super::super::unit::file_changed;
use super::super::world::World;
use super::content::{Content, ContentState, Digest, DigestState, digest_of};
use super::state::{Attributes, Path, PathKind, PathState};
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
        let wanted = |want: &Option<String>, have: &str| want.clone().filter(|want| want != have);
        Self {
            owner: wanted(&self.owner, &found.owner),
            group: wanted(&self.group, &found.group),
            mode: self.mode.filter(|mode| *mode != found.mode),
        }
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Shell text that gives `"$target"` this ownership. The owner comes first: chown clears setuid.
    fn script(&self, script: &mut Script) {
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
    fn over(&self, before: Option<&Attributes>, kind: PathKind, mode: u32) -> Attributes {
        let name = |want: &Option<String>, have: Option<&String>| match want {
            Some(name) if name.bytes().all(|byte| byte.is_ascii_digit()) => String::new(),
            Some(name) => name.clone(),
            None => have.cloned().unwrap_or_default(),
        };
        Attributes {
            mode: self.mode.unwrap_or(before.map_or(mode, |before| before.mode)),
            owner: name(&self.owner, before.map(|before| &before.owner)),
            group: name(&self.group, before.map(|before| &before.group)),
            size: None,
            fresh: before.is_none() && kind == PathKind::Directory,
            kind,
        }
    }

    fn diff(&self, diff: Diff, before: Option<&Attributes>) -> Diff {
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

/// `0644`
pub fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}

/// Configuration that decides who gets in: its changes are kept with their inverse.
fn is_connectivity(path: &str) -> bool {
    const PLACES: [&str; 9] = [
        "/etc/ssh/",
        "/etc/ufw/",
        "/etc/default/ufw",
        "/etc/pam.d/",
        "/etc/nftables.conf",
        "/etc/network/",
        "/etc/netplan/",
        "/etc/systemd/network/",
        "/etc/security/",
    ];
    PLACES.iter().any(|place| path.starts_with(place))
}

/// Puts back what stands at `path` now; evaluated on the host before the change.
fn restore(path: &str, before: Option<&Attributes>, content: Option<&[u8]>) -> Script {
    let mut script = Script::new();
    script.assign("target", path);
    match (before, content) {
        (Some(before), Some(content)) if before.kind == PathKind::File => {
            script.data("content", content);
            script.line(
                r#"content >"$target.mxprov-back" && mv -f -- "$target.mxprov-back" "$target""#,
            );
            let all = Ownership {
                owner: Some(before.owner.clone()),
                group: Some(before.group.clone()),
                mode: Some(before.mode),
            };
            all.script(&mut script);
        }
        (Some(before), _) => {
            Ownership { mode: Some(before.mode), ..Ownership::default() }.script(&mut script);
        }
        (None, _) => {
            script.line(r#"rm -rf -- "$target""#);
        }
    }
    script
}

fn guarded(path: &str, before: &PathState, content: Option<&[u8]>) -> Nature {
    let guard = is_connectivity(path)
        .then(|| Guard::Configuration { inverse: restore(path, before.attributes(), content) });
    Nature { guard, ..Nature::default() }
}

/// Replaces or makes a file.
#[derive(Debug, Clone)]
pub struct WriteFile {
    /// The absolute path.
    pub path: String,
    /// The whole new content.
    pub content: Arc<Vec<u8>>,
    /// What it is to belong to.
    pub ownership: Ownership,
    /// What stands there now.
    pub before: Arc<PathState>,
    /// What it holds now.
    pub old: Option<Arc<Vec<u8>>>,
    /// A command that must accept the new file before it takes its place; `%s` is the file.
    pub validate: Option<String>,
    /// Keep the old file beside the new one, with the time in its name.
    pub backup: bool,
}

impl WriteFile {
    /// Mode of a new file that asks for none: 0666 less the usual umask.
    const NEW: u32 = 0o644;

    fn result(&self) -> Attributes {
        let before = self.before.attributes().filter(|found| found.kind == PathKind::File);
        let mut after = self.ownership.over(before, PathKind::File, Self::NEW);
        after.size = Some(self.content.len() as u64);
        after
    }

    fn script(&self) -> Script {
        let mut script = Script::strict();
        script.data("content", &self.content);
        script.assign("path", self.path.as_str());
        script.line(
            r#"target=$(mktemp "${path%/*}/.${path##*/}.mxprov-XXXXXXXX")
trap 'rm -f -- "$target"' EXIT
trap 'exit 1' HUP INT TERM
content >"$target"
if [ -f "$path" ] && [ ! -L "$path" ]; then
  chown --reference="$path" -- "$target"
  chmod --reference="$path" -- "$target"
else"#,
        );
        script.words(["chmod", &octal(Self::NEW)]).line(r#" "$target""#).line("fi");
        self.ownership.script(&mut script);
        if let Some(validate) = &self.validate {
            // `%s` stands for the path of the new file, as one word.
            script.assign("check", validate.replace("%s", r#""$target""#));
            script.line(r#"eval "$check" >&2 || { echo "the new file was not accepted by: $check" >&2; exit 1; }"#);
        }
        if self.backup {
            script.line(
                r#"[ ! -e "$path" ] || cp -p -- "$path" "$path.$$.$(date +%Y-%m-%d@%H:%M:%S~)""#,
            );
        }
        script.line(r#"sync -- "$target""#);
        script.line(r#"mv -fT -- "$target" "$path""#);
        script
    }
}

impl Action for WriteFile {
    fn summary(&self) -> String {
        match *self.before {
            PathState::Absent => format!("create {}", self.path),
            PathState::Present(_) => format!("write {}", self.path),
        }
    }

    fn step(&self) -> Step {
        Step::Shell(self.script())
    }

    fn predict(&self, world: &mut World) {
        file_changed(world, &self.path);
        let path = || self.path.clone();
        world.predict(Path { path: path() }, PathState::Present(self.result()));
        world.predict(Digest { path: path() }, DigestState(Some(digest_of(&self.content))));
        world.foresee(Content { path: path() }, ContentState(Some(Arc::clone(&self.content))));
    }

    fn diff(&self) -> Diff {
        let diff = Diff::of(format!("file {}", self.path));
        let before = self.before.attributes();
        let new = before.is_none().then(|| self.result());
        let diff = match new {
            Some(new) => diff.change("mode", "", octal(new.mode)),
            None => diff,
        };
        let ownership = match before {
            Some(found) => self.ownership.missing(found),
            None => Ownership { mode: None, ..self.ownership.clone() },
        };
        let old = match (before.map(|found| &found.kind), &self.old) {
            (Some(PathKind::File), Some(old)) => Some(old.as_slice()),
            (Some(PathKind::Link(_)), Some(old)) => Some(old.as_slice()),
            _ => None,
        };
        ownership.diff(diff, before).text(old, Some(&self.content))
    }

    fn nature(&self) -> Nature {
        guarded(&self.path, &self.before, self.old.as_ref().map(|old| old.as_slice()))
    }
}

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
        file_changed(world, &self.path);
        let path = || self.path.clone();
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
        file_changed(world, &self.path);
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
    /// `touch -d` for the access time; none for now, empty to leave it.
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
                    script.words(["touch", flag, "-d", time, "--"]).line(r#" "$target""#);
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

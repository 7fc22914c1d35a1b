//! A file with new content: written beside its target and renamed over it.

use std::fmt;
use std::sync::Arc;

use super::super::action::{Action, Nature, Step};
use super::super::diff::{Diff, Text};
use super::super::web::{Request, shown_url};
use super::super::world::World;
use super::super::{package, unit};
use super::checksum::Algorithm;
use super::connectivity::guarded;
use super::content::{Content, ContentState, Digest, DigestState, digest_of};
use super::ownership::{Ownership, octal};
use super::state::{Attributes, Path, PathKind, PathState};
use crate::remote::Script;

/// Where the new content comes from.
#[derive(Clone)]
pub enum Source {
    /// These bytes are sent.
    Bytes(Arc<Vec<u8>>),
    /// A file that is on the host already.
    Host {
        /// Its absolute path.
        path: String,
        /// Its SHA-256, in hexadecimal.
        digest: String,
        /// Its size in bytes, if it is known.
        size: Option<u64>,
        /// Its content, where it is small enough to show.
        shown: Option<Arc<Vec<u8>>>,
    },
    /// The host downloads it.
    Web {
        /// The request.
        request: Box<Request>,
        /// A checksum that it must have.
        checksum: Option<(Algorithm, String)>,
    },
}

/// Replaces or makes a file.
#[derive(Clone)]
pub struct WriteFile {
    /// The absolute path.
    pub path: String,
    /// The whole new content.
    pub content: Source,
    /// People must not see the content.
    pub secret: bool,
    /// What it is to belong to.
    pub ownership: Ownership,
    /// What stands there now.
    pub before: Arc<PathState>,
    /// What it holds now; none if there is none or it is too big to look at.
    pub old: Option<Arc<Vec<u8>>>,
    /// A command that must accept the new file before it takes its place; `%s` is the file.
    pub validate: Option<String>,
    /// Keep the old file beside the new one, with the time in its name, which is printed.
    pub backup: bool,
}

impl fmt::Debug for WriteFile {
    /// Contents may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteFile")
            .field("path", &self.path)
            .field("digest", &self.content.digest())
            .field("ownership", &self.ownership)
            .finish_non_exhaustive()
    }
}

impl Source {
    /// The SHA-256 in hexadecimal, if it is known.
    pub fn digest(&self) -> Option<String> {
        match self {
            Self::Bytes(bytes) => Some(digest_of(bytes)),
            Self::Host { digest, .. } => Some(digest.clone()),
            Self::Web { checksum: Some((Algorithm::Sha256, sum)), .. } => Some(sum.clone()),
            Self::Web { .. } => None,
        }
    }

    /// The bytes, where they are known here.
    pub fn bytes(&self) -> Option<&Arc<Vec<u8>>> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Host { shown, .. } => shown.as_ref(),
            Self::Web { .. } => None,
        }
    }

    fn size(&self) -> Option<u64> {
        match self {
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Host { size, .. } => *size,
            Self::Web { .. } => None,
        }
    }

    /// Shell text that refuses a `"$target"` with another checksum.
    fn check(&self, script: &mut Script) {
        if let Self::Web { checksum: Some((algorithm, sum)), .. } = self {
            script.assign("sum", sum.to_ascii_lowercase());
            script.assign("tool", algorithm.command());
            script.line(
                r#"found=$("$tool" <"$target")
[ "${found%% *}" = "$sum" ] || {
  echo "the download has the checksum ${found%% *}, not $sum" >&2
  exit 1
}"#,
            );
        }
    }

    /// Shell text with a function `content` that prints it.
    fn script(&self, script: &mut Script) {
        match self {
            Self::Bytes(bytes) => {
                script.data("content", bytes);
            }
            Self::Host { path, .. } => {
                script.assign("from", path.as_str());
                script.line(r#"content() { cat <"$from"; }"#);
            }
            Self::Web { request, .. } => request.download(script),
        }
    }
}

/// A temporary file beside the target, private from its first moment; what an earlier run that
/// was killed left behind goes.
const BESIDE: &str = r#"rm -f -- "${path%/*}/.${path##*/}.mxprov-"????????
target=$(mktemp "${path%/*}/.${path##*/}.mxprov-XXXXXXXX")
trap 'rm -f -- "$target"' EXIT
trap 'exit 1' HUP INT TERM
content >"$target""#;

/// Keeps what the old file has; only where it differs, for users who may not change owners.
const KEEP_OWNER: &str = r#"uid=$(stat -c %u -- "$path")
[ "$uid" = "$(stat -c %u -- "$target")" ] || chown -- "$uid" "$target""#;
const KEEP_GROUP: &str = r#"gid=$(stat -c %g -- "$path")
[ "$gid" = "$(stat -c %g -- "$target")" ] || chgrp -- "$gid" "$target""#;

impl WriteFile {
    /// Mode of a new file that asks for none: 0666 less the usual umask.
    pub const NEW: u32 = 0o644;

    /// The attributes that the file will have.
    pub fn result(&self) -> Attributes {
        let before = self.before.attributes().filter(|found| found.kind == PathKind::File);
        let mut after = self.ownership.over(before, PathKind::File, Self::NEW);
        after.size = self.content.size();
        after
    }

    fn script(&self) -> Script {
        let mut script = Script::strict();
        self.content.script(&mut script);
        script.assign("path", self.path.as_str());
        script.line(BESIDE);
        self.content.check(&mut script);
        self.give_ownership(&mut script);
        if let Some(validate) = &self.validate {
            // `%s` stands for the path of the new file, as one word.
            script.assign("check", validate.replace("%s", r#""$target""#));
            script.line(r#"eval "$check" >&2 || { echo "the new file was not accepted by: $check" >&2; exit 1; }"#);
        }
        if self.backup {
            script.line(
                r#"if [ -e "$path" ]; then
  kept="$path.$$.$(date +%Y-%m-%d@%H:%M:%S~)"
  cp -p -- "$path" "$kept"
  printf '%s\n' "$kept"
fi"#,
            );
        }
        script.line(r#"sync -- "$target""#);
        script.line(r#"mv -fT -- "$target" "$path""#);
        script
    }

    /// Owner and group before the mode, so that it is never open to more people than it will be.
    fn give_ownership(&self, script: &mut Script) {
        script.line(r#"if [ -f "$path" ] && [ ! -L "$path" ]; then"#);
        if self.ownership.owner.is_none() {
            script.line(KEEP_OWNER);
        }
        if self.ownership.group.is_none() {
            script.line(KEEP_GROUP);
        }
        script.line(r#"  mode=$(stat -c %a -- "$path")"#).line("else");
        script.assign("mode", octal(Self::NEW)).line("fi");
        Ownership { mode: None, ..self.ownership.clone() }.script(script);
        match self.ownership.mode {
            Some(mode) => script.words(["chmod", &octal(mode)]).line(r#" "$target""#),
            None => script.line(r#"chmod -- "$mode" "$target""#),
        };
    }

    fn text(&self) -> Text {
        if self.secret {
            return Text::hidden("the content is secret");
        }
        let there = matches!(
            self.before.attributes().map(|found| &found.kind),
            Some(PathKind::File | PathKind::Link(_))
        );
        if let Source::Web { request, .. } = &self.content {
            return Text::hidden(format!("downloaded from {}", shown_url(&request.url)));
        }
        match (self.content.bytes(), &self.old) {
            (Some(new), Some(old)) if there => Text::new(Some(old), Some(new)),
            (Some(new), _) if !there => Text::new(None, Some(new)),
            _ => Text::hidden("the content is too big to show"),
        }
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
        unit::file_changed(world, &self.path);
        package::file_changed(world, &self.path);
        let path = || self.path.clone();
        world.predict(Path { path: path() }, PathState::Present(self.result()));
        match self.content.digest() {
            Some(digest) => {
                world.predict(Digest { path: path() }, DigestState(Some(digest)));
            }
            None => world.forget(&Digest { path: path() }),
        }
        match self.content.bytes() {
            Some(bytes) => {
                world.foresee(Content { path: path() }, ContentState(Some(Arc::clone(bytes))));
            }
            None => world.forget(&Content { path: path() }),
        }
    }

    fn diff(&self) -> Diff {
        let before = self.before.attributes();
        let diff = Diff::of(format!("file {}", self.path));
        let diff = match before {
            None => diff.change("mode", "", octal(self.result().mode)),
            Some(_) => diff,
        };
        let ownership = match before {
            Some(found) => self.ownership.missing(found),
            None => Ownership { mode: None, ..self.ownership.clone() },
        };
        let mut diff = ownership.diff(diff, before);
        diff.text = Some(self.text());
        diff
    }

    fn nature(&self) -> Nature {
        guarded(&self.path, &self.before, self.old.as_ref().map(|old| old.as_slice()))
    }
}

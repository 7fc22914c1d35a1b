//! Keys of repositories.

use std::time::Duration;

use crate::remote::Script;

use super::super::action::{Action, Nature, Step};
use super::super::diff::Diff;
use super::super::file::{Attributes, Path, PathKind, PathState};
use super::super::world::World;

/// Downloads a key with apt's own tool, since no other is sure to be there.
#[derive(Debug, Clone)]
pub struct FetchKey {
    /// Where it is.
    pub url: String,
    /// Where it goes.
    pub path: String,
}

impl Action for FetchKey {
    fn summary(&self) -> String {
        format!("download {} to {}", self.url, self.path)
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        script.assign("path", self.path.as_str()).assign("url", self.url.as_str());
        script.line(
            r#"mkdir -p -m 755 -- "${path%/*}"
folder=$(mktemp -d "${path%/*}/.mxprov-XXXXXXXX")
trap 'rm -rf -- "$folder"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 -- "$folder"
if [ -x /usr/lib/apt/apt-helper ]; then /usr/lib/apt/apt-helper download-file "$url" "$folder/key" >&2
elif command -v curl >/dev/null; then curl -fsSL -o "$folder/key" -- "$url" >&2
else wget -qO "$folder/key" -- "$url" >&2; fi
[ -s "$folder/key" ] || { echo "nothing was downloaded from $url" >&2; exit 1; }
chown root:root -- "$folder/key"
chmod 644 -- "$folder/key"
mv -f -- "$folder/key" "$path""#,
        );
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        let attributes = Attributes {
            kind: PathKind::File,
            mode: 0o644,
            owner: "root".into(),
            group: "root".into(),
            uid: None,
            gid: None,
            size: None,
            fresh: false,
        };
        world.predict(Path { path: self.path.clone() }, PathState::Present(attributes));
    }

    fn diff(&self) -> Diff {
        Diff::of(format!("file {}", self.path))
            .change("state", "absent", "file")
            .change("content", "", &self.url)
    }

    fn nature(&self) -> Nature {
        Nature { limit: Some(Duration::from_secs(120)), ..Nature::default() }
    }
}

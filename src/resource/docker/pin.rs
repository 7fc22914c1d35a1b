//! Images that keep the digest which their tag had when it was first pulled.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::remote::{Output, Script};
use crate::value::Str;

use super::super::action::{Action, Nature, Step};
use super::super::command::export;
use super::super::diff::Diff;
use super::super::file::{Content, Digest, Path};
use super::super::world::World;
use super::image::{Image, ImageState};
use super::offer::{in_brackets, repository};

/// The file that keeps digests: a line `NAME DIGEST` for each image, comments with `#`.
#[derive(Debug, Clone, Default)]
pub struct Lock(BTreeMap<String, String>);

impl Lock {
    /// What a file holds; lines that are none of ours are passed over.
    pub fn read(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.trim().split_once(' '));
        let pairs = pairs.map(|(name, digest)| (name.to_string(), digest.trim().to_string()));
        Self(pairs.filter(|(_, digest)| is_digest(digest)).collect())
    }

    /// The digest that an image keeps.
    pub fn digest(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn is_digest(text: &str) -> bool {
    let hexadecimal = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.strip_prefix("sha256:").is_some_and(|rest| rest.len() == 64 && hexadecimal(rest))
}

impl ImageState {
    /// The digest by which the registry of `name` knows it; none if it came from no registry, or
    /// from another one.
    pub fn digest_in(&self, name: &str) -> Option<&str> {
        self.digests_in(name).next()
    }

    /// Whether the registry of `name` knows it by this digest.
    pub fn has_digest(&self, name: &str, digest: &str) -> bool {
        self.digests_in(name).any(|one| one == digest)
    }

    fn digests_in(&self, name: &str) -> impl Iterator<Item = &str> {
        let own = familiar(repository(name)).to_string();
        self.digests.iter().filter_map(move |one| {
            let (repository, digest) = one.split_once('@')?;
            (familiar(repository) == own).then_some(digest)
        })
    }
}

/// As Docker writes names of its own hub: `docker.io/library/redis` is `redis`.
fn familiar(repository: &str) -> &str {
    let rest = ["docker.io/", "index.docker.io/"].iter().find_map(|it| repository.strip_prefix(it));
    let rest = rest.unwrap_or(repository);
    rest.strip_prefix("library/").unwrap_or(rest)
}

/// Gives a tag the image that it is to have, and writes its digest down.
#[derive(Debug, Clone)]
pub struct PinImage {
    /// The image with its tag.
    pub name: String,
    /// What the host has under that name.
    pub before: Arc<ImageState>,
    /// The digest in the file.
    pub kept: Option<String>,
    /// The digest that it will have; none if the pull tells.
    pub digest: Option<String>,
    /// Whether it is pulled; else only the digest is written down.
    pub pulls: bool,
    /// The bytes of the pull, where that is known.
    pub size: Option<u64>,
    /// The file that keeps digests.
    pub lock: String,
    /// Variables for the program.
    pub environment: Vec<(String, Str)>,
}

/// What stands on top of the file.
const HEAD: &str =
    "# Managed by mxprov: the digest that each tag had when it was first pulled here.";

/// By digest, and then under its tag.
const BY_DIGEST: &str = r#"docker pull --quiet -- "$mx_repository@$mx_digest" >&2
docker tag "$mx_repository@$mx_digest" "$mx_name""#;

const BY_TAG: &str = r#"mx_said=$(docker pull -- "$mx_name")
mx_digest=$(printf '%s\n' "$mx_said" | sed -n 's/^Digest: //p' | head -n 1)
[ -n "$mx_digest" ] || { printf 'docker does not say the digest of %s\n' "$mx_name" >&2; exit 1; }"#;

const KEEP: &str = r#"mx_new=$(mktemp -- "$mx_lock.XXXXXXXX")
trap 'rm -f -- "$mx_new"' EXIT
{
  printf '%s\n' "$mx_head"
  {
    printf '%s %s\n' "$mx_name" "$mx_digest"
    [ ! -e "$mx_lock" ] || while read -r mx_old mx_its; do
      case $mx_old in '#'* | '' | "$mx_name") ;; *) printf '%s %s\n' "$mx_old" "$mx_its";; esac
    done <"$mx_lock"
  } | LC_ALL=C sort
} >"$mx_new"
chmod 0644 -- "$mx_new"
mv -f -- "$mx_new" "$mx_lock""#;

impl PinImage {
    /// Whether something changes for sure; else the pull tells.
    pub fn is_sure(&self) -> bool {
        !self.before.is_there() || self.digest.is_some()
    }

    /// Whether the tag gets another image than the host has under it.
    pub fn renews(&self) -> bool {
        self.pulls && self.before.is_there()
    }

    /// What its output says of the image.
    pub fn read(output: &Output) -> Option<ImageState> {
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().rev().find_map(|line| ImageState::read(line).ok())
    }

    fn digest_before(&self) -> String {
        let own = || self.before.digest_in(&self.name).map(str::to_string);
        let of_image = if self.pulls { own() } else { None };
        of_image.or_else(|| self.kept.clone()).unwrap_or_default()
    }
}

impl Action for PinImage {
    fn summary(&self) -> String {
        match self.pulls {
            true => format!("pull {}{}", self.name, in_brackets(self.size)),
            false => format!("keep the digest of {}", self.name),
        }
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        export(&mut script, &self.environment);
        script.assign("mx_name", self.name.as_str());
        script.assign("mx_repository", repository(&self.name));
        script.assign("mx_lock", self.lock.as_str()).assign("mx_head", HEAD);
        script.assign("mx_digest", self.digest.as_deref().unwrap_or_default());
        if self.pulls {
            script.line(if self.digest.is_some() { BY_DIGEST } else { BY_TAG });
        }
        script.line(KEEP);
        script.append(&Image { name: self.name.clone() }.question());
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        if self.pulls {
            world.predict(Image { name: self.name.clone() }, ImageState::to_come());
        }
        // Each image has a line of its own there: what the others have is read again.
        world.forget(&Content { path: self.lock.clone() });
        world.forget(&Digest { path: self.lock.clone() });
        world.forget(&Path { path: self.lock.clone() });
    }

    fn diff(&self) -> Diff {
        let diff = Diff::of(format!("image {}", self.name));
        let diff = match (self.pulls, self.before.is_there(), &self.digest) {
            (true, false, _) => diff.change("state", "", "pulled"),
            (true, true, None) => {
                diff.change("state", "here", "pulled, if it is another one by now")
            }
            (true, true, Some(_)) => diff.change("state", "here", "pulled"),
            (false, ..) => diff,
        };
        match &self.digest {
            Some(digest) => diff.change("digest", self.digest_before(), digest.clone()),
            None if self.before.is_there() => diff,
            None => diff.change("digest", "", "known once it is pulled"),
        }
    }

    fn identities(&self) -> Vec<String> {
        match &self.digest {
            Some(digest) => vec![format!("pin {} to {digest}", self.name)],
            None => self.foreseen().into_iter().collect(),
        }
    }

    /// A host without Docker cannot ask the registry while it plans.
    fn foreseen(&self) -> Option<String> {
        Some(format!("pin {} to what its registry has", self.name))
    }

    fn nature(&self) -> Nature {
        Nature { detached: true, own_environment: true, ..Nature::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_lock_has_a_digest_for_each_name() {
        let text = format!("# head\nredis:7 {DIGEST}\nbroken:1 sha256:12\n\n");
        let lock = Lock::read(&text);
        assert_eq!(lock.digest("redis:7"), Some(DIGEST));
        assert_eq!(lock.digest("broken:1"), None);
        assert_eq!(lock.digest("# head"), None);
    }

    #[test]
    fn digests_are_those_of_the_names_own_registry() {
        let digests = vec![format!("redis@{DIGEST}"), "other.example/redis@sha256:12".to_string()];
        let image = ImageState { digests, ..ImageState::default() };
        assert!(image.has_digest("docker.io/library/redis:7", DIGEST));
        assert_eq!(image.digest_in("redis:7"), Some(DIGEST));
        assert_eq!(image.digest_in("other.example/redis:7"), Some("sha256:12"));
        assert_eq!(image.digest_in("ghcr.io/redis:7"), None);
    }
}

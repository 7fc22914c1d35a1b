//! What stands at a path.

use crate::remote::{Output, Script};

use super::super::probe::answers;
use super::super::query::{Query, State};

/// Asks what stands at a path; links are not followed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    /// The absolute path.
    pub path: String,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathState {
    /// Nothing.
    Absent,
    /// Something.
    Present(Attributes),
}

/// The attributes of what stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// What it is.
    pub kind: PathKind,
    /// Permission bits, 0 to 0o7777.
    pub mode: u32,
    /// Name of the owner; the number where it has no name; empty where a prediction cannot tell.
    pub owner: String,
    /// Name of the group, likewise.
    pub group: String,
    /// Number of the owner; none in predictions that cannot tell.
    pub uid: Option<u32>,
    /// Number of the group, likewise.
    pub gid: Option<u32>,
    /// Size in bytes; none in predictions that cannot tell.
    pub size: Option<u64>,
    /// A planned action makes it anew, so there is nothing in it that was not planned.
    pub fresh: bool,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link with its target.
    Link(String),
    /// A device, socket or pipe.
    Other,
}

impl PathState {
    /// The attributes, if there is something.
    pub fn attributes(&self) -> Option<&Attributes> {
        match self {
            Self::Absent => None,
            Self::Present(attributes) => Some(attributes),
        }
    }

    /// Whether a directory stands there.
    pub fn is_directory(&self) -> bool {
        self.attributes().is_some_and(|found| found.kind == PathKind::Directory)
    }
}

impl State for PathState {
    fn agrees_with(&self, actual: &Self) -> bool {
        match (self, actual) {
            (Self::Absent, Self::Absent) => true,
            (Self::Present(predicted), Self::Present(actual)) => predicted.agrees_with(actual),
            _ => false,
        }
    }
}

impl Attributes {
    fn agrees_with(&self, actual: &Self) -> bool {
        let same = |predicted: &str, actual: &str| predicted.is_empty() || predicted == actual;
        let number = |predicted: Option<u32>, actual| predicted.is_none() || predicted == actual;
        self.kind == actual.kind
            && number(self.uid, actual.uid)
            && number(self.gid, actual.gid)
            && (self.mode == actual.mode || matches!(self.kind, PathKind::Link(_)))
            && same(&self.owner, &actual.owner)
            && same(&self.group, &actual.group)
    }
}

impl Query for Path {
    type State = PathState;

    fn script(queries: &[&Self]) -> Script {
        let mut script = Script::new();
        let paths = queries.iter().map(|query| query.path.as_str());
        script.run(["set", "--"].into_iter().chain(paths));
        script.line(PROBE);
        script
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<PathState, String>> {
        let parts = match &answers(output, 2)[..] {
            [Ok((_, flags)), Ok((_, lines))] => (flags.clone(), lines.clone()),
            [_, Err(error)] | [Err(error), _] => return vec![Err(error.clone()); queries.len()],
            _ => return vec![Err("the host could not be asked".into()); queries.len()],
        };
        let mut lines = parts.1.lines();
        let flags = parts.0.lines();
        queries
            .iter()
            .zip(flags.map(Some).chain(std::iter::repeat(None)))
            .map(|(query, flag)| state_of(&query.path, flag, &mut lines))
            .collect()
    }
}

/// First a line for each path: `-` absent, `+` there, `>target` a link, `!` hidden from this user.
/// Then, for what is there, one line of stat(1) each.
const PROBE: &str = r#"found=
for path; do
  if [ -L "$path" ]; then
    target=$(readlink -n -- "$path"; echo .)
    printf '>%s\n' "${target%.}" | tr '\n\036' '  '; echo
  elif [ -e "$path" ]; then echo +
  elif LC_ALL=C stat -- "$path" 2>&1 >/dev/null | grep -q 'denied$'; then echo '!'; continue
  else echo -; continue; fi
  found="$found x"
done
printf '\n\036%s\n' 0
for path; do
  shift
  if [ -L "$path" ] || [ -e "$path" ]; then set -- "$@" "$path"; fi
done
[ $# -eq 0 ] || stat -c '%f %U %G %u %g %s' -- "$@"
printf '\n\036%s\n' "$?""#;

fn state_of<'a>(
    path: &str,
    flag: Option<&str>,
    lines: &mut impl Iterator<Item = &'a str>,
) -> Result<PathState, String> {
    let flag = flag.ok_or_else(|| format!("the host did not answer for `{path}`"))?;
    match flag {
        "-" => Ok(PathState::Absent),
        "!" => Err(format!("this user may not look at `{path}`: permission denied")),
        _ => {
            let line = lines.next().ok_or_else(|| format!("`{path}` went while it was read"))?;
            let target = flag.strip_prefix('>').map(|target| target.trim_end_matches(' '));
            attributes(line, target)
                .map(PathState::Present)
                .ok_or_else(|| format!("stat of `{path}` gave the unreadable line `{line}`"))
        }
    }
}

/// A line of `stat -c '%f %U %G %u %g %s'`; `%f` is `st_mode` in hexadecimal.
fn attributes(line: &str, target: Option<&str>) -> Option<Attributes> {
    let fields: Vec<&str> = line.split(' ').collect();
    let [raw, owner, group, uid, gid, size] = fields[..] else { return None };
    let raw = u32::from_str_radix(raw, 16).ok()?;
    let named = |name: &str, number: &str| match name {
        "UNKNOWN" => number.to_string(),
        _ => name.to_string(),
    };
    let kind = match (raw & 0o170_000, target) {
        (0o100_000, _) => PathKind::File,
        (0o040_000, _) => PathKind::Directory,
        (0o120_000, Some(target)) => PathKind::Link(target.to_string()),
        _ => PathKind::Other,
    };
    Some(Attributes {
        kind,
        mode: raw & 0o7777,
        owner: named(owner, uid),
        group: named(group, gid),
        uid: uid.parse().ok(),
        gid: gid.parse().ok(),
        size: size.parse().ok(),
        fresh: false,
    })
}

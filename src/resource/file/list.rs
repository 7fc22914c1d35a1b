//! What find(1) finds in a directory, with its times.

use crate::remote::{Output, Script};

use super::super::probe::{Probe, answers, base64_field};
use super::super::query::{Query, State};

/// Asks what is in a directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Listing {
    /// The absolute path of the directory.
    pub path: String,
    /// How deep to look; none for all the way.
    pub depth: Option<u32>,
    /// Links are followed.
    pub follow: bool,
}

/// What is there, and the host's time when it was read, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct ListingState {
    /// What is in the directory, itself not included; none if it is no directory.
    pub found: Option<Vec<Listed>>,
    /// The host's time, in seconds since 1970.
    pub now: f64,
}

/// One path that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The absolute path.
    pub path: String,
    /// find's letter of the type: `f`, `d`, `l` …
    pub kind: char,
    /// `st_mode`'s permission bits.
    pub mode: u32,
    /// Numbers of owner and group.
    pub ids: [i64; 2],
    /// Names of owner and group.
    pub names: [String; 2],
    /// Size in bytes.
    pub size: i64,
    /// Times of access, modification and change in seconds.
    pub times: [f64; 3],
    /// Numbers of the inode and the device, and of hard links.
    pub node: [i64; 3],
}

impl State for ListingState {}

const LIST: &str = r#"date +%s
[ -d "$path" ] || exit 44
{ find "$links" "$path" -mindepth 1 $depth -printf '%y %m %U %G %u %g %s %A@ %T@ %C@ %i %D %n\0%p\0'; } | base64"#;

/// A status of the probe: there is no directory.
const NO_DIRECTORY: i32 = 44;

impl Query for Listing {
    type State = ListingState;
    const DERIVED: bool = true;

    fn script(queries: &[&Self]) -> Script {
        Probe::of_each(queries, |query, question| {
            question.assign("path", query.path.as_str());
            question.assign("links", if query.follow { "-L" } else { "-P" });
            let depth = query.depth.map(|depth| format!("-maxdepth {depth}"));
            question.assign("depth", depth.unwrap_or_default()).line(LIST);
        })
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<ListingState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| {
            let (status, text) = answer?;
            let (now, list) = text.split_once('\n').unwrap_or((&text, ""));
            let now = now.trim().parse().map_err(|_| "the host does not tell the time")?;
            let found = match status {
                NO_DIRECTORY => None,
                _ => Some(
                    listed(&base64_field(list)?)
                        .ok_or_else(|| format!("the list of `{}` could not be read", query.path))?,
                ),
            };
            Ok(ListingState { found, now })
        })
        .collect()
    }
}

fn listed(bytes: &[u8]) -> Option<Vec<Listed>> {
    let text = String::from_utf8_lossy(bytes);
    let fields: Vec<&str> = text.split('\0').collect();
    fields[..fields.len() - 1]
        .chunks(2)
        .map(|record| match record {
            [facts, path] => one(facts, path),
            _ => None,
        })
        .collect()
}

fn one(facts: &str, path: &str) -> Option<Listed> {
    let [kind, mode, uid, gid, owner, group, size, atime, mtime, ctime, inode, device, links] =
        facts.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let number = |text: &str| text.parse::<i64>().ok();
    let time = |text: &str| text.parse::<f64>().ok();
    Some(Listed {
        path: path.to_string(),
        kind: kind.chars().next()?,
        mode: u32::from_str_radix(mode, 8).ok()?,
        ids: [number(uid)?, number(gid)?],
        names: [owner.to_string(), group.to_string()],
        size: number(size)?,
        times: [time(atime)?, time(mtime)?, time(ctime)?],
        node: [number(inode)?, number(device)?, number(links)?],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_find_are_read() {
        let bytes = b"f 644 0 0 root root 5 1763.25 1764.5 1765.0000000000 99 2049 1\0/a b\n\0";
        let listed = listed(bytes).expect("is a list");
        assert_eq!(listed[0].path, "/a b\n");
        assert_eq!((listed[0].times, listed[0].node), ([1763.25, 1764.5, 1765.0], [99, 2049, 1]));
    }
}

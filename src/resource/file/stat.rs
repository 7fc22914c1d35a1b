//! All that stat(2) tells of a path.

use crate::remote::{Output, Script};

use super::super::probe::{Probe, answers, base64_field};
use super::super::query::{Query, State};

/// Asks for all facts of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stat {
    /// The absolute path.
    pub path: String,
    /// Links are followed.
    pub follow: bool,
}

/// The facts; none if there is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatState(pub Option<Facts>);

/// The facts of a path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// `st_mode`, type and permissions.
    pub raw: u32,
    /// Number of the owner.
    pub uid: i64,
    /// Number of the group.
    pub gid: i64,
    /// Name of the owner.
    pub owner: String,
    /// Name of the group.
    pub group: String,
    /// Size in bytes.
    pub size: i64,
    /// Number of the inode.
    pub inode: i64,
    /// Number of the device.
    pub device: i64,
    /// Number of hard links.
    pub links: i64,
    /// Blocks of 512 bytes.
    pub blocks: i64,
    /// Bytes that are best read at once.
    pub block_size: i64,
    /// Times of access, modification and change: seconds with a fraction, as text.
    pub times: [String; 3],
    /// What this user may do: read, write, execute.
    pub access: [bool; 3],
    /// What a link points to, as written.
    pub target: Option<String>,
    /// What a link points to in the end.
    pub source: Option<String>,
    /// `file --mime` of it: type and charset, where that tool is there.
    pub mime: Option<String>,
}

impl State for StatState {}

const ASK: &str = r#"[ -e "$path" ] || [ -L "$path" ] || exit 44
stat $follow -c '%f %u %g %s %i %d %h %b %B %o %.9X %.9Y %.9Z' -- "$path" || exit 1
r=- w=- x=-
[ ! -r "$path" ] || r=r; [ ! -w "$path" ] || w=w; [ ! -x "$path" ] || x=x
echo "$r$w$x"
stat $follow -c '%U %G' -- "$path"
if [ -L "$path" ]; then
  { readlink -n -- "$path"; printf '\0'; readlink -nf -- "$path"; } | base64 -w0
fi
echo
[ ! -f "$path" ] || ! command -v file >/dev/null || file $brief -b --mime -- "$path" </dev/null
"#;

/// A status of the probe: there is nothing.
const NOTHING: i32 = 44;

impl Query for Stat {
    type State = StatState;
    const DERIVED: bool = true;

    fn script(queries: &[&Self]) -> Script {
        Probe::of_each(queries, |query, question| {
            question.assign("path", query.path.as_str());
            question.assign("follow", if query.follow { "-L" } else { "" });
            question.assign("brief", if query.follow { "-L" } else { "-h" });
            if query.follow {
                question.line(r#"[ -e "$path" ] || exit 44"#);
            }
            question.line(ASK);
        })
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<StatState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| match answer? {
            (NOTHING, _) => Ok(StatState(None)),
            (_, text) => facts(&text)
                .map(|facts| StatState(Some(facts)))
                .ok_or_else(|| format!("`{}` could not be looked at", query.path)),
        })
        .collect()
    }
}

fn facts(answer: &str) -> Option<Facts> {
    let mut lines = answer.lines();
    let (numbers, access, names) = (lines.next()?, lines.next()?, lines.next()?);
    let [raw, uid, gid, size, inode, device, nlink, blocks, _, unit, atime, mtime, ctime] =
        numbers.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let number = |text: &str| text.parse::<i64>().ok();
    let (owner, group) = names.split_once(' ')?;
    let link = base64_field(lines.next().unwrap_or("")).ok()?;
    let link = String::from_utf8_lossy(&link).into_owned();
    let link = link.split_once('\0');
    let may = |letter| access.contains(letter);
    Some(Facts {
        raw: u32::from_str_radix(raw, 16).ok()?,
        uid: number(uid)?,
        gid: number(gid)?,
        owner: owner.to_string(),
        group: group.to_string(),
        size: number(size)?,
        inode: number(inode)?,
        device: number(device)?,
        links: number(nlink)?,
        blocks: number(blocks)?,
        block_size: number(unit)?,
        times: [atime, mtime, ctime].map(str::to_string),
        access: [may('r'), may('w'), may('x')],
        target: link.map(|(target, _)| target.to_string()),
        source: link.map(|(_, source)| source.to_string()),
        mime: lines.next().map(str::to_string),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_debian_13_are_read() {
        let answer = "a1ff 0 0 7 8 9 1 0 512 4096 1763800000.123456789 1763800001.000000000 1763800002.5\n\
                      rwx\nroot root\ndG8AL2V0Yy90bw==\n";
        let facts = facts(answer).expect("is an answer");
        assert_eq!((facts.raw, facts.size, facts.block_size), (0xa1ff, 7, 4096));
        assert_eq!(facts.source.as_deref(), Some("/etc/to"));
        assert_eq!(facts.times[0], "1763800000.123456789");
    }
}

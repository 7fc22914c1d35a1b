//! What the host knows of a user or a group.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::remote::{Output, Script};

use super::super::probe::{answers, base64_field};
use super::super::query::{Query, State};

/// Whether this can be the name of a user or a group: what shadow's own check allows at most.
pub fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-$@\\+".contains(&byte);
    !text.is_empty()
        && !text.starts_with(['-', '+'])
        && text.len() <= 256
        && text.bytes().all(letter)
}

/// Asks for a user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct User {
    /// The name.
    pub name: String,
}

/// A user; none if there is no such user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserState(pub Option<Account>);

/// A user as passwd(5), shadow(5) and group(5) know it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Its number; none in predictions that cannot tell.
    pub uid: Option<u32>,
    /// The number of its primary group, likewise.
    pub gid: Option<u32>,
    /// The name of its primary group; empty in predictions that cannot tell, or if it has none.
    pub group: String,
    /// The comment (GECOS).
    pub comment: String,
    /// The home directory.
    pub home: String,
    /// The shell; empty in predictions that cannot tell.
    pub shell: String,
    /// The other groups it is a member of, sorted.
    pub groups: Vec<String>,
    /// What shadow(5) holds; none for those who may not read it.
    pub shadow: Option<Shadow>,
}

/// What shadow(5) holds. Days are counted from 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shadow {
    /// The hash of the password; none in predictions that cannot tell.
    pub hash: Option<Hash>,
    /// Days until the password may be changed.
    pub least: Option<i64>,
    /// Days until it must be changed.
    pub most: Option<i64>,
    /// Days of warning before.
    pub warn: Option<i64>,
    /// Days after that until the account is of no use.
    pub inactive: Option<i64>,
    /// The day on which the account ends.
    pub expires: Option<i64>,
}

/// A password's hash, which nobody is shown.
#[derive(Clone)]
pub struct Hash(pub SecretString);

impl Hash {
    /// Whether it is locked: nothing hashes to a text with `!` before it.
    pub fn is_locked(&self) -> bool {
        self.0.expose_secret().starts_with('!')
    }

    /// Whether it is the same but for locks.
    pub fn is_like(&self, other: &Self) -> bool {
        let plain = |hash: &Self| hash.0.expose_secret().trim_start_matches('!').to_string();
        plain(self) == plain(other)
    }
}

impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for Hash {}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::value::MASK)
    }
}

impl State for UserState {
    fn agrees_with(&self, actual: &Self) -> bool {
        match (&self.0, &actual.0) {
            (None, None) => true,
            (Some(predicted), Some(actual)) => predicted.agrees_with(actual),
            _ => false,
        }
    }
}

impl Account {
    fn agrees_with(&self, actual: &Self) -> bool {
        let text = |predicted: &str, actual: &str| predicted.is_empty() || predicted == actual;
        self.uid.is_none_or(|uid| actual.uid == Some(uid))
            && text(&self.group, &actual.group)
            && text(&self.home, &actual.home)
            && text(&self.shell, &actual.shell)
            && self.comment == actual.comment
            && self.groups == actual.groups
            && match (&self.shadow, &actual.shadow) {
                (Some(predicted), Some(actual)) => predicted.agrees_with(actual),
                _ => true,
            }
    }
}

impl Shadow {
    fn agrees_with(&self, actual: &Self) -> bool {
        self.hash.as_ref().is_none_or(|hash| actual.hash.as_ref() == Some(hash))
            && (self.least, self.most, self.warn, self.inactive, self.expires)
                == (actual.least, actual.most, actual.warn, actual.inactive, actual.expires)
    }
}

/// Asks for a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Group {
    /// The name.
    pub name: String,
}

/// A group; none if there is no such group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupState(pub Option<GroupEntry>);

/// A group as group(5) knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupEntry {
    /// Its number; none in predictions that cannot tell.
    pub gid: Option<u32>,
}

impl State for GroupState {
    fn agrees_with(&self, actual: &Self) -> bool {
        match (&self.0, &actual.0) {
            (Some(predicted), Some(actual)) => {
                predicted.gid.is_none() || predicted.gid == actual.gid
            }
            (None, None) => true,
            _ => false,
        }
    }
}

impl Query for User {
    type State = UserState;

    fn script(queries: &[&Self]) -> Script {
        let mut script = Script::new();
        script
            .run(["set", "--"].into_iter().chain(queries.iter().map(|query| query.name.as_str())));
        script.line(PROBE);
        script
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<UserState, String>> {
        let parts = answers(output, 3);
        let text = |index: usize| -> Result<String, String> {
            let (status, packed) = parts[index].clone()?;
            if !matches!(status, 0 | 2) {
                return Err(format!(
                    "the users could not be read: getent ended with status {status}"
                ));
            }
            base64_field(&packed).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        };
        match (text(0), text(1), text(2)) {
            (Ok(passwd), Ok(shadow), Ok(group)) => {
                let read =
                    |query: &&Self| Ok(UserState(account(&query.name, &passwd, &shadow, &group)));
                queries.iter().map(read).collect()
            }
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                vec![Err(error); queries.len()]
            }
        }
    }
}

/// Users may choose their comment, so the answers are base64. getent ends with 2 where it does not
/// know a name; who may not read shadow(5) is told the same.
const PROBE: &str = r#"ask() {
  said=$(getent "$@")
  status=$?
  printf '%s\n' "$said" | base64
  printf '\n\036%s\n' "$status"
}
ask passwd "$@"
ask shadow "$@"
ask group"#;

fn account(name: &str, passwd: &str, shadow: &str, group: &str) -> Option<Account> {
    let fields = entry(passwd, name)?;
    let [_, _, uid, gid, comment, home, shell] = fields[..] else { return None };
    let gid: Option<u32> = gid.parse().ok();
    let mut groups = Vec::new();
    let mut primary = String::new();
    for line in group.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let [group, _, number, members] = fields[..] else { continue };
        if gid.is_some() && number.parse().ok() == gid {
            primary = group.to_string();
        } else if members.split(',').any(|member| member == name) {
            groups.push(group.to_string());
        }
    }
    groups.sort();
    groups.dedup();
    Some(Account {
        uid: uid.parse().ok(),
        gid,
        group: primary,
        comment: comment.into(),
        home: home.into(),
        shell: shell.into(),
        groups,
        shadow: entry(shadow, name).and_then(|fields| shadow_of(&fields)),
    })
}

fn entry<'a>(table: &'a str, name: &str) -> Option<Vec<&'a str>> {
    let mut lines = table.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.find(|fields| fields.first() == Some(&name))
}

fn shadow_of(fields: &[&str]) -> Option<Shadow> {
    let [_, hash, _, least, most, warn, inactive, expires, ..] = fields[..] else { return None };
    let days = |text: &str| text.parse::<i64>().ok();
    Some(Shadow {
        hash: Some(Hash(hash.to_string().into())),
        least: days(least),
        most: days(most),
        warn: days(warn),
        inactive: days(inactive),
        expires: days(expires),
    })
}

impl Query for Group {
    type State = GroupState;

    fn script(queries: &[&Self]) -> Script {
        let names = queries.iter().map(|query| query.name.as_str());
        let mut script = Script::new();
        script.words(["getent", "group"].into_iter().chain(names));
        script.line("\nprintf '\\n\\036%s\\n' \"$?\"");
        script
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<GroupState, String>> {
        let table = match answers(output, 1).pop() {
            Some(Ok((0 | 2, table))) => table,
            Some(Err(error)) => return vec![Err(error); queries.len()],
            _ => return vec![Err("the groups could not be read".into()); queries.len()],
        };
        let read = |query: &&Self| {
            let fields = entry(&table, &query.name);
            let gid = |fields: Vec<&str>| GroupEntry {
                gid: fields.get(2).and_then(|gid| gid.parse().ok()),
            };
            Ok(GroupState(fields.map(gid)))
        };
        queries.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    #[test]
    fn users_are_read_from_three_tables() {
        let pack = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let said = format!(
            "{}\n\n\u{1e}2\n{}\n\n\u{1e}2\n{}\n\n\u{1e}0\n",
            pack(
                "root:x:0:0:root:/root:/bin/bash\nadmin:x:1000:1000:A \u{1e}1:/home/admin:/bin/bash\n"
            ),
            pack("root:*:20779:0:99999:7:::\nadmin:!$y$x:20779:0:99999:7::20999:\n"),
            pack("root:x:0:\nsudo:x:27:admin\nadmin:x:1000:\nadm:x:4:admin,other\n"),
        );
        let queries = ["admin", "nosuch", "1000"].map(|name| User { name: name.into() });
        let queries: Vec<&User> = queries.iter().collect();
        let states = User::parse(&queries, &Output { stdout: said.into(), ..Output::default() });
        let admin = states[0].clone().expect("read").0.expect("is there");
        assert_eq!((admin.uid, admin.group.as_str(), admin.groups.len()), (Some(1000), "admin", 2));
        let shadow = admin.shadow.clone().expect("root may read it");
        assert!(shadow.hash.as_ref().is_some_and(Hash::is_locked));
        assert_eq!((shadow.expires, shadow.inactive), (Some(20999), None));
        assert!(!format!("{admin:?}").contains("$y$"));
        assert_eq!(states[1], Ok(UserState(None)));
        assert_eq!(states[2], Ok(UserState(None)));
    }
}

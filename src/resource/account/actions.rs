//! Changes of users. A password's hash goes to chpasswd(8) through its standard input.

use secrecy::ExposeSecret;

use crate::remote::{Script, Word, words};

use super::super::action::{Action, Guard, Nature, Step};
use super::super::diff::Diff;
use super::super::file::{Attributes, Path, PathKind, PathState};
use super::super::world::World;
use super::state::{Account, Group, GroupEntry, GroupState, Hash, Shadow, User, UserState};

/// One thing about a user that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserChange {
    /// The number.
    Uid(u32),
    /// The primary group, by name or number.
    Group(String),
    /// The other groups: all that it is to have.
    Groups(Vec<String>),
    /// The comment.
    Comment(String),
    /// The home directory, and whether what is in the old one moves there.
    Home(String, bool),
    /// The shell.
    Shell(String),
    /// The password's hash.
    Password(Hash),
    /// Whether the password is locked.
    Lock(bool),
    /// The day on which the account ends, counted from 1970; none for never.
    Expires(Option<i64>),
    /// Days until the password may be changed.
    Least(i64),
    /// Days until it must be changed.
    Most(i64),
    /// Days of warning before.
    Warn(i64),
    /// Days after that until the account is of no use.
    Inactive(i64),
}

impl UserChange {
    /// Words for useradd(8) and usermod(8); empty if they cannot do it.
    fn words(&self) -> Vec<Word> {
        match self {
            Self::Uid(uid) => words!["-u", *uid].into(),
            Self::Group(group) => words!["-g", group].into(),
            Self::Groups(groups) => words!["-G", groups.join(",")].into(),
            Self::Comment(comment) => words!["-c", comment].into(),
            Self::Home(home, false) => words!["-d", home].into(),
            Self::Home(home, true) => words!["-d", home, "-m"].into(),
            Self::Shell(shell) => words!["-s", shell].into(),
            Self::Lock(true) => words!["-L"].into(),
            Self::Lock(false) => words!["-U"].into(),
            _ => vec![],
        }
    }

    /// Words for chage(1).
    fn age(&self) -> Vec<Word> {
        match self {
            Self::Expires(day) => words!["-E", day.unwrap_or(-1)].into(),
            Self::Least(days) => words!["-m", *days].into(),
            Self::Most(days) => words!["-M", *days].into(),
            Self::Warn(days) => words!["-W", *days].into(),
            Self::Inactive(days) => words!["-I", *days].into(),
            _ => vec![],
        }
    }

    fn apply(&self, account: &mut Account) {
        match self {
            Self::Uid(uid) => account.uid = Some(*uid),
            Self::Group(group) if group.bytes().all(|byte| byte.is_ascii_digit()) => {
                account.gid = group.parse().ok();
                account.group.clear();
            }
            Self::Group(group) => {
                account.gid = None;
                account.group.clone_from(group);
            }
            Self::Groups(groups) => {
                account.groups.clone_from(groups);
                account.groups.retain(|group| *group != account.group);
                account.groups.sort();
            }
            Self::Comment(comment) => account.comment.clone_from(comment),
            Self::Home(home, _) => account.home.clone_from(home),
            Self::Shell(shell) => account.shell.clone_from(shell),
            Self::Password(hash) => shadow(account).hash = Some(hash.clone()),
            Self::Lock(lock) => {
                let shadow = shadow(account);
                shadow.hash = shadow.hash.as_ref().map(|hash| locked(hash, *lock));
            }
            Self::Expires(day) => shadow(account).expires = *day,
            Self::Least(days) => shadow(account).least = Some(*days),
            Self::Most(days) => shadow(account).most = Some(*days),
            Self::Warn(days) => shadow(account).warn = Some(*days),
            Self::Inactive(days) => {
                shadow(account).inactive = Some(*days).filter(|days| *days >= 0);
            }
        }
    }

    /// Whether somebody could be shut out by it.
    fn shuts_out(&self) -> bool {
        !matches!(self, Self::Comment(_) | Self::Warn(_) | Self::Least(_))
    }

    fn diff(&self, diff: Diff, before: Option<&Account>) -> Diff {
        let had = |get: fn(&Account) -> String| before.map(get).unwrap_or_default();
        let aged = |get: fn(&Shadow) -> Option<i64>| {
            let days = before.and_then(|before| before.shadow.as_ref()).and_then(get);
            days.map(|days| days.to_string()).unwrap_or_default()
        };
        match self {
            Self::Uid(uid) => diff.change(
                "uid",
                had(|had| had.uid.map(|uid| uid.to_string()).unwrap_or_default()),
                uid.to_string(),
            ),
            Self::Group(group) => diff.change("group", had(|had| had.group.clone()), group),
            Self::Groups(groups) => {
                diff.change("groups", had(|had| had.groups.join(", ")), groups.join(", "))
            }
            Self::Comment(comment) => {
                diff.change("comment", had(|had| had.comment.clone()), comment)
            }
            Self::Home(home, _) => diff.change("home", had(|had| had.home.clone()), home),
            Self::Shell(shell) => diff.change("shell", had(|had| had.shell.clone()), shell),
            Self::Password(_) => diff.change("password", "", "set"),
            Self::Lock(lock) => {
                diff.change("password", "", if *lock { "locked" } else { "unlocked" })
            }
            Self::Expires(day) => {
                let day = day.map_or("never".to_string(), |day| format!("day {day} since 1970"));
                diff.change("expires", aged(|shadow| shadow.expires), day)
            }
            Self::Least(days) => diff.change(
                "days until it may change",
                aged(|shadow| shadow.least),
                days.to_string(),
            ),
            Self::Most(days) => diff.change(
                "days until it must change",
                aged(|shadow| shadow.most),
                days.to_string(),
            ),
            Self::Warn(days) => {
                diff.change("days of warning", aged(|shadow| shadow.warn), days.to_string())
            }
            Self::Inactive(days) => {
                diff.change("days of grace", aged(|shadow| shadow.inactive), days.to_string())
            }
        }
    }
}

fn shadow(account: &mut Account) -> &mut Shadow {
    account.shadow.get_or_insert_default()
}

fn locked(hash: &Hash, lock: bool) -> Hash {
    let text = hash.0.expose_secret();
    let text =
        if lock { format!("!{text}") } else { text.strip_prefix('!').unwrap_or(text).to_string() };
    Hash(text.into())
}

/// Calls of usermod(8), chpasswd(8) and chage(1) for these changes, in this order: a lock comes last.
fn change_script(name: &str, changes: &[UserChange], non_unique: bool) -> Script {
    let mut script = Script::strict();
    let plain = changes.iter().filter(|change| !matches!(change, UserChange::Lock(_)));
    let options: Vec<Word> = plain.flat_map(UserChange::words).collect();
    if !options.is_empty() {
        let unique = if non_unique { words!["-o"].to_vec() } else { vec![] };
        script.run(
            words!["usermod"].into_iter().chain(unique).chain(options).chain(words!["--", name]),
        );
    }
    finish_script(&mut script, name, changes);
    script
}

/// What only other tools than useradd and usermod can do.
fn finish_script(script: &mut Script, name: &str, changes: &[UserChange]) {
    for change in changes {
        if let UserChange::Password(hash) = change {
            let line = format!("{name}:{}\n", hash.0.expose_secret());
            script.data("mx_password", line.as_bytes()).line("mx_password | chpasswd -e");
        }
    }
    let age: Vec<Word> = changes.iter().flat_map(UserChange::age).collect();
    if !age.is_empty() {
        script.run(words!["chage"].into_iter().chain(age).chain(words!["--", name]));
    }
    for change in changes.iter().filter(|change| matches!(change, UserChange::Lock(_))) {
        script.run(words!["usermod"].into_iter().chain(change.words()).chain(words!["--", name]));
    }
}

/// Makes a user.
#[derive(Debug, Clone)]
pub struct CreateUser {
    /// Its name.
    pub name: String,
    /// All that it is to have.
    pub changes: Vec<UserChange>,
    /// Other options of useradd(8).
    pub options: Vec<String>,
    /// A group of its own name comes with it.
    pub own_group: bool,
    /// Where its home is.
    pub home: String,
    /// The mode of the home directory that is made; none if none is made.
    pub home_mode: Option<u32>,
    /// Its shell.
    pub shell: String,
}

impl CreateUser {
    fn result(&self) -> Account {
        let mut account = Account { shell: self.shell.clone(), ..Account::default() };
        if self.own_group {
            account.group.clone_from(&self.name);
        }
        for change in &self.changes {
            change.apply(&mut account);
        }
        account.home.clone_from(&self.home);
        // What login.defs says about ages is not foreseen, so none of it is promised.
        account.shadow = None;
        account
    }
}

impl Action for CreateUser {
    fn summary(&self) -> String {
        format!("create user {}", self.name)
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        let plain = self.changes.iter().filter(|change| !matches!(change, UserChange::Lock(_)));
        let options = self.options.iter().map(Word::from);
        script.run(
            words!["useradd"]
                .into_iter()
                .chain(options)
                .chain(plain.flat_map(UserChange::words))
                .chain(words!["--", &self.name]),
        );
        finish_script(&mut script, &self.name, &self.changes);
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        let account = self.result();
        if self.own_group {
            world.predict(
                Group { name: self.name.clone() },
                GroupState(Some(GroupEntry::default())),
            );
        }
        if let Some(mode) = self.home_mode {
            // Of users who share a number, any may be named as the owner.
            let shares = self.options.iter().any(|option| option == "-o");
            let attributes = Attributes {
                kind: PathKind::Directory,
                mode,
                owner: if shares { String::new() } else { self.name.clone() },
                group: account.group.clone(),
                size: None,
                uid: None,
                gid: None,
                fresh: false,
            };
            world.predict(Path { path: self.home.clone() }, PathState::Present(attributes));
        }
        world.predict(User { name: self.name.clone() }, UserState(Some(account)));
    }

    fn diff(&self) -> Diff {
        let diff = Diff::of(format!("user {}", self.name)).change("state", "absent", "present");
        let diff = self.changes.iter().fold(diff, |diff, change| change.diff(diff, None));
        match self.home_mode {
            Some(_)
                if !self.changes.iter().any(|change| matches!(change, UserChange::Home(..))) =>
            {
                diff.change("home", "", &self.home)
            }
            _ => diff,
        }
    }
}

/// Changes a user.
#[derive(Debug, Clone)]
pub struct ModifyUser {
    /// Its name.
    pub name: String,
    /// What is changed.
    pub changes: Vec<UserChange>,
    /// Another user may have the same number.
    pub non_unique: bool,
    /// The user as it is.
    pub before: Account,
}

impl ModifyUser {
    fn result(&self) -> Account {
        let mut account = self.before.clone();
        for change in &self.changes {
            change.apply(&mut account);
        }
        account
    }

    /// Everything that could shut somebody out, as it was.
    fn inverse(&self) -> Script {
        let before = &self.before;
        let mut changes = Vec::new();
        for change in &self.changes {
            match change {
                UserChange::Groups(_) => changes.push(UserChange::Groups(before.groups.clone())),
                UserChange::Shell(_) => changes.push(UserChange::Shell(before.shell.clone())),
                UserChange::Home(..) => changes.push(UserChange::Home(before.home.clone(), false)),
                UserChange::Uid(_) => changes.extend(before.uid.map(UserChange::Uid)),
                UserChange::Group(_) => {
                    changes.extend(before.gid.map(|gid| UserChange::Group(gid.to_string())));
                }
                _ => {}
            }
        }
        if let Some(shadow) = &before.shadow {
            changes.push(UserChange::Expires(shadow.expires));
            changes.extend(shadow.hash.clone().map(UserChange::Password));
            changes.extend(shadow.most.map(UserChange::Most));
            changes.push(UserChange::Inactive(shadow.inactive.unwrap_or(-1)));
        }
        change_script(&self.name, &changes, true)
    }
}

impl Action for ModifyUser {
    fn summary(&self) -> String {
        format!("change user {}", self.name)
    }

    fn step(&self) -> Step {
        Step::Shell(change_script(&self.name, &self.changes, self.non_unique))
    }

    fn predict(&self, world: &mut World) {
        for change in &self.changes {
            if let UserChange::Home(home, true) = change {
                world.forget(&Path { path: home.clone() });
                world.predict(Path { path: self.before.home.clone() }, PathState::Absent);
            }
        }
        world.predict(User { name: self.name.clone() }, UserState(Some(self.result())));
    }

    fn diff(&self) -> Diff {
        let diff = Diff::of(format!("user {}", self.name));
        self.changes.iter().fold(diff, |diff, change| change.diff(diff, Some(&self.before)))
    }

    fn nature(&self) -> Nature {
        let guard = self
            .changes
            .iter()
            .any(UserChange::shuts_out)
            .then(|| Guard::Effect { inverse: self.inverse() });
        Nature { guard, ..Nature::default() }
    }
}

/// Makes the home directory of a user who has none.
#[derive(Debug, Clone)]
pub struct MakeHome {
    /// The user.
    pub user: String,
    /// Its primary group.
    pub group: String,
    /// The directory.
    pub home: String,
    /// What is copied into it.
    pub skeleton: String,
    /// Its mode.
    pub mode: u32,
}

impl Action for MakeHome {
    fn summary(&self) -> String {
        format!("create {}", self.home)
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        script.assign("home", self.home.as_str()).assign("skeleton", self.skeleton.as_str());
        script.line(
            r#"mkdir -p -m 700 -- "$home"
if [ -d "$skeleton" ]; then cp -dR -- "$skeleton/." "$home/"; fi"#,
        );
        script
            .words(words!["chown", "-hR", format!("{}:{}", self.user, self.group), "--"])
            .line(r#" "$home""#);
        script.words(words!["chmod", super::super::file::octal(self.mode)]).line(r#" -- "$home""#);
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        let attributes = Attributes {
            kind: PathKind::Directory,
            mode: self.mode,
            owner: self.user.clone(),
            group: self.group.clone(),
            size: None,
            uid: None,
            gid: None,
            fresh: false,
        };
        world.predict(Path { path: self.home.clone() }, PathState::Present(attributes));
    }

    fn diff(&self) -> Diff {
        Diff::of(format!("file {}", self.home)).change("state", "absent", "directory")
    }
}

/// Removes a user.
#[derive(Debug, Clone)]
pub struct DeleteUser {
    /// Its name.
    pub name: String,
    /// With its home directory and mail.
    pub remove: bool,
    /// Even if it is logged in.
    pub force: bool,
    /// The user as it is.
    pub before: Account,
}

impl Action for DeleteUser {
    fn summary(&self) -> String {
        format!("remove user {}", self.name)
    }

    fn step(&self) -> Step {
        let mut call = words!["userdel"].to_vec();
        if self.force {
            call.extend(words!["-f"]);
        }
        if self.remove {
            call.extend(words!["-r"]);
        }
        call.extend(words!["--", &self.name]);
        let mut script = Script::new();
        // Status 12: it could not remove the home directory, or there was none.
        script.run(call).line("mx_status=$?").assign("mx_home", self.before.home.as_str());
        script.line(
            r#"if [ "$mx_status" = 12 ] && [ ! -e "$mx_home" ]; then mx_status=0; fi
exit "$mx_status""#,
        );
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        world.predict(User { name: self.name.clone() }, UserState(None));
        if self.before.group == self.name {
            world.forget(&Group { name: self.name.clone() });
        }
        if self.remove {
            world.forget(&Path { path: self.before.home.clone() });
        }
    }

    fn diff(&self) -> Diff {
        let diff = Diff::of(format!("user {}", self.name)).change("state", "present", "absent");
        if self.remove { diff.change("home", &self.before.home, "") } else { diff }
    }

    fn nature(&self) -> Nature {
        // There is no way back, but a new login is to prove that we did not saw off our own branch.
        Nature { guard: Some(Guard::Effect { inverse: Script::of(["true"]) }), ..Nature::default() }
    }
}

/// Makes a key pair for a user.
#[derive(Debug, Clone)]
pub struct SshKey {
    /// The user.
    pub user: String,
    /// Its primary group; none for its login group.
    pub group: String,
    /// The private key's path.
    pub path: String,
    /// `rsa`, `ed25519` …
    pub kind: String,
    /// Bits; as ssh-keygen chooses if it is none.
    pub bits: Option<i64>,
    /// The comment.
    pub comment: String,
    /// What protects the private key.
    pub passphrase: Option<secrecy::SecretString>,
    /// Replace a key that is there.
    pub replaces: bool,
}

impl Action for SshKey {
    fn summary(&self) -> String {
        format!("create the key {}", self.path)
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        script
            .assign("path", self.path.as_str())
            .assign("owner", format!("{}:{}", self.user, self.group));
        script.line(
            r#"folder=${path%/*}
if [ ! -d "$folder" ]; then mkdir -m 700 -- "$folder"; chown -- "$owner" "$folder"; fi"#,
        );
        if self.replaces {
            script.line(r#"rm -f -- "$path" "$path.pub""#);
        }
        let mut call = words!["ssh-keygen", "-q", "-t", &self.kind, "-C", &self.comment].to_vec();
        if let Some(bits) = self.bits {
            call.extend(words!["-b", bits]);
        }
        match &self.passphrase {
            // Without a terminal ssh-keygen reads it, twice, from its standard input.
            Some(passphrase) => {
                let twice = format!("{0}\n{0}\n", passphrase.expose_secret());
                script.data("mx_passphrase", twice.as_bytes());
                script.words(
                    words![Word::Syntax("mx_passphrase | setsid -w")].into_iter().chain(call),
                );
            }
            None => {
                call.extend(words!["-N", ""]);
                script.words(call);
            }
        }
        script.line(r#" -f "$path" >&2"#);
        script.line(r#"chown -- "$owner" "$path" "$path.pub""#);
        script.line(r#"cat -- "$path.pub"; ssh-keygen -lf "$path.pub""#);
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        for (path, mode) in [(self.path.clone(), 0o600), (format!("{}.pub", self.path), 0o644)] {
            let attributes = Attributes {
                kind: PathKind::File,
                mode,
                owner: self.user.clone(),
                group: self.group.clone(),
                size: None,
                uid: None,
                gid: None,
                fresh: false,
            };
            world.predict(Path { path }, PathState::Present(attributes));
        }
    }

    fn diff(&self) -> Diff {
        Diff::of(format!("key {}", self.path)).change("state", "absent", &self.kind)
    }
}

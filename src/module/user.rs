//! `ansible.builtin.user`: users of a host.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::remote::Output;
use crate::resource::account::{
    Account, CreateUser, DeleteUser, Hash, MakeHome, ModifyUser, SshKey, UserChange, UserDefaults,
    UserDefaultsState, is_name,
};
use crate::resource::{Host, Suspend, together};
use crate::value::{Key, Map, Value};

use super::presence::State;
use super::{Call, Hidden, Module, Outcome, Plan, Words};

choice! {
    /// When a password is set.
    pub enum UpdatePassword {
        /// Whenever it differs.
        Always = "always",
        /// For new users only.
        OnCreate = "on_create",
    }
}

arguments! {
    /// Arguments of `user`.
    pub struct Args {
        /// The name.
        name | "user": String,
        /// What it is to be.
        state: State = State::Present,
        /// The number.
        uid: Option<i64>,
        /// A new user's number is at least this.
        uid_min: Option<i64>,
        /// A new user's number is at most this.
        uid_max: Option<i64>,
        /// Another user may have the same number.
        non_unique: bool = false,
        /// The primary group.
        group: Option<String>,
        /// The other groups; an empty list takes it out of all of them.
        groups: Option<Words>,
        /// Keep the groups it is in beside `groups`.
        append: bool = false,
        /// The comment (GECOS).
        comment: Option<String>,
        /// The home directory.
        home: Option<String>,
        /// Make the home directory if it is missing.
        create_home | "createhome": bool = true,
        /// Move what is in the old home directory to the new one.
        move_home: bool = false,
        /// What is copied into a new home directory.
        skeleton: Option<String>,
        /// The umask that a new home directory is made with.
        umask: Option<String>,
        /// The shell.
        shell: Option<String>,
        /// The password as a hash: the filter `password_hash` makes one.
        password: Option<Hidden>,
        /// Whether the password is locked.
        password_lock: Option<bool>,
        /// When the password is set.
        update_password: UpdatePassword = UpdatePassword::Always,
        /// Days until the password must be changed.
        password_expire_max: Option<i64>,
        /// Days until the password may be changed.
        password_expire_min: Option<i64>,
        /// Days of warning before it must be changed.
        password_expire_warn: Option<i64>,
        /// Days after that until the account is of no use.
        password_expire_account_disable: Option<i64>,
        /// When the account ends, in seconds since 1970; negative for never.
        expires: Option<f64>,
        /// A new user's number is one of those for the system.
        system: bool = false,
        /// Remove it even if it is logged in; make its key anew.
        force: bool = false,
        /// Remove its home directory and mail too.
        remove: bool = false,
        /// Make a key pair for SSH if there is none.
        generate_ssh_key: bool = false,
        /// The type of the key.
        ssh_key_type: String = "rsa",
        /// The size of the key in bits.
        ssh_key_bits: Option<i64>,
        /// The private key's path, from the home directory on.
        ssh_key_file: Option<String>,
        /// The comment of the key.
        ssh_key_comment: Option<String>,
        /// What protects the private key.
        ssh_key_passphrase: Option<Hidden>,
        /// Not supported: for `SELinux`.
        seuser: Option<String>,
        /// Not supported: tools of libuser.
        local: bool = false,
        /// Not supported: for BSD.
        login_class: Option<String>,
        /// Not supported: for macOS.
        hidden: Option<bool>,
        /// Not supported: for Solaris.
        profile: Option<String>,
        /// Not supported: for Solaris.
        authorization: Option<String>,
        /// Not supported: for Solaris.
        role: Option<String>,
    }
}

/// The module.
pub struct User;

impl Module for User {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.user";
    const SUMMARY: &'static str = "creates, changes and removes users";

    fn plan(args: &Args, _: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        refuse(args)?;
        ask(args, host)?;
        let state = host.account(&args.name)?;
        let name = Value::data(args.name.as_str());
        let plan = Plan::new().with("name", name);
        match (args.state, &state.0) {
            (State::Absent, found) => Ok(absent(plan, args, found.as_ref())),
            (State::Present, None) => create(plan, args, host),
            (State::Present, Some(found)) => modify(plan, args, found, host),
        }
    }
}

/// All that a user who is as it shall be is compared with.
fn ask(args: &Args, host: &Host<'_>) -> Result<(), Suspend> {
    let home = args.home.clone().unwrap_or_else(|| format!("/home/{}", args.name));
    let home = if args.name == "root" { "/root".into() } else { home };
    let groups = args.groups.iter().flat_map(|groups| groups.iter()).chain(&args.group);
    let groups = groups.map(|group| host.group(group).map(drop));
    let own = [host.account(&args.name).map(drop), host.path_to_replace(&home).map(drop)];
    together(groups.chain(own).filter(|_| args.state == State::Present))
}

fn refuse(args: &Args) -> Result<(), Suspend> {
    let foreign = [
        ("seuser", args.seuser.is_some()),
        ("local", args.local),
        ("login_class", args.login_class.is_some()),
        ("hidden", args.hidden.is_some()),
        ("profile", args.profile.is_some()),
        ("authorization", args.authorization.is_some()),
        ("role", args.role.is_some()),
    ];
    if let Some((name, _)) = foreign.iter().find(|(_, given)| *given) {
        return Err(Suspend::failed(format!(
            "argument `{name}` of `user` is not supported by mxprov"
        )));
    }
    if !is_name(&args.name) {
        return Err(Suspend::failed(format!("`{}` cannot be the name of a user", args.name)));
    }
    if args.append && args.groups.is_none() {
        return Err(Suspend::failed("`append` needs `groups`"));
    }
    let texts = [&args.comment, &args.home, &args.shell, &args.group];
    if texts.into_iter().flatten().any(|text| text.contains([':', '\n'])) {
        return Err(Suspend::failed(
            "`comment`, `home`, `shell` and `group` can hold no `:` and no end of line",
        ));
    }
    Ok(())
}

fn absent(mut plan: Plan, args: &Args, found: Option<&Account>) -> Plan {
    plan.set("state", Value::data("absent"));
    if let Some(before) = found {
        let (remove, force) = (args.remove, args.force);
        plan.set("remove", remove).set("force", force);
        plan.act(DeleteUser { name: args.name.clone(), remove, force, before: before.clone() });
    }
    plan
}

/// The hash that is asked for; a text that is none is said so.
fn hash(args: &Args, plan: &mut Plan) -> Option<Hash> {
    let Hidden(secret) = args.password.as_ref()?;
    let text = secret.expose_secret();
    let bare = text.trim_start_matches('!');
    let is_hash = (bare.starts_with('$') && bare.len() > 12) || is_des(bare);
    if !(bare.is_empty() || bare == "*" || is_hash) {
        plan.warnings.push(
            "`password` does not look like a hash; the filter `password_hash` makes one".into(),
        );
    }
    Some(Hash(SecretString::from(text.to_string())))
}

/// The old form of crypt(3): thirteen letters.
fn is_des(text: &str) -> bool {
    text.len() == 13
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte))
}

fn number(value: Option<i64>, name: &str) -> Result<Option<u32>, Suspend> {
    let number = value.map(u32::try_from).transpose();
    number.map_err(|_| Suspend::failed(format!("`{name}` is not the number of a user")))
}

/// The groups that are asked for, each of which must be there.
fn wanted_groups(args: &Args, host: &Host<'_>) -> Result<Option<Vec<String>>, Suspend> {
    let Some(groups) = &args.groups else { return Ok(None) };
    let names: Vec<String> = groups.iter().filter(|name| !name.is_empty()).cloned().collect();
    for name in names.iter().chain(&args.group) {
        exists(name, host)?;
    }
    Ok(Some(names))
}

fn exists(group: &str, host: &Host<'_>) -> Result<(), Suspend> {
    if group.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    match host.group_if_known(group)?.0 {
        Some(_) => Ok(()),
        None => Err(Suspend::failed(format!("there is no group `{group}` on the host"))),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "days since 1970 are few")]
fn day(seconds: f64) -> Option<i64> {
    (seconds >= 0.0).then(|| (seconds / 86400.0).floor() as i64)
}

/// What new and old users have in common.
fn ages(args: &Args) -> Vec<UserChange> {
    let expires = args.expires.map(|seconds| UserChange::Expires(day(seconds)));
    let rest = [
        args.password_expire_min.map(UserChange::Least),
        args.password_expire_max.map(UserChange::Most),
        args.password_expire_warn.map(UserChange::Warn),
        args.password_expire_account_disable.map(UserChange::Inactive),
    ];
    expires.into_iter().chain(rest.into_iter().flatten()).collect()
}

fn create(mut plan: Plan, args: &Args, host: &Host<'_>) -> Result<Plan, Suspend> {
    let defaults = host.state(UserDefaults)?;
    let groups = wanted_groups(args, host)?;
    if let Some(group) = &args.group {
        exists(group, host)?;
    }
    let own_group = args.group.is_none() && host.group(&args.name)?.0.is_none();
    let home = args.home.clone().unwrap_or_else(|| format!("{}/{}", defaults.homes, args.name));
    let makes_home = args.create_home && host.path_to_replace(&home)?.attributes().is_none();
    let mut changes = Vec::new();
    changes.extend(number(args.uid, "uid")?.map(UserChange::Uid));
    changes.extend(args.group.clone().map(UserChange::Group));
    changes.extend(groups.filter(|groups| !groups.is_empty()).map(UserChange::Groups));
    changes.extend(args.comment.clone().map(UserChange::Comment));
    changes.extend(args.home.clone().map(|home| UserChange::Home(home, false)));
    changes.extend(args.shell.clone().map(UserChange::Shell));
    changes.extend(hash(args, &mut plan).map(UserChange::Password));
    changes.extend(ages(args));
    if args.password_lock == Some(true) && args.password.is_some() {
        changes.push(UserChange::Lock(true));
    }
    let home_mode = makes_home.then(|| home_mode(args, &defaults)).transpose()?;
    let options = options(args, own_group, home_mode.is_some())?;
    let shell = args.shell.clone().unwrap_or_else(|| defaults.shell.clone());
    plan.act(CreateUser {
        name: args.name.clone(),
        changes,
        options,
        own_group,
        home: home.clone(),
        home_mode,
        shell: shell.clone(),
    });
    let group = if own_group { args.name.clone() } else { args.group.clone().unwrap_or_default() };
    let account =
        Account { home, shell, group, uid: number(args.uid, "uid")?, ..Account::default() };
    ssh_key(&mut plan, args, &account, host)?;
    plan.set("system", args.system).set("create_home", args.create_home);
    Ok(result(plan, args, &account))
}

/// The options of useradd(8) that say nothing about what the user is.
fn options(args: &Args, own_group: bool, makes_home: bool) -> Result<Vec<String>, Suspend> {
    let mut options: Vec<String> = Vec::new();
    let mut add = |words: &[&str]| options.extend(words.iter().map(|word| (*word).to_string()));
    if args.non_unique && args.uid.is_some() {
        add(&["-o"]);
    }
    if args.system {
        add(&["-r"]);
    }
    if args.group.is_none() {
        add(&[if own_group { "-U" } else { "-N" }]);
    }
    for (key, limit) in [("UID_MIN", args.uid_min), ("UID_MAX", args.uid_max)] {
        if let Some(limit) = limit {
            add(&["-K", &format!("{key}={limit}")]);
        }
    }
    if makes_home {
        add(&["-m"]);
        if let Some(skeleton) = &args.skeleton {
            add(&["-k", skeleton]);
        }
        if let Some(umask) = &args.umask {
            octal(umask)?;
            add(&[
                "-K",
                &format!("UMASK={umask}"),
                "-K",
                &format!("HOME_MODE={:04o}", 0o777 & !octal(umask)?),
            ]);
        }
    } else {
        add(&["-M"]);
    }
    Ok(options)
}

fn octal(umask: &str) -> Result<u32, Suspend> {
    let bits = u32::from_str_radix(umask, 8).ok().filter(|bits| *bits <= 0o777);
    bits.ok_or_else(|| Suspend::failed(format!("`umask` is not octal: `{umask}`")))
}

fn home_mode(args: &Args, defaults: &UserDefaultsState) -> Result<u32, Suspend> {
    match &args.umask {
        Some(umask) => Ok(0o777 & !octal(umask)?),
        None => Ok(defaults.mode),
    }
}

fn modify(mut plan: Plan, args: &Args, found: &Account, host: &Host<'_>) -> Result<Plan, Suspend> {
    let mut changes = Vec::new();
    changes.extend(
        number(args.uid, "uid")?.filter(|uid| found.uid != Some(*uid)).map(UserChange::Uid),
    );
    if let Some(group) = &args.group {
        exists(group, host)?;
        let number = found.gid.map(|gid| gid.to_string());
        if *group != found.group && number.as_deref() != Some(group) {
            changes.push(UserChange::Group(group.clone()));
        }
    }
    if let Some(mut groups) = wanted_groups(args, host)? {
        if args.append {
            groups.extend(found.groups.iter().cloned());
        }
        groups.sort();
        groups.dedup();
        let primary = args.group.as_ref().unwrap_or(&found.group);
        groups.retain(|group| group != primary);
        if groups != found.groups {
            changes.push(UserChange::Groups(groups));
        }
    }
    let differs =
        |wanted: &Option<String>, have: &str| wanted.clone().filter(|wanted| wanted != have);
    changes.extend(differs(&args.comment, &found.comment).map(UserChange::Comment));
    changes.extend(
        differs(&args.home, &found.home).map(|home| UserChange::Home(home, args.move_home)),
    );
    changes.extend(differs(&args.shell, &found.shell).map(UserChange::Shell));
    secrets(&mut plan, args, found, &mut changes);
    let home = args.home.clone().unwrap_or_else(|| found.home.clone());
    if !changes.is_empty() {
        plan.act(ModifyUser {
            name: args.name.clone(),
            changes,
            non_unique: args.non_unique,
            before: found.clone(),
        });
    }
    let account = Account {
        home: home.clone(),
        shell: args.shell.clone().unwrap_or_else(|| found.shell.clone()),
        ..found.clone()
    };
    let moves = args.move_home && home != found.home;
    if args.create_home && !moves && host.path(&home)?.attributes().is_none() {
        let defaults = host.state(UserDefaults)?;
        plan.act(MakeHome {
            user: args.name.clone(),
            group: args.group.clone().unwrap_or_else(|| found.group.clone()),
            home,
            skeleton: args.skeleton.clone().unwrap_or_else(|| "/etc/skel".into()),
            mode: home_mode(args, &defaults)?,
        });
    }
    ssh_key(&mut plan, args, &account, host)?;
    plan.set("append", args.append).set("move_home", args.move_home);
    Ok(result(plan, args, &account))
}

/// Passwords and ages, which only root can compare.
fn secrets(plan: &mut Plan, args: &Args, found: &Account, changes: &mut Vec<UserChange>) {
    let shadow = found.shadow.clone().unwrap_or_default();
    let known = found.shadow.is_some();
    let mut hash = hash(args, plan);
    if args.update_password == UpdatePassword::OnCreate {
        hash = None;
    }
    let have = shadow.hash.as_ref();
    let new = hash
        .filter(|hash| have.is_none_or(|have| !have.is_like(hash)))
        .filter(|_| known || args.uid.is_none());
    let locked = match &new {
        Some(hash) => hash.is_locked(),
        None => have.is_some_and(Hash::is_locked),
    };
    changes.extend(new.map(UserChange::Password));
    if let Some(lock) = args.password_lock.filter(|lock| *lock != locked && known) {
        changes.push(UserChange::Lock(lock));
    }
    let differs = |change: &UserChange| match change {
        UserChange::Expires(day) => *day != shadow.expires,
        UserChange::Least(days) => Some(*days) != shadow.least,
        UserChange::Most(days) => Some(*days) != shadow.most,
        UserChange::Warn(days) => Some(*days) != shadow.warn,
        UserChange::Inactive(days) => Some(*days).filter(|days| *days >= 0) != shadow.inactive,
        _ => false,
    };
    if known {
        changes.extend(ages(args).into_iter().filter(differs));
    }
}

fn ssh_key(
    plan: &mut Plan,
    args: &Args,
    account: &Account,
    host: &Host<'_>,
) -> Result<(), Suspend> {
    if !args.generate_ssh_key {
        return Ok(());
    }
    let file =
        args.ssh_key_file.clone().unwrap_or_else(|| format!(".ssh/id_{}", args.ssh_key_type));
    let path = if file.starts_with('/') { file } else { format!("{}/{file}", account.home) };
    plan.set("ssh_key_file", Value::data(path.as_str()));
    let there = host.path(&path)?.attributes().is_some();
    if there && !args.force {
        if let Some(public) = host.content(&format!("{path}.pub"))? {
            plan.set("ssh_public_key", Value::data(String::from_utf8_lossy(&public).trim_end()));
        }
        return Ok(());
    }
    plan.set("ssh_public_key", Value::unknown(format!("the key `{path}` is not there yet")));
    plan.act(SshKey {
        user: args.name.clone(),
        group: account.group.clone(),
        path,
        kind: args.ssh_key_type.clone(),
        bits: args.ssh_key_bits,
        comment: args.ssh_key_comment.clone().unwrap_or_else(|| format!("{}@managed", args.name)),
        passphrase: args.ssh_key_passphrase.as_ref().map(|Hidden(passphrase)| passphrase.clone()),
        replaces: there,
    });
    plan.finish = Some(Arc::new(key_made));
    Ok(())
}

/// The last action says the public key and its fingerprint.
fn key_made(outputs: &[Output]) -> Outcome {
    let text = outputs
        .last()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    let mut lines = text.lines();
    let mut result = Map::new();
    for name in ["ssh_public_key", "ssh_fingerprint"] {
        result.insert(Key::from(name), lines.next().map_or(Value::Null, Value::data));
    }
    Outcome { result, ..Outcome::default() }
}

fn result(mut plan: Plan, args: &Args, account: &Account) -> Plan {
    let waits = || Value::unknown(format!("user `{}` is not there yet", args.name));
    plan.set("state", Value::data("present"));
    plan.set("home", Value::data(account.home.as_str()));
    plan.set("shell", Value::data(account.shell.as_str()));
    plan.set("comment", Value::data(args.comment.as_deref().unwrap_or(&account.comment)));
    let uid = args.uid.or(account.uid.map(i64::from));
    plan.set("uid", uid.map_or_else(waits, Value::from));
    let group = match (&args.group, account.gid) {
        (Some(group), _) if *group != account.group => Value::data(group.as_str()),
        (_, Some(gid)) => i64::from(gid).into(),
        _ => waits(),
    };
    plan.set("group", group);
    if let Some(groups) = &args.groups {
        plan.set("groups", Value::data(groups.join(",")));
    }
    if args.password.is_some() {
        plan.set("password", Value::data("NOT_LOGGING_PASSWORD"));
    }
    plan
}

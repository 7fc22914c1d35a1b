//! `ansible.posix.authorized_key`: keys that may log in as a user.

use std::sync::Arc;

use crate::resource::file::{MakeDirectory, Ownership, PathState, SetAttributes, Source};
use crate::resource::home::Home;
use crate::resource::{Host, Suspend, together};
use crate::value::Value;

use super::content::Wanted;
use super::key_line::{Keys, parse};
use super::paths::{absolute, parent};
use super::presence::State;
use super::{Call, Mode, Module, Plan};

arguments! {
    /// Arguments of `authorized_key`.
    pub struct Args {
        /// The user who may be logged in as.
        user: String,
        /// The public keys, one in a line.
        key: String,
        /// The file; `.ssh/authorized_keys` in the user's home.
        path: Option<String>,
        /// Make the directory, and own it and the file.
        manage_dir: bool = true,
        /// Whether the keys are to be there.
        state: State = State::Present,
        /// Options before the keys, instead of those that they have.
        key_options: Option<String>,
        /// No other key is there.
        exclusive: bool = false,
        /// The comment, instead of those that the keys have.
        comment: Option<String>,
        /// Follow a link at the path.
        follow: bool = false,
    }
    refuses { validate_certs }
}

/// The module.
pub struct AuthorizedKey;

impl Module for AuthorizedKey {
    type Args = Args;
    const NAME: &'static str = "ansible.posix.authorized_key";
    const SUMMARY: &'static str = "manage the keys that may log in as a user";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let account = host.home(&args.user)?;
        let path = match &args.path {
            Some(path) => absolute("path", path, host)?,
            None => format!("{}/.ssh/authorized_keys", account.path.trim_end_matches('/')),
        };
        let new = wanted_keys(args)?;
        if args.manage_dir && args.state == State::Present {
            // The folder is looked at in any case: asked for now, it costs no round trip later.
            let both = [path.as_str(), parent(&path)];
            together(both.map(|path| host.path_to_replace(path).map(drop)))?;
        }
        let old = match &*host.path_to_replace(&path)? {
            PathState::Present(_) => super::content::whole(&path, host)?,
            PathState::Absent => None,
        };
        let text = old.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let mut keys = Keys::of(text.as_deref().unwrap_or(""));
        match args.state {
            State::Present => keys.add(&new, args.exclusive),
            State::Absent => keys.remove(&new),
        }
        let mut plan = Plan::new()
            .with("user", Value::data(args.user.as_str()))
            .with("path", Value::data(path.as_str()))
            .with("keyfile", Value::data(path.as_str()))
            .with("key", Value::data(args.key.as_str()));
        if args.state == State::Present || keys.changed {
            Writer { args, account: &account, path: &path }.write(&keys, old, &mut plan, host)?;
        }
        Ok(plan)
    }
}

fn wanted_keys(args: &Args) -> Result<Vec<super::key_line::Key>, Suspend> {
    if args.key.starts_with("http://") || args.key.starts_with("https://") {
        return Err(Suspend::failed(
            "`key` as a URL is not supported by mxprov; use `lookup('url', …)`",
        ));
    }
    let lines = args.key.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut key = parse(line).ok_or_else(|| {
                Suspend::failed(format!("`key` holds a line that is no public key: `{line}`"))
            })?;
            if let Some(options) = &args.key_options {
                key.options = Some(options.trim().to_string()).filter(|text| !text.is_empty());
            }
            if let Some(comment) = &args.comment {
                key.comment.clone_from(comment);
            }
            Ok(key)
        })
        .collect()
}

/// Writes the keys of a user.
struct Writer<'a> {
    args: &'a Args,
    account: &'a Home,
    path: &'a str,
}

impl Writer<'_> {
    fn write(
        &self,
        keys: &Keys,
        old: Option<Arc<Vec<u8>>>,
        plan: &mut Plan,
        host: &Host<'_>,
    ) -> Result<(), Suspend> {
        let args = self.args;
        let made = if args.manage_dir && args.state == State::Present {
            self.own_directory(plan, host)?
        } else {
            vec![]
        };
        let mine = args.manage_dir || old.is_none();
        let content = match (&old, keys.changed) {
            (Some(old), false) => old.to_vec(),
            _ => keys.text().into_bytes(),
        };
        let wanted = Wanted {
            content: Source::Bytes(Arc::new(content)),
            owner: mine.then_some(&args.user),
            group: mine.then_some(&self.account.group),
            mode: mine.then_some(Mode::Bits(0o600)),
            follow: args.follow,
            read: old,
            made: &made,
            ..Wanted::new(self.path, vec![])
        };
        wanted.put(plan, host).map(|_| ())
    }

    /// The directory of the keys belongs to the user alone; what the plan makes.
    fn own_directory(&self, plan: &mut Plan, host: &Host<'_>) -> Result<Vec<String>, Suspend> {
        let folder = parent(self.path).to_string();
        let ownership = Ownership {
            owner: Some(self.args.user.clone()),
            group: Some(self.account.group.clone()),
            mode: Some(0o700),
        };
        let state = host.path_to_replace(&folder)?;
        let Some(found) = state.attributes() else {
            plan.act(MakeDirectory { path: folder.clone(), ownership });
            return Ok(vec![folder]);
        };
        let missing = ownership.missing(found);
        if !missing.is_empty() {
            plan.act(SetAttributes { path: folder, ownership: missing, before: found.clone() });
        }
        Ok(vec![])
    }
}

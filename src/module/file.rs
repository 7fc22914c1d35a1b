//! `ansible.builtin.file`: files, directories and links.

use std::sync::Arc;

use crate::resource::file::{
    Link, MakeDirectory, Ownership, PathKind, PathState, Remove, SetAttributes, Touch, TreeNode,
};
use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::paths::{absolute, join, missing_parents, resolve};
use super::written::Access;
use super::{Call, Mode, Module, Plan};

choice! {
    /// What a path is to be.
    pub enum State {
        /// Nothing.
        Absent = "absent",
        /// A directory, with its parents.
        Directory = "directory",
        /// As it is; it must be there.
        File = "file",
        /// A hard link.
        Hard = "hard",
        /// A symbolic link.
        Link = "link",
        /// A file with its times set to now.
        Touch = "touch",
    }
}

arguments! {
    /// Arguments of `file`.
    pub struct Args {
        /// The path that is managed.
        path | "dest" | "name": String,
        /// What it is to be; `file` if it is there, without `src`.
        state: Option<State>,
        /// What a link points to.
        src: Option<String>,
        /// Set owner, group and mode of all that is in the directory.
        recurse: bool = false,
        /// Make links to targets that are not there; replace files by links.
        force: bool = false,
        /// Follow links.
        follow: bool = true,
        /// The modification time: `preserve`, `now` or `YYYYMMDDhhmm.ss`.
        modification_time: Option<String>,
        /// The access time: `preserve`, `now` or `YYYYMMDDhhmm.ss`.
        access_time: Option<String>,
    }
    includes { access: Access }
    refuses { modification_time_format, access_time_format
    }
}

/// The module.
pub struct File;

impl Module for File {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.file";
    const SUMMARY: &'static str = "manage files, directories and links";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let path = &absolute("path", &args.path, host)?;
        let state = args.state.unwrap_or(match args.src {
            Some(_) => State::Link,
            None => State::File,
        });
        // Ansible's documentation says which states return which.
        let name = match state {
            State::Link | State::Hard | State::Touch => "dest",
            State::Absent | State::Directory | State::File => "path",
        };
        let plan = Plan::new().with(name, Value::data(path.as_str()));
        match state {
            State::Absent => absent(plan, path, host),
            State::Directory => directory(plan, path, args, host),
            State::File => file(plan, path, args, host),
            State::Link => link(plan, path, args, host),
            State::Hard => hard(plan, path, args, host),
            State::Touch => touch(plan, path, args, host),
        }
    }
}

/// Owner, group and mode as the arguments ask for them, over what is there.
pub fn ownership(
    owner: Option<&String>,
    group: Option<&String>,
    mode: Option<&Mode>,
    current: u32,
    directory: bool,
) -> Ownership {
    Ownership {
        owner: owner.cloned(),
        group: group.cloned(),
        mode: mode.and_then(|mode| mode.resolve(current, directory)),
    }
}

fn wanted(args: &Args, state: &PathState, new: u32) -> Ownership {
    let current = state.attributes().map_or(new, |found| found.mode);
    let directory = state.is_directory() || args.state == Some(State::Directory);
    ownership(
        args.access.owner.as_ref(),
        args.access.group.as_ref(),
        args.access.mode.as_ref(),
        current,
        directory,
    )
}

fn absent(mut plan: Plan, path: &str, host: &Host<'_>) -> Result<Plan, Suspend> {
    if path == "/" {
        return Err(Suspend::failed("`/` cannot be removed"));
    }
    let state = host.path(path)?;
    plan.set("state", Value::data("absent"));
    if let PathState::Present(before) = &*state {
        let old = match (&before.kind, before.size) {
            (PathKind::File, Some(size)) if size <= 1 << 16 => host.content(path)?,
            _ => None,
        };
        plan.act(Remove { path: path.into(), before: before.clone(), old });
    }
    Ok(plan)
}

fn directory(mut plan: Plan, path: &str, args: &Args, host: &Host<'_>) -> Result<Plan, Suspend> {
    plan.set("state", Value::data("directory"));
    let resolved = if args.follow { resolve(path, host)? } else { path.to_string() };
    let path = resolved.as_str();
    let state = host.path_to_replace(path)?;
    match &*state {
        PathState::Present(found) if found.kind == PathKind::Directory => {
            let missing = wanted(args, &state, 0o755).missing(found);
            if !missing.is_empty() {
                plan.act(SetAttributes {
                    path: path.into(),
                    ownership: missing,
                    before: found.clone(),
                });
            }
            if args.recurse {
                recurse(&mut plan, path, args, host)?;
            }
        }
        PathState::Present(_) => {
            return Err(Suspend::failed(format!("`{path}` is there and is no directory")));
        }
        PathState::Absent => {
            for missing in missing_parents(path, host)? {
                plan.act(MakeDirectory { path: missing, ownership: Ownership::default() });
            }
            let ownership = wanted(args, &state, 0o755);
            plan.act(MakeDirectory { path: path.into(), ownership });
        }
    }
    Ok(plan)
}

/// Owner, group and mode of all that is in a directory.
fn recurse(plan: &mut Plan, root: &str, args: &Args, host: &Host<'_>) -> Result<(), Suspend> {
    for TreeNode { path, attributes: found } in host.below(root)? {
        let wanted = ownership(
            args.access.owner.as_ref(),
            args.access.group.as_ref(),
            args.access.mode.as_ref(),
            found.mode,
            found.kind == PathKind::Directory,
        );
        let missing = wanted.missing(&found);
        if !missing.is_empty() {
            plan.act(SetAttributes { path, ownership: missing, before: found });
        }
    }
    Ok(())
}

fn file(mut plan: Plan, path: &str, args: &Args, host: &Host<'_>) -> Result<Plan, Suspend> {
    let path = if args.follow { resolve(path, host)? } else { path.to_string() };
    let state = host.path(&path)?;
    let PathState::Present(found) = &*state else {
        return Err(Suspend::failed(format!(
            "`{path}` is not there; `state: touch` makes an empty file, `copy` one with content"
        )));
    };
    let kind = match found.kind {
        PathKind::File => "file",
        PathKind::Directory => "directory",
        PathKind::Link(_) => "link",
        PathKind::Other => "other",
    };
    plan.set("state", Value::data(kind));
    let missing = wanted(args, &state, 0o644).missing(found);
    if !missing.is_empty() {
        plan.act(SetAttributes { path, ownership: missing, before: found.clone() });
    }
    Ok(plan)
}

fn link(mut plan: Plan, path: &str, args: &Args, host: &Host<'_>) -> Result<Plan, Suspend> {
    plan.set("state", Value::data("link"));
    if let Some(src) = &args.src {
        plan.set("src", Value::data(src.as_str()));
    }
    let state = host.path_to_replace(path)?;
    let target = match (&args.src, &*state) {
        (Some(src), _) => src.clone(),
        (None, PathState::Present(found)) => match &found.kind {
            PathKind::Link(target) => target.clone(),
            _ => return Err(Suspend::failed("`state: link` needs `src`")),
        },
        (None, PathState::Absent) => return Err(Suspend::failed("`state: link` needs `src`")),
    };
    if let PathState::Present(found) = &*state {
        match &found.kind {
            PathKind::Link(now) if *now == target => {
                return attributes_behind(plan, path, &target, args, host);
            }
            PathKind::Link(_) => {}
            _ if args.force => {}
            _ => {
                return Err(Suspend::failed(format!(
                    "`{path}` is there and is no link; `force: true` replaces it"
                )));
            }
        }
    }
    if !args.force && *host.path_to_replace(&join(path, &target))? == PathState::Absent {
        return Err(Suspend::failed(format!(
            "the target `{target}` is not there; `force: true` makes the link all the same"
        )));
    }
    let link = Link { path: path.into(), target: target.clone(), hard: false, before: state };
    plan.act(link);
    attributes_behind(plan, path, &target, args, host)
}

/// Owner, group and mode of what a link points to, unless it points to nothing.
fn attributes_behind(
    mut plan: Plan,
    link: &str,
    target: &str,
    args: &Args,
    host: &Host<'_>,
) -> Result<Plan, Suspend> {
    let asked =
        args.access.owner.is_some() || args.access.group.is_some() || args.access.mode.is_some();
    if !asked {
        return Ok(plan);
    }
    if !args.follow {
        return Err(Suspend::failed(
            "owner, group and mode of a link itself (`follow: false`) are not supported by mxprov",
        ));
    }
    let behind = resolve(&join(link, target), host)?;
    let state = host.path(&behind)?;
    if let PathState::Present(found) = &*state {
        let missing = wanted(args, &state, 0o644).missing(found);
        if !missing.is_empty() {
            plan.act(SetAttributes { path: behind, ownership: missing, before: found.clone() });
        }
    }
    Ok(plan)
}

fn hard(mut plan: Plan, path: &str, args: &Args, host: &Host<'_>) -> Result<Plan, Suspend> {
    plan.set("state", Value::data("hard"));
    let Some(src) = &args.src else {
        return Err(Suspend::failed("`state: hard` needs `src`"));
    };
    let state = host.path_to_replace(path)?;
    let same =
        host.state(crate::resource::file::SameFile { left: path.into(), right: src.clone() })?;
    if same.0 {
        return Ok(plan);
    }
    if *state != PathState::Absent && !args.force {
        return Err(Suspend::failed(format!("`{path}` is there; `force: true` replaces it")));
    }
    plan.act(Link { path: path.into(), target: src.clone(), hard: true, before: state });
    Ok(plan)
}

fn touch(mut plan: Plan, path: &str, args: &Args, host: &Host<'_>) -> Result<Plan, Suspend> {
    let state = host.path_to_replace(path)?;
    plan.set("state", Value::data("file"));
    let time = |time: &Option<String>| match time.as_deref() {
        None | Some("now") => None,
        Some("preserve") => Some(String::new()),
        Some(other) => Some(other.to_string()),
    };
    let (access_time, modification_time) = (time(&args.access_time), time(&args.modification_time));
    let keeps = |time: &Option<String>| time.as_deref() == Some("");
    let ownership = match &*state {
        PathState::Present(found) => wanted(args, &state, 0o644).missing(found),
        PathState::Absent => wanted(args, &state, 0o644),
    };
    let there = *state != PathState::Absent;
    if there && keeps(&access_time) && keeps(&modification_time) && ownership.is_empty() {
        return Ok(plan);
    }
    plan.act(Touch {
        path: path.into(),
        ownership,
        before: Arc::clone(&state),
        access_time,
        modification_time,
    });
    Ok(plan)
}

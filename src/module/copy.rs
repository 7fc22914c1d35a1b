//! `ansible.builtin.copy`: files of the controller, of the host, or given content.

use std::sync::Arc;

use crate::resource::file::{Ownership, PathKind, PathState, Source, TreeNode};
use crate::resource::{Host, Suspend};
use crate::value::{Str, Value};

use super::checksum::{md5_of, sha1_of};
use super::content::{LARGEST_SHOWN, Wanted, gather, make_directories};
use super::controller::Search;
use super::paths::{absolute, base_name, is_directory, parent};
use super::written::{Access, Care};
use super::{Call, Mode, Module, Plan};

arguments! {
    /// Arguments of `copy`.
    pub struct Args {
        /// The file or directory to copy; with a `/` at its end: what is in the directory.
        src: Option<String>,
        /// The content, instead of `src`; a mapping or list becomes JSON.
        content: Option<Value>,
        /// Where to; with a `/` at its end it is a directory.
        dest: String,
        /// Replace a file that differs; otherwise only a missing one is made.
        force | "thirsty": bool = true,
        /// `src` is on the host.
        remote_src: bool = false,
        /// Permissions of directories that are made.
        directory_mode: Option<Mode>,
        /// Write what a link at `dest` points to.
        follow: bool = false,
        /// Links in `src` are followed; they always are.
        local_follow: bool = true,
        /// SHA-1 that the source must have.
        checksum: Option<String>,
        /// Vaulted files are decrypted; they always are.
        decrypt: bool = true,
    }
    includes { care: Care, access: Access }
}

/// The module.
pub struct Copy;

impl Module for Copy {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.copy";
    const SUMMARY: &'static str = "copy files to the host, or within it";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        refuse_conflicts(args)?;
        absolute("dest", &args.dest, host)?;
        let plan = Plan::new();
        match (&args.content, &args.src) {
            (Some(content), None) => given(args, content, plan, host),
            (None, Some(src)) if args.remote_src => on_host(args, src, plan, host),
            (None, Some(src)) => from_controller(args, src, plan, call, host),
            (Some(_), Some(_)) => Err(Suspend::failed("`src` and `content` exclude each other")),
            (None, None) => Err(Suspend::failed("`src` or `content` must be given")),
        }
    }
}

fn refuse_conflicts(args: &Args) -> Result<(), Suspend> {
    if !args.local_follow {
        return Err(Suspend::failed("`local_follow: false` is not supported by mxprov"));
    }
    if !args.decrypt {
        return Err(Suspend::failed("`decrypt: false` is not supported by mxprov"));
    }
    Ok(())
}

/// One file that is to be copied.
struct Item {
    dest: String,
    content: Source,
    secret: bool,
    /// Permissions of the source, for `mode: preserve`.
    source_mode: u32,
}

/// All that is to be copied.
#[derive(Default)]
struct Work {
    /// Directories that must be there.
    directories: Vec<String>,
    files: Vec<Item>,
}

fn given(args: &Args, content: &Value, plan: Plan, host: &Host<'_>) -> Result<Plan, Suspend> {
    let content = text_of(content);
    if args.dest.ends_with('/') {
        return Err(Suspend::failed(format!(
            "`dest` must name a file where `content` is given, not the directory `{}`",
            args.dest
        )));
    }
    let bytes = content.as_str().as_bytes().to_vec();
    check_sum(args, &bytes)?;
    let item = Item {
        dest: absolute("dest", &args.dest, host)?,
        content: Source::Bytes(Arc::new(bytes)),
        secret: content.is_secret(),
        source_mode: 0o644,
    };
    one(args, item, plan, host)
}

/// A string as it is; other values as JSON.
fn text_of(content: &Value) -> Str {
    match content {
        Value::Str(text) => text.clone(),
        Value::Null => Str::data(""),
        Value::Bool(true) => Str::data("True"),
        Value::Bool(false) => Str::data("False"),
        other => {
            let text = Str::data(super::json_text::dump(&other.to_json()));
            if other.to_json() == other.to_masked_json() { text } else { text.secret() }
        }
    }
}

fn check_sum(args: &Args, bytes: &[u8]) -> Result<(), Suspend> {
    match &args.checksum {
        Some(wanted) if !wanted.eq_ignore_ascii_case(&sha1_of(bytes)) => Err(Suspend::failed(
            format!("the source has the SHA-1 {}, not the `checksum` {wanted}", sha1_of(bytes)),
        )),
        _ => Ok(()),
    }
}

fn from_controller(
    args: &Args,
    src: &str,
    plan: Plan,
    call: &Call<'_>,
    host: &Host<'_>,
) -> Result<Plan, Suspend> {
    let found = call.controller.find(Search::Files, src)?;
    if !found.directory {
        let item = local_item(args, &found.path, String::new(), call)?;
        let item = Item { dest: file_dest(args, src, host)?, ..item };
        let plan = plan.with("src", Value::data(found.path));
        return one(args, item, plan, host);
    }
    let root = tree_dest(args, src, host)?;
    let mut work = Work::default();
    walk(args, &found.path, &root, call, &mut work)?;
    many(args, &root, work, plan.with("src", Value::data(found.path)), host)
}

fn local_item(args: &Args, path: &str, dest: String, call: &Call<'_>) -> Result<Item, Suspend> {
    let bytes = call.controller.read(path)?;
    check_sum(args, &bytes)?;
    let source_mode = if call.controller.is_executable(path) { 0o755 } else { 0o644 };
    Ok(Item { dest, content: Source::Bytes(Arc::new(bytes)), secret: false, source_mode })
}

fn walk(
    args: &Args,
    from: &str,
    to: &str,
    call: &Call<'_>,
    work: &mut Work,
) -> Result<(), Suspend> {
    work.directories.push(to.to_string());
    for name in call.controller.list(from)? {
        let (from, to) = (format!("{}/{name}", from.trim_end_matches('/')), format!("{to}/{name}"));
        let found = call.controller.find(Search::Files, &from)?;
        if found.directory {
            walk(args, &from, &to, call, work)?;
        } else {
            work.files.push(local_item(args, &from, to, call)?);
        }
    }
    Ok(())
}

/// `dest` itself, or a file in it where it is a directory.
fn file_dest(args: &Args, src: &str, host: &Host<'_>) -> Result<String, Suspend> {
    let dest = &absolute("dest", &args.dest, host)?;
    let into = || format!("{}/{}", dest.trim_end_matches('/'), base_name(src));
    if args.dest.ends_with('/') || is_directory(dest, host)? {
        Ok(into())
    } else {
        Ok(dest.clone())
    }
}

/// Where the content of a directory goes: with a `/` at the end of `src` into `dest` itself.
fn tree_dest(args: &Args, src: &str, host: &Host<'_>) -> Result<String, Suspend> {
    let dest = absolute("dest", &args.dest, host)?;
    let named = format!("{}/{}", dest.trim_end_matches('/'), base_name(src));
    Ok(if src.ends_with('/') { dest } else { named })
}

fn on_host(args: &Args, src: &str, plan: Plan, host: &Host<'_>) -> Result<Plan, Suspend> {
    let from = super::paths::resolve(&absolute("src", src, host)?, host)?;
    let plan = plan.with("src", Value::data(src));
    match &*host.path(&from)? {
        PathState::Absent => Err(Suspend::failed(format!("`src` `{src}` is not on the host"))),
        PathState::Present(found) if found.kind == PathKind::Directory => {
            let root = tree_dest(args, src, host)?;
            let work = remote_work(&from, &root, host)?;
            many(args, &root, work, plan, host)
        }
        PathState::Present(found) => {
            let dest = file_dest(args, src, host)?;
            let item = remote_item(&from, dest, found.mode, found.size, host)?;
            if args.checksum.is_some() {
                match host.content(&from)? {
                    Some(bytes) => check_sum(args, &bytes)?,
                    None => return Err(Suspend::failed(format!("`{src}` is no regular file"))),
                }
            }
            one(args, item, plan, host)
        }
    }
}

fn remote_work(from: &str, root: &str, host: &Host<'_>) -> Result<Work, Suspend> {
    let tree = host.below(from)?;
    let mut work = Work { directories: vec![root.to_string()], files: vec![] };
    let mut files = Vec::new();
    for TreeNode { path, attributes } in &tree {
        let dest = format!("{root}{}", path.strip_prefix(from).unwrap_or(path));
        match attributes.kind {
            PathKind::Directory => work.directories.push(dest),
            PathKind::File | PathKind::Link(_) => files.push((path, dest, attributes)),
            PathKind::Other => {}
        }
    }
    work.files =
        gather(files, |(path, dest, found)| remote_item(path, dest, found.mode, found.size, host))?;
    Ok(work)
}

fn remote_item(
    from: &str,
    dest: String,
    source_mode: u32,
    size: Option<u64>,
    host: &Host<'_>,
) -> Result<Item, Suspend> {
    let digest = host.state(crate::resource::file::Digest { path: from.to_string() })?;
    let Some(digest) = digest.0.clone() else {
        return Err(Suspend::failed(format!("`{from}` is no regular file")));
    };
    let content = Source::Host { path: from.to_string(), digest, size, shown: None };
    Ok(Item { dest, content, secret: false, source_mode })
}

fn mode_for(args: &Args, item: &Item) -> Option<Mode> {
    match &args.access.mode {
        Some(Mode::Preserve) => Some(Mode::Bits(item.source_mode)),
        other => other.clone(),
    }
}

fn directory_ownership(args: &Args) -> Ownership {
    Ownership {
        owner: args.access.owner.clone(),
        group: args.access.group.clone(),
        mode: args.directory_mode.as_ref().and_then(|mode| mode.resolve(0o755, true)),
    }
}

fn wanted<'a>(args: &'a Args, item: &Item, made: &'a [String]) -> Wanted<'a> {
    Wanted {
        secret: item.secret,
        content: item.content.clone(),
        owner: args.access.owner.as_ref(),
        group: args.access.group.as_ref(),
        mode: mode_for(args, item),
        backup: args.care.backup,
        validate: args.care.validate.as_ref(),
        follow: args.follow,
        keep: !args.force,
        made,
        ..Wanted::new(item.dest.clone(), vec![])
    }
}

/// A host's file that is to be written is shown, if it is small.
fn show(item: &mut Item, host: &Host<'_>) -> Result<(), Suspend> {
    if let Source::Host { path, size, shown, digest } = &mut item.content {
        let differs = match host.digest(&item.dest) {
            Ok(found) => found.as_ref() != Some(digest),
            Err(Suspend::Unknown(_)) => true,
            Err(other) => return Err(other),
        };
        if differs && size.is_some_and(|size| size <= LARGEST_SHOWN) {
            *shown = host.content_of(path)?;
        }
    }
    Ok(())
}

fn one(args: &Args, mut item: Item, plan: Plan, host: &Host<'_>) -> Result<Plan, Suspend> {
    let mut plan = plan.with("dest", Value::data(item.dest.as_str()));
    let mut made = Vec::new();
    if args.dest.ends_with('/') {
        let ownership = directory_ownership(args);
        make_directories(parent(&item.dest), &ownership, &mut made, &mut plan, host)?;
    }
    show(&mut item, host)?;
    let wanted = wanted(args, &item, &made);
    let put = wanted.put(&mut plan, host)?;
    put.register(&mut plan, &wanted);
    if let Some(bytes) = item.content.bytes() {
        plan.set("checksum", Value::data(sha1_of(bytes)));
        plan.set("md5sum", Value::data(md5_of(bytes)));
    }
    Ok(plan)
}

fn many(
    args: &Args,
    root: &str,
    mut work: Work,
    plan: Plan,
    host: &Host<'_>,
) -> Result<Plan, Suspend> {
    let mut plan = plan.with("dest", Value::data(root)).with("state", Value::data("directory"));
    let mut made = Vec::new();
    let ownership = directory_ownership(args);
    // A first round only asks, so that all that is missing is asked for at once.
    gather(&work.directories, |path| host.path_to_replace(path).map(|_| ()))?;
    for path in &work.directories {
        make_directories(path, &ownership, &mut made, &mut plan, host)?;
    }
    gather(&work.files, |item| wanted(args, item, &made).put(&mut Plan::new(), host))?;
    gather(&mut work.files, |item| show(item, host))?;
    for item in &work.files {
        wanted(args, item, &made).put(&mut plan, host)?;
    }
    Ok(plan)
}

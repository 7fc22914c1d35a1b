//! `ansible.builtin.stat`: what stands at a path.

use crate::resource::file::{
    Algorithm, Attributes, Checksum, Facts, Path, PathKind, PathState, Stat as Ask, octal,
};
use crate::resource::{Host, Suspend};
use crate::value::{Key, Map, Value};

use super::paths::{absolute, resolve};
use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `stat`.
    pub struct Args {
        /// The path.
        path | "dest" | "name": String,
        /// Follow links.
        follow: bool = false,
        /// Register the checksum of a file.
        get_checksum: bool = true,
        /// Its algorithm: md5, sha1, sha224, sha256, sha384 or sha512.
        checksum_algorithm | "checksum" | "checksum_algo": String = "sha1",
        /// Register `mimetype` and `charset`, where the host has file(1).
        get_mime | "mime" | "mime_type" | "mime-type": bool = true,
        /// Accepted for playbooks that turn it off; `attributes` is not registered.
        get_attributes | "attr" | "attributes": bool = true,
        /// `SELinux` contexts are not registered.
        get_selinux_context: bool = false,
    }
}

/// The module.
pub struct Stat;

impl Module for Stat {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.stat";
    const SUMMARY: &'static str = "register what stands at a path";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        if args.get_selinux_context {
            return Err(Suspend::failed("`get_selinux_context` is not supported by mxprov"));
        }
        let path = &absolute("path", &args.path, host)?;
        let _ = args.get_attributes;
        let resolved = if args.follow { resolve(path, host)? } else { path.clone() };
        let state = host.path(&resolved)?;
        let stat = match &*state {
            PathState::Absent => Value::map([("exists", Value::Bool(false))]),
            PathState::Present(found) if host.is_predicted(&Path { path: resolved.clone() }) => {
                predicted(args, &resolved, found, host)?
            }
            PathState::Present(_) => actual(args, path, host)?,
        };
        let mut plan = Plan::new().with("stat", stat);
        plan.changed = Some(false);
        Ok(plan)
    }
}

fn algorithm(args: &Args) -> Result<Algorithm, Suspend> {
    Algorithm::named(&args.checksum_algorithm).ok_or_else(|| {
        Suspend::failed(format!(
            "`checksum_algorithm` `{}` is none of md5, sha1, sha224, sha256, sha384, sha512",
            args.checksum_algorithm
        ))
    })
}

/// What was read from the host.
fn actual(args: &Args, path: &str, host: &Host<'_>) -> Result<Value, Suspend> {
    let state = host.state(Ask { path: path.to_string(), follow: args.follow })?;
    let Some(facts) = &state.0 else {
        return Ok(Value::map([("exists", Value::Bool(false))]));
    };
    let mut map = Map::new();
    let mut set = |name: &str, value: Value| map.insert(Key::from(name), value);
    set("exists", Value::Bool(true));
    set("path", Value::data(path));
    for (name, value) in numbers(facts) {
        set(name, Value::Int(value));
    }
    for (name, time) in ["atime", "mtime", "ctime"].into_iter().zip(&facts.times) {
        set(name, Value::Float(time.parse().unwrap_or_default()));
    }
    set("pw_name", Value::data(facts.owner.as_str()));
    set("gr_name", Value::data(facts.group.as_str()));
    for (name, value) in ["readable", "writeable", "executable"].into_iter().zip(facts.access) {
        set(name, Value::Bool(value));
    }
    if let (Some(target), Some(source)) = (&facts.target, &facts.source) {
        set("lnk_target", Value::data(target.as_str()));
        set("lnk_source", Value::data(source.as_str()));
    }
    if args.get_mime {
        let mime = facts.mime.as_deref().and_then(|mime| mime.split_once("; charset="));
        let (kind, charset) = mime.unwrap_or(("unknown", "unknown"));
        set("mimetype", Value::data(kind));
        set("charset", Value::data(charset));
    }
    bits(facts.raw, &mut map);
    if args.get_checksum && facts.raw & 0o170_000 == 0o100_000 {
        let asked = Checksum { path: path.to_string(), algorithm: algorithm(args)? };
        if let Some(sum) = &host.state(asked)?.0 {
            map.insert(Key::from("checksum"), Value::data(sum.as_str()));
        }
    }
    Ok(Value::Map(map.into()))
}

fn numbers(facts: &Facts) -> [(&'static str, i64); 8] {
    [
        ("uid", facts.uid),
        ("gid", facts.gid),
        ("size", facts.size),
        ("inode", facts.inode),
        ("dev", facts.device),
        ("nlink", facts.links),
        ("blocks", facts.blocks),
        ("block_size", facts.block_size),
    ]
}

/// `mode`, and what its bits say one by one.
pub fn bits(raw: u32, map: &mut Map) {
    map.insert(Key::from("mode"), Value::data(octal(raw & 0o7777)));
    let kinds = [
        ("isdir", 0o040_000),
        ("ischr", 0o020_000),
        ("isblk", 0o060_000),
        ("isreg", 0o100_000),
        ("isfifo", 0o010_000),
        ("islnk", 0o120_000),
        ("issock", 0o140_000),
    ];
    for (name, kind) in kinds {
        map.insert(Key::from(name), Value::Bool(raw & 0o170_000 == kind));
    }
    let permissions = ["rusr", "wusr", "xusr", "rgrp", "wgrp", "xgrp", "roth", "woth", "xoth"];
    for (index, name) in permissions.into_iter().enumerate() {
        map.insert(Key::from(name), Value::Bool(raw & (0o400 >> index) != 0));
    }
    map.insert(Key::from("isuid"), Value::Bool(raw & 0o4000 != 0));
    map.insert(Key::from("isgid"), Value::Bool(raw & 0o2000 != 0));
}

/// What planned actions will have made of it; the rest is unknown.
fn predicted(
    args: &Args,
    path: &str,
    found: &Attributes,
    host: &Host<'_>,
) -> Result<Value, Suspend> {
    let mut map = Map::new();
    let kind = match found.kind {
        PathKind::File => 0o100_000,
        PathKind::Directory => 0o040_000,
        PathKind::Link(_) => 0o120_000,
        PathKind::Other => 0,
    };
    bits(kind | found.mode, &mut map);
    let unknown = || Value::unknown(format!("`{path}` is not written yet"));
    let later = ["atime", "mtime", "ctime", "inode", "dev", "nlink", "blocks", "block_size"];
    for name in later.into_iter().chain(["readable", "writeable", "executable"]) {
        map.insert(Key::from(name), unknown());
    }
    let text = |text: &str| if text.is_empty() { unknown() } else { Value::data(text) };
    let number = |number: Option<i64>| number.map_or_else(unknown, Value::Int);
    let size = found.size.and_then(|size| i64::try_from(size).ok());
    let mut set = |name: &str, value: Value| map.insert(Key::from(name), value);
    set("exists", Value::Bool(true));
    set("path", Value::data(path));
    set("size", number(size));
    set("uid", number(found.uid.map(i64::from)));
    set("gid", number(found.gid.map(i64::from)));
    set("pw_name", text(&found.owner));
    set("gr_name", text(&found.group));
    if let PathKind::Link(target) = &found.kind {
        set("lnk_target", Value::data(target.as_str()));
        set("lnk_source", unknown());
    }
    if args.get_checksum && found.kind == PathKind::File {
        let sum = match algorithm(args)? {
            Algorithm::Sha256 => host.digest(path)?.map_or_else(unknown, Value::data),
            other => {
                let sum = host.content(path)?.map(|bytes| super::checksum::of(other, &bytes));
                sum.map_or_else(unknown, Value::data)
            }
        };
        set("checksum", sum);
    }
    Ok(Value::Map(map.into()))
}

//! `ansible.builtin.assemble`: a file put together from the files of a directory.

use std::sync::Arc;

use crate::resource::file::{Listing, Path, Source};
use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::checksum::{md5_of, sha1_of};
use super::content::{Wanted, gather, whole};
use super::controller::Search;
use super::paths::{absolute, base_name};
use super::pattern::{Flags, Pattern};
use super::written::{Access, Care};
use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `assemble`.
    pub struct Args {
        /// The directory of the fragments.
        src: String,
        /// The file.
        dest: String,
        /// What stands between two fragments.
        delimiter: Option<String>,
        /// A regular expression of the fragments' names.
        regexp: Option<String>,
        /// Leave files out whose names start with a dot.
        ignore_hidden: bool = false,
        /// `src` is on the host.
        remote_src: bool = true,
        /// Vaulted fragments are decrypted; they always are.
        decrypt: bool = true,
    }
    includes { care: Care, access: Access }
}

/// The module.
pub struct Assemble;

impl Module for Assemble {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.assemble";
    const SUMMARY: &'static str = "put a file together from the files of a directory";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        if !args.decrypt {
            return Err(Suspend::failed("`decrypt: false` is not supported by mxprov"));
        }
        let dest = &absolute("dest", &args.dest, host)?;
        let fragments =
            if args.remote_src { on_host(args, host)? } else { on_controller(args, call)? };
        let content = joined(&fragments, args.delimiter.as_deref());
        let mut plan = Plan::new()
            .with("src", Value::data(args.src.as_str()))
            .with("dest", Value::data(dest.as_str()))
            .with("checksum", Value::data(sha1_of(&content)))
            .with("md5sum", Value::data(md5_of(&content)));
        let wanted = Wanted {
            content: Source::Bytes(Arc::new(content)),
            owner: args.access.owner.as_ref(),
            group: args.access.group.as_ref(),
            mode: args.access.mode.clone(),
            backup: args.care.backup,
            validate: args.care.validate.as_ref(),
            ..Wanted::new(dest.as_str(), vec![])
        };
        let put = wanted.put(&mut plan, host)?;
        put.register(&mut plan, &wanted);
        Ok(plan)
    }
}

/// Whether a file is a fragment.
fn chosen(args: &Args) -> Result<impl Fn(&str) -> bool, Suspend> {
    let pattern = args.regexp.as_ref().map(|text| Pattern::new(text, Flags::default()));
    let pattern = pattern.transpose().map_err(Suspend::Failed)?;
    let hidden = !args.ignore_hidden;
    Ok(move |name: &str| {
        (hidden || !name.starts_with('.'))
            && pattern.as_ref().is_none_or(|pattern| pattern.is_match(name).unwrap_or(false))
    })
}

fn on_host(args: &Args, host: &Host<'_>) -> Result<Vec<Arc<Vec<u8>>>, Suspend> {
    let src = &absolute("src", &args.src, host)?;
    let chosen = chosen(args)?;
    host.path(src)?;
    let below = format!("{src}/");
    if let Some(opaque) = host.opaque(|opaque| opaque.may_bring(&format!("{below}x"))) {
        return Err(Suspend::Unknown(Arc::clone(&opaque.reason)));
    }
    let state = host.state(Listing { path: src.clone(), depth: Some(1), follow: true })?;
    let mut paths: Vec<String> = match &state.found {
        Some(found) => {
            let files = found.iter().filter(|node| node.kind == 'f');
            files.map(|node| node.path.clone()).collect()
        }
        None => vec![],
    };
    // What planned actions put there counts too, what they remove does not.
    for (planned, state) in host.predictions::<Path>() {
        let Some(name) = planned.path.strip_prefix(&below) else { continue };
        paths.retain(|path| *path != planned.path);
        if !name.contains('/') && state.attributes().is_some_and(|found| found.size.is_some()) {
            paths.push(planned.path.clone());
        }
    }
    if state.found.is_none() && paths.is_empty() {
        return Err(Suspend::failed(format!("`src` `{src}` is no directory")));
    }
    paths.sort_by(|left, right| base_name(left).cmp(base_name(right)));
    let paths = paths.iter().filter(|path| chosen(base_name(path)));
    let all = gather(paths, |path| whole(path, host))?;
    Ok(all.into_iter().flatten().collect())
}

fn on_controller(args: &Args, call: &Call<'_>) -> Result<Vec<Arc<Vec<u8>>>, Suspend> {
    let chosen = chosen(args)?;
    let folder = call.controller.find(Search::Files, &args.src)?;
    if !folder.directory {
        return Err(Suspend::failed(format!("`src` `{}` is no directory", args.src)));
    }
    let mut all = Vec::new();
    for name in call.controller.list(&folder.path)? {
        let path = format!("{}/{name}", folder.path.trim_end_matches('/'));
        let found = call.controller.find(Search::Files, &path)?;
        if !found.directory && chosen(&name) {
            all.push(Arc::new(call.controller.read(&found.path)?));
        }
    }
    Ok(all)
}

/// Each fragment starts a line; the delimiter has lines of its own.
fn joined(fragments: &[Arc<Vec<u8>>], delimiter: Option<&str>) -> Vec<u8> {
    let delimiter = delimiter.map(unescape);
    let mut out: Vec<u8> = Vec::new();
    for (index, fragment) in fragments.iter().enumerate() {
        if index > 0 && out.last().is_some_and(|byte| *byte != b'\n') {
            out.push(b'\n');
        }
        if let Some(delimiter) = delimiter.as_ref().filter(|_| index > 0) {
            out.extend(delimiter.as_bytes());
            if !delimiter.ends_with('\n') {
                out.push(b'\n');
            }
        }
        out.extend(fragment.iter());
    }
    out
}

/// `\n` and the like in a delimiter.
fn unescape(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_start_lines() {
        let parts = [Arc::new(b"a".to_vec()), Arc::new(b"b\n".to_vec()), Arc::new(b"c".to_vec())];
        assert_eq!(joined(&parts, None), b"a\nb\nc");
        assert_eq!(joined(&parts, Some("--")), b"a\n--\nb\n--\nc");
    }
}

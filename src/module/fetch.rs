//! `ansible.builtin.fetch`: a host's file on the controller.

use std::path::Path;

use crate::resource::{Host, Store, Suspend};
use crate::value::Value;

use super::checksum::{md5_of, sha1_of};
use super::content::whole;
use super::paths::{absolute, base_name};
use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `fetch`.
    pub struct Args {
        /// The file on the host.
        src: String,
        /// The directory on the controller; with `flat` the file.
        dest: String,
        /// Leave the host's name and the file's path out.
        flat: bool = false,
        /// A file that is not there is an error.
        fail_on_missing: bool = true,
        /// The content is always checked; accepted for playbooks that turn it off.
        validate_checksum: bool = true,
    }
}

/// The module.
pub struct Fetch;

impl Module for Fetch {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.fetch";
    const SUMMARY: &'static str = "copy a host's file to the controller";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let _ = args.validate_checksum;
        let src = &absolute("src", &args.src, host)?;
        let src = crate::files::clean(Path::new(src)).display().to_string();
        let mut plan = Plan::new().with("file", Value::data(src.as_str()));
        let Some(content) = whole(&src, host)? else {
            if args.fail_on_missing {
                return Err(Suspend::failed(format!("there is no file `{src}`")));
            }
            plan.set(
                "msg",
                Value::data("the remote file does not exist, not transferring, ignored"),
            );
            return Ok(plan);
        };
        let path = destination(args, &src, call)?;
        let old =
            if call.controller.exists(&path) { Some(call.controller.read(&path)?) } else { None };
        plan.set("dest", Value::data(path.as_str()));
        plan.set("checksum", Value::data(sha1_of(&content)));
        plan.set("md5sum", Value::data(md5_of(&content)));
        if old.as_ref() != Some(&*content) {
            plan.act(Store { path, content, old });
        }
        Ok(plan)
    }
}

fn destination(args: &Args, src: &str, call: &Call<'_>) -> Result<String, Suspend> {
    let dest = args.dest.trim_end_matches('/');
    if args.flat {
        let named = format!("{dest}/{}", base_name(src));
        return Ok(if args.dest.ends_with('/') { named } else { args.dest.clone() });
    }
    let name = call.controller.variable("inventory_hostname")?;
    match name.as_ref().and_then(Value::as_str) {
        Some(name) if !name.contains('/') && name != ".." => Ok(format!("{dest}/{name}{src}")),
        _ => Err(Suspend::failed("`inventory_hostname` cannot be part of a path")),
    }
}

//! `ansible.builtin.slurp`: the content of a host's file in a variable.

use base64::Engine as _;

use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::content::whole;
use super::paths::absolute;
use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `slurp`.
    pub struct Args {
        /// The file on the host.
        src | "path": String,
    }
}

/// The module.
pub struct Slurp;

impl Module for Slurp {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.slurp";
    const SUMMARY: &'static str = "register the content of a host's file as base64";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let path = &absolute("src", &args.src, host)?;
        let Some(bytes) = whole(path, host)? else {
            return Err(Suspend::failed(format!("there is no file `{path}`")));
        };
        let content = base64::engine::general_purpose::STANDARD.encode(&*bytes);
        let mut plan = Plan::new()
            .with("content", Value::data(content))
            .with("encoding", Value::data("base64"))
            .with("source", Value::data(path.as_str()));
        plan.changed = Some(false);
        Ok(plan)
    }
}

//! `ansible.builtin.ping`: whether a host can be reached and asked.

use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `ping`.
    pub struct Args {
        /// What is answered; `crash` makes the task fail.
        data: Value = Value::data("pong"),
    }
}

/// The module.
pub struct Ping;

impl Module for Ping {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.ping";
    const SUMMARY: &'static str = "asks the host for an answer";

    fn plan(args: &Args, _: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        host.state(crate::resource::ping::Ping)?;
        match args.data.as_str() {
            Some("crash") => Err(Suspend::failed("boom")),
            _ => Ok(Plan::new().with("ping", args.data.clone())),
        }
    }
}

//! `ansible.builtin.fail`: fails with a message.

use crate::resource::{Host, Suspend};

use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `fail`.
    pub struct Args {
        /// The message.
        msg: String = "Failed as requested from task",
    }
}

/// The module.
pub struct Fail;

impl Module for Fail {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.fail";
    const SUMMARY: &'static str = "fail with a message";

    fn plan(args: &Args, _call: &Call<'_>, _host: &Host<'_>) -> Result<Plan, Suspend> {
        Err(Suspend::failed(args.msg.clone()))
    }
}

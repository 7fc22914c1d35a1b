//! `ansible.builtin.wait_for_connection`: waits until the host can be reached.

use std::sync::Arc;

use crate::resource::waiting::Reconnect;
use crate::resource::{Host, Suspend};
use crate::value::{Map, Value};

use super::elapsed::{elapsed_of, seconds};
use super::{Call, Module, Outcome, Plan};

arguments! {
    /// Arguments of `wait_for_connection`.
    pub struct Args {
        /// Seconds before the first try.
        delay: i64 = 0,
        /// Seconds after which waiting has failed.
        timeout: i64 = 600,
        /// Has no effect: the connection's own timeout holds for each try.
        connect_timeout: i64 = 5,
        /// Has no effect: tries follow each other.
        sleep: i64 = 1,
    }
}

/// The module.
pub struct WaitForConnection;

impl Module for WaitForConnection {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.wait_for_connection";
    const SUMMARY: &'static str = "waits until the host can be reached";

    fn plan(args: &Args, _: &Call<'_>, _: &Host<'_>) -> Result<Plan, Suspend> {
        let _ = (args.connect_timeout, args.sleep);
        let elapsed = Value::unknown("the connection has not been tried yet");
        let mut plan = Plan::new().with("elapsed", elapsed);
        plan.act(Reconnect { delay: seconds(args.delay), limit: seconds(args.timeout) });
        plan.changed = Some(false);
        plan.finish = Some(Arc::new(|outputs| {
            let result = Map::from_iter([elapsed_of(outputs)]);
            Outcome { result, changed: Some(false), failed: None }
        }));
        Ok(plan)
    }
}

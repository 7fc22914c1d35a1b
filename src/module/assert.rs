//! `ansible.builtin.assert`: fails unless conditions hold.

use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `assert`.
    pub struct Args {
        /// The conditions: expressions as in `when`.
        that: Vec<Value>,
        /// The message if one does not hold.
        fail_msg | "msg": Option<Value>,
        /// The message if all hold.
        success_msg: Option<Value>,
        /// Accepted; a success is quiet anyway.
        _quiet as "quiet": bool = false,
    }
}

/// The module.
pub struct Assert;

impl Module for Assert {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.assert";
    const SUMMARY: &'static str = "fail unless conditions hold";
    const RAW_ARGUMENTS: &'static [&'static str] = &["that", "fail_msg", "msg"];

    fn plan(args: &Args, call: &Call<'_>, _host: &Host<'_>) -> Result<Plan, Suspend> {
        for condition in &args.that {
            if call.controller.condition(condition)? {
                continue;
            }
            let text = condition.as_str().unwrap_or("condition");
            let message = match &args.fail_msg {
                Some(message) => lines(&call.controller.render(message)?),
                None => "the assertion does not hold".to_string(),
            };
            return Err(Suspend::failed(format!("{message} (`{text}`)")));
        }
        let message =
            args.success_msg.clone().unwrap_or_else(|| Value::data("All assertions passed"));
        Ok(Plan::new().with("msg", message))
    }
}

/// A message, or the lines of one.
fn lines(message: &Value) -> String {
    match message {
        Value::Str(text) => text.as_str().to_string(),
        Value::List(items) => items.iter().map(lines).collect::<Vec<_>>().join("\n"),
        other => other.to_masked_json().to_string(),
    }
}

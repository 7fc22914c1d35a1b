//! `ansible.builtin.debug`: shows a message or a variable.

use crate::resource::{Host, Suspend};
use crate::value::{Str, Value};

use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `debug`.
    pub struct Args {
        /// The message.
        msg: Option<Value>,
        /// The variable (or expression) whose value is shown.
        var: Option<Value>,
        /// From how many `-v` on it is shown.
        verbosity: i64 = 0,
    }
}

/// The module.
pub struct Debug;

impl Module for Debug {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.debug";
    const SUMMARY: &'static str = "show a message or a variable";
    const RAW_ARGUMENTS: &'static [&'static str] = &["var"];

    fn plan(args: &Args, call: &Call<'_>, _host: &Host<'_>) -> Result<Plan, Suspend> {
        let plan = Plan::new();
        let shown = match call.controller.variable("ansible_verbosity")? {
            Some(Value::Int(level)) => level,
            _ => 0,
        };
        if args.verbosity > shown {
            let reason = format!("it is shown from `-{}` on", "v".repeat(level(args.verbosity)));
            return Ok(Plan { skipped: Some(reason), ..plan });
        }
        match (&args.msg, &args.var) {
            (Some(_), Some(_)) => Err(Suspend::failed("`msg` and `var` exclude each other")),
            (None, None) => Ok(plan.with("msg", Value::data("Hello world!"))),
            (Some(message), None) => Ok(plan.with("msg", message.clone())),
            (None, Some(var)) => {
                let name = var.as_str().unwrap_or("var").trim().to_string();
                let value = match var {
                    Value::Str(text) if text.is_template() => call.controller.render(var)?,
                    Value::Str(text) => {
                        let expression = format!("{{{{ {} }}}}", text.as_str());
                        let origin = text.origin().cloned();
                        call.controller.render(&Value::Str(Str::template(expression, origin)))?
                    }
                    other => call.controller.render(other)?,
                };
                Ok(plan.with(&name, value))
            }
        }
    }
}

fn level(written: i64) -> usize {
    usize::try_from(written).unwrap_or(0).min(5)
}

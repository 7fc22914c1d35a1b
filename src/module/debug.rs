//! `ansible.builtin.debug`: shows a message or a variable.

use crate::resource::{Host, Suspend};
use crate::value::{Str, Value};

use super::{Argument as _, Call, Module, Plan};

arguments! {
    /// Arguments of `debug`.
    pub struct Args {
        /// The message.
        msg: Option<Value>,
        /// The variable (or expression) whose value is shown.
        var: Option<Value>,
<<<<<<< HEAD
        /// Skipped unless there are so many `-v`.
=======
        /// From how many `-v` on it is shown.
>>>>>>> 0a27ca0
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
<<<<<<< HEAD
        let mut plan = Plan::new();
        if args.verbosity > 0 && args.verbosity > verbosity(call)? {
            plan.skipped = Some(format!("it is shown at verbosity {}", args.verbosity));
            return Ok(plan);
=======
        let plan = Plan::new();
        let shown = match call.controller.variable("ansible_verbosity")? {
            Some(Value::Int(level)) => level,
            _ => 0,
        };
        if args.verbosity > shown {
            let reason = format!("it is shown from `-{}` on", "v".repeat(level(args.verbosity)));
            return Ok(Plan { skipped: Some(reason), ..plan });
>>>>>>> 0a27ca0
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

<<<<<<< HEAD
/// How many `-v` there are.
fn verbosity(call: &Call<'_>) -> Result<i64, Suspend> {
    let given = call.controller.render(&Value::Str(Str::template("{{ ansible_verbosity }}", None)))?;
    Ok(i64::read(&given).unwrap_or(0))
=======
fn level(written: i64) -> usize {
    usize::try_from(written).unwrap_or(0).min(5)
>>>>>>> 0a27ca0
}

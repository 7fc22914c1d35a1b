//! `ansible.builtin.wait_for`: waits for a port or a file.

use std::sync::Arc;

use crate::resource::waiting::{Condition, Holds, Wait};
use crate::resource::{Host, Suspend};
use crate::value::{Map, Value};

use super::elapsed::elapsed_of;
use super::{Call, Module, Outcome, Plan, Unsupported, Words};

choice! {
    /// What is waited for.
    pub enum State {
        /// A path that is not there, a port that is closed.
        Absent = "absent",
        /// A port without connections.
        Drained = "drained",
        /// A path that is there, a port that is open.
        Present = "present",
        /// The same.
        Started = "started",
        /// The same as `absent`.
        Stopped = "stopped",
    }
}

arguments! {
    /// Arguments of `wait_for`.
    pub struct Args {
        /// The port.
        port: Option<i64>,
        /// The address, as the host sees it.
        host: String = "127.0.0.1",
        /// The path.
        path: Option<String>,
        /// What is waited for.
        state: State = State::Started,
        /// A regular expression for the content of the path, or for what the port says.
        search_regex: Option<String>,
        /// Seconds before the first look.
        delay: i64 = 0,
        /// Seconds between two looks.
        sleep: i64 = 1,
        /// Seconds after which waiting has failed.
        timeout: i64 = 300,
        /// Seconds for one connection.
        connect_timeout: i64 = 5,
        /// States of connections that count for `drained`.
        active_connection_states: Option<Words>,
        /// Not supported.
        exclude_hosts: Unsupported = Unsupported,
        /// What is said when waiting has failed.
        msg: Option<String>,
    }
}

/// The module.
pub struct WaitFor;

impl Module for WaitFor {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.wait_for";
    const SUMMARY: &'static str = "waits for a port or a file";

    fn plan(args: &Args, _: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let _ = args.exclude_hosts;
        let seconds = |value: i64| u32::try_from(value).unwrap_or(0);
        let (condition, wanted, shown) = condition(args)?;
        let mut plan = Plan::new().with("elapsed", 0);
        plan.changed = Some(false);
        for (name, value) in [("path", &args.path), ("search_regex", &args.search_regex)] {
            plan.set(name, value.as_deref().map_or(Value::Null, Value::data));
        }
        plan.set("port", args.port.map_or(Value::Null, Value::Int));
        if let Some(condition) = &condition
            && host.state(Holds(condition.clone()))?.0 == wanted
        {
            return Ok(plan);
        }
        plan.act(Wait {
            condition,
            wanted,
            delay: seconds(args.delay),
            sleep: seconds(args.sleep).max(1),
            limit: seconds(args.timeout),
            shown: args.msg.clone().unwrap_or(shown),
        });
        plan.finish = Some(Arc::new(|outputs| {
            let result = Map::from_iter([elapsed_of(outputs)]);
            Outcome { result, changed: Some(false), failed: None }
        }));
        Ok(plan)
    }
}

/// What is waited for, whether it is to hold, and how people see it.
fn condition(args: &Args) -> Result<(Option<Condition>, bool, String), Suspend> {
    let wanted = !matches!(args.state, State::Absent | State::Stopped | State::Drained);
    let regex = args.search_regex.clone();
    let port = args.port.map(u16::try_from).transpose();
    let port = port.map_err(|_| Suspend::failed("`port` is a number up to 65535"))?;
    let verb = |there: &'static str, gone: &'static str| if wanted { there } else { gone };
    match (&args.path, port) {
        (Some(_), Some(_)) => Err(Suspend::failed("only one of `path` and `port` can be given")),
        (Some(_), None) if args.state == State::Drained => {
            Err(Suspend::failed("`state: drained` needs `port`"))
        }
        (Some(path), None) => {
            let shown = format!("{path} to {}", verb("be there", "be gone"));
            Ok((Some(Condition::Path { path: path.clone(), regex }), wanted, shown))
        }
        (None, Some(port)) if args.state == State::Drained => {
            let states = states(args)?;
            Ok((
                Some(Condition::Connections { port, states }),
                false,
                format!("port {port} to have no connections"),
            ))
        }
        (None, Some(port)) => {
            let patience = u32::try_from(args.connect_timeout).unwrap_or(5).max(1);
            let address = args.host.clone();
            let shown = format!("port {port} of {address} to {}", verb("open", "close"));
            Ok((Some(Condition::Port { address, port, regex, patience }), wanted, shown))
        }
        (None, None) if args.state == State::Drained || regex.is_some() => {
            Err(Suspend::failed("`state: drained` and `search_regex` need `port` or `path`"))
        }
        (None, None) => Ok((None, true, format!("{} seconds", args.timeout))),
    }
}

/// The states of `include/net/tcp_states.h`, as /proc/net/tcp writes them.
fn states(args: &Args) -> Result<Vec<String>, Suspend> {
    const STATES: [&str; 11] = [
        "ESTABLISHED",
        "SYN_SENT",
        "SYN_RECV",
        "FIN_WAIT1",
        "FIN_WAIT2",
        "TIME_WAIT",
        "CLOSE",
        "CLOSE_WAIT",
        "LAST_ACK",
        "LISTEN",
        "CLOSING",
    ];
    const USUAL: [&str; 6] =
        ["ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "SYN_RECV", "SYN_SENT", "TIME_WAIT"];
    let names: Vec<&str> = match &args.active_connection_states {
        Some(names) => names.iter().map(String::as_str).collect(),
        None => USUAL.into(),
    };
    let number = |name: &&str| {
        let index = STATES.iter().position(|state| state == name);
        index.map(|index| format!("{:02X}", index + 1)).ok_or_else(|| {
            Suspend::failed(format!(
                "`{name}` is no state of a connection; there are {}",
                crate::diagnostic::list_or(STATES)
            ))
        })
    };
    names.iter().map(number).collect()
}

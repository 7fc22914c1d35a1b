//! `ansible.builtin.group`: groups of a host.

use crate::resource::account::{CreateGroup, DeleteGroup, ModifyGroup, is_name};
use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::presence::State;
use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `group`.
    pub struct Args {
        /// The name.
        name: String,
        /// What it is to be.
        state: State = State::Present,
        /// The number.
        gid: Option<i64>,
        /// The least number of a new group.
        gid_min: Option<i64>,
        /// The greatest number of a new group.
        gid_max: Option<i64>,
        /// A new group's number is one of those for the system.
        system: bool = false,
        /// Another group may have the same number.
        non_unique: bool = false,
        /// Remove it even if it is the primary group of a user.
        force: bool = false,
        /// Not supported: tools of libuser.
        local: bool = false,
    }
}

/// The module.
pub struct Group;

impl Module for Group {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.group";
    const SUMMARY: &'static str = "creates, changes and removes groups";

    fn plan(args: &Args, _: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        if args.local {
            return Err(Suspend::failed("argument `local` of `group` is not supported by mxprov"));
        }
        if !is_name(&args.name) {
            return Err(Suspend::failed(format!("`{}` cannot be the name of a group", args.name)));
        }
        let gid = args.gid.map(u32::try_from).transpose();
        let gid = gid.map_err(|_| Suspend::failed("`gid` is not the number of a group"))?;
        let state = host.group(&args.name)?;
        let mut plan = Plan::new().with("name", Value::data(args.name.as_str()));
        let name = || args.name.clone();
        match (args.state, &state.0) {
            (State::Absent, None) => {}
            (State::Absent, Some(_)) => {
                plan.act(DeleteGroup { name: name(), force: args.force });
            }
            (State::Present, None) => {
                let limit =
                    |key: &str, limit: Option<i64>| limit.map(|limit| format!("{key}={limit}"));
                let limits = [limit("GID_MIN", args.gid_min), limit("GID_MAX", args.gid_max)];
                let (non_unique, system) = (args.non_unique, args.system);
                let limits = limits.into_iter().flatten().collect();
                plan.act(CreateGroup { name: name(), gid, non_unique, system, limits });
            }
            (State::Present, Some(found)) => {
                if let Some(gid) = gid.filter(|gid| found.gid.is_some_and(|now| now != *gid)) {
                    plan.act(ModifyGroup {
                        name: name(),
                        gid,
                        non_unique: args.non_unique,
                        before: found.gid,
                    });
                }
            }
        }
        plan.set(
            "state",
            Value::data(if args.state == State::Absent { "absent" } else { "present" }),
        );
        if args.state == State::Present {
            plan.set("system", args.system);
            match gid.or_else(|| state.0.as_ref().and_then(|found| found.gid)) {
                Some(gid) => plan.set("gid", i64::from(gid)),
                None => plan
                    .set("gid", Value::unknown(format!("group `{}` is not there yet", args.name))),
            };
        }
        Ok(plan)
    }
}

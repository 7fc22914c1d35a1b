//! `community.general.timezone`: the host's time zone, by /etc/localtime and /etc/timezone.

use crate::resource::file::{Link, PathKind, PathState};
use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::content::Wanted;
use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `timezone`.
    pub struct Args {
        /// The zone: `Europe/Berlin`.
        name: String,
    }
    refuses { hwclock | "rtc" }
}

/// The module.
pub struct Timezone;

const ZONES: &str = "/usr/share/zoneinfo/";

impl Module for Timezone {
    type Args = Args;
    const NAME: &'static str = "community.general.timezone";
    const SUMMARY: &'static str = "set the host's time zone";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let name = args.name.as_str();
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte))
            && name.split('/').all(|part| !part.is_empty());
        if !is_name {
            return Err(Suspend::failed(format!("`{name}` is no name of a time zone")));
        }
        let (localtime, zone) = (host.path_to_replace("/etc/localtime"), format!("{ZONES}{name}"));
        let known = host.path_to_replace(&zone);
        let file = host.path_to_replace("/etc/timezone")?;
        let (localtime, known) = (localtime?, known?);
        let mut plan = Plan::new().with("name", Value::data(name));
        if current(&localtime).as_deref() != Some(name) {
            if *known == PathState::Absent
                && host.opaque(|opaque| opaque.may_bring(&zone)).is_none()
            {
                return Err(Suspend::failed(format!(
                    "there is no time zone `{name}` on the host; the package `tzdata` brings zones"
                )));
            }
            plan.act(Link {
                path: "/etc/localtime".into(),
                target: zone,
                hard: false,
                before: localtime,
            });
        }
        // Debian 13 has no /etc/timezone any more; where it is, it must say the same.
        if file.attributes().is_some_and(|found| found.kind == PathKind::File) {
            Wanted::new("/etc/timezone", format!("{name}\n").into_bytes()).put(&mut plan, host)?;
        }
        Ok(plan)
    }
}

/// The zone that /etc/localtime points to.
fn current(localtime: &PathState) -> Option<String> {
    match &localtime.attributes()?.kind {
        PathKind::Link(target) => target.split_once("zoneinfo/").map(|(_, zone)| zone.to_string()),
        _ => None,
    }
}

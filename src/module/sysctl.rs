//! `ansible.posix.sysctl`: kernel settings, in a file and in effect.

use std::sync::Arc;

use crate::resource::file::{PathState, Source};
use crate::resource::kernel::{LoadSettings, SetKernel, Setting, same_blanks};
use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::content::Wanted;
use super::paths::{absolute, resolve};
use super::presence::State;
use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `sysctl`.
    pub struct Args {
        /// The setting: `net.ipv4.ip_forward`.
        name | "key": String,
        /// Its value.
        value | "val": Option<String>,
        /// Whether the line is to be there.
        state: State = State::Present,
        /// The file that holds it.
        sysctl_file: String = "/etc/sysctl.conf",
        /// Put the file into effect when it changes.
        reload: bool = true,
        /// The running kernel must have the value too.
        sysctl_set: bool = false,
        /// What the kernel refuses is no failure.
        ignoreerrors: bool = false,
    }
}

/// The module.
pub struct Sysctl;

impl Module for Sysctl {
    type Args = Args;
    const NAME: &'static str = "ansible.posix.sysctl";
    const SUMMARY: &'static str = "manage kernel settings, in a file and in effect";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let value = match (args.state, &args.value) {
            (State::Present, None) => {
                return Err(Suspend::failed("`state: present` needs `value`"));
            }
            (State::Present, Some(value)) if value.contains('\n') => {
                return Err(Suspend::failed("`value` must be one line"));
            }
            (State::Present, Some(value)) => Some(same_blanks(value)),
            (State::Absent, _) => None,
        };
        let setting = Setting { name: args.name.trim().to_string() };
        let mut plan = Plan::new();
        let path = absolute("sysctl_file", &args.sysctl_file, host)?;
        let changed = in_file(&path, &setting, value.as_deref(), &mut plan, host)?;
        if changed && args.reload {
            plan.act(LoadSettings {
                file: path,
                setting: setting.clone(),
                value: value.clone(),
                ignore_errors: args.ignoreerrors,
            });
        }
        if let Some(value) = value.filter(|_| args.sysctl_set) {
            in_kernel(args, setting, value, &mut plan, host)?;
        }
        Ok(plan)
    }
}

/// The value in the running kernel.
fn in_kernel(
    args: &Args,
    setting: Setting,
    value: String,
    plan: &mut Plan,
    host: &Host<'_>,
) -> Result<(), Suspend> {
    let state = host.state(setting.clone())?;
    if state.0.as_deref().map(same_blanks).as_ref() == Some(&value) {
        return Ok(());
    }
    if state.0.is_none() && args.ignoreerrors {
        return Ok(());
    }
    plan.act(SetKernel {
        setting,
        value,
        before: state.0.clone(),
        ignore_errors: args.ignoreerrors,
    });
    Ok(())
}

/// The line in the file; whether it changes.
fn in_file(
    path: &str,
    setting: &Setting,
    value: Option<&str>,
    plan: &mut Plan,
    host: &Host<'_>,
) -> Result<bool, Suspend> {
    let resolved = resolve(path, host)?;
    let old = match &*host.path_to_replace(&resolved)? {
        PathState::Present(_) => super::content::whole(&resolved, host)?,
        PathState::Absent => None,
    };
    let text = old.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let Some(text) = edited(text.as_deref().unwrap_or(""), setting, value) else {
        return Ok(false);
    };
    let wanted = Wanted {
        content: Source::Bytes(Arc::new(text.into_bytes())),
        read: old,
        ..Wanted::new(resolved, vec![])
    };
    plan.set("path", Value::data(path));
    wanted.put(plan, host)?;
    Ok(true)
}

/// The text with the setting at this value, or without it; none if it is so.
fn edited(text: &str, setting: &Setting, value: Option<&str>) -> Option<String> {
    let line = value.map(|value| format!("{}={value}", setting.name));
    let (mut lines, mut found, mut changed) = (Vec::new(), false, false);
    for known in text.lines() {
        match (setting_of(known).filter(|(name, _)| *name == setting.file()), &line) {
            (None, _) => lines.push(known.to_string()),
            // The last one counts, so every other one with another value goes.
            (Some((_, now)), Some(line)) if !found => {
                found = true;
                if Some(now.as_str()) == value {
                    lines.push(known.to_string());
                } else {
                    changed = true;
                    lines.push(line.clone());
                }
            }
            (Some((_, now)), Some(_)) if Some(now.as_str()) == value => lines.push(known.into()),
            (Some(_), _) => changed = true,
        }
    }
    if let Some(line) = line.filter(|_| !found) {
        changed = true;
        lines.push(line);
    }
    changed.then(|| lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect())
}

/// The kernel's file and the value that a line sets.
fn setting_of(line: &str) -> Option<(String, String)> {
    let line = line.trim_start();
    if line.starts_with(['#', ';']) {
        return None;
    }
    let (name, value) = line.split_once('=')?;
    let name = name.trim().trim_start_matches('-');
    Some((Setting { name: name.to_string() }.file(), same_blanks(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_replaced_added_and_removed() {
        let setting = Setting { name: "vm.swappiness".into() };
        let edit = |text: &str, value| edited(text, &setting, value);
        assert_eq!(edit("vm.swappiness = 10\n", Some("10")), None);
        assert_eq!(
            edit("#vm.swappiness=1\n", Some("10")).unwrap(),
            "#vm.swappiness=1\nvm.swappiness=10\n"
        );
        assert_eq!(
            edit("a=1\nvm/swappiness=5\nb=2", Some("10")).unwrap(),
            "a=1\nvm.swappiness=10\nb=2\n"
        );
        assert_eq!(
            edit("vm.swappiness=5\nvm.swappiness=10\n", Some("10")).unwrap(),
            "vm.swappiness=10\nvm.swappiness=10\n"
        );
        assert_eq!(edit("a=1\nvm.swappiness=5\n", None).unwrap(), "a=1\n");
        assert_eq!(edit("a=1\n", None), None);
    }
}

//! `ansible.builtin.hostname`: the host's name, now and after the next boot.

use crate::resource::kernel::{SetKernel, Setting};
use crate::resource::{Host, Suspend};
use crate::value::{Key, Value};

use super::content::Wanted;
use super::{Call, Module, Plan};

choice! {
    /// How Ansible would set it; mxprov has one way for all Debian releases.
    pub enum Use {
        /// /etc/hostname.
        Debian = "debian",
        /// hostnamectl(1).
        Systemd = "systemd",
    }
}

arguments! {
    /// Arguments of `hostname`.
    pub struct Args {
        /// The name.
        name: String,
        /// Accepted for Debian's ways, which come to the same.
        r#use as "use": Option<Use>,
    }
}

/// The module.
pub struct Hostname;

impl Module for Hostname {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.hostname";
    const SUMMARY: &'static str = "set the host's name";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let _ = args.r#use;
        let name = args.name.as_str();
        if !is_name(name) {
            return Err(Suspend::failed(format!("`{name}` is no name of a host")));
        }
        let mut plan = Plan::new().with("name", Value::data(name));
        let setting = Setting { name: "kernel.hostname".into() };
        let file = Wanted::new("/etc/hostname", format!("{name}\n").into_bytes());
        let now = host.state(setting.clone());
        file.put(&mut plan, host)?;
        let now = now?;
        if now.0.as_deref() != Some(name) {
            plan.act(SetKernel {
                setting,
                value: name.into(),
                before: now.0.clone(),
                ignore_errors: false,
            });
        }
        let short = name.split('.').next().unwrap_or(name);
        let domain = name.split_once('.').map_or("", |(_, domain)| domain);
        let facts = [("hostname", short), ("nodename", name), ("fqdn", name), ("domain", domain)];
        for (fact, value) in facts {
            plan.facts.insert(Key::from(format!("ansible_{fact}")), Value::data(value));
        }
        Ok(plan)
    }
}

/// Labels of letters, digits and `-`, as hostname(7) has them.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 64 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert!(is_name("web-1.example.org"));
        for bad in ["", "-a", "a..b", "a b", "a/b"] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}

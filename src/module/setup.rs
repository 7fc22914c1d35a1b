//! `ansible.builtin.setup`: what a host is.

use crate::resource::facts::{Facts, Subset};
use crate::resource::{Host, Suspend};
use crate::value::{Key, Map, Value};

use super::{Call, Module, Plan, Words};

arguments! {
    /// Arguments of `setup`.
    pub struct Args {
        /// Parts to gather: `all`, `min`, `hardware`, `network`, `virtual`, or the name of a fact; `!` refuses one.
        gather_subset: Option<Words>,
        /// Seconds for each thing that may hang.
        gather_timeout: i64 = 10,
        /// Patterns of names; only facts that match one are gathered.
        filter: Option<Words>,
        /// The directory with the administrator's own facts.
        fact_path: String = "/etc/ansible/facts.d",
    }
}

/// The module.
pub struct Setup;

impl Module for Setup {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.setup";
    const SUMMARY: &'static str = "gathers facts about the host";

    fn plan(args: &Args, _: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        plan(args, host)
    }
}

/// What both names of the module do.
fn plan(args: &Args, host: &Host<'_>) -> Result<Plan, Suspend> {
    let patience = u32::try_from(args.gather_timeout).unwrap_or(10).max(1);
    let all = host.state(Facts { local: args.fact_path.clone(), patience })?;
    let words: Vec<&str> =
        args.gather_subset.iter().flat_map(|words| words.iter()).map(String::as_str).collect();
    let mut facts = Map::new();
    for (subset, map) in &all.0 {
        facts.extend(
            map.iter()
                .filter(|(name, _)| is_wanted(*subset, name.as_str().unwrap_or_default(), &words))
                .map(own),
        );
    }
    if let Some(patterns) = args.filter.as_ref().filter(|patterns| !patterns.is_empty()) {
        facts.retain(|name, _| {
            let name = name.as_str().unwrap_or_default();
            patterns.iter().any(|pattern| {
                pattern.is_empty()
                    || matches(pattern, name)
                    || matches(pattern, &format!("ansible_{name}"))
            })
        });
    }
    let words = if words.is_empty() { vec!["all"] } else { words };
    facts.insert(Key::from("gather_subset"), Value::list(words.into_iter().map(Value::data)));
    facts.insert(Key::from("module_setup"), true.into());
    let registered =
        facts.iter().map(|(name, value)| (Key::from(format!("ansible_{name}")), value.clone()));
    let mut plan = Plan::new().with("ansible_facts", Value::map(registered.collect::<Vec<_>>()));
    plan.facts = facts;
    plan.changed = Some(false);
    Ok(plan)
}

fn own((name, value): (&Key, &Value)) -> (Key, Value) {
    (name.clone(), value.clone())
}

/// Whether `gather_subset` asks for this fact. `!all` leaves the least; `!min` refuses that too.
fn is_wanted(subset: Subset, name: &str, words: &[&str]) -> bool {
    let names: [&str; 2] = match subset {
        Subset::Min => ["min", ""],
        Subset::Hardware => ["hardware", ""],
        Subset::Network => ["network", "interfaces"],
        Subset::Virtual => ["virtual", ""],
    };
    let means =
        |word: &str| names.contains(&word) || word == name || collector(name).contains(&word);
    let refused = |word: &&str| word.strip_prefix('!').is_some_and(means);
    if words.iter().any(refused) {
        return false;
    }
    if words.iter().any(|word| means(word)) {
        return true;
    }
    let asks = words.iter().any(|word| !word.starts_with('!'));
    let all = words.contains(&"all") || (!asks && !words.contains(&"!all"));
    all || (subset == Subset::Min && !words.contains(&"!min"))
}

/// Names of Ansible's collectors that bring this fact.
fn collector(name: &str) -> &'static [&'static str] {
    match name {
        "mounts" => &["mounts"],
        "local" => &["local"],
        "env" => &["env"],
        "dns" => &["dns"],
        "lsb" => &["lsb"],
        "loadavg" => &["loadavg"],
        "date_time" => &["date_time"],
        "service_mgr" => &["service_mgr"],
        "pkg_mgr" => &["pkg_mgr"],
        "fips" => &["fips"],
        "selinux" => &["selinux"],
        "apparmor" => &["apparmor"],
        "is_chroot" => &["chroot"],
        "cmdline" | "proc_cmdline" => &["cmdline"],
        "python" | "python_version" => &["python"],
        _ if name.starts_with("distribution") || name == "os_family" => &["distribution"],
        _ if name.starts_with("ssh_host_key") => &["ssh_pub_keys"],
        _ if name.starts_with("user_")
            || name.contains("_user_id")
            || name.contains("_group_id") =>
        {
            &["user"]
        }
        _ if name.starts_with("processor")
            || name.starts_with("mem")
            || name.starts_with("swap") =>
        {
            &["devices"]
        }
        _ => &["platform"],
    }
}

/// As Python's fnmatch: `*`, `?`, `[…]`.
fn matches(pattern: &str, name: &str) -> bool {
    globset::GlobBuilder::new(pattern)
        .literal_separator(false)
        .build()
        .is_ok_and(|glob| glob.compile_matcher().is_match(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsets_are_chosen_as_ansible_chooses_them() {
        let wanted = |subset, name: &str, words: &[&str]| is_wanted(subset, name, words);
        assert!(wanted(Subset::Network, "default_ipv4", &[]));
        assert!(wanted(Subset::Min, "distribution", &["!all"]));
        assert!(!wanted(Subset::Network, "default_ipv4", &["!all"]));
        assert!(wanted(Subset::Network, "default_ipv4", &["!all", "network"]));
        assert!(wanted(Subset::Min, "distribution", &["network"]));
        assert!(!wanted(Subset::Hardware, "memtotal_mb", &["network"]));
        assert!(!wanted(Subset::Min, "distribution", &["!all", "!min"]));
        assert!(!wanted(Subset::Hardware, "memtotal_mb", &["!hardware"]));
        assert!(wanted(Subset::Network, "default_ipv4", &["!hardware"]));
    }
}

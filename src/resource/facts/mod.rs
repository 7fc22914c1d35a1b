//! What a host is: the facts that Ansible's `setup` gathers, from one script without Python.

mod hardware;
mod local;
mod network;
mod system;

use crate::remote::{Output, Script};
use crate::value::{Key, Map, Value};

use super::probe::{Probe, answers};
use super::query::{Query, State};

/// Asks for all facts of a host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Facts {
    /// The directory with the administrator's own facts (`*.fact`).
    pub local: String,
    /// Seconds for each thing that may hang: names, network file systems, the administrator's own programs.
    pub patience: u32,
}

/// The facts by name, without the prefix `ansible_`, each with the subset it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct FactsState(pub Vec<(Subset, Map)>);

/// The parts of `gather_subset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subset {
    /// What is always gathered unless it is refused.
    Min,
    /// Processors, memory, mounts, firmware.
    Hardware,
    /// Addresses and interfaces.
    Network,
    /// What the host runs in.
    Virtual,
}

impl State for FactsState {}

/// The answers of the script by the name of the section.
pub(super) struct Said<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Said<'a> {
    /// What a section printed; empty if it could not be had.
    fn of(&self, section: &str) -> &'a str {
        self.0.iter().find(|(name, _)| *name == section).map_or("", |(_, text)| text)
    }
}

/// The sections, each in a subshell of its own. Reading with `read` and `cat` costs least.
const SECTIONS: [(&str, &str); 24] = [
    (
        "system",
        r"uname -s; uname -n; uname -r; uname -v; uname -m; cat /proc/1/comm /etc/machine-id /var/lib/dbus/machine-id 2>/dev/null",
    ),
    (
        "release",
        "cat /etc/os-release /usr/lib/os-release 2>/dev/null; echo; printf 'MX_DEBIAN='; cat /etc/debian_version 2>/dev/null",
    ),
    ("lsb", "lsb_release -a 2>/dev/null || cat /etc/lsb-release 2>/dev/null"),
    ("names", r#"timeout "$patience" getent hosts "$(uname -n)""#),
    ("user", "id -u; id -g; id -ru; id -rg; getent passwd \"$(id -u)\" | base64"),
    ("env", "env -0 | base64"),
    (
        "cpu",
        "grep -E '^(processor|vendor_id|model name|Processor|cpu model|physical id|siblings|core id|cpu cores|flags|Features|cpu|vendor|Revision|Hardware)[[:space:]]*:' /proc/cpuinfo",
    ),
    ("nproc", "nproc"),
    ("memory", "cat /proc/meminfo"),
    ("load", "cat /proc/loadavg /proc/uptime"),
    ("mounts", "cat /proc/mounts"),
    (
        "sizes",
        r#"set --
while read -r device mount rest; do
  case $device in /*|*:/*) mount=$(printf '%b.' "$mount"); set -- "$@" "${mount%.}";; esac
done </proc/mounts
[ $# -eq 0 ] || timeout "$patience" stat -f -c '%b %f %a %S %c %d %n' -- "$@""#,
    ),
    (
        "uuids",
        r#"set -- /dev/disk/by-uuid/*
[ ! -e "$1" ] || { printf '%s\n' "$@"; echo; readlink -f -- "$@"; }"#,
    ),
    ("links", "ip -o -d link show 2>/dev/null || ip -o link show"),
    ("addresses", "ip -o addr show"),
    (
        "routes",
        "ip -4 route get 8.8.8.8 2>/dev/null; echo; ip -6 route get 2404:6800:400a:800::1012 2>/dev/null",
    ),
    (
        "nics",
        r#"for nic in /sys/class/net/*/; do
  nic=${nic%/}
  speed= driver= id=
  read -r speed <"$nic/speed"
  [ ! -e "$nic/device" ] || id=$(readlink "$nic/device")
  [ ! -e "$nic/device/driver/module" ] || driver=$(readlink "$nic/device/driver/module")
  bridge=
  [ ! -d "$nic/bridge" ] || { read -r a <"$nic/bridge/bridge_id"; read -r b <"$nic/bridge/stp_state"; set -- "$nic"/brif/*; bridge="$a $b"; [ ! -e "$1" ] || for port; do bridge="$bridge ${port##*/}"; done; }
  echo "${nic##*/}|$speed|${driver##*/}|${id##*/}|$bridge"
done 2>/dev/null"#,
    ),
    ("resolv", "cat /etc/resolv.conf"),
    ("date", "date '+%Y|%m|%d|%H|%M|%S|%s|%N|%A|%w|%W|%Z|%z'; date -u '+%Y-%m-%dT%H:%M:%S'"),
    (
        "keys",
        "for key in /etc/ssh/ssh_host_*_key.pub /etc/openssh/ssh_host_*_key.pub; do [ ! -e \"$key\" ] || { printf '%s ' \"$key\"; cat -- \"$key\"; }; done",
    ),
    (
        "virtual",
        "cat /run/systemd/container 2>/dev/null; echo; systemd-detect-virt -v; systemd-detect-virt -c; [ ! -e /.dockerenv ] || echo dockerenv; [ ! -e /run/.containerenv ] || echo containerenv; [ ! -e /dev/kvm ] || echo kvm-host",
    ),
    (
        "firmware",
        r#"for name in bios_date bios_vendor bios_version board_asset_tag board_name board_serial board_vendor board_version chassis_asset_tag chassis_serial chassis_vendor chassis_type chassis_version product_name product_serial product_uuid product_version sys_vendor; do
  value=
  if read -r value 2>/dev/null <"/sys/devices/virtual/dmi/id/$name"; then echo "$name=$value"; elif [ -e "/sys/devices/virtual/dmi/id/$name" ]; then echo "$name=$value"; fi
done"#,
    ),
    (
        "kernel",
        r#"printf 'cmdline='; cat /proc/cmdline
[ ! -d /sys/kernel/security/apparmor ] || echo apparmor=enabled
[ ! -e /sys/fs/selinux/enforce ] || { printf 'selinux='; cat /sys/fs/selinux/enforce; echo; }
[ ! -e /proc/sys/crypto/fips_enabled ] || { printf 'fips='; cat /proc/sys/crypto/fips_enabled; }
[ "$(stat -c %d:%i / /proc/1/root/. 2>/dev/null | uniq | wc -l)" -le 1 ] || echo chroot=yes
systemctl --version 2>/dev/null | tr '\n' '|' | sed 's/^/systemd=/'"#,
    ),
    (
        "local",
        r#"for fact in "$local"/*.fact; do
  [ -e "$fact" ] || continue
  printf '%s ' "${fact##*/}"
  if [ -x "$fact" ]; then timeout "$patience" "$fact" 2>/dev/null </dev/null | base64 -w 0; else base64 -w 0 <"$fact"; fi
  echo
done"#,
    ),
];

impl Query for Facts {
    type State = FactsState;

    fn script(queries: &[&Self]) -> Script {
        let mut script = Script::new();
        for query in queries {
            script.assign("local", query.local.as_str()).assign("patience", query.patience);
            let mut probe = Probe::new();
            for (_, section) in SECTIONS {
                let mut question = Script::new();
                question.line(section);
                probe.ask(&question);
            }
            script.append(&probe.script());
        }
        script
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<FactsState, String>> {
        let all = answers(output, SECTIONS.len() * queries.len());
        all.chunks(SECTIONS.len()).map(facts).collect()
    }
}

fn facts(answers: &[Result<(i32, String), String>]) -> Result<FactsState, String> {
    let mut sections = Vec::new();
    for ((name, _), answer) in SECTIONS.iter().zip(answers) {
        sections.push((*name, answer.as_ref().map_err(Clone::clone)?.1.as_str()));
    }
    let said = Said(sections);
    let (network, network_min) = network::facts(&said);
    let mut min = system::facts(&said);
    min.extend(network_min);
    min.extend(local::facts(&said));
    Ok(FactsState(vec![
        (Subset::Min, min),
        (Subset::Hardware, hardware::facts(&said)),
        (Subset::Network, network),
        (Subset::Virtual, system::virtualization(&said)),
    ]))
}

/// An entry of a mapping of facts.
fn entry(name: &str, value: impl Into<Value>) -> (Key, Value) {
    (Key::from(name), value.into())
}

/// A text as an entry.
fn text(name: &str, value: &str) -> (Key, Value) {
    entry(name, Value::data(value))
}

/// A mapping as a value.
fn map(entries: impl IntoIterator<Item = (Key, Value)>) -> Value {
    Value::Map(std::sync::Arc::new(entries.into_iter().collect()))
}

//! The operating system, its user, its time, what it runs in.

use base64::Engine as _;

use crate::value::{Key, Map, Value};

use super::super::probe::{base64_field, fields};
use super::{Said, entry, map, text};

/// Facts that are always gathered.
pub(super) fn facts(said: &Said<'_>) -> Map {
    let mut facts = Map::new();
    facts.extend(kernel(said));
    facts.extend(distribution(said));
    facts.extend(names(said));
    facts.extend(user(said));
    facts.extend(keys(said.of("keys")));
    facts.extend(security(said));
    facts.extend([
        entry("date_time", date(said.of("date"))),
        entry("env", environment(said.of("env"))),
        entry("lsb", lsb(said.of("lsb"))),
        entry("dns", dns(said.of("resolv"))),
        text("pkg_mgr", "apt"),
        text("python_version", ""),
        // There need be no Python on a host, and nothing here uses it.
        entry("python", Value::Map(std::sync::Arc::default())),
    ]);
    facts
}

fn kernel(said: &Said<'_>) -> Vec<(Key, Value)> {
    let lines: Vec<&str> = said.of("system").lines().collect();
    let line = |index: usize| lines.get(index).copied().unwrap_or_default();
    let machine = line(4);
    let architecture = match machine {
        "i486" | "i586" | "i686" => "i386",
        other => other,
    };
    let bits = if matches!(machine, "i386" | "i486" | "i586" | "i686" | "armv6l" | "armv7l") {
        "32"
    } else {
        "64"
    };
    let service_mgr = match line(5) {
        "systemd" => "systemd",
        "init" => "sysvinit",
        other => other,
    };
    vec![
        text("system", line(0)),
        text("nodename", line(1)),
        text("hostname", line(1).split('.').next().unwrap_or_default()),
        text("kernel", line(2)),
        text("kernel_version", line(3)),
        text("machine", machine),
        text("architecture", architecture),
        text("userspace_architecture", architecture),
        text("userspace_bits", bits),
        text("service_mgr", service_mgr),
        text("machine_id", line(6)),
    ]
}

fn distribution(said: &Said<'_>) -> Vec<(Key, Value)> {
    let release = said.of("release");
    let field = |name: &str| {
        let found = fields(release).find(|(key, _)| *key == name).map(|(_, value)| value);
        found.unwrap_or_default().trim_matches(['"', '\'']).to_string()
    };
    let id = field("ID");
    let name = match id.as_str() {
        "debian" => "Debian".to_string(),
        "ubuntu" => "Ubuntu".to_string(),
        "raspbian" => "Debian".to_string(),
        _ => field("NAME").split(' ').next().unwrap_or_default().to_string(),
    };
    let like = [id.as_str(), &field("ID_LIKE")].join(" ");
    let family = if like.split(' ').any(|word| matches!(word, "debian" | "ubuntu")) {
        "Debian".to_string()
    } else if like.contains("rhel") || like.contains("fedora") {
        "RedHat".to_string()
    } else {
        name.clone()
    };
    // Debian says its point release only here; a testing release says `forky/sid`.
    let point = field("MX_DEBIAN");
    let version = match id.as_str() {
        "debian" if point.starts_with(|digit: char| digit.is_ascii_digit()) => point,
        _ => field("VERSION_ID"),
    };
    let codename = match field("VERSION_CODENAME") {
        name if name.is_empty() => field("UBUNTU_CODENAME"),
        name => name,
    };
    let major = version.split('.').next().unwrap_or_default().to_string();
    let mut facts = vec![
        text("distribution", &name),
        text("distribution_version", &version),
        text("distribution_major_version", &major),
        text("distribution_release", if codename.is_empty() { "NA" } else { &codename }),
        text("distribution_file_path", "/etc/os-release"),
        text("distribution_file_variety", "Debian"),
        entry("distribution_file_parsed", true),
        text("os_family", &family),
    ];
    if let Some((_, minor)) = version.split_once('.') {
        facts.push(text("distribution_minor_version", minor));
    }
    facts
}

/// Python's `getfqdn`: the first name with a dot, else the host's own.
fn names(said: &Said<'_>) -> Vec<(Key, Value)> {
    let node = said.of("system").lines().nth(1).unwrap_or_default();
    let found = said.of("names").lines().next().unwrap_or_default().split_whitespace().skip(1);
    let fqdn = found.into_iter().find(|name| name.contains('.')).unwrap_or(node);
    let domain = fqdn.split_once('.').map_or("", |(_, domain)| domain);
    vec![text("fqdn", fqdn), text("domain", domain)]
}

fn user(said: &Said<'_>) -> Vec<(Key, Value)> {
    let mut lines = said.of("user").lines();
    let mut number = || Value::Int(lines.next().and_then(|line| line.parse().ok()).unwrap_or(-1));
    let (uid, gid) = (number(), number());
    let (uid_at_login, gid_at_login) = (number(), number());
    let packed: String = lines.collect();
    let line = base64_field(&packed).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).into_owned();
    let fields: Vec<&str> = line.trim_end().split(':').collect();
    let field = |index: usize| fields.get(index).copied().unwrap_or_default();
    vec![
        text("user_id", field(0)),
        entry("user_uid", uid.clone()),
        entry("user_gid", gid.clone()),
        text("user_gecos", field(4)),
        text("user_dir", field(5)),
        text("user_shell", field(6)),
        entry("real_user_id", uid_at_login),
        entry("effective_user_id", uid),
        entry("real_group_id", gid_at_login),
        entry("effective_group_id", gid),
    ]
}

fn environment(packed: &str) -> Value {
    let bytes = base64_field(packed).unwrap_or_default();
    let all = String::from_utf8_lossy(&bytes).into_owned();
    let pairs = all.split('\0').filter_map(|pair| pair.split_once('='));
    // `patience` and `local` are not exported, so nothing of ours is among them but the locale.
    map(pairs.map(|(name, value)| text(name, value)))
}

/// `/etc/ssh/ssh_host_ed25519_key.pub ssh-ed25519 AAAA… comment`
fn keys(said: &str) -> Vec<(Key, Value)> {
    let mut facts = Vec::new();
    for line in said.lines() {
        let mut words = line.split(' ');
        let (Some(path), Some(kind), Some(key)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let name = path.rsplit('/').next().unwrap_or_default();
        let name = name.trim_start_matches("ssh_host_").trim_end_matches("_key.pub");
        if base64::engine::general_purpose::STANDARD.decode(key).is_ok() {
            facts.push(text(&format!("ssh_host_key_{name}_public"), key));
            facts.push(text(&format!("ssh_host_key_{name}_public_keytype"), kind));
        }
    }
    facts
}

fn security(said: &Said<'_>) -> Vec<(Key, Value)> {
    let kernel = said.of("kernel");
    let field = |name: &str| fields(kernel).find(|(key, _)| *key == name).map(|(_, value)| value);
    let status = |on: bool| map([text("status", if on { "enabled" } else { "disabled" })]);
    let cmdline = field("cmdline").unwrap_or_default();
    let words = |word: &str| match word.split_once('=') {
        Some((name, value)) => text(name, value),
        None => entry(word, true),
    };
    let mut facts = vec![
        entry("apparmor", status(field("apparmor").is_some())),
        entry("selinux", status(field("selinux").is_some())),
        entry("selinux_python_present", false),
        entry("fips", field("fips").map(str::trim) == Some("1")),
        entry("is_chroot", field("chroot").is_some()),
        entry("cmdline", map(cmdline.split_whitespace().map(words))),
        entry("proc_cmdline", map(cmdline.split_whitespace().map(words))),
    ];
    if let Some(version) = field("systemd") {
        let mut lines = version.split('|');
        let number = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|number| number.parse::<i64>().ok());
        if let Some(number) = number {
            let features = lines.next().unwrap_or_default();
            facts.push(entry(
                "systemd",
                map([entry("version", number), text("features", features)]),
            ));
        }
    }
    facts
}

fn date(said: &str) -> Value {
    let mut lines = said.lines();
    let fields: Vec<&str> = lines.next().unwrap_or_default().split('|').collect();
    let utc = lines.next().unwrap_or_default();
    let [year, month, day, hour, minute, second, epoch, nanos, weekday, number, week, zone, offset] =
        fields[..]
    else {
        return map([]);
    };
    let micros = nanos.get(..6).unwrap_or("000000");
    map([
        text("year", year),
        text("month", month),
        text("weekday", weekday),
        text("weekday_number", number),
        text("weeknumber", week),
        text("day", day),
        text("hour", hour),
        text("minute", minute),
        text("second", second),
        text("epoch", epoch),
        text("epoch_int", epoch),
        text("date", &format!("{year}-{month}-{day}")),
        text("time", &format!("{hour}:{minute}:{second}")),
        text("iso8601_micro", &format!("{utc}.{micros}Z")),
        text("iso8601", &format!("{utc}Z")),
        text("iso8601_basic", &format!("{year}{month}{day}T{hour}{minute}{second}{micros}")),
        text("iso8601_basic_short", &format!("{year}{month}{day}T{hour}{minute}{second}")),
        text("tz", zone),
        text("tz_dst", zone),
        text("tz_offset", offset),
    ])
}

/// The output of `lsb_release -a`, or /etc/lsb-release where there is no such program.
fn lsb(said: &str) -> Value {
    let field = |written: [&str; 2]| {
        let mut lines = said.lines();
        let line = lines.find_map(|line| written.iter().find_map(|name| line.strip_prefix(name)));
        line.map(|value| value.trim().trim_matches('"').to_string())
            .filter(|value| !value.is_empty())
    };
    let mut facts = Map::new();
    let names = [
        ("codename", ["Codename:", "DISTRIB_CODENAME="]),
        ("description", ["Description:", "DISTRIB_DESCRIPTION="]),
        ("id", ["Distributor ID:", "DISTRIB_ID="]),
        ("release", ["Release:", "DISTRIB_RELEASE="]),
    ];
    for (name, written) in names {
        if let Some(value) = field(written) {
            if name == "release" {
                let major = value.split('.').next().unwrap_or_default().to_string();
                facts.extend([text("major_release", &major)]);
            }
            facts.extend([text(name, &value)]);
        }
    }
    map(facts)
}

/// resolv.conf(5)
fn dns(said: &str) -> Value {
    let mut facts = Map::new();
    let mut servers = Vec::new();
    for line in said.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => servers.extend(words.next().map(Value::data)),
            Some("domain") => facts.extend(words.next().map(|domain| text("domain", domain))),
            Some("search") => facts.extend([entry("search", Value::list(words.map(Value::data)))]),
            Some("options") => {
                let option = |word: &str| match word.split_once(':') {
                    Some((name, value)) => text(name, value),
                    None => entry(word, true),
                };
                facts.extend([entry("options", map(words.map(option)))]);
            }
            _ => {}
        }
    }
    facts.extend([entry("nameservers", Value::list(servers))]);
    map(facts)
}

/// What the host runs in, in Ansible's words.
pub(super) fn virtualization(said: &Said<'_>) -> Map {
    let text_of = said.of("virtual");
    let (container_file, rest) = text_of.split_once('\n').unwrap_or((text_of, ""));
    let mut words: Vec<&str> =
        rest.lines().map(str::trim).filter(|word| !word.is_empty()).collect();
    let has = |words: &[&str], word: &str| words.contains(&word);
    let kvm_host = has(&words, "kvm-host");
    let docker = has(&words, "dockerenv") || container_file == "docker";
    let podman = has(&words, "containerenv") || container_file == "podman";
    words.retain(|word| !matches!(*word, "kvm-host" | "dockerenv" | "containerenv" | "none"));
    let mut guest: Vec<&str> = Vec::new();
    let mut kind = "NA";
    if docker {
        kind = "docker";
    } else if podman {
        kind = "podman";
    } else if !container_file.is_empty() {
        kind = if matches!(container_file, "lxc" | "lxc-libvirt") { "lxc" } else { "container" };
        guest.push(container_file);
    } else if let Some(word) = words.first() {
        kind = match *word {
            "kvm" | "qemu" | "amazon" | "google" => "kvm",
            "oracle" => "virtualbox",
            "vmware" => "VMware",
            "microsoft" => "VirtualPC",
            other => other,
        };
    }
    if kind != "NA" && !guest.contains(&kind) {
        guest.push(kind);
    }
    let host = if kvm_host && kind == "NA" { vec!["kvm"] } else { vec![] };
    let (kind, role) = match (kind, host.is_empty()) {
        ("NA", false) => ("kvm", "host"),
        ("NA", true) => ("NA", "NA"),
        (kind, _) => (kind, "guest"),
    };
    let list = |words: Vec<&str>| Value::list(words.into_iter().map(Value::data));
    [
        text("virtualization_type", kind),
        text("virtualization_role", role),
        entry("virtualization_tech_guest", list(guest)),
        entry("virtualization_tech_host", list(host)),
    ]
    .into_iter()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_is_named_as_ansible_names_it() {
        let read = |release: &str| -> Map {
            distribution(&Said(vec![("release", release)])).into_iter().collect()
        };
        let trixie = read(
            "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"13\"\nVERSION_CODENAME=trixie\nID=debian\n\nMX_DEBIAN=13.7\n",
        );
        assert_eq!(trixie.get("distribution_version"), Some(&Value::data("13.7")));
        assert_eq!(trixie.get("distribution_major_version"), Some(&Value::data("13")));
        let jammy = read(
            "NAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=jammy\nUBUNTU_CODENAME=jammy\n\nMX_DEBIAN=bookworm/sid\n",
        );
        assert_eq!(jammy.get("distribution"), Some(&Value::data("Ubuntu")));
        assert_eq!(jammy.get("distribution_version"), Some(&Value::data("22.04")));
        assert_eq!(jammy.get("os_family"), Some(&Value::data("Debian")));
        let sid = read(
            "NAME=\"Debian GNU/Linux\"\nVERSION_CODENAME=forky\nID=debian\n\nMX_DEBIAN=forky/sid\n",
        );
        assert_eq!(sid.get("distribution_release"), Some(&Value::data("forky")));
    }

    #[test]
    fn what_a_host_runs_in_is_named_as_ansible_names_it() {
        let read = |said: &str| {
            let facts = virtualization(&Said(vec![("virtual", said)]));
            let word = |name: &str| {
                facts.get(name).and_then(Value::as_str).unwrap_or_default().to_string()
            };
            (word("virtualization_type"), word("virtualization_role"))
        };
        let pair = |kind: &str, role: &str| (kind.to_string(), role.to_string());
        assert_eq!(read("systemd-nspawn\nnone\nsystemd-nspawn\n"), pair("container", "guest"));
        assert_eq!(read("\nkvm\nnone\nkvm-host\n"), pair("kvm", "guest"));
        assert_eq!(read("\nnone\nnone\nkvm-host\n"), pair("kvm", "host"));
        assert_eq!(read("\nnone\nnone\n"), pair("NA", "NA"));
    }
}

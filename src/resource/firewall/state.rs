//! What UFW's files say, and whether the kernel has it.

use std::sync::Arc;

use crate::remote::{Output, Script};

use super::super::probe::{Probe, answers, base64_field};
use super::super::query::{Query, State};
use super::rule::Rule;

/// Asks for the whole firewall.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Firewall;

/// The firewall.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirewallState {
    /// Whether UFW is on the host.
    pub installed: bool,
    /// Whether it filters, also after the next start.
    pub enabled: bool,
    /// Whether the kernel has its chains; none if it is not to, or if nobody may look.
    pub running: Option<bool>,
    /// Whether rules are made for the sixth version of IP too.
    pub ipv6: bool,
    /// `off`, `low`, `medium`, `high`, `full`.
    pub logging: String,
    /// What happens to what no rule is for: `allow`, `deny`, `reject`; incoming, outgoing, routed.
    pub policies: [String; 3],
    /// The rules for the fourth version of IP.
    pub rules4: Vec<Rule>,
    /// The rules for the sixth.
    pub rules6: Vec<Rule>,
    /// The files that this was read from, with their contents.
    pub files: Vec<(&'static str, Arc<Vec<u8>>)>,
}

impl FirewallState {
    /// The files in the order in which they are asked for.
    const FILES: [&'static str; 4] =
        ["/etc/ufw/ufw.conf", "/etc/default/ufw", "/etc/ufw/user.rules", "/etc/ufw/user6.rules"];

    /// As Debian's package leaves it.
    pub fn fresh() -> Self {
        Self {
            installed: true,
            ipv6: true,
            logging: "low".into(),
            policies: ["deny", "allow", "deny"].map(str::to_string),
            ..Self::default()
        }
    }

    /// The rules as people read them.
    pub fn listing(&self) -> String {
        let lines4 = self.rules4.iter().map(|rule| format!("{rule}\n"));
        let lines6 = self.rules6.iter().map(|rule| format!("{rule} (v6)\n"));
        lines4.chain(lines6).collect()
    }
}

impl State for FirewallState {
    fn agrees_with(&self, actual: &Self) -> bool {
        let files = |state: &Self| Self { files: vec![], running: None, ..state.clone() };
        files(self) == files(actual) && !(self.enabled && actual.running == Some(false))
    }
}

impl Query for Firewall {
    type State = FirewallState;

    fn script(_: &[&Self]) -> Script {
        let mut probe = Probe::new();
        let question = |text: &'static str| {
            let mut question = Script::new();
            question.line(text);
            question
        };
        probe.ask(&question("[ -x /usr/sbin/ufw ]"));
        for path in FirewallState::FILES {
            let mut question = Script::new();
            question.assign("path", path).line(r#"[ ! -e "$path" ] || base64 -- "$path""#);
            probe.ask(&question);
        }
        probe.ask(&question(RUNNING));
        probe.script()
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<FirewallState, String>> {
        vec![state(output); queries.len()]
    }
}

/// Prints something if it can tell.
const RUNNING: &str = r#"[ "$(id -u)" = 0 ] || exit 0
grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf || exit 0
if iptables -n -L ufw-user-input >/dev/null 2>&1; then echo yes; else echo no; fi"#;

fn state(output: &Output) -> Result<FirewallState, String> {
    let answers = answers(output, 6);
    let installed = answers[0].clone()?.0 == 0;
    let mut files = Vec::new();
    for (path, answer) in FirewallState::FILES.into_iter().zip(&answers[1..5]) {
        match answer.clone()? {
            (0, packed) => files.push((path, Arc::new(base64_field(&packed)?))),
            (status, _) => return Err(format!("`{path}` could not be read (status {status})")),
        }
    }
    let running = match answers[5].clone()?.1.trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    if !installed {
        return Ok(FirewallState { files, ..FirewallState::default() });
    }
    let text = |index: usize| String::from_utf8_lossy(&files[index].1).into_owned();
    let (conf, defaults, rules4, rules6) = (text(0), text(1), text(2), text(3));
    let policy = |chain: &str, default: &str| {
        match setting(&defaults, &format!("DEFAULT_{chain}_POLICY")).as_deref() {
            Some("ACCEPT") => "allow",
            Some("REJECT") => "reject",
            Some("DROP") => "deny",
            _ => default,
        }
        .to_string()
    };
    Ok(FirewallState {
        installed,
        enabled: setting(&conf, "ENABLED").as_deref() == Some("yes"),
        running,
        ipv6: setting(&defaults, "IPV6").as_deref() == Some("yes"),
        logging: setting(&conf, "LOGLEVEL").unwrap_or_else(|| "low".into()),
        policies: [policy("INPUT", "deny"), policy("OUTPUT", "allow"), policy("FORWARD", "deny")],
        rules4: rules(&rules4),
        rules6: rules(&rules6),
        files,
    })
}

/// The last `NAME=value`, quotes dropped, in small letters but for policies.
fn setting(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines().rev().filter_map(|line| line.trim().split_once('='));
    let value = lines.find(|(key, _)| key.trim() == name)?.1;
    Some(value.trim().trim_matches(['"', '\'']).to_string())
}

fn rules(text: &str) -> Vec<Rule> {
    text.lines().filter_map(|line| Rule::parse(line.strip_prefix("### tuple ###")?)).collect()
}

/// Asks for the profiles of applications that UFW knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AppProfiles;

/// The profiles: their names, and for each its ports as `(ports, protocol)`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppProfilesState(pub Vec<(String, Vec<(String, String)>)>);

impl State for AppProfilesState {}

impl Query for AppProfiles {
    type State = AppProfilesState;

    fn script(_: &[&Self]) -> Script {
        let mut script = Script::new();
        script.line("[ ! -d /etc/ufw/applications.d ] || grep -hE '^(\\[|ports=)' -r /etc/ufw/applications.d || [ $? = 1 ]");
        script
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<AppProfilesState, String>> {
        if !output.succeeded() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
            return vec![
                Err(format!("the profiles of ufw could not be read: {said}"));
                queries.len()
            ];
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let mut profiles: Vec<(String, Vec<(String, String)>)> = Vec::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('[') {
                profiles.push((name.trim_end().trim_end_matches(']').to_string(), vec![]));
            } else if let (Some(ports), Some((_, have))) =
                (line.strip_prefix("ports="), profiles.last_mut())
            {
                have.extend(ports.trim().split('|').map(|item| {
                    let (ports, protocol) = item.split_once('/').unwrap_or((item, "any"));
                    (ports.to_string(), protocol.to_string())
                }));
            }
        }
        vec![Ok(AppProfilesState(profiles)); queries.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_profiles_are_read() {
        assert_eq!(setting("# ENABLED=yes\nENABLED=no\n", "ENABLED").as_deref(), Some("no"));
        assert_eq!(setting("IPV6=\"yes\"\n", "IPV6").as_deref(), Some("yes"));
        let output = Output {
            stdout: b"[OpenSSH]\nports=22/tcp\n[DNS]\nports=53\n".to_vec(),
            ..Output::default()
        };
        let state = AppProfiles::parse(&[&AppProfiles], &output)[0].clone().expect("read");
        assert_eq!(state.0[0], ("OpenSSH".into(), vec![("22".into(), "tcp".into())]));
        assert_eq!(state.0[1].1, vec![("53".into(), "any".into())]);
    }
}

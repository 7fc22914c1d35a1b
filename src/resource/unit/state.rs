//! What systemd knows of a unit.

use crate::remote::{Output, Script, Word, words};

use super::super::probe::{Probe, answers, fields};
use super::super::query::{Query, State};

/// Whose manager is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The system's.
    System,
    /// That of the user who is logged in or become.
    User,
    /// What all users start with; nothing runs there.
    Global,
}

impl Scope {
    /// The words of `systemctl` for it.
    pub(super) fn words(self) -> Vec<Word> {
        match self {
            Self::System => words!["systemctl"].into(),
            Self::User => words!["systemctl", "--user"].into(),
            Self::Global => words!["systemctl", "--global"].into(),
        }
    }

    /// Lets `systemctl --user` find its manager in a session without a login.
    pub(super) fn prepare(self, script: &mut Script) {
        if self == Self::User {
            script.line(r#"export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/run/user/$(id -u)}""#);
        }
    }
}

/// Asks for one unit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unit {
    /// Its full name, see [`full_name`].
    pub name: String,
    /// Whose manager is asked.
    pub scope: Scope,
}

impl Unit {
    /// A unit of the system.
    pub fn system(name: &str) -> Self {
        Self { name: full_name(name), scope: Scope::System }
    }

    /// The name of its file: `getty@.service` for `getty@tty1.service`.
    pub(super) fn file_name(&self) -> String {
        match (self.name.find('@'), self.name.rfind('.')) {
            (Some(at), Some(dot)) if at < dot => {
                format!("{}{}", &self.name[..=at], &self.name[dot..])
            }
            _ => self.name.clone(),
        }
    }
}

/// `nginx` is `nginx.service`, as systemctl takes it.
pub fn full_name(name: &str) -> String {
    const TYPES: [&str; 11] = [
        ".service",
        ".socket",
        ".device",
        ".mount",
        ".automount",
        ".swap",
        ".target",
        ".path",
        ".timer",
        ".slice",
        ".scope",
    ];
    if TYPES.iter().any(|kind| name.ends_with(kind)) {
        name.into()
    } else {
        format!("{name}.service")
    }
}

/// What systemd knows of a unit. The texts are systemd's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitState {
    /// Its main name, where it was asked for by an alias.
    pub id: String,
    /// `loaded`, `not-found`, `masked`, `error` …
    pub load: String,
    /// `active`, `inactive`, `failed`, `activating` …; empty in predictions that cannot tell.
    pub active: String,
    /// The same in more detail: `running`, `exited`.
    pub sub: String,
    /// `enabled`, `disabled`, `static`, `masked` …; empty in predictions that cannot tell.
    pub file: String,
    /// `simple`, `oneshot` …; empty where it is no service.
    pub kind: String,
    /// Whether it stays active after its process has ended.
    pub remains: bool,
    /// Whether it can reload its configuration.
    pub reloads: bool,
    /// Whether its files changed since systemd read them.
    pub stale: bool,
    /// Where its file stands.
    pub path: String,
}

impl UnitState {
    /// Whether systemd has such a unit.
    pub fn is_found(&self) -> bool {
        self.load != "not-found"
    }

    /// Whether it runs, or is about to.
    pub fn is_running(&self) -> bool {
        matches!(self.active.as_str(), "active" | "activating" | "reloading" | "refreshing")
    }

    /// Whether it starts with the system, or by what needs it.
    pub fn is_enabled(&self) -> bool {
        matches!(
            self.file.as_str(),
            "enabled" | "enabled-runtime" | "alias" | "static" | "indirect" | "generated"
        )
    }

    /// Whether enabling and disabling mean nothing to it.
    pub fn is_fixed(&self) -> bool {
        matches!(self.file.as_str(), "static" | "indirect" | "transient" | "generated")
    }

    /// Whether nothing may start it.
    pub fn is_masked(&self) -> bool {
        self.load == "masked" || self.file.starts_with("masked")
    }

    /// Whether it is over as soon as it was started.
    pub fn is_momentary(&self) -> bool {
        self.kind == "oneshot" && !self.remains
    }

    /// The unit that a unit file of this text makes.
    pub(super) fn from_file(text: &str) -> Self {
        let has = |wanted: &str| text.lines().any(|line| line.trim().eq_ignore_ascii_case(wanted));
        let value = |name: &str| {
            let found = text.lines().rev().find_map(|line| line.trim().strip_prefix(name));
            found.map(|rest| rest.trim_start().trim_start_matches('=').trim().to_string())
        };
        Self {
            load: "loaded".into(),
            active: "inactive".into(),
            sub: "dead".into(),
            file: if has("[Install]") { "disabled" } else { "static" }.into(),
            kind: value("Type").unwrap_or_default(),
            remains: value("RemainAfterExit")
                .is_some_and(|text| matches!(text.as_str(), "yes" | "true" | "1" | "on")),
            reloads: value("ExecReload").is_some(),
            ..Self::default()
        }
    }
}

impl State for UnitState {
    fn agrees_with(&self, actual: &Self) -> bool {
        (self.active.is_empty() || self.is_running() == actual.is_running())
            && (self.file.is_empty()
                || (self.is_enabled(), self.is_masked())
                    == (actual.is_enabled(), actual.is_masked()))
    }
}

impl Query for Unit {
    type State = UnitState;

    fn script(queries: &[&Self]) -> Script {
        let mut probe = Probe::new();
        for scope in [Scope::System, Scope::User, Scope::Global] {
            let names = queries.iter().filter(|query| query.scope == scope);
            let names: Vec<Word> = names.map(|query| Word::from(query.name.as_str())).collect();
            let mut question = Script::new();
            // An empty subshell would be an error of syntax.
            question.line(":");
            if !names.is_empty() {
                scope.prepare(&mut question);
                // Nothing runs globally; what is enabled for all users is asked one by one.
                if scope == Scope::Global {
                    question.words(words!["set", "--"].into_iter().chain(names)).line("\n");
                    question.line(GLOBAL);
                } else {
                    question.words(
                        scope
                            .words()
                            .into_iter()
                            .chain(words!["show", "-p", PROPERTIES, "--"])
                            .chain(names),
                    );
                    question.line("");
                }
            }
            probe.ask(&question);
        }
        probe.script()
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<UnitState, String>> {
        let all = answers(output, 3);
        let mut answers = Vec::new();
        for (scope, answer) in [Scope::System, Scope::User, Scope::Global].into_iter().zip(all) {
            answers.push((scope, answer.map(|(status, text)| (status, blocks(&text))), 0));
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
        let mut next = |query: &Unit| {
            let (_, answer, used) = answers.iter_mut().find(|(scope, ..)| *scope == query.scope)?;
            *used += 1;
            Some(match answer {
                Err(error) => Err(error.clone()),
                Ok((_, states)) => states.get(*used - 1).cloned().ok_or_else(|| {
                    format!("systemd said nothing of unit `{}`: {said}", query.name)
                }),
            })
        };
        queries
            .iter()
            .map(|query| next(query).unwrap_or_else(|| Err("systemd was not asked".into())))
            .collect()
    }
}

const PROPERTIES: &str = "Id,LoadState,ActiveState,SubState,UnitFileState,FragmentPath,NeedDaemonReload,Type,RemainAfterExit,CanReload";

const GLOBAL: &str = r#"for unit; do
  echo "Id=$unit"
  echo "LoadState=loaded"
  echo "UnitFileState=$(systemctl --global is-enabled -- "$unit" 2>/dev/null)"
  echo
done"#;

/// The blocks of `systemctl show`, in the order of the question.
fn blocks(text: &str) -> Vec<UnitState> {
    text.split("\n\n").filter(|block| !block.trim().is_empty()).map(block).collect()
}

fn block(text: &str) -> UnitState {
    let mut state = UnitState::default();
    for (name, value) in fields(text) {
        let field = match name {
            "Id" => &mut state.id,
            "LoadState" => &mut state.load,
            "ActiveState" => &mut state.active,
            "SubState" => &mut state.sub,
            "UnitFileState" => &mut state.file,
            "Type" => &mut state.kind,
            "FragmentPath" => &mut state.path,
            "RemainAfterExit" => {
                state.remains = value == "yes";
                continue;
            }
            "CanReload" => {
                state.reloads = value == "yes";
                continue;
            }
            "NeedDaemonReload" => {
                state.stale = value == "yes";
                continue;
            }
            _ => continue,
        };
        value.clone_into(field);
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Debian 13: `systemctl show -p … -- sshd.service nosuch.service ufw.service`.
    const SAID: &str = "Type=notify\nRemainAfterExit=no\nId=ssh.service\nLoadState=loaded\n\
        ActiveState=active\nSubState=running\nFragmentPath=/usr/lib/systemd/system/ssh.service\n\
        UnitFileState=enabled\nCanReload=yes\nNeedDaemonReload=no\n\nType=\nRemainAfterExit=no\n\
        Id=nosuch.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nFragmentPath=\n\
        UnitFileState=\nCanReload=no\nNeedDaemonReload=no\n\nType=oneshot\nRemainAfterExit=yes\n\
        Id=ufw.service\nLoadState=loaded\nActiveState=inactive\nSubState=dead\n\
        FragmentPath=/usr/lib/systemd/system/ufw.service\nUnitFileState=enabled\nCanReload=no\n\
        NeedDaemonReload=no\n\n\u{1e}0\n\n\u{1e}0\n\n\u{1e}0\n";

    #[test]
    fn units_are_read_in_the_order_of_the_question() {
        let units = ["sshd", "nosuch", "ufw"].map(Unit::system);
        let queries: Vec<&Unit> = units.iter().collect();
        let output = Output { stdout: SAID.into(), ..Output::default() };
        let states: Vec<UnitState> =
            Unit::parse(&queries, &output).into_iter().map(|state| state.expect("read")).collect();
        assert!(states[0].is_running() && states[0].is_enabled() && states[0].reloads);
        assert_eq!(states[0].id, "ssh.service");
        assert!(!states[1].is_found());
        assert!(states[2].remains && !states[2].is_running() && !states[2].is_momentary());
    }

    #[test]
    fn a_unit_file_tells_what_its_unit_will_be() {
        let state = UnitState::from_file(
            "[Service]\nType = oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
        );
        assert!(state.is_momentary() && state.file == "disabled" && state.is_found());
        assert_eq!(Unit::system("getty@tty1").file_name(), "getty@.service");
    }
}

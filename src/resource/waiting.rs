//! Waiting for something on a host: a port, a file, a restart, a connection.

use std::sync::Arc;
use std::time::Duration;

use crate::remote::{Output, Script, words};
use crate::value::Unknown;

use super::action::{Action, Nature, Restart, Step};
use super::diff::Diff;
use super::probe::{Probe, answers};
use super::query::{Query, State};
use super::world::{Opaque, Scope, World};

/// Something that can be waited for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Condition {
    /// A path is there, and its content matches.
    Path {
        /// The path.
        path: String,
        /// A regular expression (PCRE) for its content.
        regex: Option<String>,
    },
    /// A port takes connections, and what it says first matches.
    Port {
        /// The address, as the host sees it.
        address: String,
        /// The port.
        port: u16,
        /// A regular expression (PCRE) for what it says.
        regex: Option<String>,
        /// Seconds for one try.
        patience: u32,
    },
    /// A port of the host has connections in one of these states of /proc/net/tcp (two hexadecimal digits).
    Connections {
        /// The port.
        port: u16,
        /// The states.
        states: Vec<String>,
    },
}

/// Asks whether it is so now.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Holds(pub Condition);

/// Whether it is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldsState(pub bool);

impl State for HoldsState {}

impl Condition {
    /// Shell text that ends with status 0 if it is so.
    fn script(&self) -> Script {
        let mut script = Script::new();
        match self {
            Self::Path { path, regex } => {
                script.assign("path", path.as_str());
                match regex {
                    None => script.line(r#"[ -e "$path" ]"#),
                    Some(regex) => script
                        .assign("regex", format!("(?m){regex}"))
                        .line(r#"[ -f "$path" ] && grep -Pzq -- "$regex" "$path" 2>/dev/null"#),
                };
            }
            Self::Port { address, port, regex, patience } => {
                script.assign("address", address.as_str()).assign("port", *port);
                script.assign("patience", *patience);
                // Bash is essential on Debian, and nothing else that is can open a connection.
                match regex {
                    None => script.line(
                        r#"timeout "$patience" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$address" "$port" 2>/dev/null"#,
                    ),
                    Some(regex) => script.assign("regex", format!("(?m){regex}")).line(
                        r#"timeout "$patience" bash -c 'exec 3<>"/dev/tcp/$0/$1" && cat <&3' "$address" "$port" 2>/dev/null | grep -Pzq -- "$regex""#,
                    ),
                };
            }
            Self::Connections { port, states } => {
                // ` local_address rem_address st`: hexadecimal, the port after the last colon.
                let pattern = format!(":{port:04X} [0-9A-F]+:[0-9A-F]+ ({}) ", states.join("|"));
                script.run(words![
                    "grep",
                    "-Eqs",
                    "--",
                    pattern,
                    "/proc/net/tcp",
                    "/proc/net/tcp6"
                ]);
            }
        }
        script
    }
}

impl Query for Holds {
    type State = HoldsState;

    fn script(queries: &[&Self]) -> Script {
        let mut probe = Probe::new();
        for Self(condition) in queries {
            probe.ask(&condition.script());
        }
        probe.script()
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<HoldsState, String>> {
        let all = answers(output, queries.len()).into_iter();
        all.map(|answer| answer.map(|(status, _)| HoldsState(status == 0))).collect()
    }
}

/// Waits until it is so, or is not so; it prints the seconds that took.
#[derive(Debug, Clone)]
pub struct Wait {
    /// What is waited for; none to wait all the time there is.
    pub condition: Option<Condition>,
    /// Whether it is to be so.
    pub wanted: bool,
    /// Seconds before the first look.
    pub delay: u32,
    /// Seconds between two looks.
    pub sleep: u32,
    /// Seconds after which waiting has failed.
    pub limit: u32,
    /// How people see it: "port 80 to open".
    pub shown: String,
}

impl Action for Wait {
    fn summary(&self) -> String {
        format!("wait for {}", self.shown)
    }

    fn step(&self) -> Step {
        let mut script = Script::new();
        let Some(condition) = &self.condition else {
            script.run(words!["sleep", self.limit]).run(words!["echo", self.limit]);
            return Step::Shell(script);
        };
        script.assign("mx_limit", self.limit).assign("mx_sleep", self.sleep);
        script.assign("mx_shown", self.shown.as_str());
        script.line("mx_began=$(date +%s)").run(words!["sleep", self.delay]);
        script.line("mx_holds() (").append(&condition.script()).line(")");
        script.line(if self.wanted {
            "mx_done() { mx_holds; }"
        } else {
            "mx_done() { ! mx_holds; }"
        });
        script.line(LOOP);
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        if let Some(condition) = &self.condition {
            world.foresee(Holds(condition.clone()), HoldsState(self.wanted));
        }
    }

    fn diff(&self) -> Diff {
        Diff::of(format!("waiting for {}", self.shown)).change(
            "seconds",
            "",
            format!("at most {}", self.limit),
        )
    }

    fn nature(&self) -> Nature {
        let limit = Duration::from_secs(u64::from(self.limit) + u64::from(self.delay) + 30);
        Nature { limit: Some(limit), ..Nature::default() }
    }
}

const LOOP: &str = r#"until mx_done; do
  if [ $(($(date +%s) - mx_began)) -ge "$mx_limit" ]; then
    echo "timeout after $mx_limit seconds of waiting for $mx_shown" >&2
    exit 1
  fi
  sleep "$mx_sleep"
done
echo $(($(date +%s) - mx_began))"#;

/// Restarts the host and waits for it.
#[derive(Debug, Clone)]
pub struct Reboot {
    /// The command that brings it down, for its shell.
    pub command: String,
    /// How long to wait before it.
    pub delay: Duration,
    /// How long to wait before the host is looked for.
    pub settle: Duration,
    /// How long it may take to come back from then on.
    pub limit: Duration,
    /// The command that must end well afterwards, for its shell.
    pub test: Option<String>,
}

/// A command as its user wrote it.
fn evaluated(command: &str) -> Script {
    let mut script = Script::new();
    // In a subshell, so that its `exit` does not end the session.
    script.assign("mx_command", command).line(r#"(eval "$mx_command")"#);
    script
}

impl Action for Reboot {
    fn summary(&self) -> String {
        "restart the host".into()
    }

    fn step(&self) -> Step {
        Step::Restart(Restart {
            delay: self.delay,
            script: evaluated(&self.command),
            settle: self.settle,
            limit: self.limit,
            test: self.test.as_deref().map(evaluated),
        })
    }

    fn predict(&self, _: &mut World) {}

    fn diff(&self) -> Diff {
        Diff::of("host").change("state", "running", "restarted")
    }

    fn nature(&self) -> Nature {
        let reason = Arc::new(Unknown::new("the host has not restarted yet"));
        let opaque = Opaque { scope: Scope::Unit("reboot.target".into()), reason };
        Nature { opaque: Some(opaque), ..Nature::default() }
    }
}

/// Connects anew, as often as it takes.
#[derive(Debug, Clone)]
pub struct Reconnect {
    /// How long to wait before the first try.
    pub delay: Duration,
    /// How long to go on trying.
    pub limit: Duration,
}

impl Action for Reconnect {
    fn summary(&self) -> String {
        "wait for a connection".into()
    }

    fn step(&self) -> Step {
        Step::Reconnect { delay: self.delay, limit: self.limit }
    }

    fn predict(&self, _: &mut World) {}

    fn diff(&self) -> Diff {
        Diff::of("connection").change("state", "", "new")
    }
}

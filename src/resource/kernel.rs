//! Settings of the running kernel: what is under /proc/sys.

use super::action::{Action, Step};
use super::diff::Diff;
use super::probe::{Probe, answers};
use super::query::{Query, State};
use super::world::World;
use crate::remote::{Output, Script};

/// Asks for a setting of the running kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Setting {
    /// Its name as sysctl(8) takes it: `net.ipv4.ip_forward`.
    pub name: String,
}

/// The value; none if the kernel has no such setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingState(pub Option<String>);

impl State for SettingState {
    fn agrees_with(&self, actual: &Self) -> bool {
        let words = |state: &Self| state.0.as_deref().map(same_blanks);
        words(self) == words(actual)
    }
}

/// The value with single blanks between its words: the kernel prints tabs.
pub fn same_blanks(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Setting {
    /// Its file: dots divide, or slashes where the name has one before its first dot (then dots
    /// are part of names, such as those of VLAN interfaces).
    pub fn file(&self) -> String {
        let slashes = match (self.name.find('/'), self.name.find('.')) {
            (Some(slash), Some(dot)) => slash < dot,
            (Some(_), None) => true,
            _ => false,
        };
        let swapped = |letter| match letter {
            '.' => '/',
            '/' => '.',
            other => other,
        };
        let path: String =
            if slashes { self.name.clone() } else { self.name.chars().map(swapped).collect() };
        format!("/proc/sys/{path}")
    }
}

impl Query for Setting {
    type State = SettingState;

    fn script(queries: &[&Self]) -> Script {
        Probe::of_each(queries, |query, question| {
            question.assign("file", query.file());
            question.line(r#"[ -f "$file" ] || exit 44"#).line(r#"cat <"$file""#);
        })
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<SettingState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| match answer? {
            (0, text) => Ok(SettingState(Some(text.trim().to_string()))),
            (44, _) => Ok(SettingState(None)),
            (status, _) => Err(format!("`{}` could not be read (status {status})", query.name)),
        })
        .collect()
    }
}

/// Sets a value in the running kernel.
#[derive(Debug, Clone)]
pub struct SetKernel {
    /// The setting.
    pub setting: Setting,
    /// What it is to be.
    pub value: String,
    /// What it is.
    pub before: Option<String>,
    /// A refusal is no failure.
    pub ignore_errors: bool,
}

impl Action for SetKernel {
    fn summary(&self) -> String {
        format!("set {} in the kernel", self.setting.name)
    }

    fn step(&self) -> Step {
        let mut script = Script::new();
        script.assign("file", self.setting.file()).assign("value", self.value.as_str());
        script.line(r#"printf '%s\n' "$value" >"$file""#);
        if self.ignore_errors {
            script.line("exit 0");
        }
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        if self.ignore_errors {
            world.forget(&self.setting);
        } else {
            world.predict(self.setting.clone(), SettingState(Some(self.value.clone())));
        }
    }

    fn diff(&self) -> Diff {
        let before = self.before.clone().unwrap_or_default();
        Diff::of(format!("kernel setting {}", self.setting.name)).change(
            "value",
            same_blanks(&before),
            self.value.clone(),
        )
    }
}

/// Puts all settings of a file into effect.
#[derive(Debug, Clone)]
pub struct LoadSettings {
    /// The file, absolute.
    pub file: String,
    /// The setting that changed.
    pub setting: Setting,
    /// Its new value; none if it is left to the kernel.
    pub value: Option<String>,
    /// Settings that the kernel does not have are no failure.
    pub ignore_errors: bool,
}

/// Without sysctl(8) (package procps) the lines are written one by one.
const LOAD: &str = r#"if command -v sysctl >/dev/null; then sysctl $lenient -q -p "$file"; exit; fi
status=0
while IFS= read -r line; do
  case "$line" in ''|'#'*|';'*) continue ;; esac
  name=$(printf '%s' "${line%%=*}" | tr -d '[:space:]'); name=${name#-}
  value=$(printf '%s' "${line#*=}" | sed 's/^[[:space:]]*//')
  case "${name%%/*}" in *.*) name=$(printf '%s' "$name" | tr ./ /.) ;; esac
  printf '%s\n' "$value" >"/proc/sys/$name" || status=1
done <"$file"
exit $status"#;

impl Action for LoadSettings {
    fn summary(&self) -> String {
        format!("load the settings of {}", self.file)
    }

    fn step(&self) -> Step {
        let mut script = Script::new();
        script.assign("file", self.file.as_str());
        script.assign("lenient", if self.ignore_errors { "-e" } else { "" });
        if self.ignore_errors {
            let mut lenient = Script::new();
            lenient.line(LOAD);
            script.subshell(&lenient).line("exit 0");
        } else {
            script.line(LOAD);
        }
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        world.forget(&self.setting);
    }

    fn diff(&self) -> Diff {
        Diff::of(format!("kernel settings of {}", self.file)).change("loaded", "", "now")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_files_as_in_sysctl() {
        let file = |name: &str| Setting { name: name.into() }.file();
        assert_eq!(file("net.ipv4.ip_forward"), "/proc/sys/net/ipv4/ip_forward");
        assert_eq!(file("net/ipv4/conf/eth0.1/x"), "/proc/sys/net/ipv4/conf/eth0.1/x");
        assert_eq!(file("net.ipv4.conf.eth0/1.x"), "/proc/sys/net/ipv4/conf/eth0.1/x");
    }

    #[test]
    fn tabs_of_the_kernel_do_not_matter() {
        let state = |text: &str| SettingState(Some(text.into()));
        assert!(state("4096 87380").agrees_with(&state("4096\t87380")));
    }
}

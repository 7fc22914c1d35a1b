//! Changes that could lock us out are on probation: the host undoes them by itself unless a new
//! login proves that we still get in.

use std::time::{Duration, Instant};

use crate::remote::Script;
use crate::resource::{Action, Guard};

/// The host undoes a change this long after it was sent, unless it is told not to.
const PROBATION: Duration = Duration::from_secs(40);

/// How long a new login is tried for before the change counts as shutting us out.
pub const PATIENCE: Duration = Duration::from_secs(25);

/// How long after the change the host must have healed itself.
pub const HEALED: Duration = Duration::from_secs(75);

/// What would put the host's connectivity back, collected until a login proves that it holds.
#[derive(Debug, Clone, Default)]
pub struct Probation {
    kept: Vec<Script>,
}

impl Probation {
    /// Keeps the inverse of a change of configuration.
    pub fn note(&mut self, action: &dyn Action) {
        if let Some(Guard::Configuration { inverse }) = action.nature().guard {
            self.kept.push(inverse);
        }
    }

    /// Access was proven: what was kept is no longer needed.
    pub fn clear(&mut self) {
        self.kept.clear();
    }

    /// The script that puts everything back: the configuration, latest change first, and then
    /// its effect.
    fn heal(&self, effect: &Script) -> Script {
        let mut heal = Script::new();
        heal.line("exec >\"$folder/log\" 2>&1");
        for inverse in self.kept.iter().rev() {
            heal.subshell(inverse);
        }
        heal.subshell(effect);
        heal.line("rm -rf -- \"$folder\"");
        heal
    }

    /// Arms the timer on the host. The name must be new and hard to guess.
    pub fn arm(&self, name: &str, effect: &Script) -> Script {
        let mut script = Script::strict();
        script.line("umask 077");
        script.assign("folder", format!("/run/mxprov-guard-{name}"));
        script.line(r#"mkdir -m 0700 -- "$folder""#);
        script.line("write_heal() {");
        script.words(["printf", "%s\\n"]).line(r#" "folder='$folder'""#);
        script.line("printf '%s' \\");
        script.nested(&self.heal(effect)).line("");
        script.line("}");
        script.line(r#"write_heal >"$folder/heal""#);
        script.assign("after", PROBATION.as_secs());
        script.assign("unit", format!("mxprov-guard-{name}"));
        // A timer of systemd outlives this session and whoever started it; without systemd a
        // process in a session of its own does.
        script.line(
            r#"if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
  systemd-run --quiet --collect --unit="$unit" --on-active="${after}s" --timer-property=AccuracySec=100ms /bin/sh "$folder/heal"
else
  setsid sh -c 'sleep "$1"; [ ! -e "$2/heal" ] || exec /bin/sh "$2/heal"' sh "$after" "$folder" >/dev/null 2>&1 </dev/null &
fi"#,
        );
        script
    }

    /// Disarms the timer, over the new connection.
    pub fn disarm(name: &str) -> Script {
        let mut script = Script::new();
        script.assign("folder", format!("/run/mxprov-guard-{name}"));
        script.assign("unit", format!("mxprov-guard-{name}"));
        script.line(r#"rm -f -- "$folder/heal""#);
        script.line(
            r#"if [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then
  systemctl stop "$unit.timer" 2>/dev/null
fi
if [ ! -d "$folder" ] || [ -e "$folder/log" ]; then echo "the host has undone the change already" >&2; exit 1; fi
rm -rf -- "$folder""#,
        );
        script
    }

    /// Whether there is configuration to put back.
    pub fn has_kept(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Puts everything back now, since the change failed, and disarms the timer.
    pub fn undo(name: &str) -> Script {
        let mut script = Script::new();
        script.assign("folder", format!("/run/mxprov-guard-{name}"));
        script.assign("unit", format!("mxprov-guard-{name}"));
        script.line(
            r#"if [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then
  systemctl stop "$unit.timer" 2>/dev/null
fi
/bin/sh "$folder/heal"
rm -rf -- "$folder""#,
        );
        script
    }
}

/// What a change that takes effect at once is undone by, if it could shut us out.
pub fn effect_of(action: &dyn Action) -> Option<Script> {
    match action.nature().guard {
        Some(Guard::Effect { inverse }) => Some(inverse),
        _ => None,
    }
}

/// How long the host is still to be waited for.
pub fn left(since: Instant, limit: Duration) -> Option<Duration> {
    limit.checked_sub(since.elapsed())
}

/// A name for one probation.
pub fn name() -> String {
    format!("{:016x}", rand::random::<u64>())
}

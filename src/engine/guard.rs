//! Changes that could lock us out are on probation: the host undoes them by itself unless a new
//! login proves that we still get in.
//!
//! All that is needed for it lies in one folder on the host: `undo.*` put the configuration back,
//! `effect` puts it back into effect, `heal` runs them once. Three things run `heal`: as long as
//! there is no `effect`, a watcher that waits for the host's lock, which the kernel frees when our
//! connection is gone; from then on a timer; and, where neither lived to see it (the host lost its
//! power), a timer that starts with the next boot.

use std::time::{Duration, Instant};

use crate::remote::Script;
use crate::resource::{Action, Guard};

/// The host undoes an effect this long after it was sent, unless it is told not to.
const PROBATION: Duration = Duration::from_secs(40);

/// After a boot the host waits this long for a new login that proves the change.
const BOOTS: Duration = Duration::from_secs(180);

/// How long a new login is tried for before the change counts as shutting us out.
pub const PATIENCE: Duration = Duration::from_secs(25);

/// How long after the change the host must have healed itself.
pub const HEALED: Duration = Duration::from_secs(75);

/// Makes the folder, with `heal` and `forget`, and the timer of the next boot. Whoever makes
/// `settled` decides, healing or keeping; it can be made once. Healing that a boot cut short is
/// done again: what has been put back is put back once more.
const FOLDER: &str = r#"mkdir -m 0700 -- "$folder"
units=/etc/systemd/system boot=mxprov-guard-$name-boot
cat >"$folder/forget" <<end
rm -f -- '$units/timers.target.wants/$boot.timer' '$units/$boot.timer' '$units/$boot.service'
rm -rf -- '$folder'
if [ -d /run/systemd/system ] && systemctl is-active --quiet '$boot.timer'; then
  systemctl stop '$boot.timer' && systemctl daemon-reload
fi
end
cat >"$folder/heal" <<end
folder='$folder'
end
cat >>"$folder/heal" <<'end'
if mkdir -- "$folder/settled"; then
  : >"$folder/healing"
elif [ "${1:-}" != boot ] || [ ! -e "$folder/healing" ]; then
  [ ! -e "$folder/kept" ] || /bin/sh "$folder/forget"
  exit 0
fi
exec >"$folder/log" 2>&1
for undo in $(ls -r -- "$folder" | grep '^undo\.'); do /bin/sh "$folder/$undo"; done
[ ! -e "$folder/effect" ] || /bin/sh "$folder/effect"
/bin/sh "$folder/forget"
end
if [ -d "$units/timers.target.wants" ]; then
  printf '[Service]\nType=oneshot\nExecStart=/bin/sh %s/heal boot\n' "$folder" >"$units/$boot.service"
  printf '[Timer]\nOnActiveSec=%s\nAccuracySec=1s\n' "$boots" >"$units/$boot.timer"
  ln -s "../$boot.timer" "$units/timers.target.wants/$boot.timer"
  sync "$folder/heal" "$folder/forget" "$folder" "$units/$boot.service" "$units/$boot.timer" "$units/timers.target.wants" "$units"
fi"#;

/// Writes `watch`, which waits for the lock and for nothing else.
const WATCH: &str = r#"mkdir -p /run/mxprov
cat >"$folder/watch" <<end
folder='$folder'
end
cat >>"$folder/watch" <<'end'
exec 9>>/run/mxprov/lock
flock 9
if [ ! -d "$folder" ] || [ -e "$folder/effect" ]; then exit 0; fi
echo "guard: it puts back configuration that never took effect" >/run/mxprov/lock
/bin/sh "$folder/heal"
: >/run/mxprov/lock
end"#;

/// Starts `$what` of the folder as the unit `$unit`, after `$after` seconds if that is not 0. A
/// unit of systemd outlives this session and whoever started it; without systemd a process in a
/// session of its own does.
const START: &str = r#"if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
  if [ "$after" = 0 ]; then set --; else set -- --on-active="${after}s" --timer-property=AccuracySec=100ms; fi
  systemd-run --quiet --collect --unit="$unit" "$@" /bin/sh "$folder/$what"
else
  setsid sh -c 'sleep "$1"; [ ! -e "$2" ] || exec /bin/sh "$2"' sh "$after" "$folder/$what" >/dev/null 2>&1 </dev/null &
fi"#;

/// Ends the watcher and the timer of `$name`.
const STOP: &str = r#"if [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then
  systemctl stop "mxprov-guard-$name.timer" "mxprov-guard-$name-watch.timer" "mxprov-guard-$name-watch.service" 2>/dev/null
fi"#;

/// The same where the script stops at what fails.
const STOP_LOOSELY: &str = r#"systemctl stop "mxprov-guard-$name-watch.service" 2>/dev/null || :"#;

/// What to tell where the folder is gone although nobody here settled it.
const GONE: &str = r#"[ -d "$folder" ] || { echo "the host has put its configuration back, since it lost touch with this run" >&2; exit 1; }"#;

/// Waits while the host heals itself from a run that was cut, which after a boot takes a while.
/// One that is alive is not waited for: it holds the lock.
pub fn wait_for_healing() -> Script {
    let mut script = Script::new();
    script.line(
        r#"tries=0 held=0
while [ "$tries" -lt 1000 ] && [ "$held" -lt 25 ] && [ -n "$(ls -d /var/lib/mxprov-guard-* 2>/dev/null)" ]; do
  if flock -n -s /run/mxprov/lock true 2>/dev/null || grep -q '^guard' /run/mxprov/lock; then held=0; else held=$((held + 1)); fi
  tries=$((tries + 1))
  sleep 0.2
done"#,
    );
    script
}

/// The probation of one host: from its first change to the proof.
#[derive(Debug, Clone)]
pub struct Probation {
    name: String,
    kept: usize,
    armed: bool,
    checks: Vec<Script>,
}

impl Probation {
    /// A new one; its name is hard to guess.
    pub fn new() -> Self {
        let name = format!("{:016x}", rand::random::<u64>());
        Self { name, kept: 0, armed: false, checks: vec![] }
    }

    /// Whether the host has something to put back.
    pub fn is_armed(&self) -> bool {
        self.armed
    }

    /// The host has taken what [`Self::keep`] gave.
    pub fn confirm(&mut self) {
        self.armed = true;
    }

    /// What goes before a change of configuration, in the same script: its inverse is kept on the
    /// host, and the host watches over it. `check` says whether what is configured is acceptable.
    pub fn keep(&mut self, inverse: &Script, check: Option<&Script>) -> Script {
        self.kept += 1;
        if let Some(check) = check
            && !self.checks.iter().any(|known| known.digest() == check.digest())
        {
            self.checks.push(check.clone());
        }
        let mut script = self.opening();
        if self.armed {
            script.line(GONE);
        } else {
            // Of several that go out at once the first that gets there arms.
            script.line(r#"if [ ! -d "$folder" ]; then"#);
            script.line(FOLDER).line(WATCH);
            script.line("after=0 what=watch unit=mxprov-guard-$name-watch").line(START);
            script.line("fi");
        }
        script.assign("file", format!("undo.{:04}", self.kept));
        Self::write(&mut script, inverse);
        script
    }

    /// Puts the timer in the watcher's place. `effect` puts the old configuration back into effect.
    pub fn arm(&self, effect: &Script) -> Script {
        let mut script = self.opening();
        if self.armed {
            script.line(GONE);
        } else {
            script.line(FOLDER);
        }
        script.assign("after", PROBATION.as_secs());
        script.line("what=heal unit=mxprov-guard-$name").line(START);
        script.line("file=effect");
        Self::write(&mut script, effect);
        script
    }

    /// Lets the connection, and with it the lock, be gone for a while without healing.
    pub fn bridge(&self, gone: Duration) -> Script {
        let mut script = self.opening();
        script.line(GONE).line(STOP_LOOSELY);
        script.assign("after", gone.as_secs());
        script.line("what=watch unit=mxprov-guard-$name-watch").line(START);
        script
    }

    /// Keeps the changes, over the new connection.
    pub fn settle(&self) -> Script {
        let mut script = self.folder();
        script.line(
            r#"mkdir -- "$folder/settled" 2>/dev/null || { echo "the host has undone the change already" >&2; exit 1; }
: >"$folder/kept""#,
        );
        script.line(STOP).line(r#"/bin/sh "$folder/forget""#);
        script
    }

    /// Says whether what is configured, and not in effect yet, would be accepted.
    pub fn check(&self) -> Script {
        let mut script = Script::strict();
        for check in &self.checks {
            script.subshell(check);
        }
        script
    }

    /// Puts everything back now.
    pub fn undo(&self) -> Script {
        let mut script = self.folder();
        script.line(r#"[ ! -d "$folder" ] || /bin/sh "$folder/heal""#).line("status=$?");
        script.line(STOP).line("exit $status");
        script
    }

    fn opening(&self) -> Script {
        let mut script = Script::strict();
        script.line("umask 077").append(&self.folder());
        script
    }

    fn folder(&self) -> Script {
        let mut script = Script::new();
        script.assign("name", self.name.as_str()).assign("boots", BOOTS.as_secs());
        script.line("folder=/var/lib/mxprov-guard-$name");
        script
    }

    /// Writes a script to `$file` of the folder, whole or not at all.
    fn write(script: &mut Script, content: &Script) {
        script.line(r"write() { printf '%s\n' \").nested(content).line("\n}");
        script.line(
            r#"write >"$folder/new" && sync "$folder/new" && mv -- "$folder/new" "$folder/$file" && sync "$folder""#,
        );
    }
}

/// What a change of configuration is undone by, and what says whether it is acceptable.
pub fn configuration_of(action: &dyn Action) -> Option<(Script, Option<Script>)> {
    match action.nature().guard {
        Some(Guard::Configuration { inverse, check }) => Some((inverse, check)),
        _ => None,
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

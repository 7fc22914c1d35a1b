//! Whether the unit files on the disk are those that systemd has read.

use crate::remote::{Output, Script};

use super::super::query::{Query, State};
use super::super::world::World;
use super::state::Unit;

/// Asks whether unit files changed since systemd read them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnitFiles;

/// Whether a `daemon-reload` would read anything new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFilesState {
    /// It would.
    pub stale: bool,
}

impl State for UnitFilesState {
    /// Only that nothing is left to read can be promised.
    fn agrees_with(&self, actual: &Self) -> bool {
        self.stale || !actual.stale
    }
}

impl Query for UnitFiles {
    type State = UnitFilesState;

    fn script(_: &[&Self]) -> Script {
        let mut script = Script::new();
        script.line(PROBE);
        script
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<UnitFilesState, String>> {
        let said = String::from_utf8_lossy(&output.stdout);
        let state = match said.trim().lines().last() {
            Some("fresh") => Ok(UnitFilesState { stale: false }),
            Some("stale") => Ok(UnitFilesState { stale: true }),
            _ => {
                let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
                Err(format!("systemd could not be asked when it read its units: {said}"))
            }
        };
        vec![state; queries.len()]
    }
}

/// Looks for files newer than the manager's last load. That time is monotonic, so the host's
/// uptime turns it into a date. Milliseconds throughout. Before systemd 250 there is no such time:
/// its own word for every unit that is loaded must do.
const PROBE: &str = r#"loads=$(systemctl show -p UnitsLoadTimestampMonotonic -p UnitsLoadFinishTimestampMonotonic) || exit
last=0
for time in $loads; do
  time=${time#*=}
  if [ "$((time / 1000))" -gt "$last" ]; then last=$((time / 1000)); fi
done
case $loads in *UnitsLoadTimestamp*) ;; *)
  if systemctl show '*' -p NeedDaemonReload | grep -q =yes; then echo stale; else echo fresh; fi
  exit;;
esac
read -r up rest </proc/uptime
up=$((${up%.*} * 1000 + 1${up#*.}0 - 1000))
at=$(($(date +%s%3N) - up + last))
set --
for folder in /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
  if [ -d "$folder" ] && [ ! -L "${folder%/systemd/system}" ]; then set -- "$@" "$folder"; fi
done
[ ! -e /etc/fstab ] || set -- "$@" /etc/fstab
ms=$((at % 1000 + 1000))
if [ -n "$(find "$@" -newerct "@$((at / 1000)).${ms#1}" -print -quit)" ]; then echo stale; else echo fresh; fi"#;

/// A planned action changes the file at this path: if it is a unit's, what is known of that unit
/// is worth nothing, and systemd has to read it.
pub fn file_changed(world: &mut World, path: &str) {
    let Some(rest) = path
        .strip_prefix("/etc/systemd/system/")
        .or_else(|| path.strip_prefix("/usr/lib/systemd/system/"))
        .or_else(|| path.strip_prefix("/lib/systemd/system/"))
    else {
        return;
    };
    world.predict(UnitFiles, UnitFilesState { stale: true });
    let name = rest.split('/').next().unwrap_or(rest);
    world.forget(&Unit::system(name.strip_suffix(".d").unwrap_or(name)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unit_files_make_systemd_stale() {
        let mut world = World::new();
        file_changed(&mut world, "/etc/motd");
        assert!(world.predicted(&UnitFiles).is_none());
        file_changed(&mut world, "/etc/systemd/system/nginx.service.d/limits.conf");
        assert!(world.predicted(&UnitFiles).is_some_and(|state| state.stale));
    }
}

//! How apt-get is called: patiently, without questions, and mending what was interrupted.

use crate::remote::Script;
use crate::value::Str;

use super::super::command::export;

/// `mx_ask apt-get WORDS…` asks apt and leaves no trace: no caches, no logs of its planner.
///
/// apt's binary caches save it most of its time, but as root it writes them anew where they are out
/// of date. So it sees their folder in a mount namespace of its own, read-only, and makes up for
/// what is missing in memory. Where there can be no such namespace (not as root, or in some
/// containers), it asks without caches. For a package file it unpacks a little: in /run, not in /tmp.
pub(super) const ASK: &str = r#"mx_ask() (
  export TMPDIR=/run
  mx_program=$1; shift
  set -- -o Dir::Log::Planner=/dev/null -o Dir::Log::Solver=/dev/null "$@"
  if unshare --mount --propagation private true 2>/dev/null; then
    exec unshare --mount --propagation private sh -c '
      program=$1; shift
      cache=/var/cache/apt
      if { mount --bind "$cache" "$cache" && mount -o remount,bind,ro "$cache"; } 2>/dev/null; then
        exec "$program" -o "Dir::Cache::pkgcache=$cache/pkgcache.bin" -o "Dir::Cache::srcpkgcache=$cache/srcpkgcache.bin" "$@"
      fi
      exec "$program" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "$@"' sh "$mx_program" "$@"
  fi
  exec "$mx_program" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "$@"
)"#;

/// What every call of apt-get is given.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Options for apt-get: `--no-install-recommends`, `-t`, `bookworm-backports`.
    pub words: Vec<String>,
    /// Variables for its environment, such as `http_proxy`.
    pub environment: Vec<(String, Str)>,
    /// Seconds to wait for another apt or dpkg to end.
    pub wait: u32,
    /// The status with which `policy-rc.d` answers while packages are installed.
    pub policy_rc_d: Option<i64>,
}

impl Options {
    /// A script that calls apt-get with these words.
    pub(super) fn script(&self, words: &[&str]) -> Script {
        let mut script = Script::new();
        script.line("export DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1");
        export(&mut script, &self.environment);
        script.assign("mx_wait", self.wait);
        if let Some(status) = self.policy_rc_d {
            script.assign("mx_answer", status).line(POLICY);
        }
        script.line(APT);
        let options = self.words.iter().map(String::as_str);
        script.run(["mx_apt"].into_iter().chain(options).chain(words.iter().copied()));
        script
    }
}

/// invoke-rc.d(8) asks this program whether services may be started.
const POLICY: &str = r#"mx_policy=/usr/sbin/policy-rc.d
[ ! -e "$mx_policy" ] || mv -f -- "$mx_policy" "$mx_policy.mxprov-back" || exit 1
trap 'rm -f -- "$mx_policy"; [ ! -e "$mx_policy.mxprov-back" ] || mv -f -- "$mx_policy.mxprov-back" "$mx_policy"' EXIT
trap 'exit 1' HUP INT TERM
printf '#!/bin/sh\nexit %s\n' "$mx_answer" >"$mx_policy" && chmod 755 -- "$mx_policy" || exit 1"#;

/// apt's own timeout covers only one of its four locks, so all of them are waited for here.
/// Its message names the holder: "It is held by process 123 (apt-get)".
const APT: &str = r#"mx_call() {
  exec 3>&1
  mx_until=$(($(date +%s) + mx_wait))
  while :; do
    mx_said=$("$@" 2>&1 >&3 3>&-)
    mx_status=$?
    [ "$mx_status" != 0 ] || break
    case $mx_said in
    *'Could not get lock'*|*'Unable to lock '*|*'Unable to acquire the dpkg'*|*'frontend lock was locked by another process'*)
      if [ "$(date +%s)" -lt "$mx_until" ]; then sleep 1; continue; fi
      mx_said="$mx_said
another package manager was still running after $mx_wait seconds";;
    esac
    break
  done
  [ -z "$mx_said" ] || printf '%s\n' "$mx_said" >&2
  return "$mx_status"
}
mx_apt() {
  mx_call apt-get -y -o Dpkg::Use-Pty=0 "$@" && return 0
  case $mx_said in
  *'dpkg was interrupted'*|*'dpkg --configure -a'*)
    mx_call dpkg --force-confdef --force-confold --configure -a;;
  *'fix-broken install'*|*'needs to be reinstalled'*) ;;
  *) return "$mx_status";;
  esac
  mx_call apt-get -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold --fix-broken install || return
  mx_call apt-get -y -o Dpkg::Use-Pty=0 "$@"
}"#;

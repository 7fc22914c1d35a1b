//! What a machine must offer to run the lab, and what a test does where it does not.

use super::tool;

const TOOLS: [&str; 9] = [
    "mmdebstrap",
    "systemd-nspawn",
    "nsenter",
    "nft",
    "ip",
    "mount",
    "ssh",
    "ssh-keygen",
    "setsid",
];

/// The first thing that is missing here, if any.
pub fn missing() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("the lab needs Linux".to_owned());
    }
    if !is_root() {
        return Some("the lab needs root".to_owned());
    }
    let tool = TOOLS.into_iter().find(|tool| !tool::exists(tool))?;
    Some(format!("the lab needs `{tool}`: run tests/prepare.sh"))
}

/// True where the lab can run. Elsewhere says on stderr that `test` was skipped and why, and
/// returns false; with `CI` set it panics instead, since CI does not allow the skip.
pub fn lab_or_skip(test: &str) -> bool {
    let Some(reason) = missing() else { return true };
    assert!(std::env::var_os("CI").is_none(), "{test} must not be skipped in CI: {reason}");
    #[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
    {
        eprintln!("SKIPPED {test}: {reason}");
    }
    false
}

/// The effective user id, the second number of `Uid:` in proc(5) `status`.
fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
    ids.split_whitespace().nth(1) == Some("0")
}

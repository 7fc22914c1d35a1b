//! Whether the SSH server would come back with its configuration.

use crate::remote::Script;

/// Fails, and says so, if it would not. A host without the server passes.
pub(super) fn check() -> Script {
    let mut script = Script::new();
    script.line(
        r#"if [ -x /usr/sbin/sshd ]; then
  mkdir -p /run/sshd
  /usr/sbin/sshd -t || { echo "sshd does not accept its configuration" >&2; exit 1; }
fi"#,
    );
    script
}

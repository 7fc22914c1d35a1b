//! The program of the role `backup`, on this machine and without root.

use std::path::Path;
use std::process::Command;

#[test]
fn backups_are_verified_encrypted_and_kept() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/roles/backup.sh");
    let said = Command::new("bash").arg(script).output().expect("bash runs");
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    assert!(
        text.lines().count() > 30 && text.lines().all(|line| line.starts_with("ok: ")),
        "{text}"
    );
}

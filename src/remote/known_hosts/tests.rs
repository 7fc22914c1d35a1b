//! The matrix of lines, decided by us and by `ssh-keygen -F`.

use std::path::{Path, PathBuf};
use std::process::Command;

use russh::keys::PublicKeyOrCertificate;
use russh::keys::ssh_key::PublicKey;

use super::*;
use crate::remote::skipped::skipped;

const ONE: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIL8IgAhoopukbu7pgIsdpscFnBXRf0MN6OJ6RLIK/sQn";
const TWO: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIF7F+a/pvns0g6OjB13Z5jZrBN4abUMWeoICp6BPYzCC";
const ECDSA: &str = "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGl781l8KsDWX9ItQrSmmYxkDSUyq6vg/eMEq0ODibN2s8eNvA+5NGe6vTrIuSkhoLn5hrCnKVs5MppIKTFjcVM=";

fn key(encoded: &str) -> PublicKey {
    russh::keys::parse_public_key_base64(encoded).unwrap()
}

fn decide(lines: &str, name: &HostName) -> Decision {
    let mut known = KnownHosts::default();
    known.add(Path::new("kh"), lines.as_bytes()).unwrap();
    known.decide(name, &PublicKeyOrCertificate::from(key(ONE)), 0)
}

fn at(line: usize) -> Place {
    Place { file: PathBuf::from("kh"), line }
}

/// Lines with the keys named, and whether the key ONE is known for `db.example.org` on port 22 or 2222.
fn matrix() -> Vec<(String, u16, Decision)> {
    let one = format!("ssh-ed25519 {ONE}");
    let two = format!("ssh-ed25519 {TWO}");
    let ecdsa = format!("ecdsa-sha2-nistp256 {ECDSA}");
    let known = |line| Decision::Known(at(line));
    vec![
        (format!("db.example.org {one}"), 22, known(1)),
        (format!("# c\n\n db.example.org {one} a comment"), 22, known(3)),
        (format!("db.example.org\t{one}"), 22, known(1)),
        (format!("db.example.org  \t {one}").replace("ed25519 ", "ed25519 \t "), 22, known(1)),
        (format!("db.example.org {one}\r"), 22, known(1)),
        (format!("DB.example.ORG {one}"), 22, known(1)),
        (format!("a,db.example.org,b {one}"), 22, known(1)),
        (format!("*.example.org {one}"), 22, known(1)),
        (format!("db.example.or? {one}"), 22, known(1)),
        (format!("*.example.org,!db.* {one}"), 22, Decision::Unknown),
        (format!("!db.example.org,* {one}"), 22, Decision::Unknown),
        (format!("other.example.org {one}"), 22, Decision::Unknown),
        (format!("db.example.org {two}"), 22, Decision::Changed(at(1))),
        (format!("db.example.org {two}\ndb.example.org {one}"), 22, known(2)),
        (format!("[db.example.org]:2222 {one}"), 2222, known(1)),
        (format!("[db.example.org]:2222 {one}"), 22, Decision::Unknown),
        (format!("db.example.org {one}"), 2222, known(1)),
        (format!("db.example.org {two}"), 2222, Decision::Unknown),
        (format!("[*.example.org]:* {one}"), 2222, known(1)),
        (format!("@revoked * {one}\ndb.example.org {one}"), 22, Decision::Revoked(at(1))),
        (
            format!("db.example.org {one}\n@revoked\tdb.example.org {one}"),
            22,
            Decision::Revoked(at(2)),
        ),
        (format!("@revoked other {one}\ndb.example.org {one}"), 22, known(2)),
        (format!("@cert-authority * {one}"), 22, Decision::Unknown),
        (format!("@strange * {one}"), 22, Decision::Unknown),
        ("db.example.org ssh-ed25519 AAAA".into(), 22, Decision::Unknown),
        ("db.example.org 1024 35 1234".into(), 22, Decision::Unknown),
        (format!("db.example.org ssh-rsa {ONE}"), 22, Decision::Unknown),
        (
            format!("db.example.org {ecdsa}"),
            22,
            Decision::OtherType(at(1), vec!["ecdsa-sha2-nistp256".into()]),
        ),
        (format!("|1|broken|hash {one}\ndb.example.org {one}"), 22, known(2)),
    ]
}

#[test]
fn the_matrix_is_decided_as_written() {
    for (lines, port, expected) in matrix() {
        assert_eq!(decide(&lines, &HostName::new("db.example.org", port)), expected, "{lines}");
    }
}

#[test]
fn ssh_keygen_finds_the_same_lines() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("kh");
    for (lines, port, decision) in matrix() {
        std::fs::write(&file, &lines).unwrap();
        let name = HostName::new("db.example.org", port);
        let arguments = ["-F", &name.as_written(), "-f", file.to_str().unwrap()];
        let Ok(output) = Command::new("ssh-keygen").args(arguments).output() else {
            skipped("there is no ssh-keygen here");
            return;
        };
        let found = String::from_utf8_lossy(&output.stdout).contains(ONE);
        // It does not try names without a port, and it prints lines of every marker.
        let odd = port != 22 && !lines.contains(':')
            || lines.starts_with('@')
            || lines.contains("ssh-rsa");
        let ours = matches!(decision, Decision::Known(_) | Decision::Revoked(_));
        assert!(odd || found == ours, "{lines}: ssh-keygen {found}, {decision:?}");
    }
}

#[test]
fn hashed_names_are_those_of_ssh_keygen() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("kh");
    for port in [22, 2222] {
        let name = HostName::new("db.example.org", port);
        std::fs::write(&file, format!("{} ssh-ed25519 {ONE}\n", name.as_written())).unwrap();
        let hashing =
            Command::new("ssh-keygen").args(["-H", "-f", file.to_str().unwrap()]).output();
        if hashing.is_err() {
            skipped("there is no ssh-keygen here");
            return;
        }
        let lines = std::fs::read_to_string(&file).unwrap();
        assert!(lines.starts_with("|1|"), "{lines}");
        assert_eq!(decide(&lines, &name), Decision::Known(at(1)));
        assert_eq!(decide(&lines, &HostName::new("db2.example.org", port)), Decision::Unknown);
    }
}

#[test]
fn what_is_appended_is_found_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a/b/known_hosts");
    for (port, hash) in [(22, false), (2222, true)] {
        let name = HostName::new("New.example.org", port);
        append(&file, &name, &key(ONE), hash).unwrap();
        let known = KnownHosts::load(std::slice::from_ref(&file)).unwrap();
        let shown = PublicKeyOrCertificate::from(key(ONE));
        assert!(matches!(known.decide(&name, &shown, 0), Decision::Known(_)));
    }
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);
}

#[test]
fn an_unreadable_file_refuses_and_a_missing_one_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    assert!(KnownHosts::load(&[missing]).is_ok());
    assert!(KnownHosts::load(&[directory.path().to_owned()]).is_err());
    let mut known = KnownHosts::default();
    assert!(
        known
            .add(Path::new("kh"), b"\n@revoked * ssh-ed25519 xxx")
            .unwrap_err()
            .to_string()
            .contains("kh:2")
    );
}

#[test]
fn known_key_types_are_offered_first() {
    let mut known = KnownHosts::default();
    let lines = format!("h ecdsa-sha2-nistp256 {ECDSA}\n@cert-authority ca.* ssh-ed25519 {ONE}");
    known.add(Path::new("kh"), lines.as_bytes()).unwrap();
    let offer = known.offer(&HostName::new("h", 22));
    assert_eq!(offer.keys[0].as_str(), "ecdsa-sha2-nistp256");
    assert_eq!(offer.keys[1].as_str(), "ssh-ed25519");
    assert!(offer.certificates.is_empty());
    assert!(!known.offer(&HostName::new("ca.x", 22)).certificates.is_empty());
}

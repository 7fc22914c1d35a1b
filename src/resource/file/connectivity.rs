//! Files that decide who gets in: their changes are kept with their inverse.

use super::super::action::{Guard, Nature};
use super::super::sshd;
use super::ownership::Ownership;
use super::state::{Attributes, PathKind, PathState};
use crate::remote::Script;

/// Configuration that decides who gets in: its changes are kept with their inverse.
fn is_connectivity(path: &str) -> bool {
    const PLACES: [&str; 9] = [
        "/etc/ssh/",
        "/etc/ufw/",
        "/etc/default/ufw",
        "/etc/pam.d/",
        "/etc/nftables.conf",
        "/etc/network/",
        "/etc/netplan/",
        "/etc/systemd/network/",
        "/etc/security/",
    ];
    PLACES.iter().any(|place| path.starts_with(place))
}

/// Puts back what stands at `path` now; evaluated on the host before the change.
fn restore(path: &str, before: Option<&Attributes>, content: Option<&[u8]>) -> Script {
    let mut script = Script::new();
    script.assign("target", path);
    match (before, content) {
        (Some(before), Some(content)) if before.kind == PathKind::File => {
            script.data("content", content);
            script.line(
                r#"(umask 077; content >"$target.mxprov-back") && mv -f -- "$target.mxprov-back" "$target""#,
            );
            let all = Ownership {
                owner: Some(before.owner.clone()),
                group: Some(before.group.clone()),
                mode: Some(before.mode),
            };
            all.script(&mut script);
        }
        (Some(before), _) => {
            Ownership { mode: Some(before.mode), ..Ownership::default() }.script(&mut script);
        }
        (None, _) => {
            script.line(r#"rm -rf -- "$target""#);
        }
    }
    script
}

/// Keys that were there before: their loss takes effect at once.
fn is_access(path: &str, before: &PathState) -> bool {
    path.ends_with("/.ssh/authorized_keys") && before.attributes().is_some()
}

pub(super) fn guarded(path: &str, before: &PathState, content: Option<&[u8]>) -> Nature {
    let inverse = || restore(path, before.attributes(), content);
    let guard = if is_access(path, before) {
        Some(Guard::Effect { inverse: inverse() })
    } else if is_connectivity(path) {
        let check = path.starts_with("/etc/ssh/sshd_config").then(sshd::check);
        Some(Guard::Configuration { inverse: inverse(), check })
    } else {
        None
    };
    Nature { guard, ..Nature::default() }
}

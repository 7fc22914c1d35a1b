//! What is said where the command line cannot be read.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Flags that people know from Ansible, and what serves here instead.
const ELSEWHERE: [(&str, &str); 10] = [
    ("--step", "there are no steps: the whole plan is shown before anything is sent"),
    ("--syntax-check", "`mxprov lint` finds everything that can be known without a host"),
    ("--flush-cache", "facts are asked for in every run; there is no cache"),
    ("--become-method", "set `ansible_become_method` in the inventory"),
    ("--ssh-common-args", "set `ansible_ssh_common_args` in the inventory"),
    ("--ssh-extra-args", "set `ansible_ssh_extra_args` in the inventory"),
    ("--scp-extra-args", "nothing is copied with scp"),
    ("--sftp-extra-args", "nothing is copied with sftp"),
    ("--connection-password-file", "`--ask-pass` asks; or set `ansible_password` in a vault"),
    ("--become-password-file", "`--ask-become-pass` asks; or set `ansible_become_password`"),
];

/// Says what is wrong with the command line, or the help or version that was asked for.
pub fn explain(error: &clap::Error) {
    let unknown = match error.kind() {
        ErrorKind::UnknownArgument => error.get(ContextKind::InvalidArg),
        _ => None,
    };
    let known = match unknown {
        Some(ContextValue::String(flag)) => {
            ELSEWHERE.iter().find(|(theirs, _)| flag.starts_with(theirs))
        }
        _ => None,
    };
    let Some((flag, instead)) = known else {
        // Nothing can be said where even that cannot be printed.
        drop(error.print());
        return;
    };
    super::process::complain(&format!("there is no flag `{flag}`: {instead}"));
}

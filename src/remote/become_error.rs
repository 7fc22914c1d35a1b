//! Why a shell as another user could not be had.

use super::become_user::{Become, BecomeMethod};
use super::lost::Lost;
use super::session::printable;

/// Why a shell could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BecomeError {
    /// The connection was lost meanwhile, or no shell starts at all.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// The password was refused.
    #[error(
        "{method} on `{host}` refused the become password for user `{user}`; check `ansible_become_password`, or run with `--ask-become-pass`"
    )]
    WrongPassword { host: String, user: String, method: &'static str },
    /// A password is asked for and there is none.
    #[error(
        "{method} on `{host}` asks for a password to become `{user}`; set `ansible_become_password` or run with `--ask-become-pass`, or allow it without one (`NOPASSWD:`)"
    )]
    PasswordNeeded { host: String, user: String, method: &'static str },
    /// The program is not there.
    #[error(
        "{program} is not installed on `{host}`, so there is no way to become `{user}`; install it, or log in as `{user}`"
    )]
    NotInstalled { host: String, user: String, program: String },
    /// `Defaults requiretty` in sudoers.
    #[error(
        "sudo on `{host}` wants a terminal (`Defaults requiretty`) and mxprov uses none; remove that line from its sudoers file, or add `Defaults:{login} !requiretty`"
    )]
    NeedsTerminal { host: String, login: String },
    /// The rules do not allow it.
    #[error("{method} on `{host}` does not allow user `{login}` to become `{user}`: {said}")]
    NotAllowed { host: String, login: String, user: String, method: &'static str, said: String },
    /// There is no such user.
    #[error("there is no user `{user}` on `{host}` to become")]
    NoSuchUser { host: String, user: String },
    /// It did not answer in time.
    #[error("{method} on `{host}` did not answer within {seconds} s while becoming `{user}`")]
    TimedOut { host: String, user: String, method: &'static str, seconds: u64 },
    /// Anything else: its own words.
    #[error("{method} on `{host}` could not become `{user}` (status {status}): {said}")]
    Failed { host: String, user: String, method: &'static str, status: i32, said: String },
}

/// Who wants to become whom, where.
pub(super) struct Attempt<'a> {
    pub host: &'a str,
    pub login: &'a str,
    pub user: &'a str,
    pub wanted: &'a Become,
}

impl Attempt<'_> {
    pub fn method(&self) -> &'static str {
        match self.wanted.method {
            BecomeMethod::Sudo => "sudo",
            BecomeMethod::Su => "su",
        }
    }

    pub fn wrong_password(&self) -> BecomeError {
        let (host, user) = (self.host.to_owned(), self.user.to_owned());
        BecomeError::WrongPassword { host, user, method: self.method() }
    }

    pub fn password_needed(&self) -> BecomeError {
        let (host, user) = (self.host.to_owned(), self.user.to_owned());
        BecomeError::PasswordNeeded { host, user, method: self.method() }
    }

    pub fn timed_out(&self, seconds: u64) -> BecomeError {
        let (host, user) = (self.host.to_owned(), self.user.to_owned());
        BecomeError::TimedOut { host, user, method: self.method(), seconds }
    }

    /// What an end before the shell was there means, by the program's words (in the C locale).
    pub fn ended(&self, status: i32, error: &[u8], asked: bool) -> BecomeError {
        let said = without_command(&printable(error));
        let has = |text: &str| said.contains(text);
        let host = self.host.to_owned();
        let user = self.user.to_owned();
        let login = self.login.to_owned();
        let method = self.method();
        if has("must have a tty") || has("a terminal is required to read") && !asked {
            return BecomeError::NeedsTerminal { host, login };
        }
        if has("a password is required") || has("interactive authentication is required") {
            return self.password_needed();
        }
        if has("incorrect password") || has("Authentication failure") && asked {
            return self.wrong_password();
        }
        if has("unknown user") || has("does not exist") || has("No passwd entry") {
            return BecomeError::NoSuchUser { host, user };
        }
        if has("not in the sudoers")
            || has("not allowed to")
            || has("may not run sudo")
            || has("Permission denied")
        {
            return BecomeError::NotAllowed { host, login, user, method, said };
        }
        if status == 127 {
            let program = self.wanted.program().to_owned();
            return BecomeError::NotInstalled { host, user, program };
        }
        BecomeError::Failed { host, user, method, status, said }
    }
}

/// sudo repeats the whole command, which here is a script of many lines.
fn without_command(said: &str) -> String {
    match (said.find(" execute '"), said.rfind("' as ")) {
        (Some(start), Some(end)) if start < end => {
            [&said[..start], " execute `sh`", &said[end + 1..]].concat()
        }
        _ => said.chars().take(400).collect(),
    }
}

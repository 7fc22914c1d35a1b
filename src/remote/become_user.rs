//! Which user a shell runs as, and the command that gets there.

use secrecy::SecretString;

use super::quote::quote;

/// Which user a shell runs as.
#[derive(Clone, Debug, Default)]
pub struct Become {
    /// The user to become; `None` stays the user of the login.
    pub user: Option<String>,
    /// The way there.
    pub method: BecomeMethod,
    /// The method's program; `sudo` or `su` on the PATH if none (`become_exe`).
    pub exe: Option<String>,
    /// The password, sent only when asked for.
    pub password: Option<SecretString>,
    /// More arguments for the method's program, split into words (`ansible_become_flags`).
    pub flags: Vec<String>,
}

/// The program that changes the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BecomeMethod {
    /// `sudo`: asks for the password of the user who logs in.
    #[default]
    Sudo,
    /// `su`: asks for the password of the user to become; root is not asked.
    Su,
}

impl Become {
    /// Stays the user of the login.
    pub fn login() -> Self {
        Self::default()
    }

    /// Becomes `user` with sudo, without a password.
    pub fn user(user: impl Into<String>) -> Self {
        Self { user: Some(user.into()), ..Self::default() }
    }

    /// The command line that runs `command` (a command line itself) as `user`.
    ///
    /// `prompt` is what the program asks with where that can be chosen. The locale is fixed so
    /// that its messages can be told apart.
    pub(super) fn wrap(&self, user: &str, prompt: &str, command: &str) -> String {
        let mut words: Vec<&str> = vec!["env", "LC_ALL=C"];
        words.push(self.program());
        match self.method {
            BecomeMethod::Sudo => {
                if self.password.is_some() {
                    words.extend(["-S", "-p", prompt]);
                } else {
                    words.push("-n");
                }
                words.push("-H");
                words.extend(self.flags.iter().map(String::as_str));
                words.extend(["-u", user, "--", "sh", "-c", command]);
            }
            BecomeMethod::Su => {
                words.extend(self.flags.iter().map(String::as_str));
                words.extend(["-s", "/bin/sh", "-c", command, "--", user]);
            }
        }
        words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
    }

    /// The program that changes the user.
    pub(super) fn program(&self) -> &str {
        match (&self.exe, self.method) {
            (Some(exe), _) => exe,
            (None, BecomeMethod::Sudo) => "sudo",
            (None, BecomeMethod::Su) => "su",
        }
    }

    /// What the program's question for the password ends with.
    pub(super) fn question<'a>(&self, prompt: &'a str) -> &'a str {
        match self.method {
            BecomeMethod::Sudo => prompt,
            BecomeMethod::Su => "Password: ",
        }
    }
}

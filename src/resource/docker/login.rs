//! Logins to registries, as Docker's own program keeps them in `config.json`.

use std::fmt;

use secrecy::SecretString;

use crate::remote::{Script, words};
use crate::value::Str;

use super::super::action::{Action, Nature, Step};
use super::super::command::export;
use super::super::diff::Diff;
use super::super::file::{Content, Digest, Path};
use super::super::world::World;

/// What is done about a login.
#[derive(Clone)]
pub enum LoginChange {
    /// The registry is asked whether it takes them, and they are kept.
    In {
        /// The account.
        username: String,
        /// Its password, or a token.
        password: SecretString,
    },
    /// What is kept is forgotten.
    Out,
}

impl fmt::Debug for LoginChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In { username, .. } => write!(f, "in as {username:?}"),
            Self::Out => f.write_str("out"),
        }
    }
}

/// Logs in to a registry, or out.
#[derive(Debug, Clone)]
pub struct ChangeLogin {
    /// The registry as Docker writes it.
    pub registry: String,
    /// The account of the login that is kept; none if there is none.
    pub before: Option<String>,
    /// What is done.
    pub change: LoginChange,
    /// The folder of `config.json`.
    pub folder: String,
    /// Variables for the program.
    pub environment: Vec<(String, Str)>,
}

/// Only a builtin of the shell sees the password, and the program's standard input.
const PASSWORD: &str = r#"printf '%s' "$mx_password" | \"#;

impl ChangeLogin {
    fn file(&self) -> String {
        format!("{}/config.json", self.folder.trim_end_matches('/'))
    }
}

impl Action for ChangeLogin {
    fn summary(&self) -> String {
        match &self.change {
            LoginChange::In { username, .. } => {
                format!("log in to {} as {username}", self.registry)
            }
            LoginChange::Out => format!("log out of {}", self.registry),
        }
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        export(&mut script, &self.environment);
        script.line("umask 077");
        let docker = words!["docker", "--config", &self.folder].into_iter();
        match &self.change {
            LoginChange::In { username, password } => {
                script.secret_assign("mx_password", password);
                script.line(PASSWORD);
                let login = words!["login", "--username", username, "--password-stdin", "--"];
                script.run(docker.chain(login).chain(words![&self.registry]));
            }
            LoginChange::Out => {
                script.run(docker.chain(words!["logout", "--", &self.registry]));
            }
        }
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        let path = self.file();
        world.forget(&Content { path: path.clone() });
        world.forget(&Digest { path: path.clone() });
        world.forget(&Path { path });
    }

    fn diff(&self) -> Diff {
        let diff = Diff::of(format!("login to {}", self.registry));
        let before = self.before.clone().unwrap_or_default();
        match &self.change {
            LoginChange::Out => diff.change("account", before, ""),
            LoginChange::In { username, .. } if *username == before => {
                diff.change("password", "", "another one, or asked for again")
            }
            LoginChange::In { username, .. } => diff.change("account", before, username.clone()),
        }
    }

    fn identities(&self) -> Vec<String> {
        vec![format!("login to {} in {}: {:?}", self.registry, self.folder, self.change)]
    }

    fn nature(&self) -> Nature {
        Nature { own_environment: true, ..Nature::default() }
    }
}

//! One typed change of one resource.

use std::fmt::Debug;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::remote::{Output, Script};

use super::diff::Diff;
use super::world::{Opaque, World};

/// What the engine must know of an action beside its script.
#[derive(Debug, Clone, Default)]
pub struct Nature {
    /// It may touch more than it predicts.
    pub opaque: Option<Opaque>,
    /// It could cut our own access: it is put on probation.
    pub guard: Option<Guard>,
    /// It must not be cut half-way: it runs in a session of its own on the host.
    pub detached: bool,
    /// It gives the task's environment to the program that it is meant for, and to nothing else.
    pub own_environment: bool,
    /// How long it may take; no limit where there is none.
    pub limit: Option<Duration>,
}

/// How access could be lost by an action, and how it is won back.
#[derive(Debug, Clone)]
pub enum Guard {
    /// It changes what connectivity is configured from, without effect yet: the inverse is kept,
    /// and runs if a later [`Guard::Effect`] shuts us out, or if there is none.
    Configuration {
        /// Puts the configuration back as it was.
        inverse: Script,
        /// Says whether what is configured then would be accepted, if that can be known.
        check: Option<Script>,
    },
    /// It takes effect at once.
    Effect {
        /// Puts the old configuration back into effect; runs after the kept inverses.
        inverse: Script,
    },
}

/// What an action is carried out by.
#[derive(Debug, Clone)]
pub enum Step {
    /// A script in the host's shell.
    Shell(Script),
    /// A small file on the controller is written (`fetch`), whole or not at all.
    Store {
        /// Where, on the controller.
        path: String,
        /// The whole content.
        content: Vec<u8>,
    },
    /// The host restarts, and is waited for. The output is the seconds that took.
    Restart(Restart),
    /// Nothing is sent; connections are closed and tried anew until one works. The output is the
    /// seconds that took.
    Reconnect {
        /// How long to wait before the first try.
        delay: Duration,
        /// How long to go on trying.
        limit: Duration,
    },
}

/// How a host restarts.
#[derive(Debug, Clone)]
pub struct Restart {
    /// How long to wait before.
    pub delay: Duration,
    /// What brings it down.
    pub script: Script,
    /// How long to wait before the host is looked for.
    pub settle: Duration,
    /// How long it may take to come back from then on.
    pub limit: Duration,
    /// What must end well once it is back; it is tried until it does.
    pub test: Option<Script>,
}

/// One typed change of one resource.
pub trait Action: Debug + Send + Sync {
    /// What it does, for people: "write /etc/motd", "install nginx and curl".
    fn summary(&self) -> String;

    /// What carries it out. A script fails with a status other than 0 and its reason on stderr.
    fn step(&self) -> Step;

    /// What it leaves behind.
    fn predict(&self, world: &mut World);

    /// What people are shown.
    fn diff(&self) -> Diff;

    /// What the engine must know beside.
    fn nature(&self) -> Nature {
        Nature::default()
    }

    /// Whether this outcome is a success; for a script: status 0.
    fn succeeded(&self, output: &Output) -> bool {
        output.succeeded()
    }

    /// The identity of the same change where a plan could not know its particulars yet: a plan that
    /// showed this has approved it.
    fn foreseen(&self) -> Option<String> {
        None
    }

    /// What makes actions the same change, in its smallest parts: each part that was approved may
    /// be sent, also without the others.
    ///
    /// The default is what is sent; an action whose script depends on how the host was found
    /// (not only on what it shall be) says it otherwise.
    fn identities(&self) -> Vec<String> {
        let one = match self.step() {
            Step::Shell(script) => script.digest(),
            Step::Restart(Restart { mut script, test, .. }) => {
                if let Some(test) = &test {
                    script.append(test);
                }
                script.digest()
            }
            Step::Store { path, content } => {
                let mut hash = Sha256::new();
                hash.update(path.as_bytes());
                hash.update([0]);
                hash.update(&content);
                hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
            }
            Step::Reconnect { .. } => self.summary(),
        };
        vec![one]
    }
}

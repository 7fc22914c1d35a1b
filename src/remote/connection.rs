//! One connection to one host, and its shells: one per user, kept for the whole run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;

use super::become_error::{Attempt, BecomeError};
use super::become_user::{Become, BecomeMethod};
use super::connect_error::ConnectError;
use super::env::Env;
use super::lost::{Lost, LostCause};
use super::nonce::nonce;
use super::pipes::Pipes;
use super::session::Shell;
use super::target::{Target, Transport};
use super::wire::Wire;
use super::{bootstrap, local, login};

/// An open connection. Dropping it closes it.
pub struct Connection {
    host: String,
    login: String,
    wire: Arc<dyn Wire>,
    line: Line,
    shells: Mutex<BTreeMap<Option<(BecomeMethod, String)>, Arc<Shell>>>,
    closed: AtomicBool,
}

/// What commands go over.
enum Line {
    Local,
}

impl Connection {
    /// Connects and logs in. Nothing is shared with other connections: a second one to the same
    /// host is a login of its own, which is what proves that a login still works.
    pub async fn open(target: &Target, env: &Env) -> Result<Self, ConnectError> {
        let (line, login) = match target.transport {
            Transport::Local => (Line::Local, env.user.clone()),
        };
        Ok(Self {
            host: target.name.clone(),
            login,
            wire: Arc::clone(&env.wire),
            line,
            shells: Mutex::default(),
            closed: AtomicBool::new(false),
        })
    }

    /// The user who is logged in.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// The shell of this user: the one that is there, or a new one if there is none that lives.
    pub async fn shell(&self, wanted: &Become) -> Result<Arc<Shell>, BecomeError> {
        let user = wanted.user.as_deref().filter(|user| *user != self.login);
        let key = user.map(|user| (wanted.method, user.to_owned()));
        let mut shells = self.shells.lock().await;
        if let Some(shell) = shells.get(&key).filter(|shell| !shell.is_lost()) {
            return Ok(Arc::clone(shell));
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(self.lost(LostCause::Closed, String::new()).into());
        }
        let shell = Arc::new(self.new_shell(wanted, user).await?);
        shells.insert(key, Arc::clone(&shell));
        Ok(shell)
    }

    /// Ends all shells and the connection. What runs on the host is not waited for.
    pub async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        for shell in std::mem::take(&mut *self.shells.lock().await).into_values() {
            shell.condemn(LostCause::Closed);
        }
        self.line.close().await;
    }

    async fn new_shell(&self, wanted: &Become, user: Option<&str>) -> Result<Shell, BecomeError> {
        let hello = nonce();
        let mut command = bootstrap::command(&hello);
        let prompt = nonce();
        if let Some(user) = user {
            command = wanted.wrap(user, &prompt, &command);
        }
        let mut pipes = self.start(&command).await?;
        if let Some(user) = user {
            let attempt = Attempt { host: &self.host, login: &self.login, user, wanted };
            let question = wanted.question(&prompt);
            login::log_in(&attempt, &mut pipes, question, &hello).await?;
        }
        Ok(Shell::open(&self.host, pipes, hello, Arc::clone(&self.wire)).await?)
    }

    async fn start(&self, command: &str) -> Result<Pipes, Lost> {
        self.line.start(command).await.map_err(|said| self.lost(LostCause::Disconnected, said))
    }

    fn lost(&self, cause: LostCause, last_words: String) -> Lost {
        Lost { host: self.host.clone(), cause, last_words }
    }
}

impl Line {
    async fn start(&self, command: &str) -> Result<Pipes, String> {
        match self {
            Self::Local => local::start(command).map_err(|error| error.to_string()),
        }
    }

    async fn close(&self) {
        match self {
            Self::Local => {}
        }
    }
}

//! One connection to one host, and its shells: one per user, kept for the whole run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::become_error::{Attempt, BecomeError};
use super::become_user::{Become, BecomeMethod};
use super::connect_error::ConnectError;
use super::env::Env;
use super::lock::{self, Holder, HostLock, LockError, LockWait};
use super::lost::{Lost, LostCause};
use super::nonce::nonce;
use super::pipes::Pipes;
use super::session::Shell;
use super::ssh::{Hop, Link};
use super::target::{Target, Transport};
use super::wire::Wire;
use super::{bootstrap, local, login, settings};

/// A server may take this long to let a command start.
const OPENING: Duration = Duration::from_secs(30);

/// An open connection. Dropping it closes it.
pub struct Connection {
    host: String,
    login: String,
    wire: Arc<dyn Wire>,
    line: Line,
    shells: Mutex<BTreeMap<Who, Arc<Shell>>>,
    closed: AtomicBool,
}

/// Whose shell, and by which program: `None` is the user of the login.
type Who = Option<(BecomeMethod, String, String)>;

/// What commands go over.
enum Line {
    Local,
    Ssh(Link),
}

impl Connection {
    /// Connects and logs in. Nothing is shared with other connections: a second one to the same
    /// host is a login of its own, which is what proves that a login still works.
    pub async fn open(target: &Target, env: &Env) -> Result<Self, ConnectError> {
        let (line, login) = match target.transport {
            Transport::Local => (Line::Local, env.user.clone()),
            Transport::Ssh => {
                let hop = settings_of(target, env).await?;
                let login = hop.user.clone();
                (Line::Ssh(Link::open(hop, env).await?), login)
            }
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
        let program = wanted.program().to_owned();
        let key = self.other_user(wanted).map(|user| (wanted.method, user.to_owned(), program));
        let mut shells = self.shells.lock().await;
        if let Some(shell) = shells.get(&key).filter(|shell| !shell.is_lost()) {
            return Ok(Arc::clone(shell));
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(self.lost(LostCause::Closed, String::new()).into());
        }
        let shell = Arc::new(self.new_shell(wanted).await?);
        shells.insert(key, Arc::clone(&shell));
        Ok(shell)
    }

    /// Takes the host's lock.
    ///
    /// Runs that are to keep each other out must take it as the same user or as root.
    pub async fn lock(
        &self,
        wanted: &Become,
        holder: &Holder,
        wait: LockWait,
    ) -> Result<HostLock, LockError> {
        let hello = nonce();
        let pipes = self.start_as(wanted, &lock::command(&hello), &hello).await?;
        lock::keep(&self.host, pipes, &hello, (&lock::script(holder, wait), holder)).await
    }

    /// Ends all shells and the connection. What runs on the host is not waited for.
    pub async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        for shell in std::mem::take(&mut *self.shells.lock().await).into_values() {
            shell.condemn(LostCause::Closed);
        }
        self.line.close().await;
    }

    async fn new_shell(&self, wanted: &Become) -> Result<Shell, BecomeError> {
        let hello = nonce();
        let pipes = self.start_as(wanted, &bootstrap::command(&hello), &hello).await?;
        Ok(Shell::open(&self.host, pipes, hello, Arc::clone(&self.wire)).await?)
    }

    /// Starts `command`, which says `hello` first, as the user wanted.
    async fn start_as(
        &self,
        wanted: &Become,
        command: &str,
        hello: &str,
    ) -> Result<Pipes, BecomeError> {
        let Some(user) = self.other_user(wanted) else {
            return Ok(self.start(command).await?);
        };
        let prompt = nonce();
        let mut pipes = self.start(&wanted.wrap(user, &prompt, command)).await?;
        let attempt = Attempt { host: &self.host, login: &self.login, user, wanted };
        login::log_in(&attempt, &mut pipes, wanted.question(&prompt), hello).await?;
        Ok(pipes)
    }

    /// The user to become, unless that is the one who is logged in.
    fn other_user<'a>(&self, wanted: &'a Become) -> Option<&'a str> {
        wanted.user.as_deref().filter(|user| *user != self.login)
    }

    async fn start(&self, command: &str) -> Result<Pipes, Lost> {
        let Ok(started) = timeout(OPENING, self.line.start(command)).await else {
            return Err(self.lost(LostCause::Unresponsive, String::new()));
        };
        started.map_err(|said| self.lost(LostCause::Disconnected, said))
    }

    fn lost(&self, cause: LostCause, last_words: String) -> Lost {
        Lost { host: self.host.clone(), cause, last_words }
    }
}

/// Reading the configuration may run commands, so it gets a thread of its own.
async fn settings_of(target: &Target, env: &Env) -> Result<Hop, ConnectError> {
    let (target, env) = (target.clone(), env.clone());
    let host = target.name.clone();
    let resolving = tokio::task::spawn_blocking(move || settings::resolve(&target, &env));
    let why = "reading the ssh configuration was interrupted".to_owned();
    resolving.await.unwrap_or(Err(ConnectError::Settings { host, why }))
}

impl Line {
    async fn start(&self, command: &str) -> Result<Pipes, String> {
        match self {
            Self::Local => local::start(command).map_err(|error| error.to_string()),
            Self::Ssh(link) => link.start(command).await,
        }
    }

    async fn close(&self) {
        match self {
            Self::Local => {}
            Self::Ssh(link) => link.close().await,
        }
    }
}

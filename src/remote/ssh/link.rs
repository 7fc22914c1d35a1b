//! A logged-in connection to a server, and to the jump hosts that it goes through.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use russh::client::{self, Handle};
use russh::{Disconnect, Preferred};
use tokio::time::timeout;

use super::channel;
use super::client::{Client, SharedVerdict};
use super::dial::{self, ProxyCommand, Stream};
use super::hop::{Hop, Proxy};
use super::identity::Identity;
use super::login::Login;
use crate::remote::connect_error::ConnectError;
use crate::remote::env::Env;
use crate::remote::known_hosts::KnownHosts;
use crate::remote::pipes::Pipes;
use crate::remote::wire::WireEvent;

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// An open connection. Dropping it ends it and those below it.
pub(in crate::remote) struct Link {
    handle: Arc<Handle<Client>>,
    /// The connection that carries this one.
    _via: Option<Box<Link>>,
}

impl Link {
    /// Connects, checks the host key, logs in.
    pub async fn open(hop: Hop, env: &Env) -> Result<Self, ConnectError> {
        let hop = Arc::new(hop);
        // What can be wrong on our side is found before anybody is troubled.
        let known = known_hosts(&hop, env)?;
        let identities = Identity::all(&hop).await?;
        let via = match &hop.proxy {
            Proxy::Jump(jump) => Some(Box::pin(Self::open_jump(jump, &hop, env)).await?),
            _ => None,
        };
        let _turn = env.logins.acquire().await;
        let address = hop.address();
        env.wire.event(&hop.name, WireEvent::Connecting { address: &address });
        let verdict = SharedVerdict::default();
        let client = Client {
            hop: Arc::clone(&hop),
            env: env.clone(),
            known,
            verdict: Arc::clone(&verdict),
        };
        let connecting = connect(client, via.as_deref());
        let mut handle = match timeout(hop.timeout, connecting).await {
            Ok(connected) => connected?,
            Err(_) => return Err(timed_out(&hop, "connecting")),
        };
        let distrusted = verdict.lock().unwrap_or_else(PoisonError::into_inner).distrusted;
        Login::new(&mut handle, &hop, env, distrusted).run(&identities).await?;
        Ok(Self { handle: Arc::new(handle), _via: via })
    }

    async fn open_jump(jump: &Hop, goal: &Hop, env: &Env) -> Result<Box<Self>, ConnectError> {
        let opened = Self::open(jump.clone(), env).await;
        opened.map(Box::new).map_err(|error| {
            let host = goal.name.clone();
            ConnectError::Jump { host, error: Box::new(error) }
        })
    }

    /// Starts a command; the error is the server's or russh's word.
    pub async fn start(&self, command: &str) -> Result<Pipes, String> {
        channel::start(&self.handle, command).await.map_err(|error| error.to_string())
    }

    /// Says goodbye. A connection that is dead already is not waited for.
    pub async fn close(&self) {
        let goodbye = self.handle.disconnect(Disconnect::ByApplication, "", "en");
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Channels keep the session alive, so it has to be told.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let handle = Arc::clone(&self.handle);
            runtime.spawn(async move {
                let _ = handle.disconnect(Disconnect::ByApplication, "", "en").await;
            });
        }
    }
}

fn known_hosts(hop: &Hop, env: &Env) -> Result<KnownHosts, ConnectError> {
    let files = [hop.keys.user_files.as_slice(), &hop.keys.global_files].concat();
    let known = KnownHosts::load(&files).map_err(|error| {
        let host = hop.name.clone();
        ConnectError::KnownHosts { host, error }
    })?;
    for problem in known.problems() {
        let text =
            format!("{}:{}: passed over: {}", problem.file.display(), problem.line, problem.why);
        env.wire.event(&hop.name, WireEvent::Note { text: &text });
    }
    Ok(known)
}

async fn connect(client: Client, via: Option<&Link>) -> Result<Handle<Client>, ConnectError> {
    let hop = Arc::clone(&client.hop);
    let verdict = Arc::clone(&client.verdict);
    let config = Arc::new(config(&hop, &client.known));
    let stream = stream(&hop, via).await?;
    client::connect_stream(config, stream, client).await.map_err(|error| {
        let refused = verdict.lock().unwrap_or_else(PoisonError::into_inner).refused.take();
        refused.unwrap_or_else(|| fault(&hop, "connecting", &error))
    })
}

async fn stream(hop: &Hop, via: Option<&Link>) -> Result<Box<dyn Stream>, ConnectError> {
    if let Some(link) = via {
        let opened =
            link.handle.channel_open_direct_tcpip(&hop.host, u32::from(hop.port), "127.0.0.1", 0);
        let channel = opened.await.map_err(|error| {
            let (host, address) = (hop.name.clone(), hop.address());
            let why = format!("the jump host does not get there ({error})");
            ConnectError::Unreachable { host, address, why }
        })?;
        return Ok(Box::new(channel.into_stream()));
    }
    match &hop.proxy {
        Proxy::Command(command) => Ok(Box::new(ProxyCommand::start(hop, command)?)),
        _ => Ok(Box::new(dial::tcp(hop).await?)),
    }
}

/// What differs from russh's defaults: keepalives, and host-key algorithms ordered by what is known.
fn config(hop: &Hop, known: &KnownHosts) -> client::Config {
    let offer = known.offer(&hop.keys.name);
    let keys = hop.keys.algorithms.clone().unwrap_or(offer.keys);
    let preferred = Preferred {
        key: keys.into(),
        host_key_certificates: offer.certificates.into(),
        compression: vec![russh::compression::NONE].into(),
        ..Preferred::default()
    };
    let (interval, unanswered) = hop.keepalive;
    client::Config {
        preferred,
        nodelay: true,
        inactivity_timeout: None,
        keepalive_interval: (!interval.is_zero()).then_some(interval),
        keepalive_max: unanswered,
        ..client::Config::default()
    }
}

pub(super) fn timed_out(hop: &Hop, doing: &'static str) -> ConnectError {
    let (host, address) = (hop.name.clone(), hop.address());
    ConnectError::TimedOut { host, address, seconds: hop.timeout.as_secs(), doing }
}

/// What an error of russh means for the one who wanted to connect.
pub(super) fn fault(hop: &Hop, doing: &'static str, error: &russh::Error) -> ConnectError {
    let (host, address) = (hop.name.clone(), hop.address());
    match error {
        russh::Error::HUP
        | russh::Error::Disconnect
        | russh::Error::SendError
        | russh::Error::IO(_) => ConnectError::Closed { host, address, doing, hint: "" },
        russh::Error::KeepaliveTimeout | russh::Error::ConnectionTimeout => timed_out(hop, doing),
        russh::Error::NoCommonAlgo { kind, theirs, .. } => {
            let why = format!("no {kind:?} algorithm in common; it offers {}", theirs.join(", "));
            ConnectError::Protocol { host, address, why }
        }
        other => ConnectError::Protocol { host, address, why: other.to_string() },
    }
}

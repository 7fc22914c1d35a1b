//! A TCP relay in front of a host: delays, counts round trips, and cuts.
//!
//! A *round trip* is a change of direction of payload, client to server to client: bytes from
//! the server that follow bytes which the client sent, as seen at the server's end of the relay.
//! Pieces that overlap on the way count once. The TCP handshake is not counted, and the client's
//! side of it is not delayed (the kernel answers it): dialling the server is.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::oneshot;

use super::cut::{Cut, Door, Switch, Trigger};
use super::pump;
use super::traffic::{Count, Traffic};

/// Where to listen, whom to reach, and how late.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    pub target: SocketAddr,
    /// Added to every piece in each direction: a round trip takes twice as long.
    pub delay: Duration,
}

impl Options {
    /// On a free port of 127.0.0.1, without delay.
    pub fn to(target: SocketAddr) -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), target, delay: Duration::ZERO }
    }
}

/// A running relay; dropping it closes all its connections.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    traffic: Arc<Traffic>,
    switch: Switch,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    pub fn start(options: Options) -> Result<Self> {
        let listener = TcpListener::bind(options.listen)
            .with_context(|| format!("cannot listen on {}", options.listen))?;
        listener.set_nonblocking(true).context("cannot set up the relay's listener")?;
        let address = listener.local_addr().context("the relay has no address")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the relay's runtime")?;
        let traffic = Arc::new(Traffic::default());
        let switch = Switch::new();
        let (stop, stopped) = oneshot::channel();
        let serve = pump::serve(listener, options, Arc::clone(&traffic), switch.clone());
        // A thread of its own: tests may themselves run in a runtime, which must not be blocked.
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! { () = serve => {} _ = stopped => {} }
            });
        });
        Ok(Self { address, traffic, switch, stop: Some(stop), thread: Some(thread) })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What has passed since the start, over all connections.
    pub fn count(&self) -> Count {
        self.traffic.count()
    }

    /// Cuts all connections that are open now.
    pub fn cut(&self, cut: Cut) {
        self.switch.cut(cut);
    }

    /// Cuts all connections once, when `trigger` is reached. Replaces an earlier trigger.
    pub fn cut_when(&self, trigger: Trigger, cut: Cut) {
        self.traffic.arm(trigger, cut);
        self.switch.look_again();
    }

    /// Whether no trigger of [`Relay::cut_when`] waits any more: it was reached.
    pub fn has_cut(&self) -> bool {
        !self.traffic.is_armed()
    }

    /// What happens to connections made from now on.
    pub fn set_door(&self, door: Door) {
        self.switch.set_door(door);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Both fail only if the thread has ended already.
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

//! The inside of a relay: takes connections and moves their bytes.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::cut::{Cut, Door, Switch};
use super::relay::Options;
use super::traffic::{Direction, Traffic};

const PIECE: usize = 16 * 1024;
/// Pieces under way in one direction: enough for a fast line with a long delay.
const UNDER_WAY: usize = 1024;

/// Serves until it is dropped.
pub(super) async fn serve(
    listener: TcpListener,
    options: Options,
    traffic: Arc<Traffic>,
    switch: Switch,
) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let mut connections = tokio::task::JoinSet::new();
    connections.spawn(watch_clock(Arc::clone(&traffic), switch.clone()));
    loop {
        // A connection that is gone before it is taken is no reason to stop.
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        let line = Line { traffic: Arc::clone(&traffic), switch: switch.clone(), options };
        connections.spawn(line.connect(client));
    }
}

/// Cuts when a trigger's time has come.
async fn watch_clock(traffic: Arc<Traffic>, switch: Switch) {
    let mut changes = switch.listen();
    loop {
        let deadline = traffic.deadline().map(|(at, _)| Instant::from_std(at));
        tokio::select! {
            () = until(deadline) => {
                if let Some(cut) = traffic.expire() {
                    switch.cut(cut);
                }
            }
            woken = changes.changed() => if woken.is_err() { return },
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// One connection's share of the relay.
struct Line {
    traffic: Arc<Traffic>,
    switch: Switch,
    options: Options,
}

impl Line {
    async fn connect(self, mut client: TcpStream) {
        self.traffic.connected();
        match self.switch.door() {
            Door::Open => {}
            Door::Refuse => return reset(&client),
            Door::Silent => return silence(&client).await,
        }
        let cuts = self.switch.listen().borrow().cuts;
        tokio::time::sleep(self.options.delay).await;
        let Ok(mut server) = TcpStream::connect(self.options.target).await else {
            return reset(&client);
        };
        // Nagle's waiting would add delays that are not ours.
        if client.set_nodelay(true).and(server.set_nodelay(true)).is_err() {
            return reset(&client);
        }
        let cut = tokio::select! {
            // A trigger that both sides see has its cut first.
            biased;
            cut = self.switch.next_cut(cuts) => cut,
            ended = self.join(&mut client, &mut server) => {
                if ended.is_err() { Cut::Reset } else { Cut::Close }
            }
        };
        match cut {
            Cut::Reset => {
                reset(&client);
                reset(&server);
            }
            Cut::Silence => silence(&client).await,
            Cut::Close => {}
        }
    }

    /// Moves bytes both ways until both sides have ended.
    async fn join(&self, client: &mut TcpStream, server: &mut TcpStream) -> io::Result<()> {
        let is_asking = AtomicBool::new(false);
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let asking = Flow { line: self, direction: Direction::ToServer, is_asking: &is_asking };
        let answering = Flow { line: self, direction: Direction::ToClient, is_asking: &is_asking };
        let both = tokio::try_join!(
            asking.run(from_client, to_server),
            answering.run(from_server, to_client),
        );
        both.map(|_| ())
    }
}

/// Makes the coming drop of a stream a reset.
fn reset(stream: &TcpStream) {
    // A stream that refuses is closed in order instead; the peer is cut off all the same.
    let _ = stream.set_zero_linger();
}

/// Keeps a connection open and dead until the relay ends.
async fn silence(_client: &TcpStream) {
    std::future::pending::<()>().await;
}

/// One direction of a connection.
struct Flow<'a> {
    line: &'a Line,
    direction: Direction,
    /// Whether the client was the last to be heard by the server.
    is_asking: &'a AtomicBool,
}

impl Flow<'_> {
    async fn run(&self, from: ReadHalf<'_>, to: WriteHalf<'_>) -> io::Result<()> {
        let (sender, receiver) = mpsc::channel(UNDER_WAY);
        tokio::try_join!(self.read(from, sender), self.write(receiver, to)).map(|_| ())
    }

    async fn read(
        &self,
        mut from: ReadHalf<'_>,
        sender: mpsc::Sender<(Instant, Vec<u8>)>,
    ) -> io::Result<()> {
        let mut buffer = vec![0; PIECE];
        loop {
            let length = from.read(&mut buffer).await?;
            if self.direction == Direction::ToClient && length > 0 {
                self.count_turn().await;
            }
            let due = Instant::now() + self.line.options.delay;
            let piece = buffer[..length].to_vec();
            // An empty piece is the end, and comes late like the others.
            if sender.send((due, piece)).await.is_err() || length == 0 {
                return Ok(());
            }
        }
    }

    async fn write(
        &self,
        mut receiver: mpsc::Receiver<(Instant, Vec<u8>)>,
        mut to: WriteHalf<'_>,
    ) -> io::Result<()> {
        while let Some((due, piece)) = receiver.recv().await {
            if self.line.options.delay > Duration::ZERO {
                tokio::time::sleep_until(due).await;
            }
            if piece.is_empty() {
                break;
            }
            let (allowed, cut) = self.line.traffic.pass(self.direction, piece.len());
            if self.direction == Direction::ToServer {
                self.is_asking.store(true, Ordering::Relaxed);
            }
            to.write_all(&piece[..allowed]).await?;
            if let Some(cut) = cut {
                self.cut(cut).await;
            }
        }
        to.shutdown().await
    }

    async fn count_turn(&self) {
        if self.is_asking.swap(false, Ordering::Relaxed)
            && let Some(cut) = self.line.traffic.turned()
        {
            self.cut(cut).await;
        }
    }

    /// Cuts all connections, this one too: nothing more passes here.
    async fn cut(&self, cut: Cut) {
        self.line.switch.cut(cut);
        std::future::pending::<()>().await;
    }
}

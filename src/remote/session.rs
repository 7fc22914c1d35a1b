//! The long-lived shell of one user on one host: framed scripts in, framed results out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::bootstrap::{self, OnFailure};
use super::frame::Capture;
use super::lost::{Lost, LostCause};
use super::nonce::nonce;
use super::pipes::Pipes;
use super::script::Script;
use super::streams::{Report, Streams, pump, write};
use super::wire::{Wire, WireEvent};

/// Captured output of one part on one stream, at most; the rest is drained and dropped.
pub const OUTPUT_CAP: usize = 16 << 20;

/// What a part's processes get beyond their limit (5 s until SIGKILL) before the session counts as dead.
const GRACE: Duration = Duration::from_secs(20);

/// A login shell may take this long to start what we asked it to start.
const GREETING: Duration = Duration::from_secs(30);

/// How one part ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// The exit status; 124 when the part's time limit ended it.
    pub status: i32,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
    /// A stream held more than [`OUTPUT_CAP`] bytes: its end is missing here.
    pub truncated: bool,
}

impl Output {
    /// Whether the status is 0.
    pub fn succeeded(&self) -> bool {
        self.status == 0
    }
}

/// A `sh` of one user on one host that stays for the whole run.
///
/// Each part runs in a subshell with an empty standard input. What a background process writes
/// after its part ended is counted to the part that runs then.
pub struct Shell {
    host: String,
    /// `None` when the session is condemned: the loop sees the end of its input.
    writer: Mutex<Option<mpsc::Sender<Vec<u8>>>>,
    streams: Arc<Streams>,
    /// One batch at a time: callers queue here.
    turn: tokio::sync::Mutex<()>,
    wire: Arc<dyn Wire>,
    /// Where the loop's first word will arrive; whoever runs the first batch takes it.
    greeting: Mutex<Option<mpsc::UnboundedReceiver<Report>>>,
    uid: OnceLock<u32>,
}

impl Shell {
    /// Speaks to the loop that `pipes` runs (see [`bootstrap::command`]).
    ///
    /// It is not waited for: its first word comes with the first batch, which saves a round trip.
    pub(super) async fn open(
        host: &str,
        pipes: Pipes,
        hello: String,
        wire: Arc<dyn Wire>,
    ) -> Result<Self, Lost> {
        let streams = Arc::new(Streams::new());
        let greeting = Mutex::new(Some(streams.expect(hello)));
        let (writer, queue) = mpsc::channel(4);
        tokio::spawn(write(pipes.input, queue));
        tokio::spawn(pump((pipes.early, pipes.events), Arc::clone(&streams)));
        let shell = Self {
            host: host.to_owned(),
            writer: Mutex::new(Some(writer)),
            streams,
            turn: tokio::sync::Mutex::new(()),
            wire,
            greeting,
            uid: OnceLock::new(),
        };
        shell.send(bootstrap::functions()).await?;
        Ok(shell)
    }

    /// The user id that the shell runs as; known once a batch was run.
    pub fn uid(&self) -> Option<u32> {
        self.uid.get().copied()
    }

    /// The host's name, as the inventory has it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the session is over.
    pub fn is_lost(&self) -> bool {
        self.streams.fate.get().is_some()
    }

    /// Runs `parts` in one round trip; `sink` gets each part's index and result as it ends.
    ///
    /// When this future is dropped, parts that were sent still run; the next batch waits for them.
    pub async fn run(
        &self,
        parts: &[Script],
        on_failure: OnFailure,
        sink: &mut (dyn FnMut(usize, Output) + Send),
    ) -> Result<(), Lost> {
        if parts.is_empty() {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        let nonce = nonce();
        let reports = self.streams.expect(nonce.clone());
        let text = bootstrap::batch(&nonce, parts, on_failure);
        let bytes = text.expose_secret().len();
        self.wire.event(&self.host, WireEvent::Sent { parts, bytes });
        self.send(text.expose_secret().as_bytes().to_vec()).await?;
        self.greet().await?;
        self.collect(reports, parts, sink).await
    }

    /// Runs one part and returns its result.
    pub async fn run_one(&self, part: Script) -> Result<Output, Lost> {
        let mut result = Output::default();
        self.run(&[part], OnFailure::Continue, &mut |_, output| {
            result = output;
        })
        .await?;
        Ok(result)
    }

    /// Waits for the turn and then runs one part whose input the caller sends with [`Self::send`].
    pub(super) async fn run_fed(
        &self,
        part: &Script,
        feed: impl Future<Output = ()> + Send,
    ) -> Result<Output, Lost> {
        let nonce = nonce();
        let reports = self.streams.expect(nonce.clone());
        let text = bootstrap::fed_batch(&nonce, part);
        let bytes = text.expose_secret().len();
        let parts = std::slice::from_ref(part);
        self.wire.event(&self.host, WireEvent::Sent { parts, bytes });
        self.send(text.expose_secret().as_bytes().to_vec()).await?;
        self.greet().await?;
        feed.await;
        let mut result = Output::default();
        self.collect(reports, parts, &mut |_, output| result = output).await?;
        Ok(result)
    }

    /// Lets one caller have the session for itself.
    pub(super) async fn take_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Queues bytes for the session's input; waits when the host does not take them.
    pub(super) async fn send(&self, bytes: Vec<u8>) -> Result<(), Lost> {
        let writer = lock(&self.writer).clone().ok_or_else(|| self.lost())?;
        writer.send(bytes).await.map_err(|_| self.lost())
    }

    /// Ends the session's usefulness for the reason given; the first reason stays.
    pub(super) fn condemn(&self, cause: LostCause) {
        self.streams.end(cause);
        lock(&self.writer).take();
    }

    pub(super) fn note(&self, event: WireEvent<'_>) {
        self.wire.event(&self.host, event);
    }

    /// Why the session is over.
    pub(super) fn lost(&self) -> Lost {
        Lost {
            host: self.host.clone(),
            cause: self.streams.fate.get().cloned().unwrap_or(LostCause::Disconnected),
            last_words: self.streams.last_words(),
        }
    }

    /// Waits for the loop's first word, once.
    async fn greet(&self) -> Result<(), Lost> {
        let Some(greeting) = lock(&self.greeting).take() else {
            return Ok(());
        };
        let mut said = Vec::new();
        let mut sink = |_, output: Output| said = output.stdout;
        let Ok(greeted) = timeout(GREETING, self.collect(greeting, &[], &mut sink)).await else {
            self.condemn(LostCause::Unresponsive);
            return Err(self.lost());
        };
        greeted?;
        let uid = *self.uid.get_or_init(|| uid_of(&said));
        self.wire.event(&self.host, WireEvent::Shell { uid });
        Ok(())
    }

    async fn collect(
        &self,
        mut reports: mpsc::UnboundedReceiver<Report>,
        parts: &[Script],
        sink: &mut (dyn FnMut(usize, Output) + Send),
    ) -> Result<(), Lost> {
        let mut halves: BTreeMap<usize, Halves> = BTreeMap::new();
        let mut ends = 0;
        let mut done = 0;
        while ends < 2 {
            let limit = parts.get(done).and_then(Script::time_limit);
            match self.next(&mut reports, limit).await? {
                Report::Output(index, status, capture) => {
                    halves.entry(index).or_default().output = Some((status, capture));
                }
                Report::Error(index, capture) => {
                    halves.entry(index).or_default().error = Some(capture);
                }
                Report::End => ends += 1,
            }
            while let Some(entry) = halves.first_entry().filter(|entry| entry.get().is_whole()) {
                let (index, halves) = entry.remove_entry();
                let output = halves.join();
                if !parts.is_empty() {
                    let silent = Output { status: output.status, ..Output::default() };
                    let hidden = parts.get(index).is_some_and(Script::is_hidden);
                    let shown = if hidden { &silent } else { &output };
                    self.wire.event(&self.host, WireEvent::Received { index, output: shown });
                }
                sink(index, output);
                done = index + 1;
            }
        }
        Ok(())
    }

    async fn next(
        &self,
        reports: &mut mpsc::UnboundedReceiver<Report>,
        limit: Option<Duration>,
    ) -> Result<Report, Lost> {
        let Some(limit) = limit else {
            return reports.recv().await.ok_or_else(|| self.lost());
        };
        let report =
            timeout(limit.saturating_add(GRACE), reports.recv()).await.unwrap_or_else(|_| {
                self.condemn(LostCause::Unresponsive);
                None
            });
        report.ok_or_else(|| self.lost())
    }
}

/// A part's result as far as its two streams told it.
#[derive(Default)]
struct Halves {
    output: Option<(i32, Capture)>,
    error: Option<Capture>,
}

impl Halves {
    fn is_whole(&self) -> bool {
        self.output.is_some() && self.error.is_some()
    }

    fn join(self) -> Output {
        let (status, output) = self.output.unwrap_or_default();
        let error = self.error.unwrap_or_default();
        Output {
            status,
            stdout: output.bytes,
            stderr: error.bytes,
            truncated: output.truncated || error.truncated,
        }
    }
}

/// What a host said, as one line without control characters.
pub(super) fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What these guard is in order between calls, whatever panicked.
pub(super) fn lock<T>(guarded: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    guarded.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The greeting is the user id, after whatever the login printed.
fn uid_of(greeting: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(greeting);
    let line = text.trim_end().rsplit('\n').next().unwrap_or_default();
    let digits = line.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or(u32::MAX)
}

//! The long-lived shell of one user on one host: framed scripts in, framed results out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::bootstrap::{self, OnFailure};
use super::frame::{Capture, Frame, Splitter};
use super::lost::{Lost, LostCause};
use super::nonce::nonce;
use super::pipes::{Event, Pipes};
use super::script::Script;
use super::wire::{Wire, WireEvent};

/// Captured output of one part on one stream, at most; the rest is drained and dropped.
pub const OUTPUT_CAP: usize = 16 << 20;

/// What a part's processes get beyond their limit (5 s until SIGKILL) before the session counts as dead.
const GRACE: Duration = Duration::from_secs(20);

/// A login shell may take this long to start what we asked it to start.
const GREETING: Duration = Duration::from_secs(30);

/// How long a stream may still talk after the session's shell has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

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

/// What the pump and the callers share.
struct Streams {
    output: Mutex<Splitter<Reports>>,
    error: Mutex<Splitter<Reports>>,
    fate: OnceLock<LostCause>,
}

type Reports = mpsc::UnboundedSender<Report>;

/// One stream's share of a part's result.
enum Report {
    Output(usize, i32, Capture),
    Error(usize, Capture),
    End,
}

impl Report {
    fn of_output(frame: Frame) -> Self {
        match frame {
            Frame::Part { index, status, output } => {
                Self::Output(index, status.unwrap_or(-1), output)
            }
            Frame::End => Self::End,
        }
    }

    fn of_error(frame: Frame) -> Self {
        match frame {
            Frame::Part { index, output, .. } => Self::Error(index, output),
            Frame::End => Self::End,
        }
    }
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
                    self.wire.event(&self.host, WireEvent::Received { index, output: &output });
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

impl Streams {
    fn new() -> Self {
        Self {
            output: Mutex::new(Splitter::new(OUTPUT_CAP)),
            error: Mutex::new(Splitter::new(OUTPUT_CAP)),
            fate: OnceLock::new(),
        }
    }

    /// Where the frames of the batch with this nonce will arrive; closed when the session is over.
    fn expect(&self, nonce: String) -> mpsc::UnboundedReceiver<Report> {
        let (reports, receiver) = mpsc::unbounded_channel();
        lock(&self.output).expect(nonce.clone(), reports.clone());
        lock(&self.error).expect(nonce, reports);
        receiver
    }

    /// Takes one event in; returns how the session ended if the event says that.
    fn take(&self, event: Event) -> Option<LostCause> {
        match event {
            Event::Output(bytes) => lock(&self.output).feed(&bytes, &mut |to, frame| {
                // Nobody listens any more when the caller has dropped its future.
                let _ = to.send(Report::of_output(frame));
            }),
            Event::Error(bytes) => lock(&self.error).feed(&bytes, &mut |to, frame| {
                let _ = to.send(Report::of_error(frame));
            }),
            Event::Exit(Ok(status)) => return Some(LostCause::Exited(status)),
            Event::Exit(Err(signal)) => return Some(LostCause::Killed(signal)),
        }
        None
    }

    fn end(&self, cause: LostCause) {
        let _ = self.fate.set(cause);
        lock(&self.output).abandon();
        lock(&self.error).abandon();
    }

    fn last_words(&self) -> String {
        let error = lock(&self.error);
        let output = lock(&self.output);
        let said = if error.unframed().is_empty() { output.unframed() } else { error.unframed() };
        printable(&said[said.len().saturating_sub(300)..])
    }
}

/// What a host said, as one line without control characters.
pub(super) fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What these guard is in order between calls, whatever panicked.
fn lock<T>(guarded: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    guarded.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The greeting is the user id, after whatever the login printed.
fn uid_of(greeting: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(greeting);
    let line = text.trim_end().rsplit('\n').next().unwrap_or_default();
    let digits = line.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or(u32::MAX)
}

async fn write(
    mut input: Box<dyn tokio::io::AsyncWrite + Send + Unpin>,
    mut queue: mpsc::Receiver<Vec<u8>>,
) {
    while let Some(bytes) = queue.recv().await {
        // The pump sees the end of the session; here it only means that writing is over.
        if input.write_all(&bytes).await.is_err() || input.flush().await.is_err() {
            return;
        }
    }
    let _ = input.shutdown().await;
}

/// Takes everything that arrives, always: an undrained channel would stall its whole connection.
async fn pump(pipes: (Vec<Event>, mpsc::Receiver<Event>), streams: Arc<Streams>) {
    let (early, mut events) = pipes;
    let mut cause = early.into_iter().find_map(|event| streams.take(event));
    while let Some(event) = following(&mut events, cause.is_some()).await {
        cause = streams.take(event).or(cause);
    }
    streams.end(cause.unwrap_or(LostCause::Disconnected));
}

/// The next event. After the shell's end little is left to come, and a background process that
/// holds the streams open must not keep us waiting for it.
async fn following(events: &mut mpsc::Receiver<Event>, ended: bool) -> Option<Event> {
    if ended {
        timeout(LAST_WORDS, events.recv()).await.ok().flatten()
    } else {
        events.recv().await
    }
}

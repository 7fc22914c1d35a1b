//! Both sides of a session's streams: what goes in is queued, what comes out is always taken.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::frame::{Capture, Frame, Splitter};
use super::lost::LostCause;
use super::pipes::Event;
use super::session::{OUTPUT_CAP, lock, printable};

/// How long a stream may still talk after the session's shell has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What the pump and the callers share.
pub(super) struct Streams {
    output: Mutex<Splitter<Reports>>,
    error: Mutex<Splitter<Reports>>,
    pub fate: OnceLock<LostCause>,
}

pub(super) type Reports = mpsc::UnboundedSender<Report>;

/// One stream's share of a part's result.
pub(super) enum Report {
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

impl Streams {
    pub fn new() -> Self {
        Self {
            output: Mutex::new(Splitter::new(OUTPUT_CAP)),
            error: Mutex::new(Splitter::new(OUTPUT_CAP)),
            fate: OnceLock::new(),
        }
    }

    /// Where the frames of the batch with this nonce will arrive; closed when the session is over.
    pub fn expect(&self, nonce: String) -> mpsc::UnboundedReceiver<Report> {
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

    pub fn end(&self, cause: LostCause) {
        let _ = self.fate.set(cause);
        lock(&self.output).abandon();
        lock(&self.error).abandon();
    }

    pub fn last_words(&self) -> String {
        let error = lock(&self.error);
        let output = lock(&self.output);
        let said = if error.unframed().is_empty() { output.unframed() } else { error.unframed() };
        printable(&said[said.len().saturating_sub(300)..])
    }
}

pub(super) async fn write(
    mut input: Box<dyn AsyncWrite + Send + Unpin>,
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
pub(super) async fn pump(pipes: (Vec<Event>, mpsc::Receiver<Event>), streams: Arc<Streams>) {
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

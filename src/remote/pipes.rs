//! The three streams of a process somewhere, and how it ended: what a transport hands to a shell.

use tokio::io::AsyncWrite;
use tokio::sync::mpsc::Receiver;

/// The streams of a running command.
pub(super) struct Pipes {
    /// Its standard input; shutting it down is end of file.
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    /// What it writes, as it comes. The transport must never wait long to put something in, so
    /// the reader must always take it out. `None` (the end) without an `Exit` means: lost.
    pub events: Receiver<Event>,
    /// Events that were taken out already while logging in, to be seen first.
    pub early: Vec<Event>,
}

/// Something that happened on a command's side.
#[derive(Debug)]
pub(super) enum Event {
    /// Bytes of its standard output.
    Output(Vec<u8>),
    /// Bytes of its standard error.
    Error(Vec<u8>),
    /// It ended: its exit status, or the name of the signal that ended it.
    Exit(Result<i32, String>),
}

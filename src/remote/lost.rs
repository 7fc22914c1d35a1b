//! A session that ended before its work was done.

use std::fmt;

/// The shell on the host is gone: nothing more can be said about the parts that did not report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Lost {
    /// The host's name, as the inventory has it.
    pub host: String,
    /// What was seen.
    pub cause: LostCause,
    /// The last thing the session said outside of any part, shortened.
    pub last_words: String,
}

/// How a session was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LostCause {
    /// The stream ended without an exit status: the network, or a killed server process.
    Disconnected,
    /// The session's shell itself ended with this status.
    Exited(i32),
    /// The session's shell was killed by this signal.
    Killed(String),
    /// A part ran over its time limit and did not even end when told to.
    Unresponsive,
    /// The caller gave up in the middle of an upload, so the stream is of no more use.
    Abandoned,
    /// [`super::Connection::close`] was called.
    Closed,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.cause {
            LostCause::Disconnected => write!(f, "connection to `{host}` was lost")?,
            LostCause::Exited(status) => {
                write!(f, "the shell on `{host}` ended by itself with status {status}")?;
            }
            LostCause::Killed(signal) => write!(f, "the shell on `{host}` was killed by {signal}")?,
            LostCause::Unresponsive => {
                write!(f, "the shell on `{host}` did not answer after the time limit")?;
            }
            LostCause::Abandoned => write!(f, "an upload to `{host}` was given up half-way")?,
            LostCause::Closed => write!(f, "the connection to `{host}` is closed")?,
        }
        if self.last_words.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.last_words)
    }
}

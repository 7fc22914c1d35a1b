//! The talk with sudo or su before the shell is there: the password goes out only when asked for.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::become_error::{Attempt, BecomeError};
use super::lost::{Lost, LostCause};
use super::pipes::{Event, Pipes};

/// PAM modules may take their time, but not longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads until the shell's `hello` is there, answering one question for the password.
pub(super) async fn log_in(
    attempt: &Attempt<'_>,
    pipes: &mut Pipes,
    question: &str,
    hello: &str,
) -> Result<(), BecomeError> {
    let talk = Talk { attempt, question, hello, output: Vec::new(), error: Vec::new(), asked: 0 };
    match timeout(PATIENCE, talk.hold(pipes)).await {
        Ok(result) => result,
        Err(_) => Err(attempt.timed_out(PATIENCE.as_secs())),
    }
}

struct Talk<'a> {
    attempt: &'a Attempt<'a>,
    question: &'a str,
    hello: &'a str,
    output: Vec<u8>,
    error: Vec<u8>,
    asked: usize,
}

impl Talk<'_> {
    async fn hold(mut self, pipes: &mut Pipes) -> Result<(), BecomeError> {
        let mut ended = None;
        loop {
            let event = match ended {
                None => pipes.events.recv().await,
                // The words that explain a status may come after it.
                Some(_) => {
                    timeout(Duration::from_secs(1), pipes.events.recv()).await.ok().flatten()
                }
            };
            match event {
                None => return Err(self.over(ended)),
                Some(Event::Exit(status)) => ended = Some(status.unwrap_or(-1)),
                Some(event) => {
                    self.note(&event);
                    pipes.early.push(event);
                }
            }
            if contains(&self.output, self.hello.as_bytes()) {
                return Ok(());
            }
            self.answer(pipes).await?;
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Output(bytes) => self.output.extend_from_slice(bytes),
            Event::Error(bytes) => self.error.extend_from_slice(bytes),
            Event::Exit(_) => {}
        }
    }

    async fn answer(&mut self, pipes: &mut Pipes) -> Result<(), BecomeError> {
        let asked = count(&self.error, self.question.as_bytes());
        if asked == self.asked {
            return Ok(());
        }
        self.asked = asked;
        if asked > 1 {
            return Err(self.attempt.wrong_password());
        }
        let Some(password) = &self.attempt.wanted.password else {
            return Err(self.attempt.password_needed());
        };
        let mut line = password.expose_secret().as_bytes().to_vec();
        line.push(b'\n');
        // When this fails the program has ended, and its end is read next.
        let _ = pipes.input.write_all(&line).await;
        let _ = pipes.input.flush().await;
        Ok(())
    }

    fn over(&self, ended: Option<i32>) -> BecomeError {
        match ended {
            Some(status) => self.attempt.ended(status, &self.error, self.asked > 0),
            None => BecomeError::Lost(Lost {
                host: self.attempt.host.to_owned(),
                cause: LostCause::Disconnected,
                last_words: super::session::printable(&self.error),
            }),
        }
    }
}

fn count(text: &[u8], pattern: &[u8]) -> usize {
    text.windows(pattern.len()).filter(|window| *window == pattern).count()
}

fn contains(text: &[u8], pattern: &[u8]) -> bool {
    text.windows(pattern.len()).any(|window| window == pattern)
}

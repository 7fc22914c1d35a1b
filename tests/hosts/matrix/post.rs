//! Who the stack turns to: a web server (Telegram, reCAPTCHA) and a mail server on the controller, which
//! keep what comes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::lab::address::CONTROLLER_V4;

const PATIENCE: Duration = Duration::from_secs(60);

/// One server, and what it was given so far: requests as path and body, mails with their envelopes.
/// It serves until the process ends.
pub struct Post {
    /// Where hosts reach it.
    pub address: SocketAddr,
    got: Arc<Mutex<Vec<String>>>,
}

impl Post {
    /// HTTP: Telegram's interface for bots as far as messages go, and reCAPTCHA's, content with all.
    pub fn web() -> Result<Self> {
        Self::serve(web)
    }

    /// SMTP without TLS or login (RFC 5321).
    pub fn mail() -> Result<Self> {
        Self::serve(mail)
    }

    fn serve(answer: fn(&TcpStream, &Mutex<Vec<String>>) -> Result<()>) -> Result<Self> {
        let listener = TcpListener::bind((CONTROLLER_V4, 0)).context("cannot listen")?;
        let address = listener.local_addr()?;
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&got);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                // What a client that breaks off has said does not count, and the test waits for it.
                std::thread::spawn(move || {
                    stream
                        .set_read_timeout(Some(PATIENCE))
                        .and_then(|()| answer(&stream, &kept).map_err(std::io::Error::other))
                });
            }
        });
        Ok(Self { address, got })
    }

    /// What came so far.
    pub fn got(&self) -> Vec<String> {
        locked(&self.got).clone()
    }

    /// The first message that has all of these in it, as soon as it is there.
    pub fn wait_for(&self, parts: &[&str], patience: Duration) -> Result<String> {
        let end = Instant::now() + patience;
        loop {
            let found = self.got().into_iter().find(|text| parts.iter().all(|p| text.contains(p)));
            if let Some(found) = found {
                return Ok(found);
            }
            if Instant::now() > end {
                bail!("no message with {parts:?} within {patience:?}; there are {:#?}", self.got());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn locked(got: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    got.lock().unwrap_or_else(PoisonError::into_inner)
}

fn web(mut stream: &TcpStream, got: &Mutex<Vec<String>>) -> Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).context("no path")?.to_owned();
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').context("no header field")?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        locked(got).push(format!("{path} {}", String::from_utf8(body)?));
        let answer = r#"{"ok":true,"success":true,"result":{"message_id":1,"date":1,"chat":{"id":-42,"type":"group"}}}"#;
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        )?;
    }
}

fn mail(mut stream: &TcpStream, got: &Mutex<Vec<String>>) -> Result<()> {
    let mut envelope = String::new();
    write!(stream, "220 mail.test ESMTP\r\n")?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next() {
        let line = line?;
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-mail.test\r\n250 8BITMIME",
            "QUIT" => "221 bye",
            "DATA" => {
                write!(stream, "354 go on\r\n")?;
                let mut text = std::mem::take(&mut envelope);
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    text.push('\n');
                }
                locked(got).push(text);
                "250 taken"
            }
            _ => {
                envelope.push_str(&line);
                envelope.push('\n');
                "250 well"
            }
        };
        write!(stream, "{answer}\r\n")?;
        if verb == "QUIT" {
            break;
        }
    }
    Ok(())
}

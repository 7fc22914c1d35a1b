//! A small HTTP server for files, as the hosts' way to what is on the controller.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

const PATIENCE: Duration = Duration::from_secs(10);

/// Serves a folder until it is dropped. GET and HEAD, one request per connection, no listings.
/// Lines of `NAME.headers` are sent with the file `NAME`.
#[derive(Debug)]
pub struct Web {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Web {
    /// `listen` with port 0 takes a free one.
    pub fn serve(folder: &Path, listen: SocketAddr) -> Result<Self> {
        let listener =
            TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr().context("the web server has no address")?;
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let folder = folder.to_owned();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let folder = folder.clone();
                // A client that goes away, or asks for nonsense, is its own affair.
                std::thread::spawn(move || drop(answer(&stream, &folder)));
            }
        });
        Ok(Self { address, is_over, thread: Some(thread) })
    }

    /// Without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the listener; where that fails, its thread ends with the process.
        if TcpStream::connect_timeout(&self.address, PATIENCE).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: &TcpStream, folder: &Path) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().context("no request")??;
    // The header fields are read to their end, and none is needed.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let found = locate(folder, target);
    let body = found.as_ref().ok().and_then(|path| std::fs::read(path).ok());
    let (status, body) = match body {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", b"not found\n".to_vec()),
    };
    let more = found.ok().map(|path| format!("{}.headers", path.display()));
    let more = more.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let length = body.len();
    let is_json = target.rsplit('.').next() == Some("json");
    let kind = if is_json { "application/json" } else { "application/octet-stream" };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n")?;
    for line in more.lines() {
        write!(stream, "{line}\r\n")?;
    }
    write!(stream, "Connection: close\r\n\r\n")?;
    if method != "HEAD" {
        stream.write_all(&body)?;
    }
    Ok(())
}

/// The file of a request's target; nothing outside the folder.
fn locate(folder: &Path, target: &str) -> Result<PathBuf> {
    let path = target.split('?').next().unwrap_or_default().trim_start_matches('/');
    // apt writes `~` and `+` as they are, but some clients do not.
    let path = path.replace("%7e", "~").replace("%7E", "~").replace("%2b", "+").replace("%3a", ":");
    let path = Path::new(&path);
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        bail!("not a plain path");
    }
    Ok(folder.join(path))
}

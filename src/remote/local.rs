//! The `local` connection: processes of this machine.

use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::pipes::{Event, Pipes};

/// Starts `sh -c command` here.
pub(super) fn start(command: &str) -> std::io::Result<Pipes> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let missing = || std::io::Error::other("a stream of the process is missing");
    let input = child.stdin.take().ok_or_else(missing)?;
    let output = child.stdout.take().ok_or_else(missing)?;
    let error = child.stderr.take().ok_or_else(missing)?;
    let (sender, events) = mpsc::channel(64);
    tokio::spawn(read(output, sender.clone(), Event::Output));
    tokio::spawn(read(error, sender.clone(), Event::Error));
    tokio::spawn(wait(child, sender));
    Ok(Pipes { input: Box::new(input), events, early: Vec::new() })
}

async fn read(
    mut stream: impl AsyncRead + Unpin,
    events: mpsc::Sender<Event>,
    kind: fn(Vec<u8>) -> Event,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(size @ 1..) = stream.read(&mut buffer).await {
        if events.send(kind(buffer[..size].to_vec())).await.is_err() {
            return;
        }
    }
}

async fn wait(mut child: Child, events: mpsc::Sender<Event>) {
    let Ok(status) = child.wait().await else {
        return;
    };
    let exit = status.code().ok_or_else(|| status.to_string());
    // Nobody is left to tell when the receiver is gone.
    let _ = events.send(Event::Exit(exit)).await;
}

//! A command on a server as a pair of pipes.

use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf};
use tokio::sync::mpsc;

use super::client::Client;
use crate::remote::pipes::{Event, Pipes};

/// Starts `command`, which the login shell there parses.
pub(super) async fn start(handle: &Handle<Client>, command: &str) -> Result<Pipes, russh::Error> {
    let channel: Channel<Msg> = handle.channel_open_session().await?;
    channel.exec(true, command).await?;
    let (read, write) = channel.split();
    let (sender, events) = mpsc::channel(64);
    tokio::spawn(drain(read, sender));
    Ok(Pipes { input: Box::new(Box::pin(write.make_writer())), events, early: Vec::new() })
}

/// Takes everything out of the channel, whoever listens: one that is not drained stalls the
/// whole connection. The exit status may come before or after the end of the data, or never.
async fn drain(mut channel: ChannelReadHalf, events: mpsc::Sender<Event>) {
    let mut listened_to = true;
    while let Some(message) = channel.wait().await {
        let event = match message {
            ChannelMsg::Data { data } => Event::Output(data.to_vec()),
            ChannelMsg::ExtendedData { data, ext: 1 } => Event::Error(data.to_vec()),
            ChannelMsg::ExitStatus { exit_status } => {
                Event::Exit(Ok(i32::try_from(exit_status).unwrap_or(-1)))
            }
            ChannelMsg::ExitSignal { signal_name, .. } => {
                Event::Exit(Err(format!("{signal_name:?}")))
            }
            ChannelMsg::Failure => {
                Event::Exit(Err("the server, which runs no commands".to_owned()))
            }
            ChannelMsg::Close => return,
            _ => continue,
        };
        if listened_to && events.send(event).await.is_err() {
            listened_to = false;
        }
    }
}

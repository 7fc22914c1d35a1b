//! The byte stream to a server: TCP, a jump host's channel, or a command.

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncWrite, Join, join};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::hop::Hop;
use super::link::timed_out;
use crate::remote::connect_error::ConnectError;

/// Anything that SSH can be spoken over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects by TCP to the first address that answers.
pub(super) async fn tcp(hop: &Hop) -> Result<TcpStream, ConnectError> {
    let addresses = resolve(hop).await?;
    // One address that swallows packets must not use up the time of the others.
    let share = hop.timeout / u32::try_from(addresses.len().max(1)).unwrap_or(1);
    let mut last = None;
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Without it small packets wait for each other; failing to set it only costs time.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = Some(error),
            Err(_) => last = Some(std::io::ErrorKind::TimedOut.into()),
        }
    }
    let (host, address) = (hop.name.clone(), hop.address());
    Err(match last {
        Some(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            ConnectError::Refused { host, address }
        }
        Some(error) if error.kind() == std::io::ErrorKind::TimedOut => timed_out(hop, "connecting"),
        Some(error) => ConnectError::Unreachable { host, address, why: error.to_string() },
        None => unresolvable(hop, "it has no address of the wanted family"),
    })
}

async fn resolve(hop: &Hop) -> Result<Vec<SocketAddr>, ConnectError> {
    let found = tokio::net::lookup_host((hop.host.as_str(), hop.port)).await;
    let found = found.map_err(|error| unresolvable(hop, &error.to_string()))?;
    Ok(found.filter(|address| hop.ipv6.is_none_or(|ipv6| ipv6 == address.is_ipv6())).collect())
}

fn unresolvable(hop: &Hop, why: &str) -> ConnectError {
    let (host, address) = (hop.name.clone(), hop.host.clone());
    let why = why.trim_start_matches("failed to lookup address information: ").to_owned();
    ConnectError::Unresolvable { host, address, why }
}

/// A proxy command and its streams; it ends with the connection.
pub(super) struct ProxyCommand {
    streams: Join<ChildStdout, ChildStdin>,
    _child: Child,
}

impl ProxyCommand {
    /// Starts the command as the user's shell would, replacing that shell.
    pub fn start(hop: &Hop, command: &str) -> Result<Self, ConnectError> {
        let failed = |why: String| {
            let (host, command) = (hop.name.clone(), command.to_owned());
            ConnectError::Proxy { host, command, why }
        };
        let mut child = Command::new("sh")
            .args(["-c", &["exec ", command].concat()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        match (child.stdout.take(), child.stdin.take()) {
            (Some(output), Some(input)) => Ok(Self { streams: join(output, input), _child: child }),
            _ => Err(failed("it has no streams".to_owned())),
        }
    }
}

mod delegate {
    //! `ProxyCommand` is its streams.

    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::ProxyCommand;

    impl AsyncRead for ProxyCommand {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.streams).poll_read(context, buffer)
        }
    }

    impl AsyncWrite for ProxyCommand {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.streams).poll_write(context, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.streams).poll_flush(context)
        }

        fn poll_shutdown(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.streams).poll_shutdown(context)
        }
    }
}

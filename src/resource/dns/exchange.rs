//! One question to one server over the network: UDP first, TCP where the answer does not fit.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsHandle as _, DnsRequestSender as _};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Query};
use hickory_resolver::proto::rr::Name;
use tokio::sync::Semaphore;

use super::name::to_ask;
use super::reply::{Failure, RecordKind, Reply};
use super::server::Server;

/// How long a server may take, all tries together.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often a lost question is repeated.
const RETRIES: u8 = 2;

/// When a question counts as lost.
const RETRY_AFTER: Duration = Duration::from_millis(900);

/// Questions under way at once, for all hosts together: more would only be dropped somewhere.
static AT_ONCE: Semaphore = Semaphore::const_new(48);

/// What a server says.
pub async fn ask(server: &Server, name: &str, kind: RecordKind) -> Reply {
    let name = match to_ask(name) {
        Ok(name) => name,
        Err(why) => return Reply::Failed(Failure::Broken(why)),
    };
    let first = ask_at(server, server.address, &name, kind).await;
    match (first, server.instead) {
        (Reply::Failed(Failure::NoRoute), Some(address)) => {
            ask_at(server, address, &name, kind).await
        }
        (reply, _) => reply,
    }
}

async fn ask_at(server: &Server, address: SocketAddr, name: &Name, kind: RecordKind) -> Reply {
    // The semaphore is never closed; without a permit the question is merely asked at once.
    let _permit = AT_ONCE.acquire().await.ok();
    let mut options = DnsRequestOptions::default();
    options.recursion_desired = !server.authoritative;
    options.retry_interval = RETRY_AFTER;
    let request = DnsRequest::from_query(Query::query(name.clone(), kind.wire()), options);
    let answer = match over_udp(address, request.clone()).await {
        Ok(answer) if answer.metadata.truncation => over_tcp(address, request).await,
        other => other,
    };
    match answer {
        Ok(answer) => Reply::of(&answer, name, kind, server.authoritative),
        Err(error) => Reply::Failed(failure(&error)),
    }
}

async fn over_udp(address: SocketAddr, request: DnsRequest) -> Result<DnsResponse, NetError> {
    let mut stream = UdpClientStream::builder(address, TokioRuntimeProvider::default())
        .with_timeout(Some(PATIENCE))
        .with_max_retries(RETRIES)
        .build();
    stream.send_message(request).next().await.unwrap_or(Err(NetError::Timeout))
}

async fn over_tcp(address: SocketAddr, request: DnsRequest) -> Result<DnsResponse, NetError> {
    // What carries the exchange on ends with the last copy of the provider.
    let provider = TokioRuntimeProvider::default();
    let exchange =
        TcpClientStream::exchange(address, None, PATIENCE, None, provider.clone()).await?;
    exchange.send(request).next().await.unwrap_or(Err(NetError::Timeout))
}

fn failure(error: &NetError) -> Failure {
    use std::io::ErrorKind::{ConnectionRefused, ConnectionReset, TimedOut};
    match error {
        NetError::Timeout => Failure::TimedOut,
        NetError::Io(error)
            if matches!(error.kind(), TimedOut | ConnectionRefused | ConnectionReset) =>
        {
            Failure::TimedOut
        }
        NetError::Io(_) => Failure::NoRoute,
        other => Failure::Broken(other.to_string()),
    }
}

//! An authoritative DNS server with zones given as text.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use hickory_server::Server;
use hickory_server::proto::rr::Name;
use hickory_server::proto::serialize::txt::Parser;
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneType};
use tokio::sync::oneshot;

const PATIENCE: Duration = Duration::from_secs(5);
const TCP_BUFFER: usize = 128;

/// A running server over UDP and TCP on one port; dropping it ends it.
#[derive(Debug)]
pub struct Dns {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Dns {
    /// Serves zones, each an origin such as `example.org.` and its records as a zone file
    /// (RFC 1035, section 5) has them. A zone without a `SOA` gets one, and `NS ns` with it.
    ///
    /// `listen` with port 0 takes a free one. All of 127.0.0.0/8 may be listened on, so that
    /// several servers can have port 53; from hosts, the controller is `address::CONTROLLER_V4`.
    pub fn serve(listen: SocketAddr, zones: &[(&str, &str)]) -> Result<Self> {
        let mut catalog = Catalog::new();
        for (origin, records) in zones {
            add(&mut catalog, origin, records)
                .with_context(|| format!("in the zone `{origin}`"))?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the DNS server's runtime")?;
        let (stop, stopped) = oneshot::channel();
        let (tcp, udp) = bind(listen)?;
        let address = tcp.local_addr().context("the DNS server has no address")?;
        // A thread of its own: tests may themselves run in a runtime, which must not be blocked.
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! { _ = answer(catalog, tcp, udp) => {} _ = stopped => {} }
            });
        });
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        // Both fail only if the thread has ended already.
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn bind(listen: SocketAddr) -> Result<(TcpListener, UdpSocket)> {
    let tcp = TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let address = tcp.local_addr().context("the DNS server has no address")?;
    let udp = UdpSocket::bind(address).with_context(|| format!("cannot take UDP {address}"))?;
    tcp.set_nonblocking(true)?;
    udp.set_nonblocking(true)?;
    Ok((tcp, udp))
}

/// Answers until it is dropped.
async fn answer(catalog: Catalog, tcp: TcpListener, udp: UdpSocket) -> Result<()> {
    let mut server = Server::new(catalog);
    server.register_socket(tokio::net::UdpSocket::from_std(udp)?);
    server.register_listener(tokio::net::TcpListener::from_std(tcp)?, PATIENCE, TCP_BUFFER);
    server.block_until_done().await?;
    Ok(())
}

fn add(catalog: &mut Catalog, origin: &str, records: &str) -> Result<()> {
    let name = Name::from_ascii(origin).context("not a name")?;
    let has_soa = records.split_whitespace().any(|word| word == "SOA");
    let head = if has_soa {
        String::new()
    } else {
        format!(
            "$TTL 60\n@ IN SOA ns.{origin} hostmaster.{origin} 1 3600 600 86400 60\n\
             @ IN NS ns.{origin}\n"
        )
    };
    let (_, sets) = Parser::new(format!("{head}{records}\n"), None, Some(name.clone()))
        .parse()
        .map_err(|error| anyhow!("not a zone file: {error}"))?;
    let zone: InMemoryZoneHandler =
        InMemoryZoneHandler::new(name.clone(), sets, ZoneType::Primary, AxfrPolicy::Deny)
            .map_err(|error| anyhow!("not a zone: {error}"))?;
    catalog.upsert(name.into(), vec![Arc::new(zone)]);
    Ok(())
}

//! Which servers hold the zone of a name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use futures_util::future::join_all;

use crate::remote::{Output, Script};
use crate::resource::query::{Asker, Query, State};

use super::exchange::ask;
use super::name::parent;
use super::reply::{Data, RecordKind, Reply};
use super::server::{PORT, Server};

/// A zone has two to four servers with two addresses each; no more than this are asked.
const MOST_SERVERS: usize = 16;

/// A name has at most 127 labels (RFC 1035, section 2.3.4).
const MOST_LABELS: usize = 127;

/// Which servers hold the zone that this name is in?
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Zone {
    /// The name, canonical.
    pub name: String,
    /// The resolvers that know.
    pub resolvers: Vec<Server>,
    /// The port at which the zone's servers are asked: 53 but in tests.
    pub port: u16,
}

impl Zone {
    /// The question as it is asked on the Internet.
    pub fn of(name: &str) -> Self {
        Self { name: name.to_string(), resolvers: public_resolvers(), port: PORT }
    }
}

/// The servers of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneServers {
    /// The name of the zone; none if nobody could be asked.
    pub apex: Option<String>,
    /// Each address of each of its servers, at most 16.
    pub servers: Vec<Server>,
}

impl State for ZoneServers {}

/// Two public resolvers of different operators, asked over IPv6 where there is no IPv4.
pub fn public_resolvers() -> Vec<Server> {
    let resolver = |v4: [u8; 4], v6: Ipv6Addr| Server {
        label: None,
        address: SocketAddr::new(IpAddr::V4(Ipv4Addr::from(v4)), PORT),
        instead: Some(SocketAddr::new(IpAddr::V6(v6), PORT)),
        authoritative: false,
    };
    vec![
        // Cloudflare: <https://one.one.one.one/dns/>
        resolver([1, 1, 1, 1], Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111)),
        // Quad9: <https://quad9.net/service/service-addresses-and-features/>
        resolver([9, 9, 9, 9], Ipv6Addr::new(0x2620, 0xfe, 0, 0, 0, 0, 0, 0xfe)),
    ]
}

impl Query for Zone {
    type State = ZoneServers;

    fn asker(&self) -> Asker<ZoneServers> {
        let zone = self.clone();
        Asker::Controller(Box::pin(async move { Ok(find(&zone).await) }))
    }

    fn script(_: &[&Self]) -> Script {
        Script::new()
    }

    fn parse(queries: &[&Self], _: &Output) -> Vec<Result<ZoneServers, String>> {
        queries.iter().map(|_| Err("DNS is asked by the controller".to_string())).collect()
    }
}

/// Climbs from the name until something says that it is a zone.
async fn find(zone: &Zone) -> ZoneServers {
    let mut name = zone.name.as_str();
    for _ in 0..MOST_LABELS {
        match first_reply(zone, name, RecordKind::Ns).await {
            // Through an alias it would be the zone of the alias's target.
            Some(Reply::Found { aliases, records }) if aliases.is_empty() => {
                let servers = addresses(zone, &records).await;
                return ZoneServers { apex: Some(name.to_string()), servers };
            }
            Some(_) => {}
            None => return ZoneServers { apex: None, servers: vec![] },
        }
        let Some(above) = parent(name) else { break };
        name = above;
    }
    ZoneServers { apex: None, servers: vec![] }
}

/// What the first resolver that answers says.
async fn first_reply(zone: &Zone, name: &str, kind: RecordKind) -> Option<Reply> {
    let asked = zone.resolvers.iter().map(|resolver| ask(resolver, name, kind));
    join_all(asked).await.into_iter().find(|reply| reply.failure().is_none())
}

async fn addresses(zone: &Zone, records: &[Data]) -> Vec<Server> {
    let names = records.iter().filter_map(|record| match record {
        Data::Name(name) => Some(name.as_str()),
        _ => None,
    });
    let asked = names.flat_map(|name| {
        [RecordKind::A, RecordKind::Aaaa].map(|kind| async move {
            match first_reply(zone, name, kind).await {
                Some(Reply::Found { records, .. }) => servers(name, &records, zone.port),
                _ => vec![],
            }
        })
    });
    let mut all: Vec<Server> = join_all(asked).await.into_iter().flatten().collect();
    all.truncate(MOST_SERVERS);
    all
}

fn servers(name: &str, records: &[Data], port: u16) -> Vec<Server> {
    let addresses = records.iter().filter_map(|record| match record {
        Data::Address(address) => Some(*address),
        _ => None,
    });
    addresses
        .map(|address| Server {
            label: Some(name.to_string()),
            address: SocketAddr::new(address, port),
            instead: None,
            authoritative: true,
        })
        .collect()
}

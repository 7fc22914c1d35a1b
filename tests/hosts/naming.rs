//! The lab's DNS server answers what its zone says.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RecordType;

use crate::lab::Dns;

const ZONE: &str = "
@ IN A 192.0.2.10
matrix IN A 192.0.2.10
matrix IN AAAA 2001:db8::10
_matrix-fed._tcp IN SRV 10 0 8448 matrix.example.org.
@ IN CAA 0 issue \"letsencrypt.org\"
";

#[tokio::test]
async fn records_of_a_zone_are_found_and_others_are_not() -> Result<()> {
    let dns = Dns::serve(SocketAddr::from(([127, 0, 0, 1], 0)), &[("example.org.", ZONE)])?;
    let resolver = resolver(dns.address())?;
    for (name, kind, expected) in [
        ("example.org.", RecordType::A, "192.0.2.10"),
        ("matrix.example.org.", RecordType::AAAA, "2001:db8::10"),
        ("_matrix-fed._tcp.example.org.", RecordType::SRV, "10 0 8448 matrix.example.org."),
        ("example.org.", RecordType::CAA, "0 issue \"letsencrypt.org\""),
        ("example.org.", RecordType::NS, "ns.example.org."),
    ] {
        let answer = resolver.lookup(name, kind).await?;
        let found: Vec<_> = answer.answers().iter().map(|r| r.data.to_string()).collect();
        ensure!(found == [expected], "{name} {kind}: {found:?}");
    }
    let error = resolver.lookup("absent.example.org.", RecordType::A).await.err();
    ensure!(error.is_some_and(|e| e.is_no_records_found() || e.is_nx_domain()));
    Ok(())
}

fn resolver(server: SocketAddr) -> Result<TokioResolver> {
    let mut udp = ConnectionConfig::udp();
    udp.port = server.port();
    let servers = vec![NameServerConfig::new(server.ip(), true, vec![udp])];
    let config = ResolverConfig::from_parts(None, Vec::new(), servers);
    Ok(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build()?)
}

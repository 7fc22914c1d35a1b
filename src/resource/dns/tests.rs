//! Questions to servers in this process.

use std::net::{SocketAddr, UdpSocket};

use super::exchange::ask;
use super::*;
use crate::resource::AnyQuery;

#[path = "../../../tests/lab/dns.rs"]
mod served;

use served::Dns;

const ZONE: &str = "
@ IN A 192.0.2.10
@ IN CAA 0 issue \"letsencrypt.org\"
@ IN MX 10 mail
ns IN A 127.0.0.1
chat IN AAAA 2001:db8::10
chat IN AAAA 2001:db8::1
alias IN CNAME chat
away IN CNAME host.example.net.
_matrix-fed._tcp IN SRV 10 5 8448 chat
long IN TXT \"v=spf1 \" \"-all\"
";

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn dns() -> Dns {
    Dns::serve(anywhere(), &[("example.org.", ZONE)]).expect("is served")
}

fn held(dns: &Dns) -> Server {
    Server { authoritative: true, ..Server::at(dns.address()) }
}

fn found(records: &[Data]) -> Reply {
    Reply::Found { aliases: vec![], records: records.to_vec() }
}

#[tokio::test]
async fn each_type_is_read() {
    let dns = dns();
    let address = |text: &str| Data::Address(text.parse().expect("is an address"));
    let service =
        Data::Service { priority: 10, weight: 5, port: 8448, target: "chat.example.org".into() };
    let caa =
        Data::Authority { critical: false, tag: "issue".into(), value: "letsencrypt.org".into() };
    let mail = Data::Mail { preference: 10, exchange: "mail.example.org".into() };
    for (name, kind, records) in [
        ("example.org", RecordKind::A, vec![address("192.0.2.10")]),
        (
            "chat.example.org",
            RecordKind::Aaaa,
            vec![address("2001:db8::1"), address("2001:db8::10")],
        ),
        ("_matrix-fed._tcp.example.org", RecordKind::Srv, vec![service]),
        ("example.org", RecordKind::Caa, vec![caa]),
        ("example.org", RecordKind::Mx, vec![mail]),
        ("example.org", RecordKind::Ns, vec![Data::Name("ns.example.org".into())]),
        ("alias.example.org", RecordKind::Cname, vec![Data::Name("chat.example.org".into())]),
        ("long.example.org", RecordKind::Txt, vec![Data::Text("v=spf1 -all".into())]),
    ] {
        assert_eq!(ask(&held(&dns), name, kind).await, found(&records), "{name} {kind:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    let dns = dns();
    let server = held(&dns);
    let ask = |name| ask(&server, name, RecordKind::A);
    assert_eq!(ask("chat.example.org").await, Reply::NoData);
    assert_eq!(ask("nobody.example.org").await, Reply::NoSuchName);
    assert_eq!(
        ask("away.example.org").await,
        Reply::Alias { aliases: vec!["host.example.net".into()] }
    );
    assert_eq!(ask("example.com").await, Reply::Failed(Failure::Code("REFUSED".into())));
}

#[tokio::test]
async fn a_server_that_is_silent_or_talks_nonsense_is_no_answer() {
    let socket = UdpSocket::bind(anywhere()).expect("is bound");
    let silent = Server::at(socket.local_addr().expect("has an address"));
    let reply = ask(&silent, "example.org", RecordKind::A).await;
    assert_eq!(reply, Reply::Failed(Failure::TimedOut));
    let reply = ask(&silent, "not..a.name", RecordKind::A).await;
    assert!(matches!(reply, Reply::Failed(Failure::Broken(_))), "{reply:?}");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_asked_for_over_tcp() {
    let many: String = (0..120).map(|n| format!("many IN A 192.0.2.{n}\n")).collect();
    let dns = Dns::serve(anywhere(), &[("example.org.", &many)]).expect("is served");
    match ask(&held(&dns), "many.example.org", RecordKind::A).await {
        Reply::Found { records, .. } => assert_eq!(records.len(), 120),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_zone_of_a_name_is_found_by_climbing() {
    let dns = dns();
    for name in ["a.b.example.org", "alias.example.org", "example.org"] {
        let zone = Zone {
            name: name.into(),
            resolvers: vec![Server::at(dns.address())],
            port: dns.address().port(),
        };
        let answer = AnyQuery::new(zone).controller().expect("is ours").await.expect("answers");
        let found = answer.downcast_ref::<ZoneServers>().expect("is a zone");
        assert_eq!(found.apex.as_deref(), Some("example.org"), "{name}");
        let labels: Vec<String> = found.servers.iter().map(ToString::to_string).collect();
        assert_eq!(labels, [format!("ns.example.org ({})", dns.address())]);
        assert!(found.servers.iter().all(|server| server.authoritative));
    }
}

#[tokio::test]
async fn a_resolver_that_cannot_be_reached_has_another_address() {
    let dns = dns();
    // The kernel refuses to send there without a permission that nobody asked for.
    let server = Server {
        instead: Some(dns.address()),
        ..Server::at("255.255.255.255:53".parse().expect("is an address"))
    };
    let reply = ask(&server, "example.org", RecordKind::A).await;
    assert!(matches!(reply, Reply::Found { .. }), "{reply:?}");
}

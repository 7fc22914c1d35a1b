//! One DNS server, and how people write its address.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The port of DNS.
pub(super) const PORT: u16 = 53;

/// A server that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Server {
    /// Its name, if it has one: `ns1.example.org`.
    pub label: Option<String>,
    /// Where it is asked.
    pub address: SocketAddr,
    /// Where it is asked if there is no way to that address (IPv6 where there is no IPv4).
    pub instead: Option<SocketAddr>,
    /// It is asked as one that holds the zone: without recursion, and it must be authoritative.
    pub authoritative: bool,
}

impl Server {
    /// A resolver as people give it: `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:53`.
    pub fn resolver(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        let address = match (bare.parse::<IpAddr>(), text.parse::<SocketAddr>()) {
            (Ok(ip), _) => SocketAddr::new(ip, PORT),
            (_, Ok(address)) => address,
            _ => return Err(format!("`{text}` is not an address of a resolver")),
        };
        Ok(Self::at(address))
    }

    /// A resolver at this address.
    pub fn at(address: SocketAddr) -> Self {
        Self { label: None, address, instead: None, authoritative: false }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = match self.address.port() {
            PORT => self.address.ip().to_string(),
            _ => self.address.to_string(),
        };
        match &self.label {
            Some(label) => write!(f, "{label} ({address})"),
            None => f.write_str(&address),
        }
    }
}

#[test]
fn resolvers_are_read_with_and_without_a_port() {
    let read = |text| Server::resolver(text).map(|server| server.address.to_string());
    assert_eq!(read("192.0.2.1"), Ok("192.0.2.1:53".into()));
    assert_eq!(read("192.0.2.1:5353"), Ok("192.0.2.1:5353".into()));
    assert_eq!(read("2001:db8::1"), Ok("[2001:db8::1]:53".into()));
    assert_eq!(read("[2001:db8::1]:5353"), Ok("[2001:db8::1]:5353".into()));
    assert_eq!(read("[2001:db8::1]"), Ok("[2001:db8::1]:53".into()));
    assert!(read("dns.example.org").is_err());
}

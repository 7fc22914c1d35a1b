//! A request, as far as rules look at it.

use std::net::IpAddr;

/// The characters that stay encoded in the path that rules see (RFC 3986, 2.2, and `%`).
const RESERVED: &[u8] = b":/?#[]@!$&'()*+,;=%";

/// What a client asks for. For tests of a route table, [`Request::new`] is enough.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: String,
    /// With port, as the client sends it.
    pub authority: String,
    /// Encoded as the client sends it, without the query.
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub client: Option<IpAddr>,
    pub is_tls: bool,
}

impl Request {
    /// `target` is a path, with or without a query.
    pub fn new(method: &str, host: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.to_owned(),
            authority: host.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            is_tls: true,
            ..Self::default()
        }
    }

    /// Without port and in lower case.
    pub fn host(&self) -> String {
        let name = match self.authority.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => &self.authority,
        };
        name.trim_end_matches('.').to_lowercase()
    }

    /// Decoded except for what would change its meaning.
    pub fn routing_path(&self) -> String {
        decode(&self.path, RESERVED)
    }

    pub fn header(&self, name: &str) -> impl Iterator<Item = &str> {
        let is_it = move |known: &str| known.eq_ignore_ascii_case(name);
        self.headers.iter().filter(move |(known, _)| is_it(known)).map(|(_, value)| value.as_str())
    }

    pub fn query_values(&self, name: &str) -> impl Iterator<Item = String> {
        let pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let decoded = |text: &str| decode(&text.replace('+', " "), b"");
        pairs.filter(move |(key, _)| decoded(key) == name).map(move |(_, value)| decoded(value))
    }
}

/// Undoes percent-encoding, but for the characters in `kept`.
fn decode(text: &str, kept: &[u8]) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(byte) if bytes[at] == b'%' && !kept.contains(&byte) => {
                decoded.push(byte);
                at += 3;
            }
            _ => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

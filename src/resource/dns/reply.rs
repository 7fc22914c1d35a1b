//! What one server says to one question.

use std::fmt;
use std::net::IpAddr;

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::name::written;

/// An alias may lead to another this often; servers that go further are broken.
const LONGEST_CHAIN: usize = 16;

/// The types of records that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// An IPv4 address (RFC 1035).
    A,
    /// An IPv6 address (RFC 3596).
    Aaaa,
    /// Another name (RFC 1035).
    Cname,
    /// Where a service is (RFC 2782).
    Srv,
    /// Who may issue certificates (RFC 8659).
    Caa,
    /// Who answers for a zone (RFC 1035).
    Ns,
    /// Text (RFC 1035).
    Txt,
    /// Who takes mail (RFC 1035).
    Mx,
}

impl RecordKind {
    /// Its name in zone files.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Srv => "SRV",
            Self::Caa => "CAA",
            Self::Ns => "NS",
            Self::Txt => "TXT",
            Self::Mx => "MX",
        }
    }

    pub(super) fn wire(self) -> RecordType {
        match self {
            Self::A => RecordType::A,
            Self::Aaaa => RecordType::AAAA,
            Self::Cname => RecordType::CNAME,
            Self::Srv => RecordType::SRV,
            Self::Caa => RecordType::CAA,
            Self::Ns => RecordType::NS,
            Self::Txt => RecordType::TXT,
            Self::Mx => RecordType::MX,
        }
    }
}

/// What a record holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Data {
    /// `A`, `AAAA`
    Address(IpAddr),
    /// `CNAME`, `NS`: a name.
    Name(String),
    /// `SRV`
    Service {
        /// Lower is tried first.
        priority: u16,
        /// The share among equals.
        weight: u16,
        /// The port.
        port: u16,
        /// The host; empty says that the service is not offered.
        target: String,
    },
    /// `CAA`
    Authority {
        /// Who does not understand the tag must not issue.
        critical: bool,
        /// The tag in lower case.
        tag: String,
        /// The value as it stands.
        value: String,
    },
    /// `TXT`: its strings in one.
    Text(String),
    /// `MX`
    Mail {
        /// Lower is tried first.
        preference: u16,
        /// The host.
        exchange: String,
    },
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Name(name) => write!(f, "{name}."),
            Self::Service { priority, weight, port, target } => {
                write!(f, "{priority} {weight} {port} {target}.")
            }
            Self::Authority { critical, tag, value } => {
                write!(f, "{} {tag} \"{value}\"", if *critical { 128 } else { 0 })
            }
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Mail { preference, exchange } => write!(f, "{preference} {exchange}."),
        }
    }
}

/// Why a server gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It refused with this code: `SERVFAIL`, `REFUSED`.
    Code(String),
    /// It did not answer in time.
    TimedOut,
    /// It is named for the zone and knows nothing of it.
    Lame,
    /// There is no way from here to its address.
    NoRoute,
    /// It sent what cannot be read.
    Broken(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => f.write_str(code),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Lame => f.write_str("does not hold the zone"),
            Self::NoRoute => f.write_str("cannot be reached from here"),
            Self::Broken(why) => write!(f, "a broken answer: {why}"),
        }
    }
}

/// What one server says. `aliases` are the names that the question led through, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// These records, sorted.
    Found {
        /// The way there.
        aliases: Vec<String>,
        /// The records.
        records: Vec<Data>,
    },
    /// The name is there and has no record of this type (NODATA).
    NoData,
    /// There is no such name (NXDOMAIN).
    NoSuchName,
    /// It is an alias, and what the last name holds is not said with it.
    Alias {
        /// The way, never empty.
        aliases: Vec<String>,
    },
    /// No answer.
    Failed(Failure),
}

impl Reply {
    /// What a message says to a question.
    pub(super) fn of(
        message: &Message,
        name: &Name,
        kind: RecordKind,
        authoritative: bool,
    ) -> Self {
        let code = message.metadata.response_code;
        if !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain) {
            return Self::Failed(Failure::Code(code_name(code)));
        }
        if authoritative && !message.metadata.authoritative {
            return Self::Failed(Failure::Lame);
        }
        let (aliases, end) = follow(&message.answers, name, kind);
        let mut records: Vec<Data> = message
            .answers
            .iter()
            .filter(|record| written(&record.name) == end && record.record_type() == kind.wire())
            .filter_map(|record| data(&record.data))
            .collect();
        records.sort();
        records.dedup();
        match (records.is_empty(), aliases.is_empty()) {
            (false, _) => Self::Found { aliases, records },
            // Who knows the end says so when it is asked for the end.
            (true, false) => Self::Alias { aliases },
            _ if code == ResponseCode::NXDomain => Self::NoSuchName,
            _ => Self::NoData,
        }
    }

    /// The failure, if it is none of the answers.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// The code as the protocol's documents call it.
fn code_name(code: ResponseCode) -> String {
    match code {
        ResponseCode::ServFail => "SERVFAIL".into(),
        ResponseCode::Refused => "REFUSED".into(),
        ResponseCode::FormErr => "FORMERR".into(),
        ResponseCode::NotImp => "NOTIMP".into(),
        other => format!("code {}", u16::from(other)),
    }
}

/// The aliases from `name` on, and the name where they end.
fn follow(answers: &[Record], name: &Name, kind: RecordKind) -> (Vec<String>, String) {
    let mut aliases = Vec::new();
    let mut end = written(name);
    while kind != RecordKind::Cname && aliases.len() < LONGEST_CHAIN {
        let next = answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if written(&record.name) == end => Some(written(&target.0)),
            _ => None,
        });
        let Some(next) = next else { break };
        aliases.push(next.clone());
        end = next;
    }
    (aliases, end)
}

fn data(data: &RData) -> Option<Data> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(match data {
        RData::A(address) => Data::Address(IpAddr::V4(address.0)),
        RData::AAAA(address) => Data::Address(IpAddr::V6(address.0)),
        RData::CNAME(name) => Data::Name(written(&name.0)),
        RData::NS(name) => Data::Name(written(&name.0)),
        RData::SRV(service) => Data::Service {
            priority: service.priority,
            weight: service.weight,
            port: service.port,
            target: written(&service.target),
        },
        RData::CAA(caa) => Data::Authority {
            // The lowest bit is what RFC 6844 could be read to mean; authorities honour both.
            critical: caa.issuer_critical || caa.reserved_flags & 1 != 0,
            tag: caa.tag.to_ascii_lowercase(),
            value: text(&caa.value),
        },
        RData::TXT(strings) => Data::Text(strings.txt_data.iter().map(|part| text(part)).collect()),
        RData::MX(mail) => {
            Data::Mail { preference: mail.preference, exchange: written(&mail.exchange) }
        }
        _ => return None,
    })
}

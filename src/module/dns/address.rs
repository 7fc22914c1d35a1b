//! A and AAAA: each name leads to the host, and nowhere else.

use std::net::IpAddr;

use crate::resource::Suspend;
use crate::resource::dns::{Data, RecordKind};

use super::cdn;
use super::finding::Finding;
use super::row::Row;
use super::subject::Subject;
use super::view::{Asker, Resolved};
use super::{Expected, gather};

/// A label that nobody uses: who answers for it answers for all.
const NOBODY: &str = "mxprov-asks-for-a-wildcard";

/// The rows of one name.
pub fn rows(
    asker: &Asker<'_>,
    expected: &Expected,
    subject: &Subject,
) -> Result<Vec<Row>, Suspend> {
    let kinds = [RecordKind::A, RecordKind::Aaaa];
    let resolved = gather(kinds.map(|kind| asker.resolve(&subject.name, kind)))?;
    Ok(kinds
        .into_iter()
        .zip(resolved)
        .map(|(kind, resolved)| row(expected, subject, kind, &resolved))
        .collect())
}

/// A row if a wildcard answers for names that nobody made.
pub fn wildcard(asker: &Asker<'_>, expected: &Expected) -> Result<Vec<Row>, Suspend> {
    let name = format!("{NOBODY}.{}", expected.domain);
    let kinds = [RecordKind::A, RecordKind::Aaaa];
    let resolved = gather(kinds.map(|kind| asker.resolve(&name, kind)))?;
    let found = kinds.into_iter().zip(resolved);
    Ok(found
        .filter(|(_, resolved)| !resolved.records.is_empty())
        .map(|(kind, resolved)| {
            let shown = format!("*.{}", expected.domain);
            let mut row = Row::new(&shown, kind.name(), "none", resolved.found());
            let advice = "it answers for every name, so a record that is missing looks as if it \
                          were there, and so does a misspelt name"
                .to_string();
            row.note(&expected.severities, Finding::Wildcard, advice);
            row
        })
        .collect())
}

/// The addresses among records.
pub fn addresses(records: &[Data]) -> Vec<IpAddr> {
    let address = |record: &Data| match record {
        Data::Address(address) => Some(*address),
        _ => None,
    };
    records.iter().filter_map(address).collect()
}

/// The host's addresses of the family that a type holds.
fn own(expected: &Expected, kind: RecordKind) -> Vec<IpAddr> {
    let v6 = kind == RecordKind::Aaaa;
    expected.addresses.iter().copied().filter(|address| address.is_ipv6() == v6).collect()
}

fn written(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn row(expected: &Expected, subject: &Subject, kind: RecordKind, resolved: &Resolved) -> Row {
    let own = own(expected, kind);
    let shown = if own.is_empty() { "none".to_string() } else { written(&own) };
    let mut row = Row::new(&subject.name, kind.name(), &shown, resolved.found());
    let severities = &expected.severities;
    if !resolved.readable {
        let advice = format!("nobody answers for it: {}", resolved.why());
        row.note(severities, Finding::Unreadable, advice);
    } else if resolved.records.is_empty() {
        absent(&mut row, expected, kind, &own, resolved);
    } else {
        present(&mut row, expected, subject, kind, &addresses(&resolved.records));
    }
    row.note_servers(severities, resolved);
    row
}

/// A is needed where the host has IPv4, AAAA where it has nothing else; else AAAA is advised.
fn absent(
    row: &mut Row,
    expected: &Expected,
    kind: RecordKind,
    own: &[IpAddr],
    resolved: &Resolved,
) {
    let Some(first) = own.first() else { return };
    let create = format!("`{}. {} {first}`", row.name, kind.name());
    let has_v4 = expected.addresses.iter().any(IpAddr::is_ipv4);
    if kind == RecordKind::Aaaa && has_v4 {
        let advice = format!("create {create}: the host has IPv6");
        return row.note(&expected.severities, Finding::Ipv6Missing, advice);
    }
    let advice = match (resolved.aliases.last(), resolved.circle) {
        (_, true) => format!("its aliases lead in a circle: create {create} instead"),
        (Some(end), _) => {
            format!("it is an alias of `{end}`, which has no address: create {create} instead")
        }
        (None, _) => format!("create {create}"),
    };
    row.note(&expected.severities, Finding::AddressMissing, advice);
}

fn present(
    row: &mut Row,
    expected: &Expected,
    subject: &Subject,
    kind: RecordKind,
    found: &[IpAddr],
) {
    let severities = &expected.severities;
    let is_own = |address: &IpAddr| expected.addresses.contains(address);
    let mut foreign = Vec::new();
    for address in found {
        match cdn::network(*address) {
            Some(network) if subject.direct => {
                let advice = format!(
                    "{address} belongs to {network}, and {} needs UDP, which does not pass it: \
                     switch the proxy off for this name (\"DNS only\")",
                    subject.component
                );
                row.note(severities, Finding::Proxied, advice);
            }
            Some(network) if !is_own(address) => {
                let advice = format!(
                    "{address} belongs to {network}: whether that leads here cannot be seen, and \
                     only web ports pass"
                );
                row.hint(severities, Finding::Proxied, advice);
            }
            _ if !is_own(address) => foreign.push(*address),
            _ => {}
        }
    }
    if !foreign.is_empty() {
        let finding = match kind {
            RecordKind::Aaaa => Finding::Ipv6Foreign,
            _ => Finding::AddressForeign,
        };
        if subject.elsewhere {
            let advice = format!(
                "another server answers: see that it serves \
                 https://{0}/.well-known/matrix/server and https://{0}/.well-known/matrix/client",
                row.name
            );
            return row.hint(severities, finding, advice);
        }
        let advice = misled(expected, kind, found, &foreign, &row.name);
        row.note(severities, finding, advice);
    }
}

/// What to do about addresses that are not the host's.
fn misled(
    expected: &Expected,
    kind: RecordKind,
    found: &[IpAddr],
    foreign: &[IpAddr],
    name: &str,
) -> String {
    let own = own(expected, kind);
    let whose = format!("{} is not an address of this host", written(foreign));
    let missing = own.first().filter(|_| !found.iter().any(|address| own.contains(address)));
    let todo = match missing {
        Some(address) => format!("change it to `{name}. {} {address}`", kind.name()),
        None => format!("delete `{name}. {} {}`", kind.name(), written(foreign)),
    };
    let family = match kind {
        RecordKind::Aaaa => " (authorities and other servers try IPv6 first)",
        _ => "",
    };
    let private = match own.iter().find(|address| is_private(**address)) {
        Some(address) => format!(
            "; {address} is a private address: if the host is behind NAT, name its public \
             addresses in `dns_addresses`"
        ),
        None => String::new(),
    };
    format!("{whose}{family}: {todo}{private}")
}

/// An address that nobody on the Internet can reach (RFC 1918, RFC 6598, RFC 4193).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private() || v4.is_link_local() || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

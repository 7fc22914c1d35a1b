//! What DNS must say for a host of the Matrix stack, judged on what it says.
//!
//! Pure: states in, rows with verdicts out. The rules and their sources stand at each function.

mod address;
mod authority;
mod cdn;
mod finding;
mod mail;
mod row;
mod service;
mod subject;
#[cfg(test)]
mod tests;
mod view;
mod well_known;

pub use finding::Severities;
pub use row::{Row, complaint, table, warnings};
pub use subject::{Subject, name_below, subjects};
pub use view::Asker;
pub use well_known::rows as well_known;

use std::net::IpAddr;

use crate::resource::Suspend;

/// What the records are judged by.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The domain, canonical.
    pub domain: String,
    /// The host's addresses.
    pub addresses: Vec<IpAddr>,
    /// The authority as CAA records name it; empty if CAA is not looked at.
    pub authority: String,
    /// The ACME account that will ask it; empty if it is not known.
    pub account: String,
    /// The port of federation.
    pub federation_port: u16,
    /// The domain whose SPF and DMARC are looked at, canonical.
    pub mail_domain: Option<String>,
    /// How bad each finding is.
    pub severities: Severities,
}

/// All rows: addresses and CAA of each name, then SRV, mail, and the wildcard if there is one.
pub fn rows(
    asker: &Asker<'_>,
    expected: &Expected,
    names: &[Subject],
) -> Result<Vec<Row>, Suspend> {
    let mut parts = Vec::new();
    for subject in names {
        parts.push(address::rows(asker, expected, subject));
        parts.push(authority::rows(asker, expected, &subject.name));
    }
    parts.push(service::rows(asker, expected));
    parts.push(mail::rows(asker, expected));
    parts.push(address::wildcard(asker, expected));
    Ok(gather(parts)?.into_iter().flatten().collect())
}

/// All results, or all that they miss in one question.
fn gather<T>(results: impl IntoIterator<Item = Result<T, Suspend>>) -> Result<Vec<T>, Suspend> {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for result in results {
        match result {
            Ok(one) => found.push(one),
            Err(Suspend::Needs(queries)) => missing.extend(queries),
            Err(other) => return Err(other),
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(Suspend::Needs(missing)) }
}

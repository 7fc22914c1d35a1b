//! SRV: how other servers find federation where no well-known file is served.
//!
//! Server-server API v1.18, section "Resolving server names". None is needed; a wrong one harms.

use crate::resource::Suspend;
use crate::resource::dns::{Data, RecordKind};

use super::address::addresses;
use super::finding::Finding;
use super::row::Row;
use super::view::{Asker, Resolved};
use super::{Expected, gather};

/// The rows of both names.
pub fn rows(asker: &Asker<'_>, expected: &Expected) -> Result<Vec<Row>, Suspend> {
    let [current, old] =
        ["_matrix-fed._tcp", "_matrix._tcp"].map(|label| format!("{label}.{}", expected.domain));
    let mut found = asker.resolve_all(&[&current, &old], RecordKind::Srv)?.into_iter();
    let rows = [
        current_row(asker, expected, &current, &found.next().unwrap_or_default()),
        Ok(deprecated_row(expected, &old, &found.next().unwrap_or_default())),
    ];
    gather(rows)
}

/// Present or not, `_matrix-fed._tcp` must not lead elsewhere.
fn current_row(
    asker: &Asker<'_>,
    expected: &Expected,
    name: &str,
    resolved: &Resolved,
) -> Result<Row, Suspend> {
    let wanted = format!("none, or port {} of this host", expected.federation_port);
    let mut row = start(expected, name, &wanted, resolved);
    let targets = gather(resolved.records.iter().filter_map(|record| match record {
        Data::Service { port, target, .. } => {
            Some(judge(asker, expected, *port, target).map(|found| (record.to_string(), found)))
        }
        _ => None,
    }))?;
    for (record, (finding, why)) in targets
        .into_iter()
        .flat_map(|(record, all)| all.into_iter().map(move |one| (record.clone(), one)))
    {
        let advice = format!("{why}: delete or correct `{name}. SRV {record}`");
        row.note(&expected.severities, finding, advice);
    }
    Ok(row)
}

/// `_matrix._tcp` is deprecated, and what it can say rightly is the default.
fn deprecated_row(expected: &Expected, name: &str, resolved: &Resolved) -> Row {
    let mut row = start(expected, name, "none", resolved);
    if !resolved.records.is_empty() {
        let advice = "it is deprecated and not needed: delete it".to_string();
        row.note(&expected.severities, Finding::SrvDeprecated, advice);
    }
    row
}

fn start(expected: &Expected, name: &str, wanted: &str, resolved: &Resolved) -> Row {
    let mut row = Row::new(name, "SRV", wanted, resolved.found());
    if !resolved.readable {
        let advice = format!("nobody answers for it: {}", resolved.why());
        row.note(&expected.severities, Finding::Unreadable, advice);
    }
    row.note_servers(&expected.severities, resolved);
    row
}

/// What is wrong with one target: it must be a name with addresses of ours, and no alias (RFC 2782).
fn judge(
    asker: &Asker<'_>,
    expected: &Expected,
    port: u16,
    target: &str,
) -> Result<Vec<(Finding, String)>, Suspend> {
    if target.is_empty() {
        return Ok(vec![(Finding::SrvForeign, "it says that there is no federation here".into())]);
    }
    let kinds = [RecordKind::A, RecordKind::Aaaa];
    let found = gather(kinds.map(|kind| asker.resolve(target, kind)))?;
    let mut wrong = Vec::new();
    if found.iter().any(|resolved| !resolved.aliases.is_empty()) {
        wrong.push((Finding::SrvTargetAlias, format!("`{target}` is an alias")));
    }
    let all: Vec<_> = found.iter().flat_map(|resolved| addresses(&resolved.records)).collect();
    let foreign = all.iter().find(|address| !expected.addresses.contains(address));
    if found.iter().all(|resolved| !resolved.readable) {
        wrong.push((Finding::Unreadable, format!("nobody answers for `{target}`")));
    } else if let Some(address) = foreign {
        let why = format!("`{target}` leads to {address}, which is not an address of this host");
        wrong.push((Finding::SrvForeign, why));
    } else if all.is_empty() {
        wrong.push((Finding::SrvForeign, format!("`{target}` has no address")));
    }
    if port != expected.federation_port {
        let why = format!("federation answers on port {}, not {port}", expected.federation_port);
        wrong.push((Finding::SrvForeign, why));
    }
    Ok(wrong)
}

//! SPF and DMARC of the domain that mail is sent from: advice only.

use crate::resource::Suspend;
use crate::resource::dns::{Data, RecordKind, parent};

use super::Expected;
use super::finding::Finding;
use super::row::Row;
use super::view::{Asker, Resolved};

/// The rows; none if no mail is sent.
pub fn rows(asker: &Asker<'_>, expected: &Expected) -> Result<Vec<Row>, Suspend> {
    let Some(domain) = &expected.mail_domain else { return Ok(vec![]) };
    // A domain without DMARC has that of the domain above (RFC 7489, section 6.6.3).
    let levels: Vec<String> = std::iter::successors(Some(domain.as_str()), |name| parent(name))
        .filter(|name| name.contains('.'))
        .map(|name| format!("_dmarc.{name}"))
        .collect();
    let mut names: Vec<&str> = vec![domain];
    names.extend(levels.iter().map(String::as_str));
    let found = asker.resolve_all(&names, RecordKind::Txt)?;
    let Some((spf, dmarc)) = found.split_first() else { return Ok(vec![]) };
    Ok(vec![spf_row(expected, domain, spf), dmarc_row(expected, domain, dmarc)])
}

/// The texts that begin with a version, and only those.
fn versions(resolved: &Resolved, version: &str) -> Vec<String> {
    let text = |record: &Data| match record {
        Data::Text(text) if text.to_ascii_lowercase().starts_with(version) => Some(text.clone()),
        _ => None,
    };
    resolved.records.iter().filter_map(text).collect()
}

/// Exactly one `v=spf1` (RFC 7208, section 3.2).
fn spf_row(expected: &Expected, domain: &str, resolved: &Resolved) -> Row {
    let found = versions(resolved, "v=spf1");
    let shown = if found.is_empty() { "none".into() } else { found.join(", ") };
    let mut row = Row::new(domain, "TXT", "one v=spf1 (SPF)", shown);
    let advice = match found.len() {
        _ if !resolved.readable => format!("nobody answers for it: {}", resolved.why()),
        0 => "mail from it may be refused: create a TXT record that says who sends for it, \
              such as \"v=spf1 mx -all\""
            .into(),
        1 => return row,
        _ => "more than one SPF record counts as an error: keep one".into(),
    };
    row.hint(&expected.severities, Finding::Mail, advice);
    row
}

fn dmarc_row(expected: &Expected, domain: &str, levels: &[Resolved]) -> Row {
    let found =
        levels.iter().map(|level| versions(level, "v=dmarc1")).find(|found| !found.is_empty());
    let name = format!("_dmarc.{domain}");
    let shown = found.clone().map_or_else(|| "none".into(), |found| found.join(", "));
    let mut row = Row::new(&name, "TXT", "v=DMARC1", shown);
    if found.is_none() {
        let advice = format!("create `{name}. TXT \"v=DMARC1; p=none\"` or stricter");
        row.hint(&expected.severities, Finding::Mail, advice);
    }
    row
}

//! CAA: whether the authority may issue a certificate for a name (RFC 8659, RFC 8657).

use crate::resource::Suspend;
use crate::resource::dns::{Data, RecordKind, is_below, parent};

use super::Expected;
use super::finding::Finding;
use super::row::Row;
use super::view::{Asker, Resolved};

/// The tags that every authority understands (RFC 8659, section 4). Those of other documents count
/// as unknown: who does not know a critical tag must not issue.
const KNOWN_TAGS: [&str; 3] = ["issue", "issuewild", "iodef"];

/// How certificates are asked for: over port 80 (RFC 8555, section 8.3).
const METHOD: &str = "http-01";

/// The row of one name; none if no authority is expected.
pub fn rows(asker: &Asker<'_>, expected: &Expected, name: &str) -> Result<Vec<Row>, Suspend> {
    if expected.authority.is_empty() {
        return Ok(vec![]);
    }
    // The name and all above it, up to the top-level domain, asked at once.
    let levels: Vec<&str> = std::iter::successors(Some(name), |name| parent(name)).collect();
    let resolved = asker.resolve_all(&levels, RecordKind::Caa)?;
    Ok(vec![row(expected, name, &levels, &resolved)])
}

/// The first level that holds any CAA record decides.
fn row(expected: &Expected, name: &str, levels: &[&str], resolved: &[Resolved]) -> Row {
    let wanted = format!("none, or \"{}\" may issue", expected.authority);
    for (level, found) in levels.iter().zip(resolved) {
        // A resolver that was given may be one that only knows its own zones.
        if !is_below(level, &expected.domain) && found.is_refused() {
            continue;
        }
        if !found.readable || found.is_broken() {
            let mut row = Row::new(name, "CAA", &wanted, "unreadable".into());
            let whose = if *level == name { String::new() } else { format!(" of `{level}`") };
            let advice = format!(
                "the CAA records{whose} cannot be read, and authorities do not issue then: {}",
                found.why()
            );
            row.note(&expected.severities, Finding::CaaUnreadable, advice);
            return row;
        }
        if found.records.is_empty() {
            continue;
        }
        let place = if *level == name { String::new() } else { format!("{level}.: ") };
        let mut row = Row::new(name, "CAA", &wanted, place + &found.found());
        if let Err(why) = may_issue(&found.records, &expected.authority, &expected.account) {
            row.note(&expected.severities, Finding::CaaForbids, advice(level, expected, &why));
        }
        row.note_servers(&expected.severities, found);
        return row;
    }
    Row::new(name, "CAA", &wanted, "none".into())
}

fn advice(level: &str, expected: &Expected, why: &str) -> String {
    format!("{why}: create `{level}. CAA 0 issue \"{}\"`", expected.authority)
}

/// Whether these records, which are all of one name, let the authority issue; the error says why not.
fn may_issue(records: &[Data], authority: &str, account: &str) -> Result<(), String> {
    let properties = || {
        records.iter().filter_map(|record| match record {
            Data::Authority { critical, tag, value } => Some((*critical, tag.as_str(), value)),
            _ => None,
        })
    };
    if let Some((_, tag, _)) =
        properties().find(|(critical, tag, _)| *critical && !KNOWN_TAGS.contains(tag))
    {
        return Err(format!(
            "the critical tag `{tag}` forbids every authority that does not know it; delete it"
        ));
    }
    let mut reasons = Vec::new();
    for (_, _, value) in properties().filter(|(_, tag, _)| *tag == "issue") {
        match permits(value, authority, account) {
            Ok(()) => return Ok(()),
            Err(why) => reasons.push(why),
        }
    }
    match reasons.into_iter().reduce(|first, next| if first.is_empty() { next } else { first }) {
        // No `issue` at all: nobody is kept out (`issuewild` is about wildcards only).
        None => Ok(()),
        Some(why) if why.is_empty() => Err(format!("only others than \"{authority}\" may issue")),
        Some(why) => Err(why),
    }
}

/// Whether one `issue` value lets the authority in; an empty reason if it is about another.
fn permits(value: &str, authority: &str, account: &str) -> Result<(), String> {
    let mut parts = value.split(';').map(str::trim);
    let issuer = parts.next().unwrap_or_default().trim_end_matches('.');
    if !issuer.eq_ignore_ascii_case(authority.trim_end_matches('.')) {
        return Err(String::new());
    }
    for parameter in parts.filter(|part| !part.is_empty()) {
        let Some((name, value)) = parameter.split_once('=') else {
            return Err(format!("its parameter \"{parameter}\" is malformed, which forbids"));
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        match name.as_str() {
            "validationmethods" if !value.split(',').any(|method| method.trim() == METHOD) => {
                return Err(format!("`validationmethods` does not allow {METHOD}"));
            }
            "accounturi" if account.is_empty() => {
                return Err(format!(
                    "`accounturi` allows only the account {value}; if it is the one that will \
                     ask, name it in `dns_account_uri`, else"
                ));
            }
            "accounturi" if value != account => {
                return Err(format!("`accounturi` allows only the account {value}"));
            }
            // Parameters of other authorities' making are theirs to judge.
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caa(text: &str) -> Data {
        let (flags, rest) = text.split_once(' ').expect("has flags");
        let (tag, value) = rest.split_once(' ').expect("has a tag");
        Data::Authority { critical: flags == "128", tag: tag.into(), value: value.into() }
    }

    fn verdict(records: &[&str], account: &str) -> Result<(), String> {
        let records: Vec<Data> = records.iter().map(|text| caa(text)).collect();
        may_issue(&records, "letsencrypt.org", account)
    }

    #[test]
    fn the_authority_may_issue_if_it_is_named_or_nobody_is() {
        for records in [
            &["0 issue letsencrypt.org"][..],
            &["0 issue LetsEncrypt.org"],
            &["0 issue other.example", "0 issue letsencrypt.org"],
            &["0 issue letsencrypt.org; validationmethods=dns-01,http-01"],
            &["0 issuewild other.example"],
            &["0 issuewild ;"],
            &["0 iodef mailto:a@example.org"],
            &["128 issue letsencrypt.org"],
            &["0 unheard of"],
        ] {
            assert_eq!(verdict(records, ""), Ok(()), "{records:?}");
        }
    }

    #[test]
    fn it_may_not_if_only_others_are_named_or_a_condition_does_not_hold() {
        for (records, part) in [
            (&["0 issue other.example"][..], "only others"),
            (&["0 issue ;"], "only others"),
            (&["0 issue letsencrypt.org.evil.example"], "only others"),
            (&["0 issue letsencrypt.org; validationmethods=dns-01"], "http-01"),
            (&["0 issue letsencrypt.org; validationmethods"], "malformed"),
            (&["0 issue other.example", "0 issue letsencrypt.org; validationmethods=x"], "http-01"),
            (&["0 issue letsencrypt.org; accounturi=https://a/1"], "dns_account_uri"),
            (&["128 unheard of", "0 issue letsencrypt.org"], "`unheard`"),
            (&["0 issuewild letsencrypt.org", "0 issue ;"], "only others"),
        ] {
            let why = verdict(records, "").expect_err("forbids");
            assert!(why.contains(part), "{records:?}: {why}");
        }
    }

    #[test]
    fn an_account_is_compared() {
        let records = ["0 issue letsencrypt.org; accounturi=https://a/1"];
        assert_eq!(verdict(&records, "https://a/1"), Ok(()));
        assert!(verdict(&records, "https://a/2").is_err());
    }
}

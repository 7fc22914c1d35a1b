//! The kinds of findings, and how bad each is.

use std::collections::BTreeMap;

use crate::diagnostic::{did_you_mean, list_or};
use crate::value::{Map, Value};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is not mentioned.
    Ignore,
    /// It is said.
    Warn,
    /// The run stops.
    Error,
}

impl Severity {
    const ALL: [(&'static str, Self); 3] =
        [("error", Self::Error), ("warn", Self::Warn), ("ignore", Self::Ignore)];

    /// Its name in playbooks.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// What can be wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A name has no address.
    AddressMissing,
    /// A name leads to an address that is not the host's.
    AddressForeign,
    /// A name that must lead straight here leads to a content delivery network.
    Proxied,
    /// The host has IPv6 and the name has not.
    Ipv6Missing,
    /// A name leads to an IPv6 address that is not the host's.
    Ipv6Foreign,
    /// A wildcard answers for every name.
    Wildcard,
    /// A service record leads elsewhere.
    SrvForeign,
    /// A service record leads to an alias.
    SrvTargetAlias,
    /// A service record that nobody needs any more.
    SrvDeprecated,
    /// The authority may not issue certificates.
    CaaForbids,
    /// Whether it may cannot be told, which counts as no.
    CaaUnreadable,
    /// Nobody answers for a name.
    Unreadable,
    /// Servers give different answers, or some give none.
    ServersDisagree,
    /// A well-known file of another server does not lead here, or browsers may not read it.
    WellKnown,
    /// SPF or DMARC is missing or wrong.
    Mail,
}

/// Each finding, its name in playbooks, and how bad it is unless the playbook says otherwise.
const FINDINGS: [(Finding, &str, Severity); 15] = [
    (Finding::AddressMissing, "address_missing", Severity::Error),
    (Finding::AddressForeign, "address_foreign", Severity::Error),
    (Finding::Proxied, "proxied", Severity::Error),
    (Finding::Ipv6Missing, "ipv6_missing", Severity::Warn),
    (Finding::Ipv6Foreign, "ipv6_foreign", Severity::Error),
    (Finding::Wildcard, "wildcard", Severity::Warn),
    (Finding::SrvForeign, "srv_foreign", Severity::Error),
    (Finding::SrvTargetAlias, "srv_target_alias", Severity::Error),
    (Finding::SrvDeprecated, "srv_deprecated", Severity::Warn),
    (Finding::CaaForbids, "caa_forbids", Severity::Error),
    (Finding::CaaUnreadable, "caa_unreadable", Severity::Error),
    (Finding::Unreadable, "unreadable", Severity::Error),
    (Finding::ServersDisagree, "servers_disagree", Severity::Warn),
    (Finding::WellKnown, "well_known", Severity::Error),
    (Finding::Mail, "mail", Severity::Warn),
];

/// How bad each finding is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Severities(BTreeMap<Finding, Severity>);

impl Default for Severities {
    fn default() -> Self {
        Self(FINDINGS.iter().map(|(finding, _, severity)| (*finding, *severity)).collect())
    }
}

impl Severities {
    /// The defaults with those of a playbook over them; the error names what is not known.
    pub fn read(given: &Map) -> Result<Self, String> {
        let mut all = Self::default();
        for (name, value) in given {
            let name = name.to_string();
            let names = || FINDINGS.iter().map(|(_, name, _)| *name);
            let Some((finding, ..)) = FINDINGS.iter().find(|(_, known, _)| *known == name) else {
                return Err(match did_you_mean(&name, names()) {
                    Some(near) => {
                        format!("there is no finding `{name}`; did you mean `{near}`?")
                    }
                    None => format!("there is no finding `{name}`, only {}", list_or(names())),
                });
            };
            let word = value.as_str().unwrap_or_default();
            let severity = Severity::ALL.iter().find(|(known, _)| *known == word);
            let Some((_, severity)) = severity else {
                let words = list_or(Severity::ALL.iter().map(|(name, _)| *name));
                return Err(format!("`{name}` must be {words}, not {}", shown(value)));
            };
            all.0.insert(*finding, *severity);
        }
        Ok(all)
    }

    /// How bad it is.
    pub fn of(&self, finding: Finding) -> Severity {
        self.0.get(&finding).copied().unwrap_or(Severity::Error)
    }
}

fn shown(value: &Value) -> String {
    match value.as_str() {
        Some(word) => format!("`{word}`"),
        None => format!("a value of type `{}`", value.type_name()),
    }
}

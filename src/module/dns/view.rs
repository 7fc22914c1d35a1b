//! What servers say of a name, taken together; aliases followed.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::resource::dns::{
    Answer, Data, Failure, Lookup, RecordKind, Reply, Server, Zone, is_below, public_resolvers,
};
use crate::resource::{Host, Suspend};

use super::gather;

/// Aliases of aliases are followed this far, as resolvers do.
const LONGEST_CHAIN: usize = 8;

/// Asks the right servers.
pub struct Asker<'a> {
    host: &'a Host<'a>,
    domain: String,
    resolvers: Vec<Server>,
}

/// What a name holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolved {
    /// The names on the way, if it is an alias.
    pub aliases: Vec<String>,
    /// The records, sorted; those of the zone's own servers if they answer.
    pub records: Vec<Data>,
    /// The name is not there at all.
    pub no_such_name: bool,
    /// The aliases lead in a circle, or too far.
    pub circle: bool,
    /// Whether anybody answered.
    pub readable: bool,
    /// Servers that say something else.
    pub differing: Vec<String>,
    /// Servers that say nothing.
    pub failures: Vec<(Server, Failure)>,
}

impl<'a> Asker<'a> {
    /// Asks the `resolvers`, or, if there are none, the servers of each name's zone and two
    /// public resolvers; names outside of `domain` are asked of the public ones alone.
    pub fn new(host: &'a Host<'a>, domain: &str, resolvers: Vec<Server>) -> Self {
        Self { host, domain: domain.to_string(), resolvers }
    }

    /// What `name` holds.
    pub fn resolve(&self, name: &str, kind: RecordKind) -> Result<Resolved, Suspend> {
        self.walk(name, kind, &[])
    }

    /// What each of these holds, asked at once.
    pub fn resolve_all(&self, names: &[&str], kind: RecordKind) -> Result<Vec<Resolved>, Suspend> {
        gather(names.iter().map(|name| self.resolve(name, kind)))
    }

    fn servers(&self, name: &str) -> Result<Vec<Server>, Suspend> {
        if !self.resolvers.is_empty() {
            return Ok(self.resolvers.clone());
        }
        let public = public_resolvers();
        if !is_below(name, &self.domain) {
            return Ok(public);
        }
        let zone = self.host.state(Zone::of(name))?;
        Ok(zone.servers.iter().cloned().chain(public).collect())
    }

    fn walk(&self, name: &str, kind: RecordKind, path: &[&str]) -> Result<Resolved, Suspend> {
        if path.contains(&name) || path.len() >= LONGEST_CHAIN {
            return Ok(Resolved { circle: true, readable: true, ..Resolved::default() });
        }
        let path: Vec<&str> = path.iter().copied().chain([name]).collect();
        let servers = self.servers(name)?;
        let answers = self.host.state(Lookup { name: name.to_string(), kind, servers })?;
        let said = gather(answers.0.iter().map(|answer| self.said(answer, kind, &path)))?;
        let all: Vec<(&Server, Resolved)> =
            answers.0.iter().map(|answer| &answer.server).zip(said).collect();
        Ok(merge(&all))
    }

    /// What one server said, with the end of its aliases.
    fn said(&self, answer: &Answer, kind: RecordKind, path: &[&str]) -> Result<Resolved, Suspend> {
        let mut said = Resolved { readable: true, ..Resolved::default() };
        match &answer.reply {
            Reply::Failed(failure) => {
                said.readable = false;
                said.failures.push((answer.server.clone(), failure.clone()));
            }
            Reply::Found { aliases, records } => {
                said.aliases.clone_from(aliases);
                said.records.clone_from(records);
            }
            Reply::NoData => {}
            Reply::NoSuchName => said.no_such_name = true,
            Reply::Alias { aliases } => {
                let end = aliases.last().map(String::as_str).unwrap_or_default();
                said = self.walk(end, kind, path)?;
                said.aliases = aliases.iter().chain(&said.aliases).cloned().collect();
            }
        }
        Ok(said)
    }
}

/// All answers as one: the zone's own servers first, and who differs from them.
fn merge(all: &[(&Server, Resolved)]) -> Resolved {
    let readable: Vec<_> = all.iter().filter(|(_, said)| said.readable).collect();
    let own: Vec<_> = readable.iter().filter(|(server, _)| server.authoritative).collect();
    let base = if own.is_empty() { readable.iter().collect() } else { own };
    let mut merged = match base.first() {
        Some((_, first)) => first.clone(),
        None => Resolved::default(),
    };
    for (_, said) in &base {
        merged.records.extend(said.records.iter().cloned());
        merged.no_such_name &= said.no_such_name;
        merged.circle |= said.circle;
    }
    merged.records.sort();
    merged.records.dedup();
    merged.failures = vec![];
    for failure in all.iter().flat_map(|(_, said)| &said.failures) {
        // The end of an alias was asked for on behalf of several servers.
        if !merged.failures.contains(failure) {
            merged.failures.push(failure.clone());
        }
    }
    merged.differing = readable
        .iter()
        .filter(|(_, said)| said.records != merged.records)
        .map(|(server, said)| format!("{server} says {}", list(&said.records)))
        .chain(base.iter().flat_map(|(_, said)| said.differing.clone()))
        .collect();
    merged.differing.sort();
    merged.differing.dedup();
    merged
}

/// Records in a line.
pub fn list(records: &[Data]) -> String {
    match records {
        [] => "nothing".into(),
        _ => records.iter().map(|record| plain(&record.to_string())).collect::<Vec<_>>().join(", "),
    }
}

/// Text that others wrote, without what could play with a terminal.
pub fn plain(text: &str) -> Arc<str> {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            // Writing to a string cannot fail.
            let _ = write!(plain, "{}", letter.escape_default());
        } else {
            plain.push(letter);
        }
    }
    plain.into()
}

impl Resolved {
    /// What was found, for the table.
    pub fn found(&self) -> String {
        if !self.readable {
            return "unreadable".into();
        }
        let end = match (&self.records[..], self.circle) {
            (_, true) => "a circle".into(),
            ([], _) if self.no_such_name => "no such name".into(),
            ([], _) => "none".into(),
            (records, _) => list(records),
        };
        let aliases = self.aliases.iter().map(|alias| format!("{alias}."));
        aliases.chain([end]).collect::<Vec<_>>().join(" -> ")
    }

    /// Why nobody answered.
    pub fn why(&self) -> String {
        if self.failures.is_empty() {
            return "no server is known for it".into();
        }
        let all: Vec<String> =
            self.failures.iter().map(|(server, why)| format!("{server}: {why}")).collect();
        all.join("; ")
    }

    /// A resolver says that the answer cannot be had: mostly broken DNSSEC.
    pub fn is_broken(&self) -> bool {
        self.failures.iter().any(|(server, failure)| {
            !server.authoritative && matches!(failure, Failure::Code(code) if code == "SERVFAIL")
        })
    }

    /// Nobody answers, and one at least says that it is not its business.
    pub fn is_refused(&self) -> bool {
        let refused =
            |failure: &Failure| matches!(failure, Failure::Code(code) if code == "REFUSED");
        !self.readable && self.failures.iter().any(|(_, failure)| refused(failure))
    }

    /// Servers that differ or fail. One that there is no way to from here, or a public resolver
    /// that is not let through to us, says nothing about the zone.
    pub fn complaints(&self) -> Vec<String> {
        let failures = self.failures.iter().filter(|(server, failure)| match failure {
            Failure::NoRoute => false,
            Failure::TimedOut => server.authoritative,
            _ => true,
        });
        let failures = failures.map(|(server, why)| format!("{server}: {why}"));
        self.differing.iter().cloned().chain(failures).collect()
    }
}

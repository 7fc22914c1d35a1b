//! `Host` and `Match`: whether the lines that follow count.

use super::line::{ConfigError, Line};
use crate::remote::known_hosts::matches_list;

/// What conditions look at.
pub(super) struct Facts<'a> {
    /// The host as far as it is known: `HostName` if it was set, else the name given.
    pub host: String,
    pub original: &'a str,
    /// The user on the other side as far as it is known.
    pub user: String,
    pub local_user: &'a str,
    /// `Tag` as far as it is known, else nothing.
    pub tag: String,
    pub is_final: bool,
    /// Runs a command of `Match exec`, tokens expanded.
    pub exec: &'a dyn Fn(&str) -> Result<bool, String>,
}

/// The outcome, and whether `final` was asked for: then there is a second pass.
pub(super) struct Verdict {
    pub matches: bool,
    pub wants_final: bool,
}

/// Whether one of the patterns of a `Host` line matches and no negated one does.
pub(super) fn host(line: &Line, name: &str) -> Result<bool, ConfigError> {
    let arguments = line.arguments()?;
    Ok(matches_list(arguments.iter().map(String::as_str), name))
}

/// Whether all conditions of a `Match` line hold. Later ones are not run once one does not.
pub(super) fn matched(
    line: &Line,
    facts: &Facts<'_>,
    active: bool,
) -> Result<Verdict, ConfigError> {
    let mut arguments = arguments(line)?.into_iter();
    let mut verdict = Verdict { matches: true, wants_final: false };
    while let Some(word) = arguments.next() {
        let (negated, name) = match word.strip_prefix('!') {
            Some(name) => (true, name.to_lowercase()),
            None => (false, word.to_lowercase()),
        };
        let (name, glued) = match name.split_once('=') {
            Some((name, _)) => {
                (name.to_owned(), word.split_once('=').map(|(_, value)| value.to_owned()))
            }
            None => (name, None),
        };
        let holds = match name.as_str() {
            "all" => true,
            "final" => {
                verdict.wants_final = true;
                facts.is_final
            }
            "canonical" => facts.is_final,
            _ => {
                let value = glued.or_else(|| arguments.next());
                let value =
                    value.ok_or_else(|| line.at.error(format!("`match {name}` needs a value")))?;
                let wanted = verdict.matches && active;
                with_value(line, facts, (&name, &value), wanted)?
            }
        };
        verdict.matches &= holds != negated;
    }
    Ok(verdict)
}

fn arguments(line: &Line) -> Result<Vec<String>, ConfigError> {
    let arguments = line.arguments()?;
    let has_all = arguments.iter().any(|word| word.eq_ignore_ascii_case("all"));
    let with_all = |word: &String| {
        ["all", "final", "canonical"].iter().any(|allowed| word.eq_ignore_ascii_case(allowed))
    };
    if has_all && !arguments.iter().all(with_all) {
        return Err(line.at.error("`match all` stands alone, or after `final` or `canonical`"));
    }
    Ok(arguments)
}

fn with_value(
    line: &Line,
    facts: &Facts<'_>,
    (name, value): (&str, &str),
    wanted: bool,
) -> Result<bool, ConfigError> {
    let among = |text: &str| matches_list(value.split(','), text);
    Ok(match name {
        "host" => among(&facts.host.to_lowercase()),
        "originalhost" => among(&facts.original.to_lowercase()),
        "user" => among(&facts.user),
        "localuser" => among(facts.local_user),
        "exec" if wanted => (facts.exec)(value).map_err(|why| line.at.error(why))?,
        "tagged" => among(&facts.tag),
        "sessiontype" => among("exec"),
        "localnetwork" | "command" | "version" if wanted => {
            let why = format!("`match {name}` cannot be followed here; leave it out for this host");
            return Err(line.at.error(why));
        }
        "exec" | "localnetwork" | "command" | "version" => false,
        other => return Err(line.at.error(format!("`match {other}` is not known"))),
    })
}

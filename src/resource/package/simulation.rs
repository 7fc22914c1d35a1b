//! What apt would do: its own simulation, without writing anything.

use crate::remote::{Output, Script};

use super::super::probe::{Probe, answers};
use super::super::query::{Query, State};
use super::apt::ASK;

/// Asks what `apt-get` would do with these words.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Simulation {
    /// The words after `apt-get -s`: options, verb, packages.
    pub words: Vec<String>,
    /// The lists that were asked, see [`super::ListsState::stamp`].
    pub lists: String,
}

/// What apt would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It would change these, in its order.
    Changes(Vec<Change>),
    /// It would refuse; its words.
    Refused(String),
}

/// What happens to one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its name, with its architecture where that is a foreign one.
    pub name: String,
    /// The version that is there; none if it is not installed.
    pub from: Option<String>,
    /// The version that will be there; none if it goes, empty if nobody can tell yet.
    pub to: Option<String>,
}

impl State for Outcome {}

impl Query for Simulation {
    type State = Outcome;

    fn script(queries: &[&Self]) -> Script {
        let mut probe = Probe::new();
        probe.prelude(ASK);
        probe.and_each(queries, |query, question| {
            let words = query.words.iter().map(String::as_str);
            question.words(["mx_ask", "apt-get", "-s"].into_iter().chain(words)).line(" 2>&1");
        })
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<Outcome, String>> {
        let all = answers(output, queries.len()).into_iter();
        all.map(|answer| {
            answer.map(|(status, text)| match status {
                0 => Outcome::Changes(text.lines().filter_map(change).collect()),
                _ => Outcome::Refused(complaint(&text)),
            })
        })
        .collect()
    }
}

/// A line such as `Inst bash [5.2.15-2] (5.2.15-3 Debian:12.15/oldstable [amd64])`, `Remv sudo [1.9]`.
fn change(line: &str) -> Option<Change> {
    let mut words = line.split(' ');
    let verb = words.next()?;
    if !matches!(verb, "Inst" | "Remv" | "Purg" | "Del") {
        return None;
    }
    let name = words.next()?.to_string();
    let mut rest = line.split_once(&name)?.1.trim_start();
    let mut from = None;
    if let Some(inside) = rest.strip_prefix('[') {
        let (version, after) = inside.split_once(']')?;
        from = Some(version.to_string());
        rest = after.trim_start();
    }
    let to = match verb {
        "Inst" => Some(rest.strip_prefix('(')?.split([' ', ')']).next()?.to_string()),
        _ => None,
    };
    Some(Change { name, from, to })
}

/// The lines in which apt says why.
fn complaint(text: &str) -> String {
    let errors: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("E: ")).collect();
    if errors.is_empty() { text.trim().to_string() } else { errors.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &str) -> Outcome {
        let query = Simulation { words: vec![], lists: String::new() };
        let output = Output { stdout: text.into(), ..Output::default() };
        Simulation::parse(&[&query], &output)[0].clone().expect("is answered")
    }

    #[test]
    fn installs_upgrades_and_removals_are_read() {
        let said = "Reading package lists...\nInst bash [5.2.15-2+b13] (5.2.15-3 Debian:12.15/oldstable [amd64])\n\
            Remv sudo [1.9.13p3-1+deb12u4]\nInst ufw (0.36.2-1 Debian:12.15/oldstable [all]) []\nConf ufw (0.36.2-1 …)\n\n\u{1e}0\n";
        let change = |name: &str, from: Option<&str>, to: Option<&str>| Change {
            name: name.into(),
            from: from.map(str::to_string),
            to: to.map(str::to_string),
        };
        assert_eq!(
            ask(said),
            Outcome::Changes(vec![
                change("bash", Some("5.2.15-2+b13"), Some("5.2.15-3")),
                change("sudo", Some("1.9.13p3-1+deb12u4"), None),
                change("ufw", None, Some("0.36.2-1")),
            ])
        );
    }

    #[test]
    fn a_refusal_is_an_answer() {
        let said = "Reading package lists...\nE: Unable to locate package nosuch\n\n\u{1e}100\n";
        assert_eq!(ask(said), Outcome::Refused("Unable to locate package nosuch".into()));
    }
}

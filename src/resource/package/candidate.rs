//! The versions that the package lists offer.

use crate::remote::{Output, Script};

use super::super::query::{Query, State};
use super::apt::ASK;

/// Asks for the versions of one package that apt knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// The lists that were asked, see [`super::ListsState::stamp`].
    pub lists: String,
}

/// The versions that apt knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CandidateState {
    /// The one that it would install.
    pub candidate: Option<String>,
    /// All of them, the best first.
    pub versions: Vec<String>,
}

impl State for CandidateState {}

impl Query for Candidate {
    type State = CandidateState;

    fn script(queries: &[&Self]) -> Script {
        let names = queries.iter().map(|query| query.name.as_str());
        let mut script = Script::new();
        script.line(ASK).run(["mx_ask", "apt-cache", "policy", "--"].into_iter().chain(names));
        script
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<CandidateState, String>> {
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.succeeded() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
            return vec![Err(format!("apt-cache policy failed: {said}")); queries.len()];
        }
        queries.iter().map(|query| Ok(policy(&text, &query.name))).collect()
    }
}

/// The block of one package in the output of `apt-cache policy`.
fn policy(text: &str, name: &str) -> CandidateState {
    let mut state = CandidateState::default();
    let block = text
        .lines()
        .skip_while(|line| line.strip_suffix(':') != Some(name))
        .skip(1)
        .take_while(|line| line.starts_with(' '));
    for line in block {
        if let Some(version) = line.strip_prefix("  Candidate: ") {
            state.candidate = Some(version.to_string()).filter(|version| version != "(none)");
        }
        // Versions stand five columns in, the installed one after `***`; sources stand deeper.
        let is_version =
            line.starts_with(" *** ") || (line.starts_with("     ") && !line.starts_with("      "));
        if is_version && let Some(version) = line[5..].split(' ').next() {
            state.versions.push(version.to_string());
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Debian 12, hosts replaced.
    const SAID: &str = "ufw:
  Installed: (none)
  Candidate: 0.36.2-1
  Version table:
     0.36.2-1 500
        500 http://deb.example.org/debian bookworm/main amd64 Packages
openssh-server:
  Installed: 1:9.2p1-2+deb12u10
  Candidate: 1:9.2p1-2+deb12u10
  Version table:
 *** 1:9.2p1-2+deb12u10 500
        500 http://deb.example.org/debian bookworm/main amd64 Packages
        100 /var/lib/dpkg/status
     1:9.2p1-2+deb12u9 500
        500 http://deb.example.org/debian-security bookworm-security/main amd64 Packages
awk:
  Installed: (none)
  Candidate: (none)
  Version table:
";

    #[test]
    fn versions_are_read_from_policy() {
        assert_eq!(policy(SAID, "ufw").candidate.as_deref(), Some("0.36.2-1"));
        assert_eq!(
            policy(SAID, "openssh-server").versions,
            ["1:9.2p1-2+deb12u10", "1:9.2p1-2+deb12u9"]
        );
        assert_eq!(policy(SAID, "awk"), CandidateState::default());
        assert_eq!(policy(SAID, "nosuch"), CandidateState::default());
    }
}

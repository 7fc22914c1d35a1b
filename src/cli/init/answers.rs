//! What `init` is told: by flags, by a person, or by default.

use std::net::IpAddr;

use clap::{Args, ValueEnum};

use crate::diagnostic::{Diagnostic, Diagnostics};

use super::super::prompt::Terminal;
use super::catalogue::Catalogue;

/// What the flags say.
#[derive(Debug, Args)]
#[command(next_help_heading = "Answers")]
pub struct Given {
    /// The domain of the users' addresses: `example.org` for `@alice:example.org`.
    #[arg(long)]
    domain: Option<String>,

    /// The host's address or name, as `ssh` takes it.
    #[arg(long)]
    address: Option<String>,

    /// The host's name in the inventory [default: matrix1].
    #[arg(long)]
    host: Option<String>,

    /// The user to log in as [default: root].
    #[arg(long)]
    user: Option<String>,

    /// The port of sshd.
    #[arg(long, default_value_t = 22)]
    port: u16,

    /// Where Synapse answers [default: subdomain].
    #[arg(long, value_enum)]
    mode: Option<Mode>,

    /// What is to run, with commas; what it requires comes with it
    /// [default: federation,element,synapse_admin,coturn,monitoring,fail2ban].
    #[arg(long, value_delimiter = ',')]
    components: Option<Vec<String>>,

    /// Whom the certificates' authority writes to.
    #[arg(long)]
    email: Option<String>,

    /// The name of the homeserver's first admin [default: admin].
    #[arg(long)]
    admin: Option<String>,

    /// Where Docker comes from.
    #[arg(long, value_parser = ["docker", "distribution"], default_value = "docker")]
    docker_source: String,

    /// Fingerprint of the OpenPGP key that backups are encrypted to.
    #[arg(long, requires = "backup_key", conflicts_with = "no_backup_encryption")]
    backup_fingerprint: Option<String>,

    /// File with that public key, armoured; relative to the inventory.
    #[arg(long, value_name = "FILE", requires = "backup_fingerprint")]
    backup_key: Option<String>,

    /// Backups are not encrypted.
    #[arg(long)]
    no_backup_encryption: bool,
}

/// Where Synapse answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// On the domain itself.
    Root,
    /// On a name below it.
    Subdomain,
}

impl Mode {
    /// As the variable has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Subdomain => "subdomain",
        }
    }
}

/// What becomes of backups.
#[derive(Debug)]
pub enum Backup {
    /// Encrypted to this key.
    Key {
        /// 40 hexadecimal digits.
        fingerprint: String,
        /// The file with the key.
        file: String,
    },
    /// Not encrypted.
    Plain,
    /// Not settled: nothing is applied before it is.
    Open,
}

/// All answers, fit to be written.
#[derive(Debug)]
pub struct Answers {
    /// The domain.
    pub domain: String,
    /// The host's address.
    pub address: String,
    /// Its name in the inventory.
    pub host: String,
    /// The user to log in as.
    pub user: String,
    /// The port of sshd.
    pub port: u16,
    /// Where Synapse answers.
    pub mode: Mode,
    /// What runs.
    pub components: Vec<String>,
    /// Whom the certificates' authority writes to.
    pub email: Option<String>,
    /// The first admin.
    pub admin: String,
    /// Where Docker comes from.
    pub docker_source: String,
    /// What becomes of backups.
    pub backup: Backup,
}

const COMPONENTS: &str = "federation,element,synapse_admin,coturn,monitoring,fail2ban";

impl Answers {
    /// Takes the flags, asks for the rest, and refuses what cannot be right.
    pub fn collect(
        given: &Given,
        catalogue: &Catalogue,
        terminal: Terminal,
    ) -> Result<Self, Diagnostics> {
        let ask = Ask { terminal };
        let domain =
            ask.needed(given.domain.as_deref(), "--domain", "Domain of the users' addresses")?;
        let domain = domain.to_lowercase();
        let address = ask.needed(given.address.as_deref(), "--address", "Address of the host")?;
        let host = ask.or(given.host.as_deref(), "Its name in the inventory", "matrix1");
        let user = ask.or(given.user.as_deref(), "User to log in as", "root");
        let mode = match given.mode {
            Some(mode) => mode,
            None => read_mode(&ask.or(
                None,
                "Synapse answers on the domain (root) or on chat.DOMAIN (subdomain)",
                "subdomain",
            ))?,
        };
        let components = match &given.components {
            Some(components) => components.clone(),
            None => ask.or(None, "Components", COMPONENTS).split(',').map(str::to_owned).collect(),
        };
        let email = ask.or(given.email.as_deref(), "Address for the certificates' authority", "");
        let admin = ask.or(given.admin.as_deref(), "Name of the first admin", "admin");
        let answers = Self {
            components: tidy(&components),
            email: Some(email).filter(|email| !email.is_empty()),
            port: given.port,
            docker_source: given.docker_source.clone(),
            backup: given.backup()?,
            domain,
            address,
            host,
            user,
            mode,
            admin,
        };
        answers.check(catalogue)?;
        Ok(answers)
    }

    fn check(&self, catalogue: &Catalogue) -> Result<(), Diagnostics> {
        let mut wrong = Vec::new();
        if !is_domain(&self.domain) {
            wrong
                .push(Diagnostic::new(format!("`{}` is no domain", self.domain)).hint(
                    "it has two labels or more, of letters, digits and hyphens: example.org",
                ));
        }
        if self.address.parse::<IpAddr>().is_err() && !is_name(&self.address) {
            wrong.push(Diagnostic::new(format!(
                "`{}` is no address and no host name",
                self.address
            )));
        }
        if !is_word(&self.host, "-_.") {
            wrong.push(
                Diagnostic::new(format!(
                    "`{}` cannot be a host's name in the inventory",
                    self.host
                ))
                .hint("letters, digits, hyphens, dots and underscores"),
            );
        }
        if !is_word(&self.admin, "-_./=+") || self.admin != self.admin.to_lowercase() {
            wrong.push(
                Diagnostic::new(format!("`{}` cannot be the name of a Matrix account", self.admin))
                    .hint("lower-case letters, digits and `-_./=+`"),
            );
        }
        if self.email.as_ref().is_some_and(|email| !is_email(email)) {
            wrong.push(Diagnostic::new(
                "the address for the certificates' authority has no `@DOMAIN`",
            ));
        }
        wrong.extend(self.components.iter().filter_map(|name| catalogue.knows(name).err()));
        if wrong.is_empty() { Ok(()) } else { Err(Diagnostics(wrong)) }
    }
}

impl Given {
    fn backup(&self) -> Result<Backup, Diagnostic> {
        match (&self.backup_fingerprint, &self.backup_key) {
            (Some(fingerprint), Some(file)) => {
                let fingerprint = fingerprint.replace(' ', "").to_uppercase();
                if fingerprint.len() != 40 || !fingerprint.bytes().all(|it| it.is_ascii_hexdigit())
                {
                    return Err(Diagnostic::new("a fingerprint has 40 hexadecimal digits")
                        .hint("`gpg --fingerprint NAME` shows it"));
                }
                Ok(Backup::Key { fingerprint, file: file.clone() })
            }
            _ if self.no_backup_encryption => Ok(Backup::Plain),
            _ => Ok(Backup::Open),
        }
    }
}

/// Whoever answers what no flag said.
struct Ask {
    terminal: Terminal,
}

impl Ask {
    fn needed(
        &self,
        given: Option<&str>,
        flag: &str,
        question: &str,
    ) -> Result<String, Diagnostic> {
        let answer = match given {
            Some(given) => given.to_owned(),
            None => self.terminal.line(&format!("{question}: ")).unwrap_or_default(),
        };
        let answer = answer.trim().to_owned();
        if answer.is_empty() {
            let problem = format!("{} is not given", question.to_lowercase());
            return Err(Diagnostic::new(problem).hint(format!("give it with `{flag}`")));
        }
        Ok(answer)
    }

    fn or(&self, given: Option<&str>, question: &str, default: &str) -> String {
        let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
        let answer = match given {
            Some(given) => given.to_owned(),
            None => self.terminal.line(&format!("{question}{shown}: ")).unwrap_or_default(),
        };
        let answer = answer.trim();
        if answer.is_empty() { default.to_owned() } else { answer.to_owned() }
    }
}

fn read_mode(word: &str) -> Result<Mode, Diagnostic> {
    Mode::from_str(word, true)
        .map_err(|_| Diagnostic::new(format!("the mode is root or subdomain, not `{word}`")))
}

fn tidy(components: &[String]) -> Vec<String> {
    let words = components.iter().map(|word| word.trim().to_owned());
    words.filter(|word| !word.is_empty()).collect()
}

fn is_word(text: &str, more: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter))
}

/// A host name as RFC 1123, section 2.1, has it.
fn is_name(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            is_word(label, "-")
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

fn is_domain(text: &str) -> bool {
    is_name(text) && text.contains('.') && text.parse::<IpAddr>().is_err()
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && is_domain(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_told_from_what_is_none() {
        for right in ["example.org", "a.b-c.example", "xn--bcher-kva.example"] {
            assert!(is_domain(right), "{right}");
        }
        for wrong in ["", "example", "-a.org", "a..org", "192.0.2.1", "exa mple.org", "a_b.org"] {
            assert!(!is_domain(wrong), "{wrong}");
        }
    }
}

//! `mxprov dns`: the role `dns` alone, asked from this machine; prints its table.

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use clap::{Args, ValueEnum};
use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::engine::{Event, Recap, Sink, Status};
use crate::files::Tree;
use crate::report::Reporter;
use crate::value::{Redactor, Value};

use super::connection::ConnectionFlags;
use super::exit::Exit;
use super::process::Process;
use super::runner::{Order, Runner};
use super::setup::{Setup, Shows, reporter};
use super::source::SourceFlags;

/// The playbook that learns the host's addresses from the host.
const WITH_FACTS: &str = "playbooks/dns.yml";

/// The same for hosts that need not or cannot be reached: the inventory tells their addresses.
const WITHOUT_FACTS: &str = "playbooks/mxprov-dns-without-facts.yml";

/// Its text.
const TEXT: &str = "\
- name: Do the names lead there
  hosts: all
  gather_facts: false
  vars_files: [vars/components.yml]
  roles: [dns]
";

/// Flags of `dns`.
#[derive(Debug, Args)]
pub struct Dns {
    /// The domain; else that of the inventory (`mxprov_domain`).
    #[arg(short, long, value_name = "DOMAIN")]
    domain: Option<String>,

    /// A public address of the host; else `dns_addresses`, or what the host says. May be given
    /// several times.
    #[arg(short, long, value_name = "ADDRESS")]
    address: Vec<IpAddr>,

    /// Where Matrix answers: on the domain itself, or on a name below it.
    #[arg(long, value_enum, value_name = "MODE")]
    mode: Option<Mode>,

    /// The label below the domain in subdomain mode.
    #[arg(long, value_name = "LABEL")]
    matrix_name: Option<String>,

    /// In subdomain mode: another server has the domain, and the well-known files on it, which are
    /// fetched and compared.
    #[arg(long)]
    well_known_elsewhere: bool,

    /// A component that is switched on, such as `element`. May be given several times.
    #[arg(long, value_name = "NAME")]
    component: Vec<String>,

    /// Ask this resolver (`ADDRESS` or `ADDRESS:PORT`) instead of the zone's own servers and two
    /// public resolvers. May be given several times.
    #[arg(short, long, value_name = "ADDRESS")]
    resolver: Vec<String>,

    /// Show more: results (-v), scripts (-vv), the wire (-vvv).
    #[arg(short, action = clap::ArgAction::Count)]
    verbose: u8,

    #[command(flatten)]
    source: SourceFlags,

    #[command(flatten)]
    connection: ConnectionFlags,
}

/// Where Matrix answers.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    /// On the domain itself.
    Root,
    /// On a name below it.
    Subdomain,
}

/// Keeps what was found for each host.
struct Tables {
    reporter: Arc<Reporter>,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    /// The table of a host, and whether it holds an error.
    tables: IndexMap<Arc<str>, (String, bool)>,
    /// Hosts whose check failed without a table, and why.
    failed: IndexMap<Arc<str>, String>,
    /// Hosts that could not be reached, and why.
    unreachable: IndexMap<Arc<str>, String>,
}

impl Sink for Tables {
    fn event(&self, event: Event) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Task(task) => {
                let table = task.result.as_ref().filter(|_| &*task.module == "mxprov_dns");
                let table = table.and_then(|result| result.get("table")).and_then(Value::as_str);
                match (table, &task.status) {
                    (Some(table), status) => {
                        let wrong = matches!(status, Status::Failed { .. });
                        found.tables.insert(task.host, (table.to_string(), wrong));
                    }
                    (None, Status::Failed { message, ignored: false }) => {
                        found.failed.insert(task.host, message.clone());
                    }
                    _ => {}
                }
            }
            Event::Unreachable { host, message, .. } => {
                found.unreachable.insert(host, message);
            }
            // Those of the check stand below its table.
            Event::Warning { host: None, warning } => self.reporter.warning(&warning),
            _ => {}
        }
    }
}

impl Dns {
    /// Runs the command.
    pub async fn run(&self, process: &Process) -> Exit {
        let redactor = Redactor::new();
        let shows = Shows { verbosity: self.verbose, ..Shows::default() };
        let reporter = reporter(process, &redactor, shows);
        Exit::said(self.carry_out(process, &reporter, &redactor).await, &reporter)
    }

    async fn carry_out(
        &self,
        process: &Process,
        reporter: &Arc<Reporter>,
        redactor: &Redactor,
    ) -> Result<Exit, Diagnostics> {
        let source = self.source()?;
        let setup =
            Setup::new(process, &source, Arc::clone(reporter), redactor.clone(), self.verbose)?;
        let tables = Arc::new(Tables { reporter: Arc::clone(reporter), found: Mutex::default() });
        let runner = Runner::new(&setup, process, &self.connection)?;
        let walk = Walk { runner: &runner, setup: &setup, source: &source, tables: &tables };
        let limit = setup.limit(&source)?;
        let recap = if self.address.is_empty() {
            let recap = walk.go(WITH_FACTS, limit).await?;
            match walk.unreachable() {
                hosts if hosts.is_empty() || recap.interrupted => recap,
                hosts => walk.go(WITHOUT_FACTS, Some(hosts)).await?,
            }
        } else {
            walk.go(WITHOUT_FACTS, limit).await?
        };
        if recap.interrupted {
            return Ok(Exit::Interrupted);
        }
        let found = tables.found.lock().unwrap_or_else(PoisonError::into_inner);
        show(reporter, &found)
    }

    /// The flags of the source, with what is given here as variables over all others.
    fn source(&self) -> Result<SourceFlags, Diagnostic> {
        let mut inventory = self.source.inventory.clone();
        if inventory.is_empty() {
            match &self.domain {
                // A host of that name, which is never reached.
                Some(domain) if !self.address.is_empty() => inventory.push(format!("{domain},")),
                _ => {
                    return Err(Diagnostic::new("what to check is not given")
                        .hint("give an inventory with `-i FILE`, or `--domain` and `--address`"));
                }
            }
        }
        let mut extra_vars = self.source.extra_vars.clone();
        extra_vars.extend(self.variables());
        Ok(SourceFlags {
            inventory,
            limit: self.source.limit.clone(),
            extra_vars,
            vault: self.source.vault.clone(),
        })
    }

    /// What is given, as the role's variables: JSON.
    fn variables(&self) -> Vec<String> {
        let addresses: Vec<String> = self.address.iter().map(ToString::to_string).collect();
        let mode = self.mode.map(|mode| match mode {
            Mode::Root => "root",
            Mode::Subdomain => "subdomain",
        });
        let one =
            |name: &str, value: Option<&str>| value.map(|value| serde_json::json!({name: value}));
        let many = |name: &str, values: &[String]| {
            (!values.is_empty()).then(|| serde_json::json!({name: values}))
        };
        let elsewhere = self
            .well_known_elsewhere
            .then(|| serde_json::json!({"dns_well_known_elsewhere": true}));
        let all = [
            elsewhere,
            one("dns_domain", self.domain.as_deref()),
            one("dns_mode", mode),
            one("dns_matrix_name", self.matrix_name.as_deref()),
            many("dns_addresses", &addresses),
            many("dns_resolvers", &self.resolver),
            many("mxprov_components", &self.component),
        ];
        all.into_iter().flatten().map(|variables| variables.to_string()).collect()
    }
}

/// What every walk over the hosts needs.
struct Walk<'a> {
    runner: &'a Runner<'a>,
    setup: &'a Setup,
    source: &'a SourceFlags,
    tables: &'a Arc<Tables>,
}

impl Walk<'_> {
    /// Plans a playbook; nothing is sent.
    async fn go(
        &self,
        playbook: &str,
        limit: Option<HashSet<String>>,
    ) -> Result<Recap, Diagnostics> {
        let mut tree = Tree::default();
        tree.insert(WITHOUT_FACTS, TEXT.as_bytes());
        let loader = self.setup.loader_with(Arc::new(tree), self.source);
        let path = Path::new(playbook);
        let order = Order {
            playbook: loader.load(&[path])?,
            beside: path.parent().map(Path::to_path_buf),
            limit,
            selects: Arc::new(|_| true),
            check: true,
            sink: Arc::clone(self.tables) as Arc<dyn Sink>,
        };
        self.runner.ask(order).await
    }

    /// The hosts that could not be reached; says what that means for them.
    fn unreachable(&self) -> HashSet<String> {
        let mut found = self.tables.found.lock().unwrap_or_else(PoisonError::into_inner);
        let hosts = std::mem::take(&mut found.unreachable);
        for why in hosts.values() {
            let hint = "the addresses in the inventory (`dns_addresses`) are compared instead";
            self.tables.reporter.warning(&Diagnostic::new(why.as_str()).hint(hint));
        }
        hosts.keys().map(ToString::to_string).collect()
    }
}

/// Prints all tables; an error is an error of the command.
fn show(reporter: &Reporter, found: &Found) -> Result<Exit, Diagnostics> {
    let many = found.tables.len() + found.failed.len() + found.unreachable.len() > 1;
    for (index, (host, (table, _))) in found.tables.iter().enumerate() {
        let space = if index == 0 { "" } else { "\n" };
        let head = if many { format!("{space}{host}\n") } else { String::new() };
        reporter.result(&format!("{head}{table}"));
    }
    let failed = found.failed.iter().chain(&found.unreachable);
    let mut wrong = found.tables.values().any(|(_, wrong)| *wrong);
    for (host, message) in failed {
        wrong = true;
        reporter.error(&Diagnostic::new(format!("`{host}`: {message}")));
    }
    if found.tables.is_empty() && !wrong {
        return Err(Diagnostic::new("no host has a domain")
            .hint("set `mxprov_domain` in the inventory, or give `--domain`")
            .into());
    }
    Ok(if wrong { Exit::Failed } else { Exit::Done })
}

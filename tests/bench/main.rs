//! The benchmark: one playbook on one converged host by mxprov, by Ansible, and by nothing but ssh.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command that answers")]
#![expect(clippy::disallowed_methods, reason = "waits for machines, reads its environment")]

#[path = "../lab/mod.rs"]
mod lab;

mod contestant;
mod floor;
mod measure;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;

use contestant::{Course, Mxprov};
use lab::relay::{Options as Line, Relay};
use lab::{Host, Options, Release};
use measure::{Sample, Table};

/// Measures mxprov, Ansible and the floor side by side on a converged lab host.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    /// How often mxprov and the floor run at each latency
    #[arg(long, default_value = "5")]
    rounds: usize,
    /// How often Ansible runs, of these rounds
    #[arg(long, default_value = "2")]
    ansible_rounds: usize,
    /// The program to measure: a release build
    #[arg(long, default_value = "target/release/mxprov")]
    mxprov: PathBuf,
    /// `ansible-playbook` with the collection `ansible.posix`; without it Ansible is left out
    #[arg(long)]
    ansible: Option<PathBuf>,
    /// Milliseconds that a round trip takes, one measurement for each
    #[arg(long, value_delimiter = ',', default_value = "0,50")]
    latency: Vec<u64>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    if let Some(reason) = lab::requirement::missing() {
        bail!("{reason}");
    }
    let program = arguments.mxprov.canonicalize().with_context(|| {
        format!("no `{}`: `cargo build --release` makes it", arguments.mxprov.display())
    })?;
    let host = Host::up(Release::Debian13, &Options::named("bench"))?;
    // Ansible needs Python on the host; mxprov and the floor do not.
    host.run(
        "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y \
         --no-install-recommends python3 python3-apt",
    )?;
    let mxprov = Mxprov { program };
    let probes = converge(&mxprov, &host)?;
    println!("{} probes are replayed by the floor", probes.parts());
    for latency in &arguments.latency {
        println!("\nlatency {latency} ms");
        println!("{}", side_by_side(arguments, &mxprov, &host, &probes, *latency)?);
    }
    Ok(())
}

/// Applies the playbook until nothing is left, and records what mxprov asks on the way.
fn converge(mxprov: &Mxprov, host: &Host) -> Result<floor::Probes> {
    let relay = Relay::start(Line::to(host.ssh()))?;
    let course = Course::new(host, relay.address())?;
    mxprov.apply(&course, &[])?;
    let said = mxprov.apply(&course, &["-vv"])?;
    ensure!(said.contains("changed=0 unreachable=0 failed=0"), "not converged:\n{said}");
    let probes = floor::Probes::recorded(&said, host.name());
    probes.check(host)?;
    Ok(probes)
}

/// All contestants in turn, so that a busy machine is as busy for each.
fn side_by_side(
    arguments: &Arguments,
    mxprov: &Mxprov,
    host: &Host,
    probes: &floor::Probes,
    latency: u64,
) -> Result<Table> {
    let delay = Duration::from_micros(latency * 500);
    let relay = Relay::start(Line { delay, ..Line::to(host.ssh()) })?;
    let course = Course::new(host, relay.address())?;
    let mut table = Table::default();
    for round in 0..arguments.rounds {
        let sample = Sample::of(&relay, || probes.replay(&course))?;
        table.add("floor: ssh host sh -s", sample);
        let sample = Sample::of(&relay, || mxprov.apply(&course, &[]).map(|_| ()))?;
        table.add("mxprov apply", sample);
        let Some(ansible) = arguments.ansible.as_ref().filter(|_| round < arguments.ansible_rounds)
        else {
            continue;
        };
        let ansible = contestant::Ansible::new(ansible, &course)?;
        let cold = Sample::of(&relay, || ansible.play(&course))?;
        table.add("ansible, ControlPersist cold", cold);
        let warm = Sample::of(&relay, || ansible.play(&course))?;
        table.add("ansible, ControlPersist warm", warm);
    }
    Ok(table)
}

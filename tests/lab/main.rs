//! The `lab` command: hosts for scripts and people.
#![expect(clippy::disallowed_methods, reason = "waits for machines, reads its environment")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command that answers")]

#[path = "mod.rs"]
mod lab;
mod relay_command;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};

use lab::room::Room;
use lab::{Host, Options, Release, Sudo};

/// Throwaway Debian hosts on this machine.
#[derive(Parser)]
#[command(name = "lab")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the base images, the stand-in for Docker's repository and what else is missing
    Prepare {
        /// Only the image of this release
        #[arg(long)]
        release: Option<Release>,
    },
    /// Print the folder of a release's image, built now if need be; not to be written to
    Image {
        #[arg(long, default_value = "13")]
        release: Release,
    },
    /// Boot a host that stays until `down`
    Up {
        name: String,
        /// 11, 12 or 13
        #[arg(long, default_value = "13")]
        release: Release,
        /// Let the admin user's sudo ask for the password `lab-admin`
        #[arg(long)]
        sudo_password: bool,
    },
    /// Show all hosts: number, name, release, v4, v6, who takes it down
    List,
    /// Take hosts away
    Down {
        #[arg(required_unless_present = "all")]
        names: Vec<String>,
        /// All hosts that stay until `down`; those of running tests are left
        #[arg(long)]
        all: bool,
    },
    /// Log in over SSH, or run a command
    Ssh {
        name: String,
        #[arg(long, default_value = "root")]
        user: String,
        #[arg(trailing_var_arg = true)]
        command: Vec<String>,
    },
    /// Run a command as root inside, without SSH
    Exec {
        name: String,
        #[arg(trailing_var_arg = true, required = true)]
        command: Vec<String>,
    },
    /// Stand between a client and a host: delay, count round trips, cut
    Relay(relay_command::RelayCommand),
    /// Serve the stand-in for Docker's repository until stdin ends
    ///
    /// Prints its address, the address of its key, and the key's fingerprint.
    DockerRepository {
        #[arg(long, default_value = "0")]
        port: u16,
    },
    /// Build the container images of the stack, and give them to a host's Docker
    Images {
        /// Only build them if it is left out
        host: Option<String>,
        /// Only these recipes or image names
        #[arg(long = "only", value_name = "IMAGE")]
        only: Vec<String>,
    },
    /// Write `inventory.yml` and `known_hosts` for these hosts into a folder
    Inventory {
        folder: PathBuf,
        #[arg(required = true)]
        names: Vec<String>,
        #[arg(long, default_value = "root")]
        user: String,
    },
}

/// For so many hosts `prepare` makes keys ahead.
const HOST_KEYS: u16 = 16;

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    if let Some(reason) = lab::requirement::missing() {
        bail!("{reason}");
    }
    match arguments.command {
        Command::Prepare { release } => prepare(release)?,
        Command::Image { release } => {
            println!("{}", lab::image::ensure(&Room::open()?, release)?.display());
        }
        Command::Up { name, release, sudo_password } => up(&name, release, sudo_password)?,
        Command::List => list()?,
        Command::Down { names, all } => down(&names, all)?,
        Command::Ssh { name, user, command } => return ssh(&name, &user, &command),
        Command::Exec { name, command } => return exec(&name, &command),
        Command::Relay(command) => command.run(&mut std::io::stdout())?,
        Command::DockerRepository { port } => docker_repository(port)?,
        Command::Images { host, only } => images(host.as_deref(), &only)?,
        Command::Inventory { folder, names, user } => inventory(&folder, &names, &user)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn prepare(only: Option<Release>) -> Result<()> {
    let room = Room::open()?;
    println!("key: {}", lab::keys::client(&room)?.display());
    let wanted = Release::ALL.into_iter().filter(|r| only.is_none_or(|o| o == *r));
    // Side by side: most of the time goes to waiting for dpkg.
    let builds: Vec<_> = wanted
        .map(|release| {
            let room = room.clone();
            (release, std::thread::spawn(move || lab::image::ensure(&room, release)))
        })
        .collect();
    // While those wait: an RSA key takes longer than a boot.
    for number in 1..=HOST_KEYS {
        lab::keys::host(&room, number)?;
    }
    for (release, build) in builds {
        let Ok(image) = build.join() else { bail!("building the image of {release} panicked") };
        println!("{release}: {}", image?.display());
    }
    if only.is_none() {
        println!("docker: {}", lab::docker_repository::ensure(&room)?.display());
        println!("container image: {}", lab::container_image::tarball()?.display());
        println!("images: {}", lab::images::ensure(&room, &[])?.len());
    }
    Ok(())
}

fn up(name: &str, release: Release, sudo_password: bool) -> Result<()> {
    if Host::find(name).is_ok() {
        bail!("host `{name}` is up already: `lab down {name}` takes it away");
    }
    let sudo = if sudo_password { Sudo::Password } else { Sudo::Passwordless };
    let host = Host::up(release, &Options { sudo, ..Options::named(name) })?;
    println!("{name} {release} {} {} key {}", host.v4(), host.v6(), host.key()?.display());
    host.keep()
}

fn list() -> Result<()> {
    for record in lab::registry::list(&Room::open()?)? {
        let (v4, v6) = (lab::address::v4(record.number), lab::address::v6(record.number));
        let owner = record.owner.map_or("kept".to_owned(), |o| format!("process {}", o.pid));
        println!("{} {} {} {v4} {v6} {owner}", record.number, record.name, record.release);
    }
    Ok(())
}

fn down(names: &[String], all: bool) -> Result<()> {
    let kept = lab::registry::list(&Room::open()?)?.into_iter().filter(|r| r.owner.is_none());
    let names = if all { kept.map(|r| r.name).collect() } else { names.to_vec() };
    for name in names {
        Host::find(&name)?.down()?;
    }
    lab::registry::sweep(&Room::open()?)
}

fn ssh(name: &str, user: &str, command: &[String]) -> Result<ExitCode> {
    let status = Host::find(name)?.ssh_command(user)?.args(command).status().context("ssh")?;
    Ok(code(status))
}

fn exec(name: &str, command: &[String]) -> Result<ExitCode> {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    Ok(code(Host::find(name)?.enter(&words)?))
}

fn inventory(folder: &std::path::Path, names: &[String], user: &str) -> Result<()> {
    let hosts = names.iter().map(|name| Host::find(name)).collect::<Result<Vec<_>>>()?;
    let written = lab::inventory::write(folder, &hosts.iter().collect::<Vec<_>>(), user)?;
    println!("{}", written.path.display());
    Ok(())
}

fn docker_repository(port: u16) -> Result<()> {
    let repository = lab::DockerRepository::serve_on(port)?;
    println!("{} {} {}", repository.url(), repository.key_url(), repository.fingerprint());
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).context("cannot wait for stdin")?;
    Ok(())
}

fn images(host: Option<&str>, only: &[String]) -> Result<()> {
    let only: Vec<&str> = only.iter().map(String::as_str).collect();
    for image in lab::images::ensure(&Room::open()?, &only)? {
        println!("{}", image.names.join(" "));
    }
    match host {
        Some(host) => lab::images::give(&Host::find(host)?, &only),
        None => Ok(()),
    }
}

fn code(status: std::process::ExitStatus) -> ExitCode {
    // A command that a signal ended has no code; 255 is what ssh itself says for trouble.
    status.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(255).into()
}

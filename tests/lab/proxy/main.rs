//! `traefik` in the lab's image of that name: a proxy that reads Traefik's configuration files.
#![expect(clippy::print_stderr, reason = "a program that says why it does not start")]

mod access;
mod backend;
mod certificates;
mod forward;
mod log;
#[expect(dead_code, unused_imports, reason = "some of it is for tests only")]
#[path = "mod.rs"]
mod proxy;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use proxy::fixed::{self, Fixed};

/// Stand-in for Traefik.
#[derive(Parser)]
#[command(name = "traefik")]
struct Arguments {
    /// The static configuration
    #[arg(long = "configFile", alias = "configfile", global = true)]
    #[arg(default_value = "/etc/traefik/traefik.yml")]
    file: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Ask the running proxy how it is
    Healthcheck {
        /// Accepted as Traefik does
        #[arg(long, num_args = 0..=1, default_missing_value = "true")]
        ping: Option<String>,
    },
    /// Print the version that this stands in for
    Version,
    /// Make the lab's certificate authority, when the image is built
    MakeAuthority { folder: PathBuf },
}

/// Where the image has the lab's certificate authority.
const AUTHORITY: &str = "/usr/local/share/lab-ca";

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    match &arguments.command {
        Some(Command::Version) => {
            log::say("info", "stand-in of the lab", &[("version", "3.7.11")]);
            return Ok(());
        }
        Some(Command::MakeAuthority { folder }) => {
            return certificates::make_authority(folder).map_err(|error| error.to_string());
        }
        _ => {}
    }
    let path = &arguments.file;
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("command traefik error: {}: {error}", path.display()))?;
    let fixed = Fixed::read(path, &text)
        .map_err(|problem| format!("command traefik error: failed to decode: {problem}"))?;
    match arguments.command {
        Some(Command::Healthcheck { .. }) => healthcheck(&fixed),
        _ => serve::start(fixed, AUTHORITY.as_ref()),
    }
}

fn healthcheck(fixed: &Fixed) -> Result<(), String> {
    use std::io::{Read as _, Write as _};
    let name = fixed.ping_entry_point().ok_or("please enable `ping` to use health check")?;
    let port = fixed::port(&fixed.entry_points[name].address).unwrap_or_default();
    let bad = |error: std::io::Error| format!("Bad healthcheck: {error}");
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).map_err(bad)?;
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5))).map_err(bad)?;
    let request = "HEAD /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).map_err(bad)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(bad)?;
    match answer.starts_with("HTTP/1.1 200") {
        true => Ok(()),
        false => Err(format!("Bad healthcheck status: {}", answer.lines().next().unwrap_or(""))),
    }
}

//! `lab relay`: a relay for scripts and people, steered by lines on stdin.

use std::io::BufRead as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum as _};

use crate::lab::relay::{Options, Relay};
use crate::lab::{Cut, Direction, Door, Host, Trigger};

/// Its first line of output is the address to connect to; then it obeys lines on stdin, each
/// answered by a line: `count` (JSON), `reset`, `silence`, `close`, `refuse`, `silent`, `open`,
/// `quit`. The end of stdin is `quit`.
#[derive(Args)]
pub struct RelayCommand {
    /// A host of the lab, or an address with a port
    target: String,
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Milliseconds in each direction; a round trip takes twice as long
    #[arg(long, default_value = "0")]
    delay: u64,
    /// Cut after so many bytes of `--direction`
    #[arg(long, group = "when")]
    cut_bytes: Option<u64>,
    #[arg(long, default_value = "to-server")]
    direction: Direction,
    /// Cut after so many round trips
    #[arg(long, group = "when")]
    cut_round_trips: Option<u64>,
    /// Cut after so many milliseconds
    #[arg(long, group = "when")]
    cut_after: Option<u64>,
    /// How to cut then
    #[arg(long, default_value = "reset")]
    cut: Cut,
}

impl RelayCommand {
    pub fn run(&self, out: &mut impl std::io::Write) -> Result<()> {
        let target = match self.target.parse() {
            Ok(address) => address,
            Err(_) => Host::find(&self.target)?.ssh(),
        };
        let delay = Duration::from_millis(self.delay);
        let relay = Relay::start(Options { listen: self.listen, target, delay })?;
        if let Some(trigger) = self.trigger() {
            relay.cut_when(trigger, self.cut);
        }
        writeln!(out, "{}", relay.address())?;
        out.flush()?;
        for line in std::io::stdin().lock().lines() {
            let line = line.context("cannot read stdin")?;
            if line == "quit" {
                break;
            }
            match obey(&relay, &line) {
                Ok(answer) => writeln!(out, "{answer}")?,
                Err(error) => writeln!(out, "error: {error}")?,
            }
            out.flush()?;
        }
        Ok(())
    }

    fn trigger(&self) -> Option<Trigger> {
        let bytes = self.cut_bytes.map(|n| Trigger::Bytes(self.direction, n));
        let time = || self.cut_after.map(|ms| Trigger::After(Duration::from_millis(ms)));
        bytes.or_else(|| self.cut_round_trips.map(Trigger::RoundTrips)).or_else(time)
    }
}

fn obey(relay: &Relay, line: &str) -> Result<String> {
    let door = match line {
        "count" => return serde_json::to_string(&relay.count()).context("a count is JSON"),
        "refuse" => Some(Door::Refuse),
        "silent" => Some(Door::Silent),
        "open" => Some(Door::Open),
        _ => None,
    };
    if let Some(door) = door {
        relay.set_door(door);
    } else if let Ok(cut) = Cut::from_str(line, false) {
        relay.cut(cut);
    } else {
        bail!(
            "no order `{line}`: it is count, reset, silence, close, refuse, silent, open or quit"
        );
    }
    Ok("done".to_owned())
}

//! Which ports answer, seen from outside: from the controller or from another host.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::host::Host;

const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Port {
    /// A connection came about.
    Open,
    /// It was refused at once.
    Closed,
    /// Nothing came back within a second, or only that the way is barred.
    Filtered,
}

/// Tries each TCP port from the controller, all at once.
pub fn from_controller(target: IpAddr, ports: &[u16]) -> Vec<(u16, Port)> {
    let tries: Vec<_> = ports
        .iter()
        .map(|port| {
            let address = SocketAddr::new(target, *port);
            (*port, std::thread::spawn(move || knock(address)))
        })
        .collect();
    tries.into_iter().map(|(port, t)| (port, t.join().unwrap_or(Port::Filtered))).collect()
}

/// Tries each TCP port from another host of the lab, all at once.
pub fn from_host(source: &Host, target: IpAddr, ports: &[u16]) -> Result<Vec<(u16, Port)>> {
    // Bash connects by itself, so nothing needs to be installed; it says why it could not.
    let knock = format!(
        "{{ e=$(LC_ALL=C timeout {} bash -c 'exec 3<>/dev/tcp/{target}/'$p 2>&1); s=$?; \
         case $s:$e in 0:*) r=open ;; *refused*) r=closed ;; *) r=filtered ;; esac; \
         echo $p $r; }} &",
        PATIENCE.as_secs()
    );
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    let said = source.run(&format!("for p in {}; do {knock} done; wait", ports.join(" ")))?;
    let mut found = said.lines().map(parse).collect::<Result<Vec<_>>>()?;
    found.sort_unstable();
    Ok(found)
}

fn parse(line: &str) -> Result<(u16, Port)> {
    let (port, word) = line.split_once(' ').with_context(|| format!("no answer: `{line}`"))?;
    let state = match word {
        "open" => Port::Open,
        "closed" => Port::Closed,
        _ => Port::Filtered,
    };
    Ok((port.parse().with_context(|| format!("no port: `{line}`"))?, state))
}

fn knock(address: SocketAddr) -> Port {
    match TcpStream::connect_timeout(&address, PATIENCE) {
        Ok(_) => Port::Open,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Port::Closed,
        Err(_) => Port::Filtered,
    }
}

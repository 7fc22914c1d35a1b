//! Who fails to log in five times is out, on published ports too, until the ban is lifted.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::lab::scan::{Port, from_controller, from_host};
use crate::lab::{Host, Output};

use super::stage::{self, Stage};
use super::wait;

/// From the other host over IPv4, then over IPv6, while the controller goes on.
pub fn guessers(stage: &Stage<'_>, other: &Host) -> Result<()> {
    let ways: [(IpAddr, IpAddr); 2] =
        [(stage.host.v4().into(), other.v4().into()), (stage.host.v6().into(), other.v6().into())];
    for (target, source) in ways {
        ensure!(is_open(other, target)?, "{source} is out before it failed");
        // Three at one account, for its own limit comes with the fourth.
        for (failed, user) in ["admin", "admin", "admin", "nobody", "nobody"].iter().enumerate() {
            ensure!(is_open(other, target)?, "{source} is out after {failed} failures");
            let said = guess(other, target, user)?;
            ensure!(said.stdout == "403", "{said:?}");
        }
        let status = "fail2ban-client status mxprov-synapse";
        wait(stage.host, &format!("{status} | grep -q 'Banned IP list:.* *{source}'"))?;
        // fail2ban names an address before its rule is there.
        let end = Instant::now() + Duration::from_secs(60);
        while let Some(port) = reached(other, target)? {
            ensure!(Instant::now() < end, "{source} still reaches port {port}");
            std::thread::sleep(Duration::from_millis(200));
        }
        for (port, state) in from_controller(target, &[22, 443, 8448]) {
            ensure!(
                state == Port::Open,
                "{source} is banned, and port {port} is {state:?} to others"
            );
        }
        stage.host.run(&format!("fail2ban-client set mxprov-synapse unbanip {source}"))?;
        let end = Instant::now() + Duration::from_secs(60);
        while !is_open(other, target)? {
            ensure!(Instant::now() < end, "{source} is out after its ban was lifted");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    Ok(())
}

/// A published port, or that of SSH, which still answers.
fn reached(other: &Host, target: IpAddr) -> Result<Option<u16>> {
    let states = from_host(other, target, &[22, 443, 8448])?;
    Ok(states.into_iter().find(|(_, state)| *state == Port::Open).map(|(port, _)| port))
}

fn is_open(other: &Host, target: IpAddr) -> Result<bool> {
    Ok(from_host(other, target, &[443])?.iter().all(|(_, state)| *state == Port::Open))
}

/// A login with a wrong password; says the status.
fn guess(other: &Host, target: IpAddr, user: &str) -> Result<Output> {
    let name = format!("chat.{}", stage::DOMAIN);
    let address = if target.is_ipv6() { format!("[{target}]") } else { target.to_string() };
    let body = format!(
        r#"{{"type":"m.login.password","identifier":{{"type":"m.id.user","user":"{user}"}},"password":"wrong"}}"#
    );
    let line = format!(
        "curl -sS -k -o /dev/null -w '%{{http_code}}' --max-time 20 --data-binary @- \
         --resolve {name}:443:{address} https://{name}/_matrix/client/v3/login"
    );
    other.exec_with_input(&line, body.as_bytes())
}

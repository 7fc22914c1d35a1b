//! The relay, in front of a small server of our own and of a host's sshd.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::lab::relay::Options;
use crate::lab::{Cut, Direction, Door, Host, Relay, Release, Trigger, lab_or_skip};

/// Answers every byte with itself.
fn echo() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut buffer = [0; 1024];
                while let Ok(length @ 1..) = stream.read(&mut buffer) {
                    if stream.write_all(&buffer[..length]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    Ok(address)
}

fn connect(relay: &Relay) -> Result<TcpStream> {
    let stream = TcpStream::connect(relay.address())?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    Ok(stream)
}

fn ask(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"abcd")?;
    stream.read_exact(&mut [0; 4])
}

#[test]
fn round_trips_are_counted_and_delayed() -> Result<()> {
    let delay = Duration::from_millis(20);
    let relay = Relay::start(Options { delay, ..Options::to(echo()?) })?;
    let mut stream = connect(&relay)?;
    let start = Instant::now();
    for _ in 0..5 {
        ask(&mut stream)?;
    }
    let took = start.elapsed();
    let count = relay.count();
    ensure!(count.round_trips == 5 && count.connections == 1, "{count:?}");
    ensure!(count.bytes_to_server == 20 && count.bytes_to_client == 20, "{count:?}");
    ensure!(took >= delay * 10 && took < delay * 30, "five round trips took {took:?}");
    Ok(())
}

#[test]
fn each_cut_is_felt_as_what_it_is() -> Result<()> {
    let server = echo()?;
    for (cut, expected) in [
        (Cut::Reset, ErrorKind::ConnectionReset),
        (Cut::Silence, ErrorKind::WouldBlock),
        (Cut::Close, ErrorKind::UnexpectedEof),
    ] {
        let relay = Relay::start(Options::to(server))?;
        let mut stream = connect(&relay)?;
        stream.set_read_timeout(Some(Duration::from_millis(300)))?;
        ask(&mut stream)?;
        relay.cut(cut);
        let error = stream.read_exact(&mut [0; 1]).err().context("nothing was cut")?;
        ensure!(error.kind() == expected, "{cut:?}: {error:?}");
        // The line is whole again for the next.
        ask(&mut connect(&relay)?)?;
    }
    Ok(())
}

#[test]
fn a_trigger_cuts_where_it_says() -> Result<()> {
    let server = echo()?;
    let relay = Relay::start(Options::to(server))?;
    let mut stream = connect(&relay)?;
    relay.cut_when(Trigger::Bytes(Direction::ToClient, 6), Cut::Close);
    ask(&mut stream)?;
    ensure!(!relay.has_cut());
    stream.write_all(b"abcd")?;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest)?;
    ensure!(rest == b"ab" && relay.has_cut(), "got {rest:?}");

    let mut stream = connect(&relay)?;
    relay.cut_when(Trigger::RoundTrips(relay.count().round_trips + 2), Cut::Reset);
    ask(&mut stream)?;
    ensure!(ask(&mut stream).is_err() && relay.has_cut());

    let mut stream = connect(&relay)?;
    ask(&mut stream)?;
    relay.cut_when(Trigger::After(Duration::from_millis(50)), Cut::Reset);
    ensure!(stream.read(&mut [0]).is_err() && relay.has_cut());

    relay.set_door(Door::Refuse);
    ensure!(connect(&relay).and_then(|mut s| Ok(ask(&mut s)?)).is_err());
    relay.set_door(Door::Open);
    ask(&mut connect(&relay)?).context("the door is open again")
}

#[test]
fn ssh_runs_through_a_relay_and_dies_with_its_server() -> Result<()> {
    if !lab_or_skip("ssh_runs_through_a_relay_and_dies_with_its_server") {
        return Ok(());
    }
    for release in [Release::Debian11, Release::Debian13] {
        let host = Host::up(release, &crate::lab::Options::named("far"))?;
        let relay = Relay::start(Options::to(host.ssh()))?;
        let status = host.ssh_command_through("root", relay.address())?.arg("true").status()?;
        ensure!(status.success() && relay.count().round_trips > 4, "{:?}", relay.count());

        let mut sleeper = host.ssh_command_through("root", relay.address())?;
        let mut child = sleeper.arg("sleep 60").spawn()?;
        let end = Instant::now() + Duration::from_secs(20);
        while host.exec("pgrep -x sleep")?.stdout.is_empty() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
        }
        ensure!(host.kill_ssh_sessions()? > 0);
        ensure!(child.wait()?.code() == Some(255));
        ensure!(host.ssh_command("root")?.arg("true").status()?.success());
    }
    Ok(())
}

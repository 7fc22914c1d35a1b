//! One throwaway host: up, used, gone.

use std::fmt::Write as _;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::container::Boot;
use super::exec::{self, Output};
use super::overlay::Overlay;
use super::process::Process;
use super::record::Record;
use super::release::Release;
use super::room::Room;
use super::{address, bridge, image, inventory, keys, leader, packages, pristine, registry};

/// How long a boot may take; on an idle machine it is about a second.
const BOOT: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(20);

/// Whether the admin user's sudo asks for [`image::ADMIN_PASSWORD`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sudo {
    #[default]
    Passwordless,
    Password,
}

/// What may differ between hosts of a release.
#[derive(Debug, Clone)]
pub struct Options {
    /// The host's own name; need not be unique.
    pub name: String,
    pub sudo: Sudo,
    /// Whether packages that earlier hosts downloaded are there already.
    pub lend_packages: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { name: "host".to_owned(), sudo: Sudo::default(), lend_packages: true }
    }
}

impl Options {
    /// The defaults, for a host of this name.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

/// A running host. Dropping it takes it away, unless it was [kept](Host::keep) or only
/// [found](Host::find).
#[derive(Debug)]
pub struct Host {
    room: Room,
    record: Record,
    supervisor: Option<Child>,
    is_ours: bool,
}

impl Host {
    /// Boots a pristine host and returns when it is up: sshd answers, systemd has settled.
    pub fn up(release: Release, options: &Options) -> Result<Self> {
        let room = Room::open()?;
        let image = image::ensure(&room, release)?;
        bridge::ensure(&room)?;
        let record = registry::claim(&room, &options.name, release, &image)?;
        let mut host = Self { room, record, supervisor: None, is_ours: true };
        host.boot(options).with_context(|| format!("booting `{}` ({release})", options.name))?;
        Ok(host)
    }

    /// The host of this name that [`Host::keep`] left.
    pub fn find(name: &str) -> Result<Self> {
        let room = Room::open()?;
        let records = registry::list(&room)?;
        let mut kept = records.into_iter().filter(|r| r.owner.is_none());
        let Some(record) = kept.find(|r| r.name == name) else {
            bail!("no host `{name}` is up: `lab list` shows what is");
        };
        Ok(Self { room, record, supervisor: None, is_ours: false })
    }

    /// Lets the host stay when this process ends, until `lab down`.
    pub fn keep(mut self) -> Result<()> {
        self.record.owner = None;
        self.record.write(&self.folder())?;
        self.is_ours = false;
        Ok(())
    }

    /// Takes the host away now, also one that was only found.
    pub fn down(mut self) -> Result<()> {
        self.is_ours = true;
        self.remove()
    }

    fn boot(&mut self, options: &Options) -> Result<()> {
        let folder = self.folder();
        let overlay = self.overlay();
        if options.lend_packages {
            packages::lend(&self.room, self.record.release, &overlay.upper())?;
        }
        overlay.mount(&self.record.image)?;
        packages::look_at(&overlay.merged())?;
        pristine::personalise(&self.room, &overlay.merged(), &self.record, options)?;
        let console = folder.join("console");
        let boot = Boot {
            number: self.record.number,
            hostname: &self.record.name,
            overlay: &overlay,
            room: &self.room,
            console: &console,
        };
        let child = boot.start()?;
        self.record.supervisor = Some(Process::of(child.id())?);
        self.supervisor = Some(child);
        self.record.write(&folder)?;
        self.wait_until_up().with_context(|| {
            let said = std::fs::read_to_string(&console).unwrap_or_default();
            format!("its console said: {}", said.trim_end())
        })
    }

    /// Waits until sshd answers and systemd has settled, after a boot or a reboot.
    pub fn wait_until_up(&self) -> Result<()> {
        let end = Instant::now() + BOOT;
        while !self.has_ssh() {
            if Instant::now() > end {
                bail!("sshd of `{}` does not answer after {} s", self.name(), BOOT.as_secs());
            }
            if self.record.supervisor.is_none_or(|s| !s.is_alive()) {
                bail!("`{}` has ended", self.name());
            }
            std::thread::sleep(POLL);
        }
        // A degraded host is up too: whoever cares about its units asks for them.
        self.exec("timeout 60 systemctl is-system-running --wait")?;
        Ok(())
    }

    fn has_ssh(&self) -> bool {
        let limit = Duration::from_millis(500);
        let Ok(mut stream) = TcpStream::connect_timeout(&self.ssh(), limit) else {
            return false;
        };
        let mut banner = [0_u8; 4];
        stream.set_read_timeout(Some(limit)).is_ok()
            && stream.read_exact(&mut banner).is_ok()
            && &banner == b"SSH-"
    }

    pub fn name(&self) -> &str {
        &self.record.name
    }

    pub fn release(&self) -> Release {
        self.record.release
    }

    pub fn number(&self) -> u16 {
        self.record.number
    }

    pub fn v4(&self) -> Ipv4Addr {
        address::v4(self.record.number)
    }

    pub fn v6(&self) -> Ipv6Addr {
        address::v6(self.record.number)
    }

    /// Where sshd listens.
    pub fn ssh(&self) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(self.v4()), 22)
    }

    /// The private key that root and the admin user accept.
    pub fn key(&self) -> Result<PathBuf> {
        keys::client(&self.room)
    }

    /// Lines for a `known_hosts` file: the keys the host booted with, under its v4 address.
    pub fn known_hosts_lines(&self) -> Result<String> {
        self.known_hosts_lines_at(&self.v4().to_string())
    }

    /// As [`Host::known_hosts_lines`] under another name, such as `[127.0.0.1]:2222`.
    pub fn known_hosts_lines_at(&self, name: &str) -> Result<String> {
        let folder = keys::host(&self.room, self.record.number)?;
        let mut lines = String::new();
        for kind in ["ed25519", "ecdsa", "rsa"] {
            let path = folder.join(format!("ssh_host_{kind}_key.pub"));
            let key = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            let mut words = key.split(' ');
            if let (Some(kind), Some(data)) = (words.next(), words.next()) {
                writeln!(lines, "{name} {kind} {data}")?;
            }
        }
        Ok(lines)
    }

    /// The base image below the host's root.
    pub fn image(&self) -> Result<PathBuf> {
        std::fs::canonicalize(&self.record.image)
            .with_context(|| format!("the image of `{}` is gone", self.name()))
    }

    /// The host's folder on the controller.
    pub fn folder(&self) -> PathBuf {
        registry::folder(&self.room, self.record.number)
    }

    pub fn overlay(&self) -> Overlay {
        Overlay::in_folder(&self.folder())
    }

    /// The host's process 1, as the controller numbers it.
    pub fn leader(&self) -> Result<u32> {
        let supervisor = self.record.supervisor.context("the host was never started")?;
        leader::of(supervisor.pid)
    }

    /// Runs a shell script as root inside, without SSH.
    pub fn exec(&self, script: &str) -> Result<Output> {
        self.exec_with_input(script, b"")
    }

    /// As [`Host::exec`], with bytes on stdin.
    pub fn exec_with_input(&self, script: &str, input: &[u8]) -> Result<Output> {
        exec::shell(self.leader()?, script, input)
            .with_context(|| format!("running `{script}` on `{}`", self.name()))
    }

    /// As [`Host::exec`]; stdout of a success, an error otherwise.
    pub fn run(&self, script: &str) -> Result<String> {
        let output = self.exec(script)?;
        output.ok().with_context(|| format!("`{script}` failed on `{}`", self.name()))
    }

    /// Runs an interactive command inside on this process's terminal.
    pub fn enter(&self, program: &[&str]) -> Result<ExitStatus> {
        exec::enter(self.leader()?).args(program).status().context("cannot start nsenter")
    }

    pub fn read_file(&self, path: &str) -> Result<Vec<u8>> {
        let path = self.inside(path)?;
        std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))
    }

    /// Writes a file as root, mode 0644 if it is new. Links are followed as the controller
    /// sees them, so name real paths.
    pub fn write_file(&self, path: &str, content: &[u8]) -> Result<()> {
        let path = self.inside(path)?;
        std::fs::write(&path, content).with_context(|| format!("cannot write `{}`", path.display()))
    }

    /// A path of the host as the controller reaches it, its tmpfs mounts included.
    pub fn inside(&self, path: &str) -> Result<PathBuf> {
        let root = PathBuf::from(format!("/proc/{}/root", self.leader()?));
        Ok(root.join(path.trim_start_matches('/')))
    }

    /// An OpenSSH client command with the lab's key, to be given a command to run.
    pub fn ssh_command(&self, user: &str) -> Result<Command> {
        self.ssh_command_through(user, self.ssh())
    }

    /// As [`Host::ssh_command`], through a relay.
    pub fn ssh_command_through(&self, user: &str, address: SocketAddr) -> Result<Command> {
        let (ip, port) = (address.ip(), address.port());
        let name = inventory::known_name(address);
        let known_hosts = self.folder().join(format!("known_hosts-{port}"));
        std::fs::write(&known_hosts, self.known_hosts_lines_at(&name)?)
            .with_context(|| format!("cannot write `{}`", known_hosts.display()))?;
        let mut command = Command::new("ssh");
        command.args(["-F", "none", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]);
        command.arg("-o").arg(format!("UserKnownHostsFile={}", known_hosts.display()));
        command.arg("-i").arg(self.key()?).args(["-p", &port.to_string()]);
        command.arg(format!("{user}@{ip}"));
        Ok(command)
    }

    /// Kills the sshd processes of all sessions on the host, not the one that listens.
    /// Returns how many
    /// processes that were.
    pub fn kill_ssh_sessions(&self) -> Result<usize> {
        // A session is several processes, and the death of its first does not end the others.
        let script = r#"
            listener=$(systemctl show --property MainPID --value ssh)
            for pid in $(pgrep -x 'sshd|sshd-session|sshd-auth'); do
                [ "$pid" = "$listener" ] || { kill -KILL "$pid" && echo "$pid"; }
            done"#;
        Ok(self.run(script)?.lines().count())
    }

    fn remove(&mut self) -> Result<()> {
        if !self.is_ours {
            return Ok(());
        }
        self.is_ours = false;
        registry::release(&self.room, &self.record)?;
        if let Some(child) = &mut self.supervisor {
            // It is dead; else it stays a zombie of this process.
            child.wait().context("cannot wait for the host to end")?;
        }
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // What cannot be taken away now is taken away by the next `up`: this owner is dead then.
        if let Err(error) = self.remove() {
            #[expect(clippy::print_stderr, reason = "a drop has no other way to say it")]
            {
                eprintln!("lab: `{}` was not taken away: {error:#}", self.record.name);
            }
        }
    }
}

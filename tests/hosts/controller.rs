//! The real program as a person runs it: a folder with an inventory, and what a run said.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

use crate::lab::{Host, inventory};

/// Longer than any run here needs, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(240);

/// A folder that mxprov is started in; its home too.
pub struct Controller {
    folder: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub struct Run {
    /// None if a signal killed it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Controller {
    /// With `inventory.yml` of these hosts, by root's login.
    pub fn of(hosts: &[&Host]) -> Result<Self> {
        let direct: Vec<_> = hosts.iter().map(|host| (*host, host.ssh())).collect();
        Self::through(&direct, "root")
    }

    /// As [`Self::of`], with the address at which each is to be reached, and the login's name.
    pub fn through(hosts: &[(&Host, SocketAddr)], user: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let files = inventory::write_through(folder.path(), hosts, user)?;
        let mut text = std::fs::read_to_string(&files.path)?;
        let known_hosts = files.known_hosts.display();
        text += &format!("    ansible_ssh_common_args: -o UserKnownHostsFile={known_hosts}\n");
        std::fs::write(&files.path, text)?;
        Ok(Self { folder })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `mxprov apply` of a playbook in the folder, with more arguments.
    pub fn command(&self, playbook: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mxprov"));
        command.args(["apply", "-i", "inventory.yml", playbook]).args(more);
        command.current_dir(self.folder.path()).env("HOME", self.folder.path());
        command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::null());
        command
    }

    /// The events of the last run's journal.
    pub fn journal(&self) -> Result<Vec<serde_json::Value>> {
        let mut journals = Vec::new();
        for entry in std::fs::read_dir(self.path(".local/state/mxprov/journal"))? {
            let entry = entry?;
            // Names tell the second: of two runs in one, only the writing says which was later.
            journals.push((entry.metadata()?.modified()?, entry.path()));
        }
        let (_, newest) = journals.into_iter().max().context("there is no journal")?;
        let text = std::fs::read_to_string(newest)?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// Starts it; what it says goes to files of this name in the folder.
    pub fn start(&self, name: &str, playbook: &str, more: &[&str]) -> Result<Running> {
        let paths = ["out", "err"].map(|kind| self.path(&format!("{name}.{kind}")));
        let [out, err] = [std::fs::File::create(&paths[0])?, std::fs::File::create(&paths[1])?];
        let child = self.command(playbook, more).stdout(out).stderr(err).spawn()?;
        Ok(Running { child, paths })
    }

    /// Applies it to its end.
    pub fn apply(&self, playbook: &str, more: &[&str]) -> Result<Run> {
        let mut arguments = vec!["--yes"];
        arguments.extend(more);
        self.start("run", playbook, &arguments)?.end()
    }
}

/// A run under way.
pub struct Running {
    pub child: Child,
    paths: [PathBuf; 2],
}

impl Running {
    /// What it has said so far, both streams.
    pub fn said(&self) -> Result<String> {
        let read = |path: &PathBuf| {
            std::fs::read(path).map(|it| String::from_utf8_lossy(&it).into_owned())
        };
        Ok(read(&self.paths[0])? + &read(&self.paths[1])?)
    }

    pub fn signal(&self, name: &str) -> Result<()> {
        let status =
            Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status()?;
        ensure!(status.success(), "kill -s {name}");
        Ok(())
    }

    /// Waits for its end.
    pub fn end(mut self) -> Result<Run> {
        let end = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if Instant::now() > end {
                self.child.kill()?;
                self.child.wait()?;
                bail!("the run did not end; it said {}", self.said()?);
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let [out, err] = self.paths.each_ref().map(std::fs::read);
        Ok(Run {
            code: status.code(),
            out: String::from_utf8_lossy(&out?).into_owned(),
            err: String::from_utf8_lossy(&err?).into_owned(),
        })
    }
}

impl Run {
    /// A number of a host's line of the recap.
    pub fn count(&self, host: &str, what: &str) -> Result<u32> {
        let mut lines = self.out.lines().rev();
        let line = lines
            .find(|line| line.starts_with(&format!("{host} ")) && line.contains(" : ok="))
            .with_context(|| format!("`{host}` is not in the recap: {self:?}"))?;
        let words = line.split(' ').filter_map(|word| word.split_once('='));
        let value = words.into_iter().find(|(name, _)| *name == what).map(|(_, value)| value);
        Ok(value.with_context(|| format!("no `{what}` in `{line}`"))?.parse()?)
    }

    pub fn expect(self, code: i32) -> Result<Self> {
        ensure!(self.code == Some(code), "not {code}: {self:#?}");
        Ok(self)
    }

    pub fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// Waits for something that comes true soon.
pub fn wait_for(
    what: &str,
    limit: Duration,
    mut holds: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let end = Instant::now() + limit;
    while !holds()? {
        ensure!(Instant::now() < end, "{what}: not within {} s", limit.as_secs());
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

//! A homeserver of the lab: what `mxprov init` wrote, what the lab needs beside it, and runs on it.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::lab::{Host, images, inventory};

/// The domain of every homeserver here.
pub const DOMAIN: &str = "matrix.test";

/// What the lab has instead of the world: images of its own, no authority for certificates, and
/// older programs under the names of newer ones.
const LAB: &str = "---
docker_source: distribution
matrix_pull_policy: never
traefik_acme: false
coturn_version: 4.6.1
dns_enabled: false
preflight_disk: [{ path: /, free_mb: 1024 }]
";

/// One host with its inventory and vault.
pub struct Stage<'a> {
    /// The host.
    pub host: &'a Host,
    /// The label below the domain that Synapse answers under, or empty.
    pub name: &'static str,
    folder: TempDir,
}

/// How a run ended and what it said.
#[derive(Debug)]
pub struct Said {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// The exit status.
    pub status: Option<i32>,
}

impl Said {
    /// The same, or an error with all of it unless the run ended well.
    pub fn success(self) -> Result<Self> {
        ensure!(self.status == Some(0), "mxprov ended with {self:#?}");
        Ok(self)
    }

    /// The number of tasks that changed something.
    pub fn changed(&self, host: &Host) -> Result<u32> {
        let start = format!("{} : ok=", host.name());
        let line = self.out.lines().rev().find(|line| line.starts_with(&start));
        let line = line.with_context(|| format!("no recap: {self:#?}"))?;
        let word = line.split(' ').find_map(|word| word.strip_prefix("changed="));
        Ok(word.context("no count")?.parse()?)
    }
}

impl<'a> Stage<'a> {
    /// Runs `mxprov init` with these flags, and gives the host the images.
    pub fn new(host: &'a Host, flags: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = host.v4().to_string();
        let mut arguments = vec!["init", "--yes", "--domain", DOMAIN, "--host", host.name()];
        arguments.extend(["--address", &address, "--docker-source", "distribution"]);
        arguments.extend(["--vault-password-file", "password"]);
        if !flags.contains(&"--backup-key") {
            arguments.push("--no-backup-encryption");
        }
        arguments.extend(flags);
        let name = if flags.contains(&"root") { "" } else { "chat" };
        let stage = Self { host, name, folder };
        stage.mxprov(&arguments)?.success()?;
        stage.reach()?;
        stage.set("lab", LAB)?;
        images::give(host, &[])?;
        Ok(stage)
    }

    /// The same homeserver on another host: its inventory and vault, for a restore.
    pub fn moved<'b>(&self, host: &'b Host) -> Result<Stage<'b>> {
        let folder = tempfile::tempdir()?;
        for name in ["inventory.yml", "password"] {
            std::fs::copy(self.path(name), folder.path().join(name))?;
        }
        std::fs::create_dir_all(folder.path().join("group_vars/all"))?;
        for entry in std::fs::read_dir(self.path("group_vars/all"))? {
            let entry = entry?;
            let to = folder.path().join("group_vars/all").join(entry.file_name());
            std::fs::copy(entry.path(), to)?;
        }
        let text = std::fs::read_to_string(folder.path().join("inventory.yml"))?;
        let text = text.replace(&format!("{}:", self.host.name()), &format!("{}:", host.name()));
        let text = text.replace(&self.host.v4().to_string(), &host.v4().to_string());
        std::fs::write(folder.path().join("inventory.yml"), text)?;
        let stage = Stage { host, name: self.name, folder };
        stage.reach()?;
        images::give(host, &[])?;
        Ok(stage)
    }

    /// Key and `known_hosts`, as `ssh` would find them.
    fn reach(&self) -> Result<()> {
        let made = tempfile::tempdir()?;
        let files = inventory::write(made.path(), &[self.host], "root")?;
        std::fs::create_dir_all(self.path(".ssh"))?;
        std::fs::copy(&files.known_hosts, self.path(".ssh/known_hosts"))?;
        self.set("reach", &format!("ansible_ssh_private_key_file: {}\n", files.key.display()))
    }

    /// Variables for all hosts, in a file of this name.
    pub fn set(&self, name: &str, text: &str) -> Result<()> {
        let folder = self.path("group_vars/all");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{name}.yml")), text).context("cannot write variables")
    }

    /// A file beside the inventory; its path.
    pub fn write(&self, name: &str, text: &str) -> Result<std::path::PathBuf> {
        let path = self.path(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {name}"))?;
        Ok(path)
    }

    /// From now on these labels below the domain (empty for the domain itself) lead to the host, for what
    /// mxprov runs here: it has an `/etc/hosts` of its own.
    pub fn names(&self, labels: &[&str]) -> Result<()> {
        let names: Vec<String> = labels
            .iter()
            .map(|label| match *label {
                "" => DOMAIN.to_owned(),
                label => format!("{label}.{DOMAIN}"),
            })
            .collect();
        let text = format!("127.0.0.1 localhost\n{} {}\n", self.host.v4(), names.join(" "));
        self.write("hosts", &text)?;
        Ok(())
    }

    /// Another list of components.
    pub fn components(&self, names: &str) -> Result<()> {
        let path = self.path("inventory.yml");
        let text = std::fs::read_to_string(&path)?;
        let lines =
            text.lines().map(|line| match line.trim_start().strip_prefix("mxprov_components:") {
                Some(_) => format!("    mxprov_components: [{names}]"),
                None => line.to_owned(),
            });
        std::fs::write(&path, lines.collect::<Vec<_>>().join("\n") + "\n")?;
        Ok(())
    }

    /// `mxprov apply` of a playbook that is part of the program.
    pub fn apply(&self, playbook: &str, flags: &[&str]) -> Result<Said> {
        let mut arguments =
            vec!["apply", "-i", "inventory.yml", "--vault-password-file", "password"];
        arguments.extend(flags);
        arguments.push(playbook);
        self.mxprov(&arguments)
    }

    /// Variables for all hosts like those of `set`, encrypted with the vault's password.
    pub fn seal(&self, name: &str, text: &str) -> Result<()> {
        self.set(name, text)?;
        let path = format!("group_vars/all/{name}.yml");
        self.mxprov(&["vault", "encrypt", "--vault-password-file", "password", &path])?
            .success()?;
        Ok(())
    }

    /// A secret of the vault.
    pub fn secret(&self, name: &str) -> Result<String> {
        let flags =
            ["vault", "view", "--vault-password-file", "password", "group_vars/all/vault.yml"];
        let said = self.mxprov(&flags)?.success()?;
        let start = format!("{name}: ");
        let line = said.out.lines().find_map(|line| line.strip_prefix(&start));
        Ok(line.with_context(|| format!("no `{name}` in the vault"))?.to_owned())
    }

    /// A path beside the inventory.
    pub fn path(&self, name: impl AsRef<Path>) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn mxprov(&self, arguments: &[&str]) -> Result<Said> {
        let hosts = self.path("hosts");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mxprov"));
        if hosts.exists() {
            const MOUNT: &str = "mount --bind \"$1\" /etc/hosts && shift && exec \"$@\"";
            command = Command::new("unshare");
            command.args(["--mount", "sh", "-c", MOUNT, "sh"]).arg(hosts);
            command.arg(env!("CARGO_BIN_EXE_mxprov"));
        }
        let output = command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null())
            .output()
            .context("cannot start mxprov")?;
        Ok(Said {
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            status: output.status.code(),
        })
    }
}

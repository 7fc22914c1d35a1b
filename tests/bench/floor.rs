//! The floor: the scripts that mxprov sent, given to one `ssh host sh -s` at once.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::contestant::Course;
use crate::lab::Host;

/// What mxprov asked of a converged host.
pub struct Probes {
    parts: Vec<String>,
}

impl Probes {
    /// The scripts in what `-vv` shows: each begins after `host < `, and ends where the next one,
    /// a message of the host or a task's result (indented JSON) begins.
    pub fn recorded(said: &str, host: &str) -> Self {
        let (start, message) = (format!("{host} < "), format!("{host}: "));
        let mut parts: Vec<String> = Vec::new();
        let mut inside = false;
        for line in said.lines() {
            if let Some(first) = line.strip_prefix(&start) {
                parts.push(format!("{first}\n"));
                inside = true;
            } else if line.starts_with(&message) || line == "    {" {
                inside = false;
            } else if let Some(part) = parts.last_mut().filter(|_| inside) {
                part.push_str(line);
                part.push('\n');
            }
        }
        Self { parts }
    }

    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Each in a shell of its own, as mxprov's own shell runs them.
    fn script(&self) -> String {
        self.parts.iter().map(|part| format!("(\n{part}\n) </dev/null\n")).collect()
    }

    /// Whether what was recorded is whole: a shell can read it, and it answers at length.
    pub fn check(&self, host: &Host) -> Result<()> {
        host.write_file("/run/probes", self.script().as_bytes())?;
        host.run("sh -n /run/probes")?;
        let bytes = host.run("sh /run/probes 2>/dev/null | wc -c; rm /run/probes")?;
        let bytes: usize = bytes.trim().parse().context("`wc` counts")?;
        ensure!(
            self.parts.len() > 10 && bytes > 5000,
            "{} probes, {bytes} bytes",
            self.parts.len()
        );
        Ok(())
    }

    pub fn replay(&self, course: &Course) -> Result<()> {
        let mut ssh = Command::new("ssh")
            .args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i"])
            .arg(&course.inventory.key)
            .arg("-o")
            .arg(course.known_hosts().trim_start_matches("-o "))
            .args(["-p", &course.address.port().to_string()])
            .args([&format!("root@{}", course.address.ip()), "sh", "-s"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("`ssh` cannot be run")?;
        let mut input = ssh.stdin.take().context("ssh has an input")?;
        input.write_all(self.script().as_bytes())?;
        drop(input);
        let status = ssh.wait()?;
        // 255 is ssh's own trouble; any other is that of the last probe.
        ensure!(status.code() != Some(255), "ssh could not reach the host");
        Ok(())
    }
}

//! Running something inside a host without SSH: it leaves no trace of a login.

use std::io::Write as _;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result, bail};

/// What a command said and how it ended.
#[derive(Debug, Clone)]
pub struct Output {
    pub stdout: String,
    pub stderr: String,
    pub status: ExitStatus,
}

impl Output {
    pub fn success(&self) -> bool {
        self.status.success()
    }

    /// Stdout without the last newline, or an error that says what happened.
    pub fn ok(self) -> Result<String> {
        if !self.success() {
            bail!("{}: {}{}", self.status, self.stdout, self.stderr);
        }
        Ok(self.stdout.trim_end_matches('\n').to_owned())
    }
}

/// Runs `sh -c script` as root in all namespaces of `leader`, with `input` on stdin.
/// The output is taken as UTF-8, with replacements where it is not.
pub fn shell(leader: u32, script: &str, input: &[u8]) -> Result<Output> {
    let mut child = enter(leader)
        .args(["/bin/sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start nsenter")?;
    let stdin = child.stdin.take();
    let input = input.to_vec();
    // Written from the side: a command that answers before it has read all would block us both.
    let writer = std::thread::spawn(move || stdin.map_or(Ok(()), |mut s| s.write_all(&input)));
    let output = child.wait_with_output().context("cannot wait for nsenter")?;
    // A command may end without reading its input; its status is what counts.
    drop(writer.join());
    Ok(Output {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        status: output.status,
    })
}

/// The command that enters a host, to be given a program.
pub fn enter(leader: u32) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["--target", &leader.to_string(), "--all", "--root", "--wd", "--"]);
    command.args(["/usr/bin/env", "-i", "HOME=/root", "USER=root", "LANG=C.UTF-8"]);
    command.arg("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

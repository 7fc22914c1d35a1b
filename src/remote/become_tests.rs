//! sudo itself, in a mount namespace with its own users and rules.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::become_error::Attempt;
use super::skipped::skipped;
use super::*;

/// SHA-512 crypt of `right`.
const HASH: &str = "$6$mxprov$PqJ2BiYd66WGWuDki4A10AYICLNVbsQi5Osb1NYB1Qu.vgSydHNKOGlgjM3/9vlUTOhIkHPaPXl9rTD.2Luo21";

/// An `/etc` of its own with the user `mxtest` and these sudo rules. `None` says why it cannot be.
pub(super) struct Machine(tempfile::TempDir);

impl Machine {
    pub fn new(rules: &str) -> Option<Self> {
        let able =
            Command::new("unshare").args(["-m", "sudo", "-V"]).stdout(Stdio::null()).status();
        if !able.is_ok_and(|status| status.success()) {
            skipped("needs root, unshare and sudo");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let etc = directory.path().join("etc");
        let copied = Command::new("cp").args(["-a", "/etc"]).arg(&etc).status().unwrap();
        assert!(copied.success());
        let add = |file: &str, line: &str| {
            let path = etc.join(file);
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(path, format!("{text}{line}\n")).unwrap();
        };
        add("passwd", "mxtest:x:4242:4242::/tmp:/bin/sh\nmxother:x:4243:4242::/tmp:/bin/sh");
        add("group", "mxtest:x:4242:");
        add("shadow", &format!("mxtest:{HASH}:19000:0:99999:7:::\nmxother:*:19000:0:99999:7:::"));
        std::fs::write(etc.join("sudoers"), format!("Defaults use_pty\n{rules}\n")).unwrap();
        Some(Self(directory))
    }

    /// A script that enters the machine; what is to run there comes after it.
    pub fn entrance(&self) -> Script {
        let mut script = Script::strict();
        script.run(["mount", "--bind", self.0.path().join("etc").to_str().unwrap(), "/etc"]);
        script.run(["mount", "-t", "tmpfs", "none", "/run"]);
        script.run(["mkdir", "/run/sshd"]);
        script
    }

    /// The shell, asked for its user id.
    async fn uid(&self, wanted: &Become) -> u32 {
        let shell = self.shell(wanted).await.unwrap();
        shell.run_one(Script::of(["true"])).await.unwrap();
        shell.uid().unwrap()
    }

    /// A shell as `wanted` for the user `mxtest`, as a connection would get it.
    async fn shell(&self, wanted: &Become) -> Result<Shell, BecomeError> {
        let (hello, prompt) = (nonce::nonce(), nonce::nonce());
        let user = wanted.user.as_deref().unwrap();
        let command = wanted.wrap(user, &prompt, &bootstrap::command(&hello));
        let mut script = self.entrance();
        script.run([
            "exec",
            "setpriv",
            "--reuid=4242",
            "--regid=4242",
            "--clear-groups",
            "sh",
            "-c",
            &command,
        ]);
        let inside = secrecy::ExposeSecret::expose_secret(&script.text_to_send()).to_owned();
        let mut pipes =
            local::start(&["exec unshare -m sh -c ", &quote(&inside)].concat()).unwrap();
        let attempt = Attempt { host: "h", login: "mxtest", user, wanted };
        login::log_in(&attempt, &mut pipes, wanted.question(&prompt), &hello).await?;
        Ok(Shell::open("h", pipes, hello, Arc::new(Deaf)).await?)
    }

    async fn error(&self, wanted: &Become) -> BecomeError {
        let start = Instant::now();
        let error = self.shell(wanted).await.err().expect("it was refused");
        assert!(start.elapsed() < Duration::from_secs(5));
        error
    }
}

fn with(password: &str) -> Become {
    Become { password: Some(password.to_owned().into()), ..Become::user("root") }
}

#[tokio::test]
async fn the_password_is_sent_when_asked_for() {
    let Some(machine) = Machine::new("mxtest ALL=(ALL) ALL") else {
        return;
    };
    let shell = machine.shell(&with("right")).await.unwrap();
    let output = shell.run_one(Script::of(["id", "-un"])).await.unwrap();
    assert_eq!(shell.uid(), Some(0));
    assert_eq!(output.stdout, b"root\n");
    let su = Become { method: BecomeMethod::Su, user: Some("mxtest".into()), ..with("right") };
    assert_eq!(machine.uid(&su).await, 4242);
    let other = Become { user: Some("mxother".into()), ..with("right") };
    assert_eq!(machine.uid(&other).await, 4243);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    for tries in ["", "Defaults passwd_tries=1\n"] {
        let rules = [tries, "mxtest ALL=(ALL) ALL"].concat();
        let Some(machine) = Machine::new(&rules) else {
            return;
        };
        let error = machine.error(&with("wrong")).await;
        assert!(matches!(error, BecomeError::WrongPassword { .. }), "{error}");
    }
}

#[tokio::test]
async fn no_password_is_no_input() {
    let Some(machine) = Machine::new("mxtest ALL=(ALL) NOPASSWD: ALL") else {
        return;
    };
    for wanted in [Become::user("root"), with("right")] {
        let shell = machine.shell(&wanted).await.unwrap();
        let output = shell.run_one(Script::of(["cat"])).await.unwrap();
        assert_eq!((shell.uid(), output.stdout.as_slice()), (Some(0), &b""[..]));
    }
}

#[tokio::test]
async fn every_refusal_has_its_name() {
    let Some(machine) = Machine::new("mxtest ALL=(ALL) ALL") else {
        return;
    };
    let error = machine.error(&Become::user("root")).await;
    assert!(matches!(error, BecomeError::PasswordNeeded { .. }), "{error}");
    let error = machine.error(&Become { user: Some("nobody-such".into()), ..with("right") }).await;
    assert!(matches!(error, BecomeError::NoSuchUser { .. }), "{error}");
    let error = machine.error(&Become { method: BecomeMethod::Su, ..with("wrong") }).await;
    assert!(matches!(error, BecomeError::WrongPassword { .. }), "{error}");

    let machine = Machine::new("Defaults requiretty\nmxtest ALL=(ALL) NOPASSWD: ALL").unwrap();
    let error = machine.error(&Become::user("root")).await;
    assert!(matches!(error, BecomeError::NeedsTerminal { .. }), "{error}");

    let machine = Machine::new("mxtest ALL=(mxother) NOPASSWD: ALL").unwrap();
    assert_eq!(machine.uid(&Become::user("mxother")).await, 4243);
    let error = machine.error(&with("right")).await;
    assert!(matches!(error, BecomeError::NotAllowed { .. }), "{error}");

    let machine = Machine::new("").unwrap();
    let error = machine.error(&with("right")).await;
    assert!(matches!(error, BecomeError::NotAllowed { .. }), "{error}");
}

#[tokio::test]
async fn what_is_not_installed_is_said() {
    let pipes = local::start("sudoo-that-is-not-there");
    let wanted = Become::user("root");
    let attempt = Attempt { host: "h", login: "me", user: "root", wanted: &wanted };
    let error = login::log_in(&attempt, &mut pipes.unwrap(), "?", "!").await.unwrap_err();
    assert!(matches!(error, BecomeError::NotInstalled { .. }), "{error}");
}

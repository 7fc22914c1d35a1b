//! A real sshd on a loopback port, for tests.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;

use crate::remote::skipped::skipped;
use crate::remote::{ConfigFiles, Env, Script, Target};

/// An sshd with its own keys and configuration; killed when dropped.
pub struct Sshd {
    pub directory: tempfile::TempDir,
    pub port: u16,
    child: Child,
}

impl Sshd {
    /// `None`, with a line that says why, where there is no sshd to run.
    pub fn start(extra: &str) -> Option<Self> {
        Self::start_after(&Script::new(), extra)
    }

    /// Runs `before` in a mount namespace of its own, if it is not empty, and then sshd in it.
    pub fn start_after(before: &Script, extra: &str) -> Option<Self> {
        let program = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"]
            .into_iter()
            .find(|path| Path::new(path).exists());
        let Some(program) = program else {
            skipped("there is no sshd here (package openssh-server)");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        for name in ["host_ed25519", "user"] {
            keygen(&["-t", "ed25519", "-N", ""], &directory.path().join(name));
        }
        keygen(&["-t", "ecdsa", "-N", ""], &directory.path().join("host_ecdsa"));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = |name: &str| directory.path().join(name).display().to_string();
        std::fs::copy(at("user.pub"), at("authorized_keys")).unwrap();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nHostKey {}\nPidFile none\nStrictModes no\n\
             AuthorizedKeysFile {}\nUsePAM {}\nPermitRootLogin yes\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nSubsystem sftp /bin/false\n{extra}\n",
            at("host_ed25519"),
            at("host_ecdsa"),
            at("authorized_keys"),
            if extra.contains("KbdInteractive") { "yes" } else { "no" },
        );
        std::fs::write(at("config"), config).unwrap();
        let _ = std::fs::create_dir_all("/run/sshd");
        let log = std::fs::File::create(at("log")).unwrap();
        let mut script = before.clone();
        script.line("exec \\");
        script.run([program, "-D", "-e", "-f", &at("config")]);
        let unshare: &[&str] = if before.is_empty() { &[] } else { &["unshare", "-m"] };
        let text = script.text_to_send();
        let command = [unshare, &["sh", "-c", text.expose_secret()]].concat();
        let child = Command::new(command[0])
            .args(&command[1..])
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut sshd = Self { directory, port, child };
        sshd.wait().then_some(sshd)
    }

    fn wait(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            if self.child.try_wait().unwrap().is_some() {
                break;
            }
            #[expect(clippy::disallowed_methods, reason = "sshd says nowhere that it listens")]
            std::thread::sleep(Duration::from_millis(20));
        }
        skipped(&format!("sshd does not start here: {}", self.log()));
        false
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Writes `known_hosts` with the server's key of this file.
    pub fn know(&self, key: &str) {
        let key = std::fs::read_to_string(self.path(key)).unwrap();
        std::fs::write(self.path("known_hosts"), format!("[127.0.0.1]:{} {key}", self.port))
            .unwrap();
    }

    /// A target that logs in with the key that the server takes.
    pub fn target(&self) -> Target {
        self.know("host_ed25519.pub");
        Target {
            host: Some("127.0.0.1".into()),
            port: Some(self.port),
            private_key_file: Some(self.path("user")),
            known_hosts: vec![self.path("known_hosts")],
            config: ConfigFiles::None,
            connect_timeout: Some(Duration::from_secs(10)),
            ..Target::new("web1")
        }
    }

    pub fn env(&self) -> Env {
        let output = Command::new("id").arg("-un").output().unwrap();
        let user = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        Env::new(user, self.directory.path(), self.directory.path())
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn keygen(arguments: &[&str], file: &Path) {
    let output =
        Command::new("ssh-keygen").arg("-q").args(arguments).arg("-f").arg(file).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

//! Connections to a real sshd on loopback.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::sshd::{Sshd, keygen};
use crate::remote::become_tests::Machine;
use crate::remote::{
    Become, ConfigFiles, ConnectError, Connection, Env, Holder, HostKeyChecking, JobId, LockWait,
    OnFailure, Prompt, Script, Target,
};

async fn error(target: &Target, env: &Env) -> ConnectError {
    match Connection::open(target, env).await {
        Ok(_) => panic!("the connection was not refused"),
        Err(error) => error,
    }
}

fn holder(who: &str) -> Holder {
    Holder { who: who.into(), run: who.into(), name: "host".into() }
}

async fn says_hello(target: &Target, env: &Env) {
    let connection = Connection::open(target, env).await.unwrap();
    let shell = connection.shell(&Become::login()).await.unwrap();
    let output = shell.run_one(Script::of(["echo", "hello"])).await.unwrap();
    assert_eq!(output.stdout, b"hello\n");
    connection.close().await;
}

#[tokio::test]
async fn parts_run_and_report() {
    let Some(sshd) = Sshd::start("") else { return };
    let connection = Connection::open(&sshd.target(), &sshd.env()).await.unwrap();
    let shell = connection.shell(&Become::login()).await.unwrap();
    let parts = [Script::of(["echo", "a"]), Script::new().line("echo b >&2; exit 3").clone()];
    let mut results = Vec::new();
    shell.run(&parts, OnFailure::Stop, &mut |_, output| results.push(output)).await.unwrap();
    assert_eq!(results[0].stdout, b"a\n");
    assert_eq!((results[1].status, results[1].stderr.as_slice()), (3, &b"b\n"[..]));
    let content = vec![7_u8; 20_000_000];
    let path = sshd.path("file").display().to_string();
    assert_eq!(shell.upload(&path, content.as_slice()).await.unwrap(), 20_000_000);
    let mut back = Vec::new();
    shell.download(&path, &mut back).await.unwrap();
    assert!(back == content);
    connection.close().await;
    assert!(shell.run_one(Script::of(["true"])).await.is_err());
}

#[tokio::test]
async fn the_host_key_decides_before_any_login() {
    let Some(sshd) = Sshd::start("") else { return };
    let (target, env) = (sshd.target(), sshd.env());
    sshd.know("user.pub");
    assert!(matches!(error(&target, &env).await, ConnectError::HostKeyChanged { .. }));
    std::fs::write(sshd.path("known_hosts"), "").unwrap();
    assert!(matches!(error(&target, &env).await, ConnectError::HostKeyUnknown { .. }));
    let key = std::fs::read_to_string(sshd.path("host_ed25519.pub")).unwrap();
    std::fs::write(sshd.path("known_hosts"), format!("@revoked * {key}")).unwrap();
    let off = Target { host_key_checking: Some(HostKeyChecking::Off), ..target.clone() };
    assert!(matches!(error(&off, &env).await, ConnectError::HostKeyRevoked { .. }));
    assert!(!sshd.log().contains("Accepted") && !sshd.log().contains("Failed"), "{}", sshd.log());
    sshd.know("host_ecdsa.pub");
    says_hello(&target, &env).await;
}

#[tokio::test]
async fn a_new_key_is_remembered_if_told_so() {
    let Some(sshd) = Sshd::start("") else { return };
    let known = sshd.path("new/known_hosts");
    let accepting = Target {
        known_hosts: vec![known.clone()],
        host_key_checking: Some(HostKeyChecking::AcceptNew),
        ..sshd.target()
    };
    says_hello(&accepting, &sshd.env()).await;
    assert!(std::fs::read_to_string(&known).unwrap().starts_with("[127.0.0.1]:"));
    let strict = Target { host_key_checking: None, ..accepting };
    says_hello(&strict, &sshd.env()).await;
}

#[tokio::test]
async fn a_host_certificate_stands_in_for_the_key() {
    let Some(sshd) = Sshd::start("") else { return };
    drop(sshd);
    let authority = tempfile::tempdir().unwrap();
    let ca = authority.path().join("ca");
    keygen(&["-t", "ed25519", "-N", ""], &ca);
    let certificate = authority.path().join("k-cert.pub");
    let key = authority.path().join("k");
    keygen(&["-t", "ed25519", "-N", ""], &key);
    let extra = format!("HostKey {}\nHostCertificate {}", key.display(), certificate.display());
    for (principals, good) in [("127.0.0.1", true), ("other", false)] {
        let signed = Command::new("ssh-keygen")
            .args(["-q", "-s", ca.to_str().unwrap(), "-I", "id", "-h", "-n", principals])
            .arg(authority.path().join("k.pub"))
            .status();
        assert!(signed.unwrap().success());
        let Some(sshd) = Sshd::start(&extra) else {
            return;
        };
        let target = sshd.target();
        let public = std::fs::read_to_string(authority.path().join("ca.pub")).unwrap();
        std::fs::write(sshd.path("known_hosts"), format!("@cert-authority * {public}")).unwrap();
        if good {
            says_hello(&target, &sshd.env()).await;
        } else {
            let error = error(&target, &sshd.env()).await;
            assert!(matches!(error, ConnectError::HostCertificate { .. }), "{error}");
        }
    }
}

#[tokio::test]
async fn a_wrong_key_is_a_refused_login() {
    let Some(sshd) = Sshd::start("") else { return };
    let target = Target { private_key_file: Some(sshd.path("host_ecdsa")), ..sshd.target() };
    let error = error(&target, &sshd.env()).await;
    assert!(matches!(error, ConnectError::AuthFailed { .. }), "{error}");
    assert!(error.to_string().contains("key file"), "{error}");
    let password = Target { password: Some("right".to_owned().into()), ..target };
    let error = self::error(&password, &sshd.env()).await;
    assert!(error.to_string().contains("; the password was of no use"), "{error}");
    let missing = Target { private_key_file: Some(sshd.path("nothing")), ..sshd.target() };
    let error = self::error(&missing, &sshd.env()).await;
    assert!(matches!(error, ConnectError::KeyUnreadable { .. }), "{error}");
}

struct Answer(&'static str, AtomicUsize);

impl Prompt for Answer {
    fn secret(&self, _question: &str) -> Option<SecretString> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Some(self.0.to_owned().into())
    }
}

#[tokio::test]
async fn a_passphrase_is_asked_for_once_and_only_if_the_key_is_wanted() {
    let Some(sshd) = Sshd::start("") else { return };
    keygen(&["-t", "ed25519", "-N", "open sesame"], &sshd.path("locked"));
    let target = Target { private_key_file: Some(sshd.path("locked")), ..sshd.target() };
    let answer = Arc::new(Answer("open sesame", AtomicUsize::new(0)));
    let env = Env { prompt: Arc::clone(&answer) as Arc<dyn Prompt>, ..sshd.env() };
    assert!(matches!(error(&target, &env).await, ConnectError::AuthFailed { .. }));
    assert_eq!(answer.1.load(Ordering::SeqCst), 0);
    std::fs::copy(sshd.path("locked.pub"), sshd.path("authorized_keys")).unwrap();
    says_hello(&target, &env).await;
    says_hello(&target, &env).await;
    assert_eq!(answer.1.load(Ordering::SeqCst), 1);
    let given =
        Target { private_key_passphrase: Some("open sesame".to_owned().into()), ..target.clone() };
    says_hello(&given, &sshd.env()).await;
    let wrong = Target { private_key_passphrase: Some("shut".to_owned().into()), ..target };
    let error = error(&wrong, &sshd.env()).await;
    assert!(error.to_string().contains("wrong passphrase"), "{error}");
}

#[tokio::test]
async fn an_rsa_key_logs_in() {
    let Some(sshd) = Sshd::start("") else { return };
    keygen(&["-t", "rsa", "-b", "2048", "-N", ""], &sshd.path("rsa"));
    std::fs::copy(sshd.path("rsa.pub"), sshd.path("authorized_keys")).unwrap();
    let target = Target { private_key_file: Some(sshd.path("rsa")), ..sshd.target() };
    says_hello(&target, &sshd.env()).await;
}

#[tokio::test]
async fn the_agent_signs() {
    let Some(sshd) = Sshd::start("") else { return };
    let socket = sshd.path("agent");
    let agent =
        Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).stdout(Stdio::null()).spawn();
    let Ok(mut agent) = agent else { return };
    let start = Instant::now();
    while !socket.exists() && start.elapsed() < Duration::from_secs(5) {
        #[expect(clippy::disallowed_methods, reason = "the agent says nowhere that it listens")]
        std::thread::sleep(Duration::from_millis(10));
    }
    let added = Command::new("ssh-add")
        .arg("-q")
        .arg(sshd.path("user"))
        .env("SSH_AUTH_SOCK", &socket)
        .status();
    assert!(added.unwrap().success());
    std::fs::remove_file(sshd.path("user")).unwrap();
    let env = Env { agent_socket: Some(socket), ..sshd.env() };
    let any = Target { private_key_file: None, ..sshd.target() };
    says_hello(&any, &env).await;
    // The public half is enough to name a key of the agent.
    says_hello(&sshd.target(), &env).await;
    agent.kill().unwrap();
    agent.wait().unwrap();
}

#[tokio::test]
async fn a_user_certificate_logs_in() {
    let Some(sshd) = Sshd::start("") else { return };
    keygen(&["-t", "ed25519", "-N", ""], &sshd.path("ca"));
    keygen(&["-t", "ed25519", "-N", ""], &sshd.path("me"));
    let env = sshd.env();
    let signed = Command::new("ssh-keygen")
        .args(["-q", "-s", sshd.path("ca").to_str().unwrap(), "-I", "id", "-n", &env.user])
        .arg(sshd.path("me.pub"))
        .status();
    assert!(signed.unwrap().success());
    let ca = std::fs::read_to_string(sshd.path("ca.pub")).unwrap();
    std::fs::write(sshd.path("authorized_keys"), format!("cert-authority {ca}")).unwrap();
    let target = Target { private_key_file: Some(sshd.path("me")), ..sshd.target() };
    says_hello(&target, &env).await;
}

#[tokio::test]
async fn nobody_there_is_said_in_time() {
    let Some(sshd) = Sshd::start("") else { return };
    let target = Target { connect_timeout: Some(Duration::from_secs(1)), ..sshd.target() };
    let nobody = Target { port: Some(1), ..target.clone() };
    assert!(matches!(error(&nobody, &sshd.env()).await, ConnectError::Refused { .. }));
    let nowhere = Target { host: Some("nowhere.invalid".into()), ..target.clone() };
    assert!(matches!(error(&nowhere, &sshd.env()).await, ConnectError::Unresolvable { .. }));
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let silent_target = Target { port: Some(port), ..target };
    assert!(matches!(error(&silent_target, &sshd.env()).await, ConnectError::TimedOut { .. }));
}

#[tokio::test]
async fn a_jump_host_or_a_command_carries_the_connection() {
    let Some(jump) = Sshd::start("") else { return };
    let Some(goal) = Sshd::start("") else { return };
    let config = goal.path("config_user");
    let known = std::fs::read_to_string(jump.path("host_ed25519.pub")).unwrap();
    let target = Target { config: ConfigFiles::Only(config.clone()), ..goal.target() };
    let all = std::fs::read_to_string(goal.path("known_hosts")).unwrap();
    let both = format!("{all}[127.0.0.1]:{} {known}", jump.port);
    std::fs::write(goal.path("known_hosts"), both).unwrap();
    let jumping = format!(
        "Host j\n HostName 127.0.0.1\n Port {}\n IdentityFile {}\nHost 127.0.0.1\n ProxyJump j\n",
        jump.port,
        jump.path("user").display(),
    );
    std::fs::write(&config, &jumping).unwrap();
    says_hello(&target, &goal.env()).await;
    assert!(jump.log().contains("Accepted publickey"));
    std::fs::write(&config, jumping.replace("ProxyJump j", "ProxyCommand cat")).unwrap();
    let cat = error(&target, &goal.env()).await;
    assert!(matches!(cat, ConnectError::Protocol { .. } | ConnectError::Closed { .. }), "{cat}");
    let bash = "ProxyCommand bash -c 'exec 3<>/dev/tcp/%h/%p; cat <&3 & cat >&3'";
    std::fs::write(&config, jumping.replace("ProxyJump j", bash)).unwrap();
    says_hello(&target, &goal.env()).await;
    std::fs::write(&config, "Host *\n ProxyJump j").unwrap();
    let endless = error(&target, &goal.env()).await;
    assert!(endless.to_string().contains("without end"), "{endless}");
}

#[tokio::test]
async fn the_lock_dies_with_its_connection() {
    let Some(sshd) = Sshd::start("") else { return };
    let first = Connection::open(&sshd.target(), &sshd.env()).await.unwrap();
    let second = Connection::open(&sshd.target(), &sshd.env()).await.unwrap();
    let patient = LockWait { others: Duration::from_secs(20), own: Duration::ZERO };
    let held = first.lock(&Become::login(), &holder("ann"), patient).await.unwrap();
    assert!(second.lock(&Become::login(), &holder("bob"), LockWait::default()).await.is_err());
    first.close().await;
    second.lock(&Become::login(), &holder("bob"), patient).await.unwrap().release().await;
    assert!(held.is_lost());
}

#[tokio::test]
async fn a_cut_connection_is_lost_never_fine() {
    let Some(sshd) = Sshd::start("") else { return };
    let connection = Connection::open(&sshd.target(), &sshd.env()).await.unwrap();
    let shell = connection.shell(&Become::login()).await.unwrap();
    let mut parent = Script::new();
    // The server's process for this connection is the parent of the session's shell.
    parent.line("kill -9 $(ps -o ppid= -p $$); sleep 3");
    let start = Instant::now();
    let lost = shell.run_one(parent).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(3), "{lost}");
    assert!(connection.shell(&Become::login()).await.is_err());
}

/// An sshd on a machine with the user `mxtest`, whose password is `right`, and a target for it.
fn with_password(extra: &str) -> Option<(Machine, Sshd, Target)> {
    let machine = Machine::new("mxtest ALL=(ALL) ALL")?;
    // The first value counts, so these come before those of every sshd.
    let sshd = Sshd::start_after(&machine.entrance(), extra)?;
    let target = Target {
        user: Some("mxtest".into()),
        private_key_file: None,
        password: Some("right".to_owned().into()),
        ..sshd.target()
    };
    Some((machine, sshd, target))
}

#[tokio::test]
async fn a_password_logs_in_and_becomes_root() {
    let both = ["Match User mxtest\nPasswordAuthentication yes\nAuthorizedKeysFile none"];
    let questions = "Match User mxtest\nKbdInteractiveAuthentication yes\nAuthorizedKeysFile none";
    for extra in both.into_iter().chain([questions]) {
        let Some((_machine, sshd, target)) = with_password(extra) else { return };
        let env = sshd.env();
        let connection = Connection::open(&target, &env).await.unwrap();
        let root = Become { password: target.password.clone(), ..Become::user("root") };
        let shell = connection.shell(&root).await.unwrap();
        let output = shell.run_one(Script::of(["id", "-un"])).await.unwrap();
        assert_eq!(output.stdout, b"root\n");
        connection.close().await;
        let wrong = Target { password: Some("wrong".to_owned().into()), ..target.clone() };
        let refused = error(&wrong, &env).await;
        assert!(matches!(refused, ConnectError::AuthFailed { .. }), "{refused}");
        let log = sshd.log();
        let failures = ["Failed password", "PAM: Authentication failure"];
        let failures: usize = failures.iter().map(|text| log.matches(text).count()).sum();
        assert_eq!(failures, 1, "{log}");
    }
}

#[tokio::test]
async fn a_detached_job_of_sudo_outlives_the_connection() {
    let extra = "Match User mxtest\nPasswordAuthentication yes\nAuthorizedKeysFile none";
    let Some((_machine, sshd, target)) = with_password(extra) else { return };
    let root = Become { password: target.password.clone(), ..Become::user("root") };
    let id = JobId::random();
    let first = Connection::open(&target, &sshd.env()).await.unwrap();
    let shell = first.shell(&root).await.unwrap();
    let mut job = Script::new();
    job.line("id -u; sleep 3; echo done");
    shell.detach(&id, "slow", &job).await.unwrap();
    let mut held = Script::new();
    // sudo is in the middle of a command when the connection goes.
    held.limit(Duration::from_secs(30)).line(
        "at=$$; until case $(ps -o comm= -p $at) in sshd*) true ;; *) false ;; esac; do \
         at=$(ps -o ppid= -p $at | tr -d ' '); done; kill -9 $at; sleep 9",
    );
    assert!(shell.run_one(held).await.is_err());
    let second = Connection::open(&target, &sshd.env()).await.unwrap();
    let shell = second.shell(&root).await.unwrap();
    let output = shell.follow(&id, "slow", &mut |_| {}).await.unwrap();
    assert_eq!((output.status, output.stdout.as_slice()), (0, &b"0\ndone\n"[..]));
    let lock = second.lock(&root, &holder("ann"), LockWait::default()).await.unwrap();
    let third = Connection::open(&target, &sshd.env()).await.unwrap();
    let busy = third.lock(&Become::login(), &holder("bob"), LockWait::default()).await.unwrap_err();
    assert!(busy.to_string().contains("ann"), "{busy}");
    lock.release().await;
}

#[tokio::test]
async fn a_key_that_is_not_the_known_one_gets_no_password() {
    let extra = "Match User mxtest\nPasswordAuthentication yes\nAuthorizedKeysFile none";
    let Some((_machine, sshd, target)) = with_password(extra) else { return };
    sshd.know("user.pub");
    let off = Target { host_key_checking: Some(HostKeyChecking::Off), ..target };
    let refused = error(&off, &sshd.env()).await;
    assert!(matches!(refused, ConnectError::AuthFailed { .. }), "{refused}");
    assert!(!sshd.log().contains("Failed password"), "{}", sshd.log());
}

#[tokio::test]
async fn a_login_that_has_no_shell_says_so() {
    let Some(sshd) = Sshd::start("ForceCommand echo this account is closed; exit 1") else {
        return;
    };
    let connection = Connection::open(&sshd.target(), &sshd.env()).await.unwrap();
    let shell = connection.shell(&Become::login()).await.unwrap();
    let lost = shell.run_one(Script::of(["true"])).await.unwrap_err();
    assert!(lost.to_string().contains("this account is closed"), "{lost}");
}

/// Lines of `known_hosts` for a server whose ed25519 key is `@1@`, its ecdsa key `@2@`, another key `@3@`.
const LINES: &[&str] = &[
    "",
    "[127.0.0.1]:@p@ @1@",
    "[127.0.0.1]:@p@ @2@",
    "[127.0.0.1]:@p@ @3@",
    "[127.0.0.1]:@p@ @3@\n[127.0.0.1]:@p@ @1@",
    "[127.0.0.1]:@p@ @3@\n[127.0.0.1]:@p@ @2@",
    "127.0.0.1 @1@",
    "127.0.0.1 @3@",
    "127.0.0.1 @3@\n[127.0.0.1]:@p@ @1@",
    "[127.0.0.1]:1 @1@",
    "* @1@",
    "[*]:* @1@",
    "[127.0.0.?]:@p@ @1@",
    "![127.0.0.1]:@p@,* @1@",
    "*,!other @1@",
    "other @1@",
    "other,[127.0.0.1]:@p@,third @1@",
    "[127.0.0.1]:@p@\t@1@",
    "  [127.0.0.1]:@p@   @1@  comment here",
    "# comment\n\n[127.0.0.1]:@p@ @1@\r\n",
    "@revoked * @1@",
    "@revoked * @1@\n[127.0.0.1]:@p@ @1@",
    "@revoked * @1@\n[127.0.0.1]:@p@ @2@",
    "@revoked other @1@\n[127.0.0.1]:@p@ @1@",
    "@revoked\t[127.0.0.1]:@p@ @1@\n* @1@",
    "@cert-authority * @1@",
    "@cert-authority * @3@\n[127.0.0.1]:@p@ @1@",
    "@unknown * @1@",
    "@unknown * @1@\n[127.0.0.1]:@p@ @1@",
    "garbage\n[127.0.0.1]:@p@ @1@",
    "[127.0.0.1]:@p@ ssh-ed25519 AAAAgarbage\n[127.0.0.1]:@p@ @1@",
    "[127.0.0.1]:@p@ ssh-ed25519",
    "|1|AAAA|BBBB @1@",
    "|2|AAAA|BBBB @1@\n[127.0.0.1]:@p@ @1@",
    "[127.0.0.1]:@p@,!* @1@",
    "[127.0.0.1]:@p@, @1@",
    "[LOCALHOST]:@p@ @1@",
];

#[tokio::test]
async fn ssh_decides_the_same_about_host_keys() {
    let Some(sshd) = Sshd::start("") else { return };
    let (target, env) = (sshd.target(), sshd.env());
    let public = |name: &str| std::fs::read_to_string(sshd.path(name)).unwrap().trim().to_owned();
    let keys = [public("host_ed25519.pub"), public("host_ecdsa.pub"), public("user.pub")];
    let bare: Vec<String> =
        keys.iter().map(|key| key.rsplit_once(' ').unwrap().0.to_owned()).collect();
    let known = sshd.path("known_hosts");
    let modes = [("yes", HostKeyChecking::Strict), ("accept-new", HostKeyChecking::AcceptNew)];
    for (lines, (word, mode)) in LINES.iter().flat_map(|lines| modes.map(|mode| (lines, mode))) {
        let text = lines
            .replace("@p@", &sshd.port.to_string())
            .replace("@1@", &bare[0])
            .replace("@2@", &bare[1])
            .replace("@3@", &bare[2]);
        std::fs::write(&known, format!("{text}\n")).unwrap();
        let ours =
            Connection::open(&Target { host_key_checking: Some(mode), ..target.clone() }, &env)
                .await;
        let our_lines = std::fs::read_to_string(&known).unwrap();
        std::fs::write(&known, format!("{text}\n")).unwrap();
        let Some(theirs) = ssh(&sshd, word) else { return };
        // ssh passes over a marker with a tab behind it; we take a revoked key for revoked.
        if lines.starts_with("@revoked\t") {
            assert!(ours.is_err());
            continue;
        }
        assert_eq!(
            ours.is_ok(),
            theirs.is_empty(),
            "{lines:?} {word}: {:?}, ssh: {theirs}",
            ours.err()
        );
        let their_lines = std::fs::read_to_string(&known).unwrap();
        assert_eq!(our_lines, their_lines, "{lines:?} {word}");
    }
}

/// What `ssh` says when it does not get in; nothing when it does.
fn ssh(sshd: &Sshd, checking: &str) -> Option<String> {
    let output = Command::new("ssh")
        .args(["-F", "none", "-o", "BatchMode=yes", "-o"])
        .arg(format!("StrictHostKeyChecking={checking}"))
        .args(["-o", "GlobalKnownHostsFile=none", "-o", "UpdateHostKeys=no", "-o"])
        .arg(format!("UserKnownHostsFile={}", sshd.path("known_hosts").display()))
        .arg("-i")
        .arg(sshd.path("user"))
        .args(["-p", &sshd.port.to_string(), "127.0.0.1", "true"])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() { String::new() } else { said + "refused" })
}

fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[tokio::test]
#[ignore = "moves 2 GB and measures the memory of the whole process"]
async fn a_gigabyte_goes_both_ways_in_little_memory() {
    use tokio::io::AsyncReadExt as _;
    const SIZE: u64 = 1 << 30;
    let Some(sshd) = Sshd::start("RekeyLimit 64M") else { return };
    let connection = Connection::open(&sshd.target(), &sshd.env()).await.unwrap();
    let shell = connection.shell(&Become::login()).await.unwrap();
    shell.run_one(Script::of(["true"])).await.unwrap();
    let before = peak_memory();
    let path = sshd.path("big").display().to_string();
    let start = Instant::now();
    let data = tokio::io::repeat(b'x').take(SIZE);
    assert_eq!(shell.upload(&path, data).await.unwrap(), SIZE);
    eprintln!("out: {:?}, memory +{} MB", start.elapsed(), peak_memory() - before);
    let start = Instant::now();
    assert_eq!(shell.download(&path, tokio::io::sink()).await.unwrap(), SIZE);
    eprintln!("in: {:?}, memory +{} MB", start.elapsed(), peak_memory() - before);
    assert!(peak_memory() - before <= 64);
}

#[tokio::test]
async fn a_detached_job_is_picked_up_after_a_cut() {
    let Some(sshd) = Sshd::start("") else { return };
    let connection = Connection::open(&sshd.target(), &sshd.env()).await.unwrap();
    let shell = connection.shell(&Become::login()).await.unwrap();
    let id = JobId::random();
    let mut job = Script::new();
    job.line("echo begun; sleep 3; echo done");
    shell.detach(&id, "slow", &job).await.unwrap();
    let mut cut = Script::new();
    cut.line("kill -9 $(ps -o ppid= -p $$)");
    assert!(shell.run_one(cut).await.is_err());
    let again = Connection::open(&sshd.target(), &sshd.env()).await.unwrap();
    let shell = again.shell(&Become::login()).await.unwrap();
    assert!(shell.jobs().await.unwrap().iter().any(|job| job.id == id && job.running));
    let output = shell.follow(&id, "slow", &mut |_| {}).await.unwrap();
    assert_eq!((output.status, output.stdout.as_slice()), (0, &b"begun\ndone\n"[..]));
}

/// A server that says `what` again and again, `times` over, and then closes.
fn babbler(what: &'static [u8], times: usize) -> u16 {
    use std::io::Write as _;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for _ in 0..times {
            if stream.write_all(what).is_err() {
                return;
            }
        }
    });
    port
}

#[tokio::test]
async fn a_server_that_babbles_hurts_nobody() {
    let Some(sshd) = Sshd::start("") else { return };
    let env = sshd.env();
    let target = Target { connect_timeout: Some(Duration::from_secs(3)), ..sshd.target() };
    let before = peak_memory();
    let cases: [(&[u8], usize); 6] = [
        (b"", 0),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", 1),
        (b"no end of this line ", 50_000_000),
        (b"a banner line\r\n", 50_000_000),
        (b"SSH-2.0-x\r\n\0\0\0\x0c\x0a\x14", 50_000_000),
        (b"SSH-2.0-x\r\n\xff\xff\xff\xff\xff", 50_000_000),
    ];
    for (what, times) in cases {
        let start = Instant::now();
        let babbling = Target { port: Some(babbler(what, times)), ..target.clone() };
        let error = error(&babbling, &env).await;
        eprintln!("{:?} after {:?}: {error}", String::from_utf8_lossy(what), start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(5));
        assert!(error.to_string().starts_with("`web1`"), "{error}");
    }
    assert!(peak_memory() - before < 128);
}

/// Relays to `to` with `delay` in each direction, and passes nothing any more once `silent` is set.
async fn slow_relay(to: u16, delay: Duration, silent: &Arc<AtomicBool>) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = Arc::clone(silent);
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            // The connection itself takes a round trip too.
            tokio::time::sleep(delay * 2).await;
            let far = tokio::net::TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            near.set_nodelay(true).unwrap();
            far.set_nodelay(true).unwrap();
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::spawn(pass(near_in, far_out, delay, Arc::clone(&silent)));
            tokio::spawn(pass(far_in, near_out, delay, Arc::clone(&silent)));
        }
    });
    port
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    delay: Duration,
    silent: Arc<AtomicBool>,
) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel::<(_, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((due, bytes)) = receiver.recv().await {
            tokio::time::sleep_until(due).await;
            if !silent.load(Ordering::SeqCst) && to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 65536];
    while let Ok(size @ 1..) = from.read(&mut buffer).await {
        let _ = sender.send((tokio::time::Instant::now() + delay, buffer[..size].to_vec()));
    }
}

#[tokio::test]
async fn the_first_answer_takes_few_round_trips() {
    let Some(sshd) = Sshd::start("") else { return };
    let round_trip = Duration::from_millis(100);
    let port = slow_relay(sshd.port, round_trip / 2, &Arc::default()).await;
    let target = Target { port: Some(port), ..sshd.target() };
    let key = std::fs::read_to_string(sshd.path("host_ed25519.pub")).unwrap();
    std::fs::write(sshd.path("known_hosts"), format!("[127.0.0.1]:{port} {key}")).unwrap();
    let start = Instant::now();
    let connection = Connection::open(&target, &sshd.env()).await.unwrap();
    let login = start.elapsed();
    let shell = connection.shell(&Become::login()).await.unwrap();
    shell.run_one(Script::of(["true"])).await.unwrap();
    let first = start.elapsed();
    let parts = vec![Script::of(["true"]); 50];
    shell.run(&parts, OnFailure::Stop, &mut |_, _| {}).await.unwrap();
    let more = start.elapsed().saturating_sub(first);
    eprintln!(
        "login {login:?}, first answer {first:?}, 50 parts more {more:?}, round trip {round_trip:?}"
    );
    assert!(first < round_trip * 12 + Duration::from_secs(1));
    assert!(more < round_trip * 2 + Duration::from_secs(1));
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_lost() {
    let Some(sshd) = Sshd::start("") else { return };
    let silent = Arc::new(AtomicBool::new(false));
    let port = slow_relay(sshd.port, Duration::ZERO, &silent).await;
    let ssh_args = ["-o", "ServerAliveInterval=1"].map(str::to_owned).to_vec();
    let target = Target { port: Some(port), ssh_args, ..sshd.target() };
    let key = std::fs::read_to_string(sshd.path("host_ed25519.pub")).unwrap();
    std::fs::write(sshd.path("known_hosts"), format!("[127.0.0.1]:{port} {key}")).unwrap();
    let connection = Connection::open(&target, &sshd.env()).await.unwrap();
    let shell = connection.shell(&Become::login()).await.unwrap();
    shell.run_one(Script::of(["true"])).await.unwrap();
    silent.store(true, Ordering::SeqCst);
    let start = Instant::now();
    let lost = shell.run_one(Script::of(["sleep", "60"])).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(8), "{lost} after {:?}", start.elapsed());
    let start = Instant::now();
    assert!(connection.shell(&Become::login()).await.is_err());
    connection.close().await;
    assert!(start.elapsed() < Duration::from_secs(3));
}

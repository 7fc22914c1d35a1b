//! Secrets stay in memory: canaries are looked for wherever they could have leaked to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use base64::Engine as _;

use crate::controller::{Controller, Run};
use crate::lab::{Host, Options, Release, Sudo, lab_or_skip};

const PLAY: &str = r#"
- hosts: all
  gather_facts: false
  become: true
  vars_files: [secret.yml, hidden.yml]
  vars:
    ansible_become_password: "{{ mx_become }}"
  tasks:
    - name: template
      template: {src: secret.j2, dest: /etc/mx-secret, mode: "0600"}
    - name: environment
      command: sleep 0.4
      environment: {MX_SECRET: "{{ mx_canary }}"}
    - name: account
      user: {name: mxsecret, password: "{{ mx_canary | password_hash('sha512', 'mxmxmxmx', rounds=5000) }}"}
    - name: hidden
      shell: cat; sleep 0.2
      args: {stdin: "{{ mx_hidden }}"}
      no_log: true
    - name: items
      copy: {dest: "/etc/mx-{{ item.name }}", content: "{{ item.secret }}\n", mode: "0600"}
      loop:
        - {name: item1, secret: "{{ mx_canary }}"}
        - {name: item2, secret: "x{{ mx_canary }}y"}
    - name: registered
      shell: printf %s "$MX_SECRET"
      environment: {MX_SECRET: "{{ mx_canary }}"}
      register: seen
    - name: shown
      debug: {var: seen}
    - name: fails
      shell: printf %s "$MX_SECRET" >&2; exit 3
      environment: {MX_SECRET: "{{ mx_canary }}"}
      ignore_errors: true
    - name: fails hidden
      shell: cat >&2; exit 3
      args: {stdin: "{{ mx_hidden }}"}
      no_log: true
      ignore_errors: true
    - name: encoded
      debug: {msg: "{{ mx_canary | b64encode }} {{ mx_canary | urlencode }} {{ mx_canary | quote }}"}
"#;

/// Where the secrets are to be.
const WANTED: [&str; 3] = ["/etc/mx-secret", "/etc/mx-item1", "/etc/mx-item2"];

/// A value that no other process of the machine knows, with all that needs quoting.
fn canary(name: &str) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    format!("{name}+/{:x}'\" &$w{:x}é", now.as_nanos(), std::process::id())
}

/// A secret as it may look in a text.
fn forms(secret: &str) -> Vec<String> {
    let base64 = |text: &[u8]| base64::engine::general_purpose::STANDARD_NO_PAD.encode(text);
    let percent: String = secret
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    let json = serde_json::Value::from(secret).to_string();
    // The last character of an encoding depends on what follows.
    let inner = |shift: usize| {
        let mut text = base64(&secret.as_bytes()[shift..]);
        text.pop();
        text
    };
    vec![
        secret.to_owned(),
        secret.replace('\'', r"'\''"),
        secret.replace('\'', r#"'"'"'"#),
        json.trim_matches('"').to_owned(),
        percent.clone(),
        percent.replace("%2F", "/"),
        inner(0),
        inner(1),
        inner(2),
    ]
}

#[test]
fn secrets_are_nowhere_but_where_they_belong() -> Result<()> {
    if !lab_or_skip("secrets_are_nowhere_but_where_they_belong") {
        return Ok(());
    }
    let options = Options { sudo: Sudo::Password, ..Options::named("keeper") };
    let host = Host::up(Release::Debian12, &options)?;
    let [vaulted, hidden, password] = ["mxv", "mxh", "mxb"].map(canary);
    host.exec_with_input("chpasswd", format!("admin:{password}\n").as_bytes())?.ok()?;
    let controller = Controller::through(&[(&host, host.ssh())], "admin")?;
    let yaml = |value: &str| serde_json::Value::from(value).to_string();
    controller.write(
        "secret.yml",
        &format!("mx_canary: {}\nmx_become: {}\n", yaml(&vaulted), yaml(&password)),
    )?;
    controller.write("hidden.yml", &format!("mx_hidden: {}\n", yaml(&hidden)))?;
    controller.write("secret.j2", "secret = {{ mx_canary }}\nbehind it\n")?;
    controller.write("site.yml", PLAY)?;
    controller.write("password", "the vault's own\n")?;
    controller.write("tmp/.keep", "")?;
    let status = Command::new(env!("CARGO_BIN_EXE_mxprov"))
        .args(["vault", "encrypt", "--vault-password-file", "password", "secret.yml"])
        .current_dir(controller.folder())
        .env("HOME", controller.folder())
        .status()?;
    ensure!(status.success(), "vault encrypt");

    let needles: Vec<String> = [&vaulted, &hidden, &password].map(|it| forms(it)).concat();
    for (name, more) in
        [("check", "--check"), ("apply", "--yes"), ("again", "--yes"), ("quiet", "--yes")]
    {
        if name == "apply" {
            ensure!(!host.inside(WANTED[0])?.exists());
        }
        let run = watched(&controller, &host, &needles, name, more)?.expect(0)?;
        for needle in &needles {
            let line = run.said().lines().find(|it| it.contains(needle)).map(str::to_owned);
            ensure!(line.is_none(), "{name} says it: {line:?}");
        }
    }
    let text = String::from_utf8(host.read_file(WANTED[0])?)?;
    ensure!(text == format!("secret = {vaulted}\nbehind it\n"), "{text}");
    journals_hold_all_but_secrets(&controller, &needles)?;
    nothing_is_left(&controller, &host, &needles)
}

/// Each run left its journal: with its tasks and what came back, without any secret.
fn journals_hold_all_but_secrets(controller: &Controller, needles: &[String]) -> Result<()> {
    let mut journals = 0;
    for entry in std::fs::read_dir(controller.path(".local/state/mxprov/journal"))? {
        let path = entry?.path();
        let text = std::fs::read_to_string(&path)?;
        let line = text.lines().find(|line| found(line.as_bytes(), needles));
        ensure!(line.is_none(), "{}: a secret stands in {line:?}", path.display());
        let lines = text.lines().map(serde_json::from_str);
        let lines = lines.collect::<serde_json::Result<Vec<serde_json::Value>>>()?;
        let tasks = lines.iter().filter(|line| line["event"] == "task");
        let names: BTreeSet<&str> = tasks.filter_map(|line| line["task"].as_str()).collect();
        for name in ["template", "hidden", "items", "registered", "shown", "fails hidden"] {
            ensure!(names.contains(name), "{}: no task `{name}`", path.display());
        }
        let masked = lines.iter().filter(|line| line["task"] == "registered");
        let masked = masked.filter_map(|line| line["result"]["stdout"].as_str());
        let check = lines[0]["check"] == true;
        ensure!(check || masked.into_iter().any(|it| it == "••••••"), "{text}");
        ensure!(lines.last().is_some_and(|line| line["event"] == "run_done"), "{text}");
        journals += 1;
    }
    ensure!(journals == 4, "{journals} journals");
    Ok(())
}

/// Runs while all processes and temporary folders are looked at.
fn watched(
    controller: &Controller,
    host: &Host,
    needles: &[String],
    name: &str,
    more: &str,
) -> Result<Run> {
    let over = AtomicBool::new(false);
    let temporary = [
        host.inside("/tmp")?,
        host.inside("/var/tmp")?,
        host.inside("/dev/shm")?,
        host.inside("/run")?,
        controller.path("tmp"),
    ];
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut hits = BTreeSet::new();
            while !over.load(Ordering::Acquire) {
                processes(needles, &mut hits);
                for folder in &temporary {
                    files(folder, needles, &[], &mut hits);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            hits
        });
        let mut arguments = vec![more, "--vault-password-file", "password", "--diff"];
        if name != "quiet" {
            arguments.push("-vvv");
        }
        let run = start(controller, name, &arguments);
        over.store(true, Ordering::Release);
        let hits = watcher.join().expect("no panic");
        ensure!(hits.is_empty(), "{name}: {hits:#?}");
        run
    })
}

fn start(controller: &Controller, name: &str, arguments: &[&str]) -> Result<Run> {
    controller.start(name, "site.yml", arguments)?.end()
}

/// The host's processes are among those of this machine.
fn processes(needles: &[String], hits: &mut BTreeSet<String>) {
    let Ok(entries) = std::fs::read_dir("/proc") else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let line = std::fs::read(path.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.is_empty() {
            continue;
        }
        if found(line.as_bytes(), needles) {
            hits.insert(format!("command line: {line}"));
        }
        // The command that the variable was meant for has it in its environment.
        let meant = line.starts_with("sleep 0.4") || line.contains("MX_SECRET");
        let environment = std::fs::read(path.join("environ")).unwrap_or_default();
        if !meant && found(&environment, needles) {
            hits.insert(format!("environment of: {line}"));
        }
    }
}

fn found(bytes: &[u8], needles: &[String]) -> bool {
    // One pass for all: this looks at every process of the machine over and over.
    let mut begins = [false; 256];
    for needle in needles {
        begins[usize::from(needle.as_bytes()[0])] = true;
    }
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| begins[usize::from(*byte)]) {
        rest = &rest[at..];
        if needles.iter().any(|needle| rest.starts_with(needle.as_bytes())) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

/// Looks at every file below a folder but those of these names.
fn files(folder: &Path, needles: &[String], but: &[PathBuf], hits: &mut BTreeSet<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            files(&path, needles, but, hits);
        } else if kind.is_file()
            && !but.contains(&path)
            && entry.metadata().is_ok_and(|it| it.len() < 2_000_000)
            && let Ok(bytes) = std::fs::read(&path)
            && found(&bytes, needles)
        {
            hits.insert(format!("file: {}", path.display()));
        }
    }
}

fn nothing_is_left(controller: &Controller, host: &Host, needles: &[String]) -> Result<()> {
    let mut hits = BTreeSet::new();
    let upper = host.overlay().upper();
    let wanted = WANTED.map(|path| upper.join(path.trim_start_matches('/')));
    files(&upper, needles, &wanted, &mut hits);
    for folder in ["/run", "/tmp", "/dev/shm"] {
        files(&host.inside(folder)?, needles, &[], &mut hits);
    }
    // The input itself: that variable is in the clear.
    files(controller.folder(), needles, &[controller.path("hidden.yml")], &mut hits);
    let journal = host.exec("journalctl --no-pager --all -o verbose")?.stdout;
    if found(journal.as_bytes(), needles) {
        hits.insert("the journal".to_owned());
    }
    ensure!(hits.is_empty(), "{hits:#?}");
    Ok(())
}

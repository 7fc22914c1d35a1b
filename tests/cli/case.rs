//! One case: what it shows, its files, the command, and all that the command said.
//!
//! ```text
//! What the case shows.
//! === file site.yml
//! - hosts: all
//! === run
//! mxprov lint site.yml
//! === status 1, connections 0
//! === stdout
//! === stderr
//! error: …
//! ```
//!
//! The command is a line (or more) of `sh`. In it and in the files `@PORT@` is a port that counts
//! connections and `@CLOSED@` one on which nobody listens; they, the case's folder and the run's
//! journal (`@JOURNAL@`) have the same names in the output. Runs of several commands go into one case where that is the point.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::listener::{Listener, closed_port};

const MARK: &str = "=== ";

/// A case as its file says it.
pub struct Case {
    path: PathBuf,
    /// Everything before the outcome, as written.
    head: String,
    files: Vec<(String, String)>,
    run: String,
    outcome: String,
}

impl Case {
    /// Reads a case file.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("the case is readable");
        let (head, outcome) = match text.find("=== status") {
            Some(at) => text.split_at(at),
            None => (text.as_str(), ""),
        };
        let mut files = Vec::new();
        let mut run = String::new();
        for section in head.split("\n=== ").skip(1) {
            let (title, body) = section.split_once('\n').unwrap_or((section, ""));
            if let Some(name) = title.strip_prefix("file ") {
                files.push((name.to_owned(), format!("{body}\n")));
            } else {
                assert_eq!(title, "run", "{}: unknown section", path.display());
                body.clone_into(&mut run);
            }
        }
        assert!(!run.is_empty(), "{}: there is nothing to run", path.display());
        let (path, head, outcome) = (path.to_owned(), head.to_owned(), outcome.to_owned());
        Self { path, head, files, run, outcome }
    }

    /// Runs the case; gives a complaint if what came out is not what is written.
    pub fn judge(&self, bless: bool) -> Option<String> {
        let mut found = self.carry_out();
        // Other tests may keep the machine busy: only a run that is slow every time is too slow.
        for _ in 0..3 {
            if found.1 <= self.limit() {
                break;
            }
            found = self.carry_out();
        }
        let (outcome, took) = found;
        if bless {
            let text = format!("{}{outcome}", self.head);
            std::fs::write(&self.path, text).expect("the case can be written");
        }
        let name = self.path.display();
        if outcome.contains("panicked at") {
            return Some(format!("{name}: it panicked:\n{outcome}"));
        }
        if took > self.limit() {
            return Some(format!("{name}: it took {took:?}"));
        }
        (!bless && outcome != self.outcome)
            .then(|| format!("{name}: expected\n{}found\n{outcome}", self.outcome))
    }

    /// A second for each time that the program is called.
    fn limit(&self) -> Duration {
        let calls = self.run.matches("mxprov ").count();
        Duration::from_secs(calls.max(1) as u64)
    }

    fn carry_out(&self) -> (String, Duration) {
        let (listener, closed) = (Listener::start(), closed_port());
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let given = |text: &str| {
            let text = text.replace("@PORT@", &listener.port.to_string());
            text.replace("@CLOSED@", &closed.to_string())
        };
        for (name, text) in &self.files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a file is in a folder"))
                .expect("the folder can be made");
            std::fs::write(path, given(text)).expect("the file can be written");
        }
        let began = Instant::now();
        let output = shell(&given(&self.run), folder.path()).output().expect("sh runs");
        let took = began.elapsed();
        let named = |bytes: &[u8]| {
            let text =
                String::from_utf8_lossy(bytes).replace('\r', "<CR>").replace('\x1b', "<ESC>");
            let text = text.replace(&folder.path().display().to_string(), "@FOLDER@");
            let text = text.replace(&format!(":{}", listener.port), ":@PORT@");
            let text = text.replace(&format!(":{closed}"), ":@CLOSED@");
            let text = without_names_of_journals(&text);
            // Lines that end in blanks would be lost to editors.
            text.lines().flat_map(|line| [without_time(line.trim_end()), "\n"]).collect::<String>()
        };
        let status = output.status.code().map_or_else(|| "none".into(), |code| code.to_string());
        let outcome = format!(
            "{MARK}status {status}, connections {}\n{MARK}stdout\n{}{MARK}stderr\n{}",
            listener.count(),
            named(&output.stdout),
            named(&output.stderr)
        );
        (outcome, took)
    }
}

/// How long a task took is said where it took long: on a busy machine, that may be any.
fn without_time(line: &str) -> &str {
    let is_time = |word: &str| word.strip_suffix('s').is_some_and(|it| it.parse::<f64>().is_ok());
    match line.rsplit_once(' ') {
        Some((rest, last)) if rest.contains(": changed ") && is_time(last) => rest,
        _ => line,
    }
}

/// The name of a run's journal tells the time.
fn without_names_of_journals(text: &str) -> String {
    const FOLDER: &str = "@FOLDER@/.local/state/mxprov/journal/";
    let mut parts = text.split(FOLDER);
    let mut named = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.find(".jsonl").map(|end| &part[..end]);
        match name.filter(|name| !name.contains(char::is_whitespace)) {
            Some(name) => named += &["@JOURNAL@", &part[name.len() + ".jsonl".len()..]].concat(),
            None => named += &[FOLDER, part].concat(),
        }
    }
    named
}

/// A shell in the folder that finds the program by its name, with nobody at its terminal.
pub fn shell(script: &str, folder: &Path) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_mxprov"));
    let beside = program.parent().expect("the program is in a folder");
    let mut command = Command::new("sh");
    command
        .args(["-c", script])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", beside.display()))
        .env("HOME", folder)
        .env("TERM", "xterm")
        .stdin(Stdio::null());
    command
}

//! Where a run's journal lies: a file for each run, of which the newest are kept.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;

use crate::diagnostic::Diagnostic;
use crate::engine::Sink;
use crate::report::{JsonLines, Reporter};
use crate::value::Redactor;

use super::process::Process;

/// How many journals are kept in our own folder.
const KEPT: usize = 50;

/// Bytes of a playbook's name that a journal's name has at most.
const LONGEST: usize = 40;

/// Flags of the journal.
#[derive(Debug, Args)]
pub struct JournalFlags {
    /// Write the journal of the run to this file; else to a new one in
    /// `$XDG_STATE_HOME/mxprov/journal/`, where the newest 50 are kept.
    #[arg(long, value_name = "FILE", conflicts_with = "no_journal")]
    journal: Option<PathBuf>,

    /// Write no journal.
    #[arg(long)]
    no_journal: bool,
}

/// The journal of a run that is under way.
pub struct Journal {
    path: PathBuf,
    lines: Arc<JsonLines>,
}

impl JournalFlags {
    /// Opens the journal of a run of this playbook. One that was asked for by name must be there;
    /// without one in its usual place the run goes on, and says so.
    pub fn open(
        &self,
        process: &Process,
        playbook: &Path,
        redactor: &Redactor,
        reporter: &Reporter,
    ) -> Result<Option<Journal>, Diagnostic> {
        if self.no_journal {
            return Ok(None);
        }
        if let Some(given) = &self.journal {
            let path = process.cwd.join(given);
            let file = create(&path).map_err(|error| refused(&path, &error))?;
            return Ok(Some(Journal::of(path, file, redactor)));
        }
        let folder = folder(process);
        let path = folder.join(name(playbook, Timestamp::now(), rand::random()));
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        match made.and_then(|()| create(&path)) {
            Ok(file) => {
                if let Err(error) = keep_newest(&folder) {
                    let folder = folder.display();
                    let message = format!("old journals in `{folder}` cannot be removed: {error}");
                    reporter.warning(&Diagnostic::new(message));
                }
                Ok(Some(Journal::of(path, file, redactor)))
            }
            Err(error) => {
                let hint = "the run goes on without; `--no-journal` says that this is meant";
                reporter.warning(&refused(&path, &error).hint(hint));
                Ok(None)
            }
        }
    }
}

impl Journal {
    fn of(path: PathBuf, file: File, redactor: &Redactor) -> Self {
        let lines = JsonLines::new(Box::new(file), redactor.clone(), Timestamp::now);
        Self { path, lines: Arc::new(lines) }
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the events.
    pub fn lines(&self) -> Arc<dyn Sink> {
        Arc::clone(&self.lines) as Arc<dyn Sink>
    }

    /// What is wrong with it at the end of the run.
    pub fn flaw(&self) -> Option<Diagnostic> {
        let failure = self.lines.failure()?;
        let message = format!("the journal `{}` is not complete: {failure}", self.path.display());
        Some(Diagnostic::new(message))
    }
}

fn refused(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(format!("the journal `{}` cannot be written: {error}", path.display()))
}

/// The folder of journals: <https://specifications.freedesktop.org/basedir-spec/latest/>, which
/// wants relative paths ignored.
fn folder(process: &Process) -> PathBuf {
    let given = process.variable("XDG_STATE_HOME").map(PathBuf::from);
    let state = given.filter(|path| path.is_absolute());
    state.unwrap_or_else(|| process.home.join(".local/state")).join("mxprov/journal")
}

/// An empty file that nobody else can read.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // One that was there before keeps its mode; a pipe or terminal has none to change.
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// `20260102T030405Z-site-0123abcd.jsonl`: names in the order of time.
fn name(playbook: &Path, now: Timestamp, random: u32) -> String {
    let stem = playbook.file_stem().unwrap_or_default().to_string_lossy();
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let stem: String = stem.chars().map(plain).take(LONGEST).collect();
    format!("{}-{stem}-{random:08x}.jsonl", now.strftime("%Y%m%dT%H%M%SZ"))
}

/// Whether a file's name is one that [`name`] gives.
fn is_ours(name: &str) -> bool {
    let shape = |text: &str, pattern: &str| {
        text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
                other => byte == other,
            })
    };
    let Some((time, rest)) = name.split_once('-') else { return false };
    let Some((_, end)) = rest.rsplit_once('-') else { return false };
    shape(time, "00000000T000000Z") && shape(end, "xxxxxxxx.jsonl")
}

/// Removes all journals but the newest; other files stay.
fn keep_newest(folder: &Path) -> std::io::Result<()> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string().ok().filter(|name| is_ours(name)));
    }
    names.sort_unstable();
    for name in names.iter().rev().skip(KEPT) {
        match std::fs::remove_file(folder.join(name)) {
            // Another run has removed it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn a_name_tells_time_and_playbook() {
        let name = name(Path::new("plays/my site.yml"), at(1_767_323_045), 0xabc);
        assert_eq!(name, "20260102T030405Z-my-site-00000abc.jsonl");
        assert!(is_ours(&name));
        for other in ["notes.jsonl", "20260102T030405Z.jsonl", "20260102T030405Z-a-0000000g.jsonl"]
        {
            assert!(!is_ours(other), "{other}");
        }
    }

    #[test]
    fn the_newest_journals_are_kept_and_foreign_files_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str| std::fs::write(folder.path().join(name), "").expect("a file");
        let names: Vec<String> =
            (0..60).map(|number| name(Path::new("site.yml"), at(number), 7)).collect();
        for name in &names {
            put(name);
        }
        put("00000000T000000Z-notes.jsonl");
        keep_newest(folder.path()).expect("removed");
        let there = |name: &str| folder.path().join(name).exists();
        assert!(names[..10].iter().all(|name| !there(name)));
        assert!(names[10..].iter().all(|name| there(name)));
        assert!(there("00000000T000000Z-notes.jsonl"));
    }

    #[test]
    fn a_file_that_was_there_is_replaced_and_made_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.jsonl");
        std::fs::write(&path, "before\n").expect("a file");
        create(&path).expect("created");
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), "");
    }
}

//! The process's state, collected once and handed down.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

use indexmap::IndexMap;

/// What `main` collects.
#[derive(Debug, Clone)]
pub struct Process {
    /// The arguments, the program's name first.
    pub args: Vec<OsString>,
    /// The environment, as far as it is UTF-8.
    pub environment: IndexMap<String, String>,
    /// The working directory.
    pub cwd: PathBuf,
    /// The user who runs it.
    pub user: String,
    /// That user's numeric id.
    pub uid: u32,
    /// That user's home.
    pub home: PathBuf,
    /// The machine's name.
    pub hostname: String,
    /// Whether standard output is a terminal.
    pub out_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub err_is_terminal: bool,
    /// Whether standard input is a terminal.
    pub in_is_terminal: bool,
}

impl Process {
    /// The process as it is.
    pub fn collect() -> std::io::Result<Self> {
        use std::io::IsTerminal as _;
        use std::os::unix::fs::MetadataExt as _;
        let environment: IndexMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        // The owner of a process's own entry in /proc is its effective user.
        let uid = std::fs::metadata("/proc/self").map_or(0, |entry| entry.uid());
        let (name, home) = account(uid);
        let home =
            environment.get("HOME").map(PathBuf::from).or(home).unwrap_or_else(|| "/".into());
        let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads it")]
        let cwd = std::env::current_dir()?;
        Ok(Self {
            args: std::env::args_os().collect(),
            cwd,
            user: name
                .or_else(|| environment.get("USER").cloned())
                .unwrap_or_else(|| uid.to_string()),
            uid,
            home,
            hostname: hostname.trim().to_string(),
            out_is_terminal: std::io::stdout().is_terminal(),
            err_is_terminal: std::io::stderr().is_terminal(),
            in_is_terminal: std::io::stdin().is_terminal(),
            environment,
        })
    }

    /// A variable of the environment that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a stream that is (or is not) a terminal gets colours: <https://no-color.org>,
    /// <https://bixense.com/clicolors>.
    pub fn colours(&self, terminal: bool) -> bool {
        if self.variable("NO_COLOR").is_some() {
            return false;
        }
        if self.variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
            return true;
        }
        terminal && self.variable("TERM") != Some("dumb") && self.variable("CLICOLOR") != Some("0")
    }

    /// One line on standard error, where nothing else can print yet.
    pub fn complain(&self, message: &str) {
        complain(message);
    }
}

/// One line on standard error, where nothing else can print yet.
pub fn complain(message: &str) {
    drop(writeln!(std::io::stderr(), "error: {message}"));
}

/// Name and home of a user, from passwd(5).
fn account(uid: u32) -> (Option<String>, Option<PathBuf>) {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    for line in passwd.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        if let [name, _, number, _, _, home, ..] = fields[..]
            && number == uid.to_string()
        {
            return (Some(name.to_string()), Some(home.into()));
        }
    }
    (None, None)
}

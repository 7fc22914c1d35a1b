//! From configuration files and a host's name to the values that count for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::condition::{self, Facts, Verdict};
use super::include;
use super::keyword::{self, Keyword};
use super::line::{ConfigError, Line};
use super::token::Tokens;
use super::value::Value;

/// `Include` within `Include`, at most (OpenSSH's own limit).
const DEPTH: usize = 16;

/// One source of settings, the ones that win first.
#[derive(Clone, Debug)]
pub(in crate::remote) enum Layer {
    /// Options of a command line (`Keyword=value`), called by this name in messages.
    Options(String, Vec<String>),
    /// A file of the user with this id.
    User(PathBuf, u32),
    /// A file of the system.
    System(PathBuf),
}

/// Who asks about which host.
pub(in crate::remote) struct Query<'a> {
    /// The name as it was given.
    pub name: &'a str,
    /// The user as it was given, which no file overrides.
    pub user: Option<&'a str>,
    pub local_user: &'a str,
    pub home: &'a Path,
    /// Expanded for `Match exec`: what is known before the configuration is.
    pub tokens: &'a Tokens,
    /// Runs a command of `Match exec`.
    pub exec: &'a dyn Fn(&str) -> bool,
}

/// The values that count.
#[derive(Clone, Debug, Default)]
pub(in crate::remote) struct Resolved {
    values: BTreeMap<&'static str, Vec<Value>>,
}

impl Resolved {
    /// The value of a keyword (in lower case).
    pub fn get(&self, keyword: &str) -> Option<&Value> {
        self.all(keyword).first()
    }

    /// All values of a keyword that adds up.
    pub fn all(&self, keyword: &str) -> &[Value] {
        self.values.get(keyword).map_or(&[], Vec::as_slice)
    }

    /// The name or address to connect to.
    pub fn host(&self, name: &str) -> Result<String, ConfigError> {
        let Some(value) = self.get("hostname") else {
            return Ok(name.to_owned());
        };
        let tokens = Tokens { host: name.to_owned(), ..Tokens::default() };
        tokens.host_name(value.first()).map_err(|why| value.at.error(why))
    }

    /// Refuses what would be wrong to ignore in silence.
    fn followable(self) -> Result<Self, ConfigError> {
        for keyword in keyword::NOT_FOLLOWED {
            let set =
                self.get(keyword).filter(|value| !matches!(value.first(), "no" | "false" | "none"));
            if let Some(value) = set {
                let why =
                    format!("`{keyword}` cannot be followed here; leave it out for this host");
                return Err(value.at.error(why));
            }
        }
        Ok(self)
    }

    fn take(&mut self, keyword: &'static str, value: Value) {
        // Whichever of these two comes first rules out the other, even with the value `none`.
        let rival = match keyword {
            "proxyjump" => "proxycommand",
            "proxycommand" => "proxyjump",
            _ => "",
        };
        if self.values.contains_key(rival) {
            return;
        }
        let values = self.values.entry(keyword).or_default();
        let is_new = values.iter().all(|known| known.words != value.words);
        if values.is_empty() || keyword::adds_up(keyword) && is_new {
            values.push(value);
        }
    }
}

/// Reads the layers for one host. `Match final` makes a second pass over all of them.
pub(in crate::remote) fn resolve(
    layers: &[Layer],
    query: &Query<'_>,
) -> Result<Resolved, ConfigError> {
    let mut reader = Reader {
        query,
        found: Resolved::default(),
        name: query.name.to_owned(),
        is_final: false,
        wants_final: false,
        ignored: Vec::new(),
    };
    reader.pass(layers)?;
    if reader.wants_final {
        reader.is_final = true;
        reader.name = reader.found.host(query.name)?;
        reader.pass(layers)?;
    }
    reader.found.followable()
}

struct Reader<'a> {
    query: &'a Query<'a>,
    found: Resolved,
    name: String,
    is_final: bool,
    wants_final: bool,
    /// Patterns of `IgnoreUnknown`.
    ignored: Vec<String>,
}

/// Where a file stands: what `Include` starts from, and whether anything in it can count.
#[derive(Clone)]
struct Scope {
    directory: PathBuf,
    trusted_uid: Option<u32>,
    depth: usize,
    never: bool,
}

impl Reader<'_> {
    fn pass(&mut self, layers: &[Layer]) -> Result<(), ConfigError> {
        for layer in layers {
            let (file, directory, trusted_uid) = match layer {
                Layer::Options(name, options) => {
                    self.options(name, options)?;
                    continue;
                }
                Layer::User(file, uid) => (file, self.query.home.join(".ssh"), Some(*uid)),
                Layer::System(file) => (file, PathBuf::from("/etc/ssh"), None),
            };
            let scope = Scope { directory, trusted_uid, depth: 0, never: false };
            if let Some(lines) = include::read(file, trusted_uid)? {
                self.lines(&lines, &scope)?;
            }
        }
        Ok(())
    }

    fn options(&mut self, name: &str, options: &[String]) -> Result<(), ConfigError> {
        for option in options {
            for mut line in include::lines(option, Path::new(name)) {
                line.at.line = 0;
                if matches!(line.keyword.as_str(), "host" | "match" | "include") {
                    return Err(line.at.error(format!("`{}` is no option", line.keyword)));
                }
                self.set(&line, true)?;
            }
        }
        Ok(())
    }

    fn lines(&mut self, lines: &[Line], scope: &Scope) -> Result<(), ConfigError> {
        let mut active = !scope.never;
        for line in lines {
            match line.keyword.as_str() {
                "host" => active = condition::host(line, &self.name)? && !scope.never,
                "match" => active = self.matched(line, !scope.never)? && !scope.never,
                "include" => self.include(line, &Scope { never: !active, ..scope.clone() })?,
                _ => self.set(line, active)?,
            }
        }
        Ok(())
    }

    fn matched(&mut self, line: &Line, active: bool) -> Result<bool, ConfigError> {
        let query = self.query;
        let user = query.user.map(str::to_owned);
        let configured = || self.found.get("user").map(|value| value.first().to_owned());
        let exec = |command: &str| query.tokens.all(command).map(|command| (query.exec)(&command));
        let facts = Facts {
            host: self.found.host(&self.name)?,
            original: query.name,
            user: user.or_else(configured).unwrap_or_else(|| query.local_user.to_owned()),
            local_user: query.local_user,
            tag: self.found.get("tag").map(|value| value.first().to_owned()).unwrap_or_default(),
            is_final: self.is_final,
            exec: &exec,
        };
        let Verdict { matches, wants_final } = condition::matched(line, &facts, active)?;
        self.wants_final |= wants_final;
        Ok(matches)
    }

    fn include(&mut self, line: &Line, scope: &Scope) -> Result<(), ConfigError> {
        if scope.depth == DEPTH {
            return Err(line.at.error("too many files include each other"));
        }
        for argument in line.arguments()? {
            let pattern = match argument.strip_prefix("~/") {
                Some(rest) => self.query.home.join(rest),
                None => scope.directory.join(&argument),
            };
            for file in include::glob(&pattern) {
                let inner = Scope { depth: scope.depth + 1, ..scope.clone() };
                if let Some(lines) = include::read(&file, scope.trusted_uid)? {
                    self.lines(&lines, &inner)?;
                }
            }
        }
        Ok(())
    }

    fn set(&mut self, line: &Line, active: bool) -> Result<(), ConfigError> {
        let sorted = keyword::sort(&line.keyword);
        if let Keyword::Unknown = sorted {
            let ignored = self.ignored.iter().map(String::as_str);
            if crate::remote::known_hosts::matches_list(ignored, &line.keyword) {
                return Ok(());
            }
            let why = format!("`{}` is no keyword of ssh_config", line.keyword);
            return Err(line.at.error(why));
        }
        let words = if keyword::takes_the_line(&line.keyword) {
            vec![line.rest.clone()]
        } else {
            line.arguments()?
        };
        if line.keyword == "ignoreunknown" && active && self.ignored.is_empty() {
            self.ignored =
                words.iter().flat_map(|word| word.split(',')).map(str::to_lowercase).collect();
        }
        if let (Keyword::Used(keyword), true) = (sorted, active) {
            self.found.take(keyword, Value { words, at: line.at.clone() });
        }
        Ok(())
    }
}

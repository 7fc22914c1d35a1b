//! Whether a package is installed.

use crate::remote::{Output, Script, Word, words};

use super::super::probe::answers;
use super::super::query::{Query, State};

/// Asks for one package: `nginx` or `libc6:i386`. The name has passed [`is_name`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Package {
    /// Its name.
    pub name: String,
}

/// What dpkg knows of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageState {
    /// The version that is installed and configured.
    pub installed: Option<Installed>,
    /// An installed package that provides it, where it is not installed itself.
    pub provider: Option<String>,
    /// Unpacked and not configured: dpkg was interrupted.
    pub broken: bool,
    /// Its configuration is left although it was removed.
    pub remains: bool,
}

/// A package that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its version; empty in predictions that cannot tell.
    pub version: String,
}

impl PackageState {
    /// The prediction that it is installed, in this version if that is known.
    pub fn with_version(version: impl Into<String>) -> Self {
        Self { installed: Some(Installed { version: version.into() }), ..Self::default() }
    }

    /// Whether it, or what provides it, is installed.
    pub fn is_there(&self) -> bool {
        self.installed.is_some() || self.provider.is_some()
    }
}

impl State for PackageState {
    fn agrees_with(&self, actual: &Self) -> bool {
        let version = |state: &Self| state.installed.as_ref().map(|found| found.version.clone());
        match version(self) {
            None => self.is_there() == actual.is_there(),
            Some(version_open) if version_open.is_empty() => actual.is_there(),
            wanted => wanted == version(actual),
        }
    }
}

/// Whether this can be the name of a package (Debian Policy 5.6.7), with an architecture or not.
pub fn is_name(text: &str) -> bool {
    let (name, architecture) = text.split_once(':').unwrap_or((text, "any"));
    let letters = |text: &str, more: &str| {
        text.chars().all(|letter| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || more.contains(letter)
        })
    };
    name.len() >= 2
        && !name.starts_with(['+', '-', '.'])
        && letters(name, "+-.")
        && !architecture.is_empty()
        && letters(architecture, "-")
}

impl Query for Package {
    type State = PackageState;

    fn script(queries: &[&Self]) -> Script {
        let names = || queries.iter().map(|query| query.name.as_str());
        let mut script = Script::new();
        script.run(["set", "--"].into_iter().chain(names()));
        script.line(PROBE);
        let patterns = names().flat_map(|name| words!["-e", plain(name)]);
        script.line("[ -z \"$missing\" ] || dpkg-query -W -f='${db:Status-Abbrev}\\t${Package}\\t${Provides}\\n' |");
        script.words(words!["grep", "-F"].into_iter().chain(patterns).collect::<Vec<Word>>());
        script.line("\nprintf '\\n\\036%s\\n' 0");
        script
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<PackageState, String>> {
        let (known, providers) = match &answers(output, 2)[..] {
            [Ok((0 | 1, known)), Ok((_, providers))] => (known.clone(), providers.clone()),
            [Err(error), _] | [_, Err(error)] => return vec![Err(error.clone()); queries.len()],
            _ => {
                let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
                return vec![Err(format!("dpkg-query failed: {said}")); queries.len()];
            }
        };
        queries.iter().map(|query| Ok(state_of(&query.name, &known, &providers))).collect()
    }
}

/// dpkg-query ends with status 1 where it does not know a name, and prints the others.
const PROBE: &str = r#"known=$(dpkg-query -W -f='${Package}\t${Architecture}\t${db:Status-Abbrev}\t${Version}\n' -- "$@" 2>/dev/null)
status=$?
if [ "$status" -gt 1 ]; then dpkg-query -W -- "$@" >/dev/null; fi
printf '%s\n\n\036%s\n' "$known" "$status"
missing=
if [ "$status" = 1 ]; then missing=1; fi
case $known in *"	un "*|*"	rc "*) missing=1;; esac"#;

fn plain(name: &str) -> &str {
    name.split(':').next().unwrap_or(name)
}

fn state_of(name: &str, known: &str, providers: &str) -> PackageState {
    let (plain, wanted) = name.split_once(':').unwrap_or((name, ""));
    let mut state = PackageState::default();
    for line in known.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [package, architecture, status, version] = fields[..] else { continue };
        let other =
            !matches!(wanted, "" | "any") && architecture != wanted && architecture != "all";
        if package != plain || other {
            continue;
        }
        // The second letter of dpkg's status, see dpkg-query(1).
        match status.chars().nth(1) {
            Some('i' | 'W' | 't') => {
                state.installed.get_or_insert(Installed { version: version.to_string() });
            }
            Some('H' | 'U' | 'F') => state.broken = true,
            Some('c') => state.remains = true,
            _ => {}
        }
    }
    if state.installed.is_none() && !state.broken {
        state.provider = provider(plain, providers);
    }
    state
}

/// The first installed package whose `Provides` has this name: `mail-transport-agent, x (= 1)`.
fn provider(name: &str, providers: &str) -> Option<String> {
    providers.lines().find_map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [status, package, names] = fields[..] else { return None };
        let installed = matches!(status.chars().nth(1), Some('i' | 'W' | 't'));
        let has = names.split(',').any(|item| item.split_whitespace().next() == Some(name));
        (installed && has && package != name).then(|| package.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Debian 13: `dpkg-query -W … awk mawk nosuch perl-base:amd64 ufw vim`, one made up.
    const SAID: &str = "awk\t\tun \t\nmawk\tamd64\tii \t1.3.4.20250131-1\n\
        perl-base\tamd64\tii \t5.40.1-6+deb13u1\nufw\t\tun \t\nvim\tamd64\tiF \t2:9.1\n\n\u{1e}1\n\
        ii \tmawk\tawk\nii \topenssh-server\tssh-server\n\n\u{1e}0\n";

    #[test]
    fn installed_provided_broken_and_absent_are_told_apart() {
        let names = ["awk", "mawk", "nosuch", "perl-base:amd64", "ufw", "vim", "perl-base:i386"];
        let queries: Vec<Package> =
            names.iter().map(|name| Package { name: (*name).to_string() }).collect();
        let queries: Vec<&Package> = queries.iter().collect();
        let output = Output { stdout: SAID.into(), ..Output::default() };
        let states: Vec<PackageState> =
            Package::parse(&queries, &output).into_iter().map(|state| state.expect("ok")).collect();
        assert_eq!(states[0].provider.as_deref(), Some("mawk"));
        assert_eq!(states[1], PackageState::with_version("1.3.4.20250131-1"));
        assert!(!states[2].is_there() && !states[4].is_there() && !states[6].is_there());
        assert_eq!(states[3], PackageState::with_version("5.40.1-6+deb13u1"));
        assert!(states[5].broken);
    }

    #[test]
    fn names_are_those_of_policy() {
        assert!(["nginx", "g++", "libc6:i386", "0ad"].iter().all(|name| is_name(name)));
        assert!(["", "a", "Foo", "a b", "-y", "x=1", "lib*"].iter().all(|name| !is_name(name)));
    }
}

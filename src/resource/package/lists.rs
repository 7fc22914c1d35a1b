//! The lists of packages that repositories offer, and the archives that were downloaded.

use crate::remote::{Output, Script};

use super::super::probe::fields;
use super::super::query::{Query, State};
use super::super::world::World;

/// Asks when the package lists were last updated.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lists;

/// The age of the package lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListsState {
    /// When they were updated, in seconds since 1970; none if there are none, or if a planned
    /// update makes them.
    pub updated: Option<i64>,
    /// Seconds from then to the time of the question.
    pub age: Option<i64>,
    /// Differs where the lists or the sources differ. Queries whose answers depend on the lists carry it.
    pub stamp: String,
    /// A planned action changes them.
    pub planned: bool,
}

impl State for ListsState {
    /// What an update leaves behind is not foreseeable.
    fn agrees_with(&self, actual: &Self) -> bool {
        self.planned || self == actual
    }
}

impl ListsState {
    /// The lists after a planned update, or after a planned change of the sources.
    #[must_use]
    pub fn after_update(&self, updated: bool) -> Self {
        let age = if updated { Some(0) } else { self.age };
        Self { updated: None, age, stamp: self.stamp.clone(), planned: true }
    }
}

impl Query for Lists {
    type State = ListsState;

    fn script(_: &[&Self]) -> Script {
        let mut script = Script::new();
        script.line(PROBE);
        script
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<ListsState, String>> {
        let text = String::from_utf8_lossy(&output.stdout);
        let field =
            |name: &str| fields(&text).find(|(key, _)| *key == name).map(|(_, value)| value);
        let Some(now) = field("now").and_then(|now| now.parse::<i64>().ok()) else {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
            return vec![
                Err(format!("the age of the package lists could not be read: {said}"));
                queries.len()
            ];
        };
        let number = |name: &str| field(name).and_then(|value| value.parse::<i64>().ok());
        let sources = number("sources").max(number("parts"));
        let updated = match field("files") {
            Some("0") | None => None,
            // Lists of other sources are no lists of these.
            Some(_) => number("stamp")
                .max(number("lists"))
                .filter(|updated| sources.is_none_or(|sources| sources <= *updated)),
        };
        let stamp = ["stamp", "lists", "files", "sources", "parts"]
            .map(|name| field(name).unwrap_or_default())
            .join(" ");
        let age = updated.map(|updated| now - updated);
        vec![Ok(ListsState { updated, age, stamp, planned: false }); queries.len()]
    }
}

/// The stamp is that of Ansible's apt module: apt's periodic one where something writes it.
const PROBE: &str = r#"echo "now=$(date +%s)"
set -- /var/lib/apt/lists/*_*
if [ -e "$1" ]; then echo "files=$#"; else echo files=0; fi
mx_time() { [ ! -e "$2" ] || echo "$1=$(stat -c %Y -- "$2")"; }
mx_time stamp /var/lib/apt/periodic/update-success-stamp
mx_time lists /var/lib/apt/lists
mx_time sources /etc/apt/sources.list
mx_time parts /etc/apt/sources.list.d"#;

/// A planned action changes the file at this path: if it says where packages come from, the lists
/// of now are not those that will be.
pub fn file_changed(world: &mut World, path: &str) {
    let is_source = path == "/etc/apt/sources.list"
        || path.starts_with("/etc/apt/sources.list.d/")
        || path.starts_with("/etc/apt/preferences");
    if is_source {
        let stamp = "the sources that are planned".to_string();
        world.predict(Lists, ListsState { updated: None, age: None, stamp, planned: true });
    }
}

/// Asks how many downloaded archives apt keeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Archives;

/// The number of `.deb` files in apt's cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivesState(pub usize);

impl State for ArchivesState {}

impl Query for Archives {
    type State = ArchivesState;

    fn script(_: &[&Self]) -> Script {
        let mut script = Script::new();
        script.line(r#"set -- /var/cache/apt/archives/*.deb; [ -e "$1" ] || shift; echo $#"#);
        script
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<ArchivesState, String>> {
        let text = String::from_utf8_lossy(&output.stdout);
        let count = text.trim().parse().map(ArchivesState);
        let count = count.map_err(|_| "the archives of apt could not be counted".to_string());
        vec![count; queries.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_is_counted_on_the_hosts_clock() {
        let output = |text: &str| Output { stdout: text.into(), ..Output::default() };
        let said = output("now=1000\nfiles=7\nlists=400\nsources=3\n");
        let state = Lists::parse(&[&Lists], &said)[0].clone().expect("is answered");
        assert_eq!((state.updated, state.age), (Some(400), Some(600)));
        let bare = Lists::parse(&[&Lists], &output("now=1000\nfiles=0\nlists=400\n"))[0].clone();
        assert_eq!(bare.expect("is answered").age, None);
    }
}

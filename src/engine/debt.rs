//! Handlers that are owed: noted on the host in the same script as the change that notifies them,
//! so that a run which is cut before they ran leaves word of them to the next.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::remote::{Become, Output, Script};

use super::settings::user_key;

/// Where a user keeps the notes: one file each, named after a digest of what it says. Those of
/// root are in the host's runtime folder; others have theirs beside their lock, if they have a
/// home.
const BASE: &str = r#"if [ "$(id -u)" = 0 ]; then base=/run/mxprov/owed
elif [ -w "${HOME:-/}" ]; then base=$HOME/.mxprov.owed
else base=/var/tmp/mxprov.owed.$(id -u); fi"#;

/// A handler that is owed to a host of the inventory. It holds names only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Debt {
    /// The host whose handler it is.
    host: String,
    /// Its role or play.
    place: String,
    /// Its name.
    pub name: String,
}

impl Debt {
    /// The names may be of any kind; none of them is a secret.
    pub fn new(host: &str, place: &str, name: &str) -> Self {
        let line = |text: &str| text.replace(char::is_control, " ");
        Self { host: line(host), place: line(place), name: line(name) }
    }

    fn line(&self) -> String {
        [&*self.host, &*self.place, &*self.name].join("\t")
    }

    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split('\t');
        let (host, place, name) = (parts.next()?, parts.next()?, parts.next()?);
        parts.next().is_none().then(|| Self::new(host, place, name))
    }

    fn id(&self) -> String {
        Sha256::digest(self.line()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Who keeps a note: a user of a host, which is another one where the task was delegated.
#[derive(Debug, Clone)]
pub struct Keeper {
    /// The host.
    pub host: Arc<str>,
    /// The user.
    pub user: Arc<Become>,
}

type KeeperId = (Arc<str>, Arc<str>);

impl Keeper {
    fn id(&self) -> KeeperId {
        (Arc::clone(&self.host), user_key(&self.user))
    }
}

/// What is noted of one host's handlers, as far as one walk knows.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    keepers: BTreeMap<KeeperId, Keeper>,
    read: HashSet<KeeperId>,
    /// Noted, and by whom.
    noted: BTreeMap<Debt, BTreeSet<KeeperId>>,
    /// What an earlier run left.
    earlier: BTreeSet<Debt>,
    /// Those of them whose handlers this run knows.
    known: BTreeSet<Debt>,
    /// What is no longer owed, but still noted.
    paid: BTreeSet<(KeeperId, Debt)>,
}

impl Ledger {
    /// Whether this keeper was not asked before.
    pub fn is_news(&mut self, keeper: &Keeper) -> bool {
        self.read.insert(keeper.id())
    }

    /// The script that asks a keeper.
    pub fn question() -> Script {
        let mut script = Script::new();
        script.line(BASE).line(
            r#"status=0
for file in "$base".*; do
  if [ -f "$file" ] && [ -O "$file" ]; then cat -- "$file" || status=1; fi
done
exit $status"#,
        );
        script
    }

    /// Takes what a keeper said of `host`.
    pub fn learn(&mut self, host: &str, keeper: Keeper, output: &Output) {
        let text = String::from_utf8_lossy(&output.stdout);
        for debt in text.lines().filter_map(Debt::parse).filter(|debt| debt.host == host) {
            self.noted.entry(debt.clone()).or_default().insert(keeper.id());
            self.earlier.insert(debt);
        }
        self.keepers.insert(keeper.id(), keeper);
    }

    /// The script that has a keeper note those that nobody has noted yet; none if there are none.
    pub fn note(&mut self, keeper: &Keeper, debts: Vec<Debt>) -> Option<Script> {
        let mut script = Script::strict();
        script.line("umask 022").line(BASE);
        script.line(r#"if [ "$(id -u)" = 0 ]; then mkdir -p /run/mxprov; fi"#);
        let mut any = false;
        for debt in debts {
            let keepers = self.noted.entry(debt.clone()).or_default();
            if !keepers.is_empty() {
                continue;
            }
            keepers.insert(keeper.id());
            self.paid.remove(&(keeper.id(), debt.clone()));
            script.assign("id", debt.id());
            script.words(["printf", "%s\\n", &*debt.line()]).line(r#" >"$base.$id""#);
            any = true;
        }
        self.keepers.insert(keeper.id(), keeper.clone());
        any.then_some(script)
    }

    /// A batch was not carried out whole: what it was to note may not be there.
    pub fn doubt(&mut self) {
        let earlier = &self.earlier;
        self.noted.retain(|debt, _| earlier.contains(debt));
    }

    /// What an earlier run left and this one has not paid.
    pub fn earlier(&self) -> impl Iterator<Item = &Debt> {
        self.earlier.iter()
    }

    /// Whether an earlier run left this.
    pub fn is_earlier(&self, debt: &Debt) -> bool {
        self.earlier.contains(debt)
    }

    /// This run has the handler of something that an earlier one left.
    pub fn know(&mut self, debt: &Debt) {
        self.known.insert(debt.clone());
    }

    /// The names of those whose handlers are not in this run.
    pub fn strangers(&self) -> impl Iterator<Item = &str> {
        self.earlier.difference(&self.known).map(|debt| debt.name.as_str())
    }

    /// A handler has run.
    pub fn pay(&mut self, debt: &Debt) {
        self.earlier.remove(debt);
        let keepers = self.noted.remove(debt).unwrap_or_default();
        self.paid.extend(keepers.into_iter().map(|keeper| (keeper, debt.clone())));
    }

    /// Of what this run noted, only these are still owed.
    pub fn keep_only(&mut self, pending: &[Debt]) {
        let over = |debt: &&Debt| !self.earlier.contains(*debt) && !pending.contains(debt);
        for debt in self.noted.keys().filter(over).cloned().collect::<Vec<_>>() {
            self.pay(&debt);
        }
    }

    /// The scripts that strike out what is no longer owed, by keeper.
    pub fn strike_out(&mut self) -> Vec<(Keeper, Script)> {
        let mut scripts: BTreeMap<KeeperId, Script> = BTreeMap::new();
        for (keeper, debt) in std::mem::take(&mut self.paid) {
            let script = scripts.entry(keeper).or_insert_with(|| {
                let mut script = Script::new();
                script.line(BASE);
                script
            });
            script.assign("id", debt.id()).line(r#"rm -f -- "$base.$id""#);
        }
        let keeper = |id: &KeeperId| self.keepers.get(id).cloned();
        scripts.into_iter().filter_map(|(id, script)| Some((keeper(&id)?, script))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(host: &str) -> Keeper {
        Keeper { host: host.into(), user: Arc::new(Become::login()) }
    }

    fn said(debts: &[Debt]) -> Output {
        let text: String = debts.iter().map(|debt| debt.line() + "\n").collect();
        Output { stdout: text.into_bytes(), ..Output::default() }
    }

    fn debt(name: &str) -> Debt {
        Debt::new("web", "role nginx", name)
    }

    #[test]
    fn a_name_of_any_kind_is_one_line() {
        let nasty = Debt::new("web", "play a\tb", "re\nload");
        assert_eq!(Debt::parse(&nasty.line()), Some(nasty));
        assert_eq!(Debt::parse("something else"), None);
    }

    #[test]
    fn only_what_is_new_is_noted_and_only_once() {
        let mut ledger = Ledger::default();
        ledger.learn("web", keeper("web"), &said(&[debt("old"), Debt::new("db", "", "other")]));
        let script = ledger.note(&keeper("web"), vec![debt("old"), debt("new")]).unwrap();
        assert!(script.to_string().contains("new") && !script.to_string().contains("old"));
        assert!(ledger.note(&keeper("web"), vec![debt("new")]).is_none());
        assert_eq!(ledger.earlier().collect::<Vec<_>>(), [&debt("old")]);
        ledger.doubt();
        assert!(ledger.note(&keeper("web"), vec![debt("new")]).is_some());
    }

    #[test]
    fn what_is_paid_is_struck_out_where_it_was_noted() {
        let mut ledger = Ledger::default();
        ledger.learn("web", keeper("elsewhere"), &said(&[debt("old")]));
        ledger.note(&keeper("web"), vec![debt("ran"), debt("pending"), debt("unchanged")]);
        ledger.pay(&debt("ran"));
        ledger.keep_only(&[debt("pending")]);
        let hosts = |ledger: &mut Ledger| -> Vec<String> {
            let scripts = ledger.strike_out().into_iter();
            scripts.map(|(keeper, script)| format!("{} {script}", keeper.host)).collect()
        };
        let [one] = &hosts(&mut ledger)[..] else { panic!("one keeper is told") };
        assert!(one.starts_with("web ") && one.matches("rm -f").count() == 2, "{one}");
        assert!(!one.contains(&debt("pending").id()));
        ledger.pay(&debt("old"));
        assert!(hosts(&mut ledger)[0].starts_with("elsewhere "));
        assert!(hosts(&mut ledger).is_empty());
    }

    #[test]
    fn those_without_a_handler_are_strangers() {
        let mut ledger = Ledger::default();
        ledger.learn("web", keeper("web"), &said(&[debt("here"), debt("gone")]));
        ledger.know(&debt("here"));
        assert_eq!(ledger.strangers().collect::<Vec<_>>(), ["gone"]);
    }
}

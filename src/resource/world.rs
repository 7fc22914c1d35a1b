//! What is known of a host: states that were read, and over them the predicted ones.

use std::collections::HashMap;
use std::sync::Arc;

use crate::value::Unknown;

use super::host::Suspend;
use super::query::{AnyQuery, AnyState, Query, QueryId, id_of};
use super::refusal::Refusal;

/// What an opaque action may have touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Packages were installed: they bring files and units, but none where Debian Policy 9.1
    /// forbids it, and none that carry this program's name.
    Packages(Vec<String>),
    /// A unit was started or restarted: it may make what services make, under /run and /var.
    Unit(String),
    /// Containers were started: they may make what stands in the host's folders that they see.
    Containers {
        /// Whose they are, for people.
        shown: String,
        /// The folders, without the slash at the end.
        folders: Vec<String>,
    },
    /// Anything at all.
    Anything,
}

/// An action whose effects nobody can foresee in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opaque {
    /// What it may have touched.
    pub scope: Scope,
    /// Why a state is not known because of it: "package `fail2ban` is not installed yet".
    pub reason: Arc<Unknown>,
}

impl Opaque {
    /// What brings it, for the plan's assumptions: "package `nginx` brings".
    pub fn brings(&self) -> String {
        match &self.scope {
            Scope::Packages(names) if names.len() != 1 => format!("{} bring", self.bringer()),
            _ => format!("{} brings", self.bringer()),
        }
    }

    fn bringer(&self) -> String {
        match &self.scope {
            Scope::Packages(names) => {
                let shown: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                match &shown[..] {
                    [one] => format!("package {one}"),
                    [first, second, rest @ ..] if rest.len() > 1 => {
                        format!("packages {first}, {second} and {} more", rest.len())
                    }
                    _ => format!("packages {}", shown.join(", ")),
                }
            }
            Scope::Unit(name) => format!("unit `{name}`"),
            Scope::Containers { shown, .. } => shown.clone(),
            Scope::Anything => "a command that runs before".to_string(),
        }
    }

    /// Whether it may bring a file at this path.
    pub fn may_bring(&self, path: &str) -> bool {
        const NEVER: [&str; 5] = ["/usr/local/", "/home/", "/root/", "/srv/", "/var/local/"];
        match &self.scope {
            Scope::Anything => true,
            Scope::Containers { folders, .. } => folders.iter().any(|folder| {
                path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
            }),
            Scope::Unit(_) => {
                ["/run/", "/var/", "/tmp/"].iter().any(|folder| path.starts_with(folder))
            }
            Scope::Packages(packages) => {
                // FHS 3.13: what comes to /opt has a folder there with the package's name.
                if let Some(below) = path.strip_prefix("/opt/") {
                    let folder = below.split('/').next().unwrap_or(below);
                    return packages.iter().any(|package| package == folder);
                }
                let name = path.rsplit('/').next().unwrap_or(path);
                !name.contains("mxprov") && !NEVER.iter().any(|folder| path.starts_with(folder))
            }
        }
    }
}

/// What is known of one host. Cheap enough to clone for a look ahead.
#[derive(Debug, Clone, Default)]
pub struct World {
    actual: HashMap<(Arc<str>, QueryId), Result<AnyState, Arc<str>>>,
    predicted: HashMap<QueryId, Predicted>,
    opaque: Vec<Opaque>,
    refused: HashMap<Arc<str>, Refusal>,
    recording: Option<Vec<(AnyQuery, AnyState)>>,
}

/// A predicted state.
#[derive(Debug, Clone)]
struct Predicted {
    query: AnyQuery,
    state: AnyState,
    /// How many opaque actions were planned before.
    after: usize,
}

impl World {
    /// A host of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only what was read, without what was predicted: the host as it is if nothing was sent.
    #[must_use]
    pub fn as_read(&self) -> Self {
        let read = self.actual.iter().filter(|(_, answer)| answer.is_ok());
        let actual = read.map(|(asked, answer)| (asked.clone(), answer.clone())).collect();
        Self { actual, ..Self::default() }
    }

    /// Keeps an answer that `user` got from the host.
    pub fn learn(&mut self, user: &Arc<str>, id: QueryId, answer: Result<AnyState, String>) {
        self.actual.insert((Arc::clone(user), id), answer.map_err(Into::into));
    }

    /// Nothing can be asked or done as `user`.
    pub fn refuse(&mut self, user: &Arc<str>, refusal: Refusal) {
        self.refused.insert(Arc::clone(user), refusal);
    }

    /// Why nothing can be asked or done as `user`, if that is so: for good, or until what was
    /// planned before has put it right.
    pub fn refusal(&self, user: &str) -> Option<Suspend> {
        let refusal = self.refused.get(user)?;
        let mended = !self.predicted.is_empty() || !self.opaque.is_empty();
        Some(match refusal.mendable && mended {
            true => Suspend::unknown(refusal.message.as_str()),
            false => Suspend::failed(refusal.message.as_str()),
        })
    }

    /// The state that a planned action left behind.
    pub fn predicted<Q: Query>(&self, query: &Q) -> Option<Arc<Q::State>> {
        let predicted = self.predicted.get(&id_of(query))?;
        Arc::clone(&predicted.state).downcast().ok()
    }

    /// The answer that `user` got from the host.
    pub fn actual<Q: Query>(
        &self,
        user: &Arc<str>,
        query: &Q,
    ) -> Option<Result<Arc<Q::State>, Arc<str>>> {
        match self.actual.get(&(Arc::clone(user), id_of(query)))? {
            Ok(state) => Arc::clone(state).downcast().ok().map(Ok),
            Err(message) => Some(Err(Arc::clone(message))),
        }
    }

    /// A planned action leaves `state` behind.
    pub fn predict<Q: Query>(&mut self, query: Q, state: Q::State) {
        let state: AnyState = Arc::new(state);
        let query = AnyQuery::new(query);
        let after = self.opaque.len();
        let predicted = Predicted { query: query.clone(), state: Arc::clone(&state), after };
        self.actual.retain(|(_, known), _| !known.derived);
        self.predicted.insert(query.id().clone(), predicted);
        if let Some(recording) = &mut self.recording {
            recording.retain(|(known, _)| known.id() != query.id());
            recording.push((query, state));
        }
    }

    /// Like [`Self::predict`] for what another prediction proves already: it is not asked again.
    pub fn foresee<Q: Query>(&mut self, query: Q, state: Q::State) {
        let recording = self.recording.take();
        self.predict(query, state);
        self.recording = recording;
    }

    /// A planned action makes what is known of this query worthless: the host must be asked again.
    pub fn forget<Q: Query>(&mut self, query: &Q) {
        let id = id_of(query);
        self.predicted.remove(&id);
        self.actual.retain(|(_, known), _| *known != id);
    }

    /// A planned action makes what is known of paths below this one worthless.
    pub fn forget_below(&mut self, folder: &str) {
        let mark = format!("\"{folder}/");
        self.predicted.retain(|id, _| !id.key.contains(&mark));
        self.actual.retain(|(_, id), _| !id.key.contains(&mark));
    }

    /// All predicted states of a kind.
    pub fn predictions<Q: Query>(&self) -> impl Iterator<Item = (&Q, Arc<Q::State>)> {
        self.predicted.values().filter_map(|predicted| {
            let state = Arc::clone(&predicted.state).downcast().ok()?;
            Some((predicted.query.typed::<Q>()?, state))
        })
    }

    /// The same for a query whose kind is not known here.
    pub fn forget_id(&mut self, id: &QueryId) {
        self.predicted.remove(id);
        self.actual.retain(|(_, known), _| known != id);
    }

    /// A planned action may touch more than anybody can foresee.
    pub fn cloud(&mut self, opaque: Opaque) {
        self.opaque.push(opaque);
    }

    /// Those that were planned after the action that determined this state; all if none did.
    pub fn opaque_since<Q: Query>(&self, query: &Q) -> &[Opaque] {
        let after = self.predicted.get(&id_of(query)).map_or(0, |predicted| predicted.after);
        self.opaque.get(after..).unwrap_or_default()
    }

    /// The opaque actions that were planned and not sent.
    pub fn opaque(&self) -> &[Opaque] {
        &self.opaque
    }

    /// An opaque action really ran: what was read before it is worthless, predictions too.
    pub fn forget_all(&mut self) {
        self.actual.clear();
        self.predicted.clear();
        self.opaque.clear();
        self.refused.clear();
    }

    /// The states that `act` predicts, with their queries; `self` is not changed.
    pub fn record(&self, act: impl FnOnce(&mut World)) -> Vec<(AnyQuery, AnyState)> {
        let mut scratch = self.clone();
        scratch.recording = Some(Vec::new());
        act(&mut scratch);
        scratch.recording.unwrap_or_default()
    }

    /// Like [`Self::settle`], unless a later action predicts something else by now.
    pub fn settle_unless_newer(&mut self, user: &Arc<str>, query: &AnyQuery, state: &AnyState) {
        let current = match self.predicted.get(query.id()) {
            Some(predicted) => query.check(&predicted.state, state).is_ok(),
            None => false,
        };
        if current {
            self.settle(user, query.id().clone(), Arc::clone(state));
        }
    }

    /// Predicted states become what is known, once the host was seen to agree with them.
    pub fn settle(&mut self, user: &Arc<str>, id: QueryId, state: AnyState) {
        self.predicted.remove(&id);
        self.actual.retain(|(_, known), _| *known != id && !known.derived);
        self.actual.insert((Arc::clone(user), id), Ok(state));
    }
}

#[cfg(test)]
mod tests {
    use super::super::ping::{Ping, Pong};
    use super::*;

    #[test]
    fn a_refusal_holds_until_something_planned_may_mend_it() {
        let (root, app): (Arc<str>, Arc<str>) = ("root".into(), "app".into());
        let refusal = |mendable| Refusal { message: "no".into(), mendable };
        let mut world = World::new();
        world.refuse(&root, refusal(false));
        world.refuse(&app, refusal(true));
        assert!(world.refusal("").is_none());
        for user in ["root", "app"] {
            assert!(matches!(world.refusal(user), Some(Suspend::Failed(_))), "{user}");
        }
        world.predict(Ping, Pong);
        assert!(matches!(world.refusal("root"), Some(Suspend::Failed(_))));
        assert!(matches!(world.refusal("app"), Some(Suspend::Unknown(_))));
    }
}

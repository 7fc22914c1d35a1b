//! A module's view of one host: states that are known, and a clean way out where they are not.

use std::cell::RefCell;
use std::sync::Arc;

use crate::value::Unknown;

use super::query::{AnyQuery, Query};
use super::world::{Opaque, World};

/// Why planning stops here for now.
#[derive(Debug, Clone)]
pub enum Suspend {
    /// These must be asked first; the engine asks and plans again.
    Needs(Vec<AnyQuery>),
    /// Only applying can tell.
    Unknown(Arc<Unknown>),
    /// It cannot be done: the message of the failed task.
    Failed(String),
}

impl Suspend {
    /// Only applying can tell, for this reason.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(Arc::new(Unknown::new(reason)))
    }

    /// It cannot be done.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}

/// All that these miss in one question, where each alone would ask for its own.
pub fn together(results: impl IntoIterator<Item = Result<(), Suspend>>) -> Result<(), Suspend> {
    let mut missing = Vec::new();
    for result in results {
        // Whatever else it says: whoever needs the state says the same again.
        if let Err(Suspend::Needs(queries)) = result {
            missing.extend(queries);
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(Suspend::Needs(missing)) }
}

/// One host as one user sees it.
pub struct Host<'a> {
    world: &'a World,
    user: Arc<str>,
    assumptions: RefCell<Vec<String>>,
}

impl<'a> Host<'a> {
    /// The host that `world` describes, asked as `user` (empty: the login user).
    pub fn new(world: &'a World, user: &Arc<str>) -> Self {
        Self { world, user: Arc::clone(user), assumptions: RefCell::default() }
    }

    /// The state of a resource: predicted if a planned action touched it, else as it was read.
    pub fn state<Q: Query>(&self, query: Q) -> Result<Arc<Q::State>, Suspend> {
        match self.lookup(&query) {
            Some(state) => state.map_err(|message| Suspend::Failed(message.to_string())),
            None => Err(self.need(AnyQuery::new(query))),
        }
    }

    /// The way out to ask, unless nobody would answer. The controller answers for itself.
    fn need(&self, query: AnyQuery) -> Suspend {
        let refusal = self.world.refusal(&self.user);
        let refusal = refusal.filter(|_| query.controller().is_none());
        refusal.unwrap_or_else(|| Suspend::Needs(vec![query]))
    }

    /// The states of many resources of one kind; all that are missing are asked for at once.
    pub fn states<Q: Query>(&self, queries: Vec<Q>) -> Result<Vec<Arc<Q::State>>, Suspend> {
        let mut states = Vec::new();
        let mut missing = Vec::new();
        for query in queries {
            match self.state(query) {
                Ok(state) => states.push(state),
                Err(Suspend::Needs(queries)) => missing.extend(queries),
                Err(other) => return Err(other),
            }
        }
        if missing.is_empty() { Ok(states) } else { Err(Suspend::Needs(missing)) }
    }

    /// The state if it is known, without asking.
    pub fn lookup<Q: Query>(&self, query: &Q) -> Option<Result<Arc<Q::State>, Arc<str>>> {
        match self.world.predicted(query) {
            Some(state) => Some(Ok(state)),
            None => self.world.actual(&self.user, query),
        }
    }

    /// Whether a planned action has determined this state, so that opaque ones before do not matter.
    pub fn is_predicted<Q: Query>(&self, query: &Q) -> bool {
        self.world.predicted(query).is_some()
    }

    /// All that planned actions have determined of this kind.
    pub fn predictions<Q: Query>(&self) -> impl Iterator<Item = (&Q, Arc<Q::State>)> {
        self.world.predictions()
    }

    /// The last planned opaque action that could have touched what `touches` asks about.
    pub fn opaque(&self, touches: impl Fn(&Opaque) -> bool) -> Option<&'a Opaque> {
        self.world.opaque().iter().rev().find(|opaque| touches(opaque))
    }

    /// The same among those planned after what determined the state that `query` asks for.
    pub fn opaque_since<Q: Query>(
        &self,
        query: &Q,
        touches: impl Fn(&Opaque) -> bool,
    ) -> Option<&'a Opaque> {
        self.world.opaque_since(query).iter().rev().find(|opaque| touches(opaque))
    }

    /// Goes on as if this were so; the plan says it.
    pub fn assume(&self, assumption: impl Into<String>) {
        let assumption = assumption.into();
        let mut assumptions = self.assumptions.borrow_mut();
        if !assumptions.contains(&assumption) {
            assumptions.push(assumption);
        }
    }

    /// What was assumed so far.
    pub fn assumptions(&self) -> Vec<String> {
        self.assumptions.borrow().clone()
    }

    /// The user who asks; empty for the login user.
    pub fn user(&self) -> &str {
        &self.user
    }
}

//! Read-only questions about resources, and their typed answers.

use std::any::Any;
use std::fmt::{self, Debug};
use std::hash::Hash;
use std::sync::Arc;

use crate::remote::{Output, Script};

/// The typed answer to a query.
pub trait State: Debug + PartialEq + Send + Sync + 'static {
    /// Whether the host, asked again after an action, is as the action predicted (`self`).
    ///
    /// The default is equality; a kind whose prediction leaves fields open compares the others.
    fn agrees_with(&self, actual: &Self) -> bool {
        self == actual
    }
}

/// A question about one resource. `Debug` is part of its identity, so it shows all of it.
pub trait Query: Debug + Clone + Eq + Hash + Send + Sync + 'static {
    /// What the answer is.
    type State: State;

    /// The answer follows from resources that other queries are about (a list, a checksum), so
    /// any action makes it worthless.
    const DERIVED: bool = false;

    /// Who the question is put to; a host unless the kind says otherwise.
    fn asker(&self) -> Asker<Self::State> {
        Asker::Shell
    }

    /// One read-only script that answers all of `queries`, which are of one kind.
    fn script(queries: &[&Self]) -> Script;

    /// The answers in the order of the questions. A probe that failed is an error (what could not
    /// be read and why), never an absent resource.
    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<Self::State, String>>;
}

/// A question that the controller answers itself, such as one to a DNS server.
pub type ControllerAnswer<S> =
    std::pin::Pin<Box<dyn Future<Output = Result<S, String>> + Send + 'static>>;

/// Who answers a query.
pub enum Asker<S> {
    /// The host's shell.
    Shell,
    /// The controller, by this future.
    Controller(ControllerAnswer<S>),
}

/// What tells two queries apart: their kind and all that `Debug` shows of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueryId {
    /// The Rust type of the query.
    pub kind: &'static str,
    /// Its `Debug` form.
    pub key: Arc<str>,
    /// [`Query::DERIVED`]
    pub derived: bool,
}

/// An answer of any kind.
pub type AnyState = Arc<dyn Any + Send + Sync>;

/// A query of any kind.
#[derive(Clone)]
pub struct AnyQuery {
    id: QueryId,
    inner: Arc<dyn Erased>,
}

impl AnyQuery {
    /// A query whose kind is forgotten.
    pub fn new<Q: Query>(query: Q) -> Self {
        Self { id: id_of(&query), inner: Arc::new(query) }
    }

    /// The query, if it is of this kind.
    pub fn typed<Q: Query>(&self) -> Option<&Q> {
        (&*self.inner as &dyn Any).downcast_ref()
    }

    /// What tells it apart.
    pub fn id(&self) -> &QueryId {
        &self.id
    }

    /// One script for queries of the same kind.
    pub fn script(queries: &[AnyQuery]) -> Script {
        queries.first().map_or_else(Script::new, |first| first.inner.script_all(queries))
    }

    /// The answers to what [`Self::script`] asked.
    pub fn parse(queries: &[AnyQuery], output: &Output) -> Vec<Result<AnyState, String>> {
        queries.first().map_or_else(Vec::new, |first| first.inner.parse_all(queries, output))
    }

    /// The controller's way to the answer, if it is the controller who is asked.
    pub fn controller(&self) -> Option<ControllerAnswer<AnyState>> {
        self.inner.controller()
    }

    /// Whether a state that was read agrees with the one that was predicted; the difference if not.
    pub fn check(&self, predicted: &AnyState, actual: &AnyState) -> Result<(), String> {
        self.inner.check(predicted, actual)
    }
}

impl Debug for AnyQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id.key)
    }
}

/// The identity of a typed query.
pub fn id_of<Q: Query>(query: &Q) -> QueryId {
    QueryId {
        kind: std::any::type_name::<Q>(),
        key: format!("{query:?}").into(),
        derived: Q::DERIVED,
    }
}

trait Erased: Any + Send + Sync {
    fn script_all(&self, queries: &[AnyQuery]) -> Script;
    fn parse_all(&self, queries: &[AnyQuery], output: &Output) -> Vec<Result<AnyState, String>>;
    fn controller(&self) -> Option<ControllerAnswer<AnyState>>;
    fn check(&self, predicted: &AnyState, actual: &AnyState) -> Result<(), String>;
}

impl<Q: Query> Erased for Q {
    fn script_all(&self, queries: &[AnyQuery]) -> Script {
        Q::script(&typed::<Q>(queries))
    }

    fn parse_all(&self, queries: &[AnyQuery], output: &Output) -> Vec<Result<AnyState, String>> {
        let answers = Q::parse(&typed::<Q>(queries), output);
        answers.into_iter().map(|answer| answer.map(|state| Arc::new(state) as AnyState)).collect()
    }

    fn controller(&self) -> Option<ControllerAnswer<AnyState>> {
        match self.asker() {
            Asker::Shell => None,
            Asker::Controller(answer) => {
                Some(Box::pin(async move { answer.await.map(|state| Arc::new(state) as AnyState) }))
            }
        }
    }

    fn check(&self, predicted: &AnyState, actual: &AnyState) -> Result<(), String> {
        match (predicted.downcast_ref::<Q::State>(), actual.downcast_ref::<Q::State>()) {
            (Some(predicted), Some(actual)) if predicted.agrees_with(actual) => Ok(()),
            (Some(predicted), Some(actual)) => {
                Err(format!("{self:?} should be {predicted:?} and is {actual:?}"))
            }
            _ => Err(format!("{self:?} was answered with another kind of state")),
        }
    }
}

fn typed<Q: Query>(queries: &[AnyQuery]) -> Vec<&Q> {
    queries.iter().filter_map(AnyQuery::typed::<Q>).collect()
}

//! Variables laid over others, for lookups that take some of their own.

use std::sync::Arc;

use super::context::Scope;
use super::eval::Session;
use super::failure::Stop;
use crate::value::{Map, Value};

/// Finished variables over a copy of the raw ones.
struct Overlay {
    own: Map,
    below: Map,
    hosts: Vec<(String, Option<Arc<dyn Scope>>)>,
}

impl Scope for Overlay {
    fn get(&self, name: &str) -> Option<Value> {
        self.own.get(name).or_else(|| self.below.get(name)).cloned()
    }

    fn names(&self) -> Vec<String> {
        let own = self.own.keys().map(ToString::to_string);
        let below = self.below.keys().map(ToString::to_string);
        own.chain(below.filter(|name| !self.own.contains_key(name))).collect()
    }

    fn hosts(&self) -> Vec<String> {
        self.hosts.iter().map(|(name, _)| name.clone()).collect()
    }

    fn host(&self, name: &str) -> Option<Arc<dyn Scope>> {
        self.hosts.iter().find(|(known, _)| known == name)?.1.clone()
    }
}

/// The session's variables with `own` over them.
pub(crate) fn over(session: &Session<'_>, own: &Arc<Map>) -> Result<Arc<dyn Scope>, Stop> {
    let scope = session.scope();
    let below = scope.names().into_iter();
    let below = below.filter_map(|name| Some((name.as_str().into(), scope.get(&name)?)));
    let below: Map = below.collect();
    let hosts = scope.hosts().into_iter().map(|name| {
        let host = scope.host(&name);
        (name, host)
    });
    let own = match session.deep(&Value::Map(Arc::clone(own)))? {
        Value::Map(own) => own.as_ref().clone(),
        _ => Map::new(),
    };
    Ok(Arc::new(Overlay { own, below, hosts: hosts.collect() }))
}

//! The names that a template sets itself.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use super::item::{Item, Names};
use crate::template::failure::Stop;

/// One level of names; a loop, a macro and a `with` have one of their own.
#[derive(Default)]
pub(crate) struct Frame<'a> {
    names: RefCell<Names<'a>>,
    /// Names that hold a value which no other name means.
    fresh: RefCell<HashSet<Arc<str>>>,
    parent: Option<Rc<Frame<'a>>>,
}

impl<'a> Frame<'a> {
    /// A level below `parent`.
    pub fn below(parent: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self { parent: Some(Rc::clone(parent)), ..Self::default() })
    }

    /// Binds a name; an undefined value is bound as such.
    pub fn set(&self, name: &Arc<str>, item: Result<Item<'a>, Stop>) -> Result<(), Stop> {
        let slot = match item {
            Ok(item) => Ok(item),
            Err(Stop::Undefined(undefined)) => Err(undefined),
            Err(other) => return Err(other),
        };
        self.fresh.borrow_mut().remove(name);
        self.names.borrow_mut().insert(Arc::clone(name), slot);
        Ok(())
    }

    /// What a name is bound to, here or above.
    pub fn get(&self, name: &str) -> Option<Result<Item<'a>, Stop>> {
        if let Some(slot) = self.names.borrow().get(name) {
            return Some(slot.clone().map_err(Stop::Undefined));
        }
        self.parent.as_ref()?.get(name)
    }

    /// Marks a name as the only one that means its value.
    pub fn mark_fresh(&self, name: &Arc<str>) {
        self.fresh.borrow_mut().insert(Arc::clone(name));
    }

    /// Whether a name is the only one that means its value.
    pub fn is_fresh(&self, name: &str) -> bool {
        if self.names.borrow().contains_key(name) {
            return self.fresh.borrow().contains(name);
        }
        self.parent.as_ref().is_some_and(|parent| parent.is_fresh(name))
    }

    /// Binds a name anew where it is bound, here or above.
    pub fn reassign(&self, name: &str, item: Item<'a>) {
        if let Some(slot) = self.names.borrow_mut().get_mut(name) {
            *slot = Ok(item);
        } else if let Some(parent) = &self.parent {
            parent.reassign(name, item);
        }
    }

    /// The same, here only.
    pub fn own(&self, name: &str) -> Option<Result<Item<'a>, Stop>> {
        self.names.borrow().get(name).map(|slot| slot.clone().map_err(Stop::Undefined))
    }

    /// Forgets all names: a macro and its frame hold each other.
    pub fn clear(&self) {
        self.names.borrow_mut().clear();
    }
}

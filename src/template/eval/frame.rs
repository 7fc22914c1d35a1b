//! The names that a template sets itself.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::item::{Item, Names};
use crate::template::failure::Stop;

/// One level of names; a loop, a macro and a `with` have one of their own.
#[derive(Default)]
pub(crate) struct Frame<'a> {
    names: RefCell<Names<'a>>,
    parent: Option<Rc<Frame<'a>>>,
}

impl<'a> Frame<'a> {
    /// A level below `parent`.
    pub fn below(parent: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self { names: RefCell::default(), parent: Some(Rc::clone(parent)) })
    }

    /// Binds a name; an undefined value is bound as such.
    pub fn set(&self, name: &Arc<str>, item: Result<Item<'a>, Stop>) -> Result<(), Stop> {
        let slot = match item {
            Ok(item) => Ok(item),
            Err(Stop::Undefined(undefined)) => Err(undefined),
            Err(other) => return Err(other),
        };
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

    /// The same, here only.
    pub fn own(&self, name: &str) -> Option<Result<Item<'a>, Stop>> {
        self.names.borrow().get(name).map(|slot| slot.clone().map_err(Stop::Undefined))
    }

    /// Forgets all names: a macro and its frame hold each other.
    pub fn clear(&self) {
        self.names.borrow_mut().clear();
    }
}

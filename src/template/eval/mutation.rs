//! `x.append(y)` on a list that the template itself has made: the name is bound to the changed list.
//!
//! Only names that hold a value of their own take part. Where two names mean the same object in
//! Python, one of them would not follow here, so such calls are refused instead.

use std::sync::Arc;

use super::item::Item;
use super::machine::Machine;
use crate::template::arguments::Arguments;
use crate::template::failure::Stop;
use crate::template::method::mutation;
use crate::template::syntax::tree::{Expression, Node};
use crate::value::Value;

impl<'a> Machine<'_, 'a> {
    /// The result of a method that changes what `base` holds. `None` if it does not, or if `base` is
    /// not the template's own.
    pub(super) fn mutate(
        &self,
        base: &Node,
        item: &Item<'a>,
        name: &str,
        arguments: &Arguments,
    ) -> Result<Option<Item<'a>>, Stop> {
        let Item::Value(current) = item else { return Ok(None) };
        if !mutation::changes(current, name) {
            return Ok(None);
        }
        let mut path = Vec::new();
        let Some(root) = self.path(base, &mut path)? else { return Ok(None) };
        match self.frame.get(root) {
            Some(Ok(Item::Value(whole))) if self.frame.is_fresh(root) => {
                let (changed, given) = mutation::apply(current, name, arguments.clone())?;
                let Some(whole) = mutation::replaced(&whole, &path, changed) else {
                    return Ok(None);
                };
                self.frame.reassign(root, Item::Value(whole));
                Ok(Some(Item::Value(given)))
            }
            Some(Ok(Item::Namespace(entries))) => {
                let Some((Value::Str(member), rest)) = path.split_first() else { return Ok(None) };
                let (changed, given) = mutation::apply(current, name, arguments.clone())?;
                let whole = entries.borrow().get(member.as_str()).cloned();
                let whole = whole.and_then(|whole| mutation::replaced(&whole, rest, changed));
                let Some(whole) = whole else { return Ok(None) };
                entries.borrow_mut().insert(member.shared(), whole);
                Ok(Some(Item::Value(given)))
            }
            _ => Ok(None),
        }
    }

    /// The name that a chain of attributes and items starts with, and its keys.
    fn path<'n>(
        &self,
        node: &'n Node,
        keys: &mut Vec<Value>,
    ) -> Result<Option<&'n Arc<str>>, Stop> {
        Ok(match &node.expression {
            Expression::Name(name) => Some(name),
            Expression::Attribute(base, name) => {
                let root = self.path(base, keys)?;
                keys.push(Value::data(Arc::clone(name)));
                root
            }
            Expression::Item(base, index) => {
                let root = self.path(base, keys)?;
                keys.push(self.known(index)?);
                root
            }
            _ => None,
        })
    }
}

/// Whether an expression makes a new value rather than naming one.
pub(super) fn is_fresh(node: &Node) -> bool {
    !matches!(
        node.expression,
        Expression::Name(_)
            | Expression::Attribute(..)
            | Expression::Item(..)
            | Expression::If { .. }
    )
}

//! `for` and its `loop`.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::frame::Frame;
use super::item::Item;
use super::machine::Machine;
use super::output::Output;
use super::statement::Flow;
use super::unit::Unit;
use crate::template::arguments::{self, Arguments};
use crate::template::failure::{Missing, Stop};
use crate::template::python;
use crate::template::syntax::tree::For;
use crate::value::Value;

/// The state of a running loop.
pub(crate) struct LoopState<'a> {
    items: Rc<Vec<Value>>,
    index: usize,
    depth: i64,
    changed: Rc<RefCell<Option<Vec<Value>>>>,
    /// What `loop(…)` runs again.
    again: Option<(Arc<For>, Rc<Unit>, Rc<Frame<'a>>)>,
}

impl LoopState<'_> {
    /// `loop.name`
    pub fn attribute(&self, name: &str) -> Result<Value, Stop> {
        let count = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let (index, length) = (self.index, self.items.len());
        Ok(match name {
            "index" => count(index + 1),
            "index0" => count(index),
            "revindex" => count(length - index),
            "revindex0" => count(length - index - 1),
            "first" => Value::Bool(index == 0),
            "last" => Value::Bool(index + 1 == length),
            "length" => count(length),
            "depth" => Value::Int(self.depth),
            "depth0" => Value::Int(self.depth - 1),
            "previtem" | "nextitem" => {
                let at =
                    if name == "nextitem" { index.checked_add(1) } else { index.checked_sub(1) };
                let found = at.and_then(|at| self.items.get(at)).cloned();
                return found.ok_or_else(|| Stop::undefined(format!("there is no `loop.{name}`")));
            }
            _ => {
                let known = ["index", "index0", "revindex", "first", "last", "length", "depth"];
                let known = known.map(String::from).to_vec();
                return Err(Stop::missing(Missing::Member(name.to_string(), "loop", known)));
            }
        })
    }

    /// `loop.cycle(…)`, `loop.changed(…)`
    pub fn method(&self, name: &str, given: &[Value]) -> Result<Value, Stop> {
        if name == "changed" {
            let mut last = self.changed.borrow_mut();
            let changed = last.as_deref() != Some(given);
            *last = Some(given.to_vec());
            return Ok(Value::Bool(changed));
        }
        if given.is_empty() {
            return Err(Stop::error("`loop.cycle` wants something to choose from"));
        }
        Ok(given[self.index % given.len()].clone())
    }
}

impl<'a> Machine<'_, 'a> {
    /// `{% for %}`
    pub(super) fn for_loop(&self, statement: &Arc<For>, output: &mut Output) -> Result<Flow, Stop> {
        let items = self.known(&statement.items)?;
        let span = || self.span(statement.items.at);
        let items = arguments::items(&items).map_err(|stop| stop.at(span()))?;
        self.walk(statement, items, 1, output)
    }

    /// `loop(items)` inside of a recursive loop.
    pub(super) fn recurse(
        &self,
        state: &LoopState<'a>,
        given: &Arguments,
    ) -> Result<Item<'a>, Stop> {
        let Some((statement, unit, frame)) = &state.again else {
            return Err(Stop::error("`loop(…)` needs `recursive` in its `for`"));
        };
        let items = given.positional.first().ok_or_else(|| Stop::error("`loop` wants items"))?;
        let machine = Machine { unit: Rc::clone(unit), frame: Rc::clone(frame), ..self.clone() };
        let mut output = Output::default();
        machine.walk(statement, arguments::items(items)?, state.depth + 1, &mut output)?;
        output.into_text(self.session).map(|text| Item::Value(Value::Str(text)))
    }

    fn walk(
        &self,
        statement: &Arc<For>,
        items: Vec<Value>,
        depth: i64,
        output: &mut Output,
    ) -> Result<Flow, Stop> {
        let items = Rc::new(self.wanted(statement, items)?);
        if items.is_empty() {
            return self.below().body(&statement.otherwise, output);
        }
        let changed = Rc::new(RefCell::new(None));
        let again = statement
            .recursive
            .then(|| (Arc::clone(statement), Rc::clone(&self.unit), Rc::clone(&self.frame)));
        for index in 0..items.len() {
            let machine = self.below();
            machine.bind(&statement.target, Ok(Item::Value(items[index].clone())))?;
            let state = LoopState {
                items: Rc::clone(&items),
                index,
                depth,
                changed: Rc::clone(&changed),
                again: again.clone(),
            };
            machine.frame.set(&"loop".into(), Ok(Item::Loop(Rc::new(state))))?;
            if machine.body(&statement.body, output)? == Flow::Break {
                break;
            }
        }
        Ok(Flow::Next)
    }

    /// The items that the loop's own condition lets through.
    fn wanted(&self, statement: &For, items: Vec<Value>) -> Result<Vec<Value>, Stop> {
        let Some(condition) = &statement.condition else { return Ok(items) };
        let mut wanted = Vec::new();
        for item in items {
            let machine = self.below();
            machine.bind(&statement.target, Ok(Item::Value(item.clone())))?;
            let holds = machine.value(condition)?;
            if python::truth(&holds)? {
                wanted.push(item);
            }
        }
        Ok(wanted)
    }
}

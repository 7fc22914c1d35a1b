//! The evaluator's state: a template, the names around, the blocks of its children.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::Session;
use super::frame::Frame;
use super::item::Item;
use super::output::Output;
use super::unit::Unit;
use crate::diagnostic::Span;
use crate::template::failure::{Missing, Stop};
use crate::template::program::Code;
use crate::template::syntax::tree::{At, Block, Node, Statement};
use crate::value::{Str, Value};

/// The blocks of a template and its parents by name, the youngest first.
pub(super) type Blocks = RefCell<HashMap<Arc<str>, Vec<(Rc<Unit>, Arc<Block>)>>>;

/// The evaluator.
#[derive(Clone)]
pub(crate) struct Machine<'s, 'a> {
    /// The variables.
    pub session: &'s Session<'a>,
    /// The template at work.
    pub unit: Rc<Unit>,
    /// The names that it has set.
    pub(super) frame: Rc<Frame<'a>>,
    pub(super) blocks: Rc<Blocks>,
    /// The block at work and how many children replace it, for `super()`.
    pub(super) block: Option<(Arc<str>, usize)>,
}

impl<'s, 'a> Machine<'s, 'a> {
    /// An evaluator at the top of a template.
    pub fn top(session: &'s Session<'a>, unit: Rc<Unit>) -> Self {
        Self { session, unit, frame: Rc::default(), blocks: Rc::default(), block: None }
    }

    /// The same with a level of names of its own.
    pub(super) fn below(&self) -> Self {
        Self { frame: Frame::below(&self.frame), ..self.clone() }
    }

    /// The same in another template.
    pub(super) fn within(&self, unit: Rc<Unit>) -> Self {
        Self { unit, ..self.clone() }
    }

    /// The place of a part of the template at work.
    pub fn span(&self, at: At) -> Option<Span> {
        self.unit.span(at)
    }

    /// An error at a place.
    pub(super) fn error(&self, at: At, message: impl Into<String>) -> Stop {
        Stop::error(message).at(self.span(at))
    }

    /// The value of the template: its own type if it is one expression, else text.
    pub fn native(&self) -> Result<Item<'a>, Stop> {
        match &self.unit.program.code {
            Code::Expression(node) => self.eval(node),
            Code::Template(body) => match body.as_slice() {
                [Statement::Emit(node)] => self.eval(node),
                body => {
                    let mut output = Output::default();
                    self.template(body, &mut output)?;
                    output.into_native(self.session).map(Item::Value)
                }
            },
        }
    }

    /// The text of the template.
    pub fn text(&self) -> Result<Str, Stop> {
        let mut output = Output::default();
        match &self.unit.program.code {
            Code::Expression(node) => output.value(self.value(node)?),
            Code::Template(body) => self.template(body, &mut output)?,
        }
        output.into_text(self.session)
    }

    /// The value of an expression, finished; unknown parts stay.
    pub(super) fn value(&self, node: &Node) -> Result<Value, Stop> {
        let item = self.eval(node)?;
        self.session.finish(item).map_err(|stop| stop.at(self.span(node.at)))
    }

    /// What an expression shows in a text: nothing for an `if` without `else`.
    pub(super) fn shown(&self, node: &Node) -> Result<Value, Stop> {
        match self.value(node) {
            Err(Stop::Undefined(undefined)) if matches!(undefined.missing, Missing::Else) => {
                Ok(Value::data(""))
            }
            other => other,
        }
    }

    /// The same, where an unknown stops.
    pub(super) fn known(&self, node: &Node) -> Result<Value, Stop> {
        crate::template::failure::known(self.value(node)?)
    }
}

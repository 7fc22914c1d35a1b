//! What an expression gives: mostly a value, but also the engine's own objects.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::Session;
use super::frame::Frame;
use super::looping::LoopState;
use super::unit::Unit;
use crate::template::syntax::tree::Macro;
use crate::value::Value;

/// What an expression gives.
#[derive(Clone)]
pub(crate) enum Item<'a> {
    /// A value without templates in it.
    Value(Value),
    /// A list or mapping of a variable whose strings may still be templates; they are rendered when
    /// they are reached.
    Raw(Value),
    /// `vars`, or the variables of a host in `hostvars`.
    Variables(Rc<Session<'a>>),
    /// `hostvars`.
    Hosts,
    /// `namespace(…)`
    Namespace(Rc<RefCell<IndexMap<Arc<str>, Value>>>),
    /// A macro.
    Macro(Rc<Closure<'a>>),
    /// An imported template.
    Module(Rc<Frame<'a>>),
    /// `loop`
    Loop(Rc<LoopState<'a>>),
    /// `cycler(…)`: its items and the index of the current one.
    Cycler(Rc<(Vec<Value>, RefCell<usize>)>),
    /// What `now()` and `to_datetime` give.
    Time(Rc<jiff::Zoned>),
    /// The difference of two times, in microseconds.
    Duration(i64),
    /// `joiner(…)`: its separator and whether it was called.
    Joiner(Rc<(Value, RefCell<bool>)>),
}

/// A macro with what it sees.
pub(crate) struct Closure<'a> {
    /// Its text.
    pub definition: Arc<Macro>,
    /// The template that it stands in.
    pub unit: Rc<Unit>,
    /// The names around it.
    pub frame: Rc<Frame<'a>>,
}

impl Item<'_> {
    /// What messages call it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Value(value) | Self::Raw(value) => value.type_name(),
            Self::Variables(_) | Self::Hosts => "dict",
            Self::Namespace(_) => "namespace",
            Self::Macro(_) => "macro",
            Self::Module(_) => "module",
            Self::Loop(_) => "loop",
            Self::Cycler(_) => "cycler",
            Self::Joiner(_) => "joiner",
            Self::Time(_) => "datetime",
            Self::Duration(_) => "timedelta",
        }
    }
}

impl From<Value> for Item<'_> {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

/// The names of a template's frame.
pub(crate) type Names<'a> =
    HashMap<Arc<str>, Result<Item<'a>, Box<crate::template::failure::Undefined>>>;

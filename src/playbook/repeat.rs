//! `loop`, `with_*` and `loop_control`.

use super::Setting;

/// A task's loop.
#[derive(Debug, Clone)]
pub struct Loop {
    /// Which kind of loop.
    pub kind: LoopKind,
    /// What it goes over: a list, or a template that gives one.
    pub terms: Setting,
    /// `loop_control`.
    pub control: LoopControl,
}

/// `loop`, or the lookup of a `with_x`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoopKind {
    /// `loop`
    Loop,
    /// `with_x`: the name of the lookup, `x`. `items` flattens one level.
    With(String),
}

/// How a loop names and shows its items.
#[derive(Debug, Clone, Default)]
pub struct LoopControl {
    /// `loop_var`; `item` if not written.
    pub loop_var: Option<Setting>,
    /// `index_var`.
    pub index_var: Option<Setting>,
    /// `label`, rendered with the item.
    pub label: Option<Setting>,
    /// `pause`, in seconds.
    pub pause: Option<Setting>,
    /// `extended`.
    pub extended: Option<Setting>,
    /// `extended_allitems`.
    pub extended_allitems: Option<Setting>,
    /// `break_when`: all must hold.
    pub break_when: Vec<Setting>,
}

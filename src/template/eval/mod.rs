//! Walking the tree: the evaluator.

mod access;
mod apply;
mod call;
mod expression;
mod frame;
mod item;
mod looping;
mod machine;
mod moment;
mod mutation;
mod operator;
mod output;
mod session;
mod statement;
mod unit;

pub(crate) use access::part;
pub(crate) use item::Item;
pub(crate) use machine::Machine;
pub(crate) use operator::add;
pub(crate) use session::{Session, parsed_or_stop, syntax_diagnostic};
pub(crate) use unit::Unit;

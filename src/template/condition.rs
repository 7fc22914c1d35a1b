//! `when` and its kin.

use std::rc::Rc;

use super::eval::{Machine, Session, Unit, parsed_or_stop};
use super::failure::Stop;
use super::place::Place;
use super::python;
use crate::value::{Str, Value};

/// Whether a condition holds.
pub(crate) fn holds(session: &Session<'_>, condition: &Value) -> Result<bool, Stop> {
    match condition {
        Value::Bool(truth) => Ok(*truth),
        Value::List(conditions) => all(session, conditions),
        Value::Str(text) => expression(session, text),
        Value::Unknown(unknown) => Err(Stop::Unknown(unknown.clone())),
        other => Err(not_boolean(other)),
    }
}

/// Whether all hold. An unknown one does not matter where another is false; what comes after an
/// unknown one may rely on it, so an error there does not count.
fn all(session: &Session<'_>, conditions: &[Value]) -> Result<bool, Stop> {
    let mut doubt = None;
    for condition in conditions {
        match holds(session, condition) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(Stop::Unknown(unknown)) => doubt = doubt.or(Some(unknown)),
            Err(_) if doubt.is_some() => {}
            Err(stop) => return Err(stop),
        }
    }
    doubt.map_or(Ok(true), |unknown| Err(Stop::Unknown(unknown)))
}

fn expression(session: &Session<'_>, text: &Str) -> Result<bool, Stop> {
    let place = Place::of(text);
    if !text.is_trusted() {
        let message = "a condition must stand in a file of the project, not come from a host";
        return Err(Stop::error(message).at(text.origin().cloned()));
    }
    let item = if text.is_template() {
        session.resolve(Value::Str(text.clone()), "the condition")?
    } else {
        let parsed = session.templar.programs.expression(&text.shared());
        let program = parsed_or_stop(parsed, &place, text.as_str())?;
        let machine = Machine::top(session, Rc::new(Unit::new(program, place, None)));
        session.deeper(|| machine.native())?
    };
    match session.known(item)? {
        Value::Bool(truth) => Ok(truth),
        other => Err(not_boolean(&other).at(text.origin().cloned())),
    }
}

fn not_boolean(value: &Value) -> Stop {
    let stop = Stop::error(format!(
        "a condition must be true or false, this one is of type `{}`",
        value.type_name()
    ));
    match value {
        Value::Str(_) => {
            stop.hint("compare it, ask for its `| length > 0`, or convert it with `| bool`")
        }
        Value::List(_) | Value::Map(_) => stop.hint("ask for its `| length > 0`"),
        _ => match python::truth(value) {
            Ok(_) => stop.hint("compare it, or convert it with `| bool`"),
            Err(_) => stop,
        },
    }
}

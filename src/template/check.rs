//! What can be said of a template before its variables are known.

use std::sync::Arc;

use super::eval::syntax_diagnostic;
use super::failure::Stop;
use super::place::Place;
use super::program::{Code, Program};
use super::syntax::tree::{Argument, At, Expression, Node};
use super::syntax::{Dialect, SyntaxError, walk};
use super::templar::unit_of;
use super::{Templar, filter, lookup, test};
use crate::diagnostic::{Diagnostic, Source};
use crate::value::{Str, Value};

/// A template string.
pub(crate) fn template(templar: &Templar, text: &Str) -> Vec<Diagnostic> {
    let parsed = templar.programs.scalar(&text.shared());
    check(parsed, &Place::of(text), text.as_str())
}

/// A bare expression.
pub(crate) fn expression(templar: &Templar, text: &Str) -> Vec<Diagnostic> {
    let parsed = templar.programs.expression(&text.shared());
    check(parsed, &Place::of(text), text.as_str())
}

/// A template file.
pub(crate) fn source(
    templar: &Templar,
    source: &Arc<Source>,
    dialect: &Dialect,
) -> Vec<Diagnostic> {
    match unit_of(templar, source, dialect) {
        Ok(unit) => wrong_names(&unit.program, &unit.place),
        Err(Stop::Error(error)) => vec![*error],
        Err(_) => Vec::new(),
    }
}

fn check(parsed: Result<Arc<Program>, SyntaxError>, place: &Place, text: &str) -> Vec<Diagnostic> {
    match parsed {
        Ok(program) => wrong_names(&program, place),
        Err(error) => vec![syntax_diagnostic(&error, place, text)],
    }
}

fn wrong_names(program: &Program, place: &Place) -> Vec<Diagnostic> {
    let text = &*program.text;
    let mut found = Vec::new();
    let mut visit = |node: &Node| {
        if let Some((at, Stop::Error(error))) = wrong_name(node) {
            found.push(error.at_maybe(place.span(text, at).as_ref()));
        }
    };
    match &program.code {
        Code::Template(body) => walk::statements(body, &mut visit),
        Code::Expression(node) => walk::node(node, &mut visit),
    }
    found
}

/// A name in this node that nothing has, with its place.
fn wrong_name(node: &Node) -> Option<(At, Stop)> {
    let head = |name: &str| At { start: node.at.start, end: node.at.start + name.len() };
    match &node.expression {
        Expression::Filter { name, arguments, .. } => {
            if let Err(stop) = filter::find(name) {
                return Some((head(name), stop));
            }
            applied(filter::plain_name(name), arguments)
        }
        Expression::Test { name, .. } => test::find(name).err().map(|stop| (head(name), stop)),
        Expression::Call { callee, arguments } => {
            let Expression::Name(function) = &callee.expression else { return None };
            if !matches!(&**function, "lookup" | "query" | "q") {
                return None;
            }
            let (name, at) = literal(arguments.first()?)?;
            lookup::find(name).err().map(|stop| (at, stop))
        }
        _ => None,
    }
}

/// The filter or test that `map`, `select` and their kin are given by name.
fn applied(filter: &str, arguments: &[Argument]) -> Option<(At, Stop)> {
    match filter {
        "map" => {
            let (name, at) = literal(arguments.first()?)?;
            filter::find(name).err().map(|stop| (at, stop))
        }
        "select" | "reject" => {
            let (name, at) = literal(arguments.first()?)?;
            test::find(name).err().map(|stop| (at, stop))
        }
        "selectattr" | "rejectattr" => {
            let (name, at) = literal(arguments.get(1)?)?;
            test::find(name).err().map(|stop| (at, stop))
        }
        _ => None,
    }
}

fn literal(argument: &Argument) -> Option<(&str, At)> {
    match argument {
        Argument::Positional(node) => match &node.expression {
            Expression::Constant(Value::Str(text)) => Some((text.as_str(), node.at)),
            _ => None,
        },
        _ => None,
    }
}

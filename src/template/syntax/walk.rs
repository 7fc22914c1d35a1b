//! A walk over all expressions of a tree.

use super::tree::{Argument, Expression, Macro, Node, Statement};

/// Visits the expressions of statements.
pub(crate) fn statements(body: &[Statement], visit: &mut impl FnMut(&Node)) {
    for statement in body {
        self::statement(statement, visit);
    }
}

fn statement(statement: &Statement, visit: &mut impl FnMut(&Node)) {
    match statement {
        Statement::Text(_) | Statement::Continue | Statement::Break => {}
        Statement::Emit(inner)
        | Statement::Set(_, inner)
        | Statement::Extends(inner)
        | Statement::Include { name: inner, .. }
        | Statement::Import(inner, _)
        | Statement::FromImport(inner, _)
        | Statement::Do(inner) => node(inner, visit),
        Statement::For(inner) => {
            node(&inner.items, visit);
            inner.condition.iter().for_each(|inner| node(inner, visit));
            statements(&inner.body, visit);
            statements(&inner.otherwise, visit);
        }
        Statement::If(condition, then, otherwise) => {
            node(condition, visit);
            statements(then, visit);
            statements(otherwise, visit);
        }
        Statement::With(bound, body) => {
            for (_, value) in bound {
                node(value, visit);
            }
            statements(body, visit);
        }
        Statement::SetBlock(_, filter, body) => {
            if let Some(filter) = filter {
                node(filter, visit);
            }
            statements(body, visit);
        }
        Statement::FilterBlock(filter, body) => {
            node(filter, visit);
            statements(body, visit);
        }
        Statement::Block(block) => statements(&block.body, visit),
        Statement::Macro(inner) => macro_body(inner, visit),
        Statement::Call(call, body) => {
            node(call, visit);
            macro_body(body, visit);
        }
        Statement::Group(body) => statements(body, visit),
    }
}

fn macro_body(inner: &Macro, visit: &mut impl FnMut(&Node)) {
    inner.parameters.iter().filter_map(|(_, value)| value.as_ref()).for_each(|v| node(v, visit));
    statements(&inner.body, visit);
}

/// Visits an expression and all inside of it.
pub(crate) fn node(inner: &Node, visit: &mut impl FnMut(&Node)) {
    visit(inner);
    match &inner.expression {
        Expression::Constant(_) | Expression::Name(_) => {}
        Expression::List(items) | Expression::Tuple(items) => {
            for item in items {
                node(item, visit);
            }
        }
        Expression::Dict(entries) => entries.iter().for_each(|(key, value)| {
            node(key, visit);
            node(value, visit);
        }),
        Expression::Attribute(base, _) | Expression::Not(base) | Expression::Negate(base) => {
            node(base, visit);
        }
        Expression::Item(a, b)
        | Expression::And(a, b)
        | Expression::Or(a, b)
        | Expression::Binary(_, a, b) => {
            node(a, visit);
            node(b, visit);
        }
        Expression::Slice(slice) => {
            node(&slice.input, visit);
            let bounds = [&slice.start, &slice.stop, &slice.step];
            bounds.into_iter().flatten().for_each(|bound| node(bound, visit));
        }
        Expression::Compare(first, steps) => {
            node(first, visit);
            for (_, step) in steps {
                node(step, visit);
            }
        }
        Expression::If { condition, then, otherwise } => {
            node(condition, visit);
            node(then, visit);
            if let Some(inner) = otherwise {
                node(inner, visit);
            }
        }
        Expression::Filter { input, arguments, .. } => {
            if let Some(inner) = input {
                node(inner, visit);
            }
            all(arguments, visit);
        }
        Expression::Test { input: base, arguments, .. }
        | Expression::Call { callee: base, arguments } => {
            node(base, visit);
            all(arguments, visit);
        }
    }
}

fn all(arguments: &[Argument], visit: &mut impl FnMut(&Node)) {
    for argument in arguments {
        match argument {
            Argument::Positional(inner)
            | Argument::Keyword(_, inner)
            | Argument::Splat(inner)
            | Argument::KeywordSplat(inner) => node(inner, visit),
        }
    }
}

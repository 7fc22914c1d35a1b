//! Expressions.

use std::sync::Arc;

use super::item::Item;
use super::machine::Machine;
use super::moment;
use super::operator;
use crate::template::failure::{Missing, Stop};
use crate::template::syntax::tree::{At, Comparison, Expression, Node, Operator, Slice};
use crate::template::{function, python, secret};
use crate::value::{Key, Map, Value};

impl<'a> Machine<'_, 'a> {
    /// The value of an expression.
    pub(crate) fn eval(&self, node: &Node) -> Result<Item<'a>, Stop> {
        match &node.expression {
            Expression::Constant(value) => Ok(Item::Value(value.clone())),
            Expression::Name(name) => self.name(name, node.at),
            Expression::List(items) | Expression::Tuple(items) => self.list(items),
            Expression::Dict(entries) => self.dict(entries),
            Expression::Attribute(base, name) => {
                let item = self.eval(base)?;
                let at = At { start: node.at.end.saturating_sub(name.len()), end: node.at.end };
                self.attribute(&item, name).map_err(|stop| stop.at(self.span(at)))
            }
            Expression::Item(base, index) => {
                let item = self.eval(base)?;
                let key = self.known(index)?;
                self.index(&item, &key).map_err(|stop| stop.at(self.span(index.at)))
            }
            Expression::Slice(slice) => self.slice(slice),
            Expression::Not(inner) => Ok(Value::Bool(!self.truth(inner)?).into()),
            Expression::Negate(inner) => {
                let value = self.known(inner)?;
                operator::negate(&value).map(Item::Value).map_err(|s| s.at(self.span(node.at)))
            }
            Expression::And(left, right) => self.logic(left, right, false),
            Expression::Or(left, right) => self.logic(left, right, true),
            Expression::Binary(operator, left, right) => self.binary(*operator, left, right),
            Expression::Compare(first, steps) => self.compare(first, steps),
            Expression::If { condition, then, otherwise } => {
                match (self.truth(condition)?, otherwise) {
                    (true, _) => self.eval(then),
                    (false, Some(otherwise)) => self.eval(otherwise),
                    (false, None) => Err(Stop::missing(Missing::Else).at(self.span(node.at))),
                }
            }
            Expression::Filter { name, input, arguments } => {
                let Some(input) = input else {
                    return Err(self.error(node.at, "this filter has no input"));
                };
                self.filter(node, name, || self.eval(input), arguments)
            }
            Expression::Test { name, input, arguments } => {
                self.test(node, name, input, arguments).map(|holds| Value::Bool(holds).into())
            }
            Expression::Call { callee, arguments } => self.call(node, callee, arguments),
        }
    }

    fn name(&self, name: &Arc<str>, at: At) -> Result<Item<'a>, Stop> {
        if let Some(own) = self.frame.get(name) {
            return own.map_err(|stop| stop.at(self.span(at)));
        }
        match self.session.variable(name) {
            Ok(Some(item)) => Ok(item),
            Ok(None) => function::constant(self.session, name)
                .ok_or_else(|| Stop::missing(Missing::Variable(Arc::clone(name))))
                .map_err(|stop| stop.at(self.span(at))),
            Err(stop) => Err(stop.at(self.span(at))),
        }
    }

    fn list(&self, items: &[Node]) -> Result<Item<'a>, Stop> {
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let value = self.value(item).map_err(Stop::used)?;
            if value != Value::Omit {
                list.push(value);
            }
        }
        Ok(Item::Value(Value::list(list)))
    }

    fn dict(&self, entries: &[(Node, Node)]) -> Result<Item<'a>, Stop> {
        let mut map = Map::new();
        for (key, value) in entries {
            let written = self.known(key)?;
            let key = Key::from_value(&written).ok_or_else(|| {
                let message = format!("a `{}` cannot be a key", written.type_name());
                self.error(key.at, message)
            })?;
            let value = self.value(value).map_err(Stop::used)?;
            if value != Value::Omit {
                map.insert(key, value);
            }
        }
        Ok(Item::Value(Value::Map(Arc::new(map))))
    }

    fn slice(&self, slice: &Slice) -> Result<Item<'a>, Stop> {
        let input = self.known(&slice.input)?;
        let bound = |node: &Option<Node>| -> Result<Option<i64>, Stop> {
            let Some(node) = node else { return Ok(None) };
            match self.known(node)? {
                Value::Null => Ok(None),
                value => python::integer(&value).map(Some).ok_or_else(|| {
                    let message = format!("a slice wants integers, not `{}`", value.type_name());
                    self.error(node.at, message)
                }),
            }
        };
        let (first, end) = (bound(&slice.start)?, bound(&slice.stop)?);
        let step = bound(&slice.step)?;
        let cut = operator::slice(&input, first, end, step);
        let cut = cut.map_err(|stop| stop.at(self.span(slice.input.at)))?;
        Ok(Item::Value(secret::spread(cut, std::iter::once(&input))))
    }

    /// Whether an expression is true.
    pub(super) fn truth(&self, node: &Node) -> Result<bool, Stop> {
        match self.eval(node).map_err(Stop::used)? {
            Item::Value(value) | Item::Raw(value) => python::truth(&value),
            Item::Namespace(_) => Ok(true),
            other => Ok(!matches!(other, Item::Hosts) || !self.session.scope().hosts().is_empty()),
        }
    }

    /// `and`, `or`: the first operand that decides. An unknown one does not matter where the other
    /// decides; an error of the other does not count then, since the first may guard it.
    fn logic(&self, left: &Node, right: &Node, decides: bool) -> Result<Item<'a>, Stop> {
        let truth = |item: &Item<'a>| match item {
            Item::Value(value) | Item::Raw(value) => python::truth(value),
            _ => Ok(true),
        };
        let first = self.eval(left).and_then(|item| Ok((truth(&item)?, item)));
        match first {
            Ok((holds, item)) if holds == decides => Ok(item),
            Ok(_) => self.eval(right),
            Err(Stop::Unknown(unknown)) => {
                match self.eval(right).and_then(|item| Ok((truth(&item)?, item))) {
                    Ok((holds, item)) if holds == decides => Ok(item),
                    _ => Err(Stop::Unknown(unknown)),
                }
            }
            Err(stop) => Err(stop),
        }
    }

    fn binary(&self, operator: Operator, left: &Node, right: &Node) -> Result<Item<'a>, Stop> {
        let (a, b) = match operator {
            Operator::Concatenate => {
                (self.shown(left).map_err(Stop::used)?, self.shown(right).map_err(Stop::used)?)
            }
            Operator::Subtract => {
                let a = self.eval(left).map_err(Stop::used)?;
                let b = self.eval(right).map_err(Stop::used)?;
                if let (Item::Time(a), Item::Time(b)) = (&a, &b) {
                    return Ok(Item::Duration(moment::difference(a, b)));
                }
                (self.session.known(a)?, self.session.known(b)?)
            }
            _ => (self.operand(left)?, self.operand(right)?),
        };
        let result = if operator == Operator::Remainder
            && let Value::Str(format) = &a
        {
            let tuple = matches!(right.expression, Expression::Tuple(_));
            operator::percent(format.as_str(), &b, tuple)
        } else {
            operator::binary(operator, &a, &b)
        };
        let at = At { start: left.at.start, end: right.at.end };
        let result = result.map_err(|stop| stop.at(self.span(at)))?;
        Ok(Item::Value(secret::spread(result, [&a, &b])))
    }

    /// The value of an operand, which must be known and defined.
    fn operand(&self, node: &Node) -> Result<Value, Stop> {
        self.known(node).map_err(Stop::used)
    }

    fn compare(&self, first: &Node, steps: &[(Comparison, Node)]) -> Result<Item<'a>, Stop> {
        let mut left = self.operand(first)?;
        let mut start = first.at.start;
        for (comparison, node) in steps {
            let right = self.operand(node)?;
            let at = At { start, end: node.at.end };
            let holds = operator::compare(*comparison, &left, &right);
            if !holds.map_err(|stop| stop.at(self.span(at)))? {
                return Ok(Value::Bool(false).into());
            }
            left = right;
            start = node.at.start;
        }
        Ok(Value::Bool(true).into())
    }
}

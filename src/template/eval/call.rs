//! Functions, macros and methods: evaluating the arguments and calling.

use std::rc::Rc;
use std::sync::Arc;

use super::item::{Closure, Item};
use super::machine::Machine;
use super::moment;
use super::output::Output;
use crate::template::arguments::Arguments;
use crate::template::failure::{Missing, Stop, fully_known};
use crate::template::member::whole;
use crate::template::syntax::tree::{Argument, At, Expression, Node};
use crate::template::{function, method, secret};
use crate::value::Value;

impl<'a> Machine<'_, 'a> {
    /// The arguments of a call, evaluated.
    pub(super) fn arguments(&self, written: &[Argument]) -> Result<Arguments, Stop> {
        let mut arguments = Arguments::default();
        for argument in written {
            match argument {
                Argument::Positional(node) => arguments.positional.push(self.value(node)?),
                Argument::Keyword(name, node) => {
                    arguments.keywords.insert(Arc::clone(name), self.value(node)?);
                }
                Argument::Splat(node) => match self.known(node)? {
                    Value::List(items) => arguments.positional.extend(items.iter().cloned()),
                    other => {
                        let message = format!("`*` wants a list, not `{}`", other.type_name());
                        return Err(self.error(node.at, message));
                    }
                },
                Argument::KeywordSplat(node) => match self.known(node)? {
                    Value::Map(map) => arguments.keywords.extend(
                        whole(&map)?
                            .iter()
                            .map(|(key, value)| (key.to_string().into(), value.clone())),
                    ),
                    other => {
                        let message = format!("`**` wants a mapping, not `{}`", other.type_name());
                        return Err(self.error(node.at, message));
                    }
                },
            }
        }
        Ok(arguments)
    }

    /// `callee(arguments)`
    pub(super) fn call(
        &self,
        node: &Node,
        callee: &Node,
        arguments: &[Argument],
    ) -> Result<Item<'a>, Stop> {
        match &callee.expression {
            Expression::Attribute(base, name) => {
                if let Expression::Name(own) = &base.expression
                    && &**own == "self"
                {
                    return self.block_text(name, 0).map_err(|stop| stop.at(self.span(node.at)));
                }
                let item = self.eval(base)?;
                let arguments = self.arguments(arguments)?;
                let start = callee.at.end.saturating_sub(name.len());
                let at = At { start, end: callee.at.end };
                let changed = self.mutate(base, &item, name, &arguments);
                match changed.map_err(|stop| stop.at(self.span(at)))? {
                    Some(given) => Ok(given),
                    None => self.method(&item, name, arguments).map_err(|s| s.at(self.span(at))),
                }
            }
            Expression::Name(name) if &**name == "super" => {
                let Some((block, level)) = &self.block else {
                    return Err(self.error(node.at, "`super()` is only known inside of a block"));
                };
                self.block_text(block, level + 1).map_err(|stop| stop.at(self.span(node.at)))
            }
            Expression::Name(name) if !self.is_bound(name)? => {
                let arguments = self.arguments(arguments)?;
                function::call(self.session, name, arguments)
                    .map_err(|stop| stop.at(self.span(callee.at)))
            }
            _ => {
                let item = self.eval(callee)?;
                let arguments = self.arguments(arguments)?;
                self.invoke(&item, arguments).map_err(|stop| stop.at(self.span(node.at)))
            }
        }
    }

    fn is_bound(&self, name: &Arc<str>) -> Result<bool, Stop> {
        Ok(self.frame.get(name).is_some()
            || (!function::exists(name) && self.session.variable(name)?.is_some()))
    }

    /// Calls an object of the engine.
    pub(super) fn invoke(&self, item: &Item<'a>, arguments: Arguments) -> Result<Item<'a>, Stop> {
        match item {
            Item::Macro(closure) => self.session.deeper(|| self.expand(closure, arguments, None)),
            Item::Loop(state) => self.session.deeper(|| self.recurse(state, &arguments)),
            Item::Joiner(joiner) => {
                let used = joiner.1.replace(true);
                Ok(Item::Value(if used { joiner.0.clone() } else { Value::data("") }))
            }
            other => Err(Stop::error(format!("a `{}` cannot be called", other.type_name()))),
        }
    }

    /// The text of a macro with its arguments.
    pub(super) fn expand(
        &self,
        closure: &Rc<Closure<'a>>,
        arguments: Arguments,
        caller: Option<Item<'a>>,
    ) -> Result<Item<'a>, Stop> {
        let definition = &closure.definition;
        let machine = Machine {
            unit: Rc::clone(&closure.unit),
            frame: Rc::clone(&closure.frame),
            ..self.clone()
        };
        let machine = machine.below();
        let Arguments { positional, mut keywords } = arguments;
        let mut positional = positional.into_iter();
        for (name, default) in &definition.parameters {
            let given = positional.next().or_else(|| keywords.shift_remove(name));
            let item = match (given, default) {
                (Some(value), _) => Ok(Item::Value(value)),
                (None, Some(default)) => machine.eval(default),
                (None, None) => {
                    let message = format!("parameter `{name}` was not provided");
                    Err(Stop::undefined(message))
                }
            };
            machine.frame.set(name, item)?;
        }
        machine.frame.set(&"varargs".into(), Ok(Value::list(positional).into()))?;
        let rest = keywords.iter().map(|(name, value)| (&**name, value.clone()));
        machine.frame.set(&"kwargs".into(), Ok(Value::map(rest).into()))?;
        if let Some(caller) = caller {
            machine.frame.set(&"caller".into(), Ok(caller))?;
        }
        let mut output = Output::default();
        machine.body(&definition.body, &mut output)?;
        output.into_text(self.session).map(|text| Item::Value(Value::Str(text)))
    }

    fn method(&self, item: &Item<'a>, name: &str, arguments: Arguments) -> Result<Item<'a>, Stop> {
        match item {
            Item::Time(_) | Item::Duration(_) => moment::method(item, name, arguments),
            Item::Loop(state) if name == "cycle" || name == "changed" => {
                state.method(name, &arguments.positional).map(Item::Value)
            }
            Item::Cycler(cycler) if name == "next" || name == "reset" => {
                let mut at = cycler.1.borrow_mut();
                let current = cycler.0.get(*at).cloned().unwrap_or(Value::Null);
                *at = if name == "reset" { 0 } else { (*at + 1) % cycler.0.len().max(1) };
                Ok(Item::Value(current))
            }
            Item::Raw(Value::Map(_)) | Item::Variables(_) | Item::Hosts if name == "get" => {
                self.get(item, &arguments)
            }
            Item::Value(_) | Item::Raw(_) | Item::Variables(_) | Item::Hosts => {
                let value = self.session.known(item.clone())?;
                call_method(&value, name, arguments).map(Item::Value)
            }
            other => {
                let member = self.attribute(other, name)?;
                self.invoke(&member, arguments)
            }
        }
    }

    /// `mapping.get(key, default)` that renders nothing but the entry.
    fn get(&self, item: &Item<'a>, arguments: &Arguments) -> Result<Item<'a>, Stop> {
        let bound = arguments.clone().bind(&["key", "default"])?;
        let key = bound.value(0).cloned().unwrap_or(Value::Null);
        match self.index(item, &key) {
            Err(Stop::Undefined(undefined))
                if matches!(undefined.missing, Missing::Member(..))
                    && undefined.trace.is_empty() =>
            {
                Ok(Item::Value(bound.value(1).cloned().unwrap_or(Value::Null)))
            }
            other => other,
        }
    }
}

/// Calls a method of a string, list or mapping.
fn call_method(value: &Value, name: &str, arguments: Arguments) -> Result<Value, Stop> {
    if matches!(value, Value::Str(_)) {
        arguments.values().try_for_each(fully_known)?;
    }
    let sources: Vec<Value> = std::iter::once(value).chain(arguments.values()).cloned().collect();
    let result = method::call(value, name, arguments)?;
    Ok(secret::spread(result, sources.iter()))
}

//! Filters, tests, functions, macros and methods: evaluating the arguments and calling.

use std::rc::Rc;
use std::sync::Arc;

use super::Session;
use super::item::{Closure, Item};
use super::machine::Machine;
use super::moment;
use super::output::Output;
use crate::template::arguments::{self, Arguments};
use crate::template::failure::{Missing, Stop, fully_known, known};
use crate::template::syntax::tree::{Argument, At, Expression, Node};
use crate::template::{filter, function, method, python, secret, test};
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
                        map.iter().map(|(key, value)| (key.to_string().into(), value.clone())),
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

    /// `input | name(arguments)`
    pub(super) fn filter(
        &self,
        node: &Node,
        name: &str,
        input: impl FnOnce() -> Result<Item<'a>, Stop>,
        arguments: &[Argument],
    ) -> Result<Item<'a>, Stop> {
        match filter::plain_name(name) {
            "default" | "d" => return self.default(input(), arguments),
            "to_datetime" => return self.to_datetime(node, input()?, arguments),
            "mandatory" => return self.mandatory(node, input(), arguments),
            _ => {}
        }
        let at = At { start: node.at.start, end: node.at.start + name.len() };
        let input = known(self.session.finish(input()?)?)?;
        if let Some(found) = self.extract(name, &input, arguments) {
            return found.map_err(|stop| stop.at(self.span(at)));
        }
        let arguments = self.arguments(arguments)?;
        self.session
            .filter(name, input, arguments)
            .map(Item::Value)
            .map_err(|stop| stop.at(self.span(at)))
    }

    /// `host | extract(hostvars, …)` and `hosts | map('extract', hostvars, …)`, which render nothing
    /// but what they take out. `None` for anything else.
    fn extract(
        &self,
        name: &str,
        input: &Value,
        arguments: &[Argument],
    ) -> Option<Result<Item<'a>, Stop>> {
        let (mapped, container, more) = match (filter::plain_name(name), arguments) {
            ("extract", [Argument::Positional(container), more @ ..]) => (false, container, more),
            (
                "map",
                [Argument::Positional(applied), Argument::Positional(container), more @ ..],
            ) if is_extract(applied) => (true, container, more),
            _ => return None,
        };
        let Ok(container @ (Item::Hosts | Item::Variables(_) | Item::Raw(_))) =
            self.eval(container)
        else {
            return None;
        };
        let one = |key: &Value| {
            let mut item = self.index(&container, key)?;
            for key in self.more_keys(more)? {
                item = self.index(&item, &key)?;
            }
            Ok(item)
        };
        if !mapped {
            return Some(one(input));
        }
        let keys = match arguments::items(input) {
            Ok(keys) => keys,
            Err(stop) => return Some(Err(stop)),
        };
        let values = keys.iter().map(|key| self.session.finish(one(key)?));
        Some(values.collect::<Result<Vec<_>, Stop>>().map(|values| Value::list(values).into()))
    }

    fn more_keys(&self, arguments: &[Argument]) -> Result<Vec<Value>, Stop> {
        let bound = self.arguments(arguments)?.bind(&["morekeys"])?;
        Ok(match bound.set(0) {
            Some(Value::List(keys)) => keys.as_ref().clone(),
            Some(key) => vec![key.clone()],
            None => Vec::new(),
        })
    }

    /// `default`: catches what is undefined, and what is false if its second argument says so.
    fn default(
        &self,
        input: Result<Item<'a>, Stop>,
        arguments: &[Argument],
    ) -> Result<Item<'a>, Stop> {
        let argument = |index: usize, name: &str| {
            let keyword = arguments.iter().find_map(|argument| match argument {
                Argument::Keyword(known, node) if &**known == name => Some(node),
                _ => None,
            });
            keyword.or_else(|| match arguments.get(index) {
                Some(Argument::Positional(node)) => Some(node),
                _ => None,
            })
        };
        let fallback = || match argument(0, "default_value") {
            Some(node) => self.eval(node),
            None => Ok(Item::Value(Value::data(""))),
        };
        match input {
            Ok(Item::Value(Value::Unknown(unknown))) => Err(Stop::Unknown(unknown)),
            Ok(item) => {
                let also_false =
                    argument(1, "boolean").map_or(Ok(false), |node| self.truth(node))?;
                let holds = match &item {
                    Item::Value(value) | Item::Raw(value) => python::truth(value)?,
                    _ => true,
                };
                if also_false && !holds { fallback() } else { Ok(item) }
            }
            Err(stop) if stop.is_undefined() => fallback(),
            Err(stop) => Err(stop),
        }
    }

    fn to_datetime(
        &self,
        node: &Node,
        input: Item<'a>,
        arguments: &[Argument],
    ) -> Result<Item<'a>, Stop> {
        let text = python::text(&self.session.known(input)?)?;
        let bound = self.arguments(arguments)?.bind(&["format"])?;
        let format = bound.text_or(0, "%Y-%m-%d %H:%M:%S")?;
        let parsed = moment::parse(&text, &format, self.session.context.now);
        parsed.map(Item::Time).map_err(|stop| stop.at(self.span(node.at)))
    }

    /// `mandatory`: an error with a message of one's own where the input is undefined.
    fn mandatory(
        &self,
        node: &Node,
        input: Result<Item<'a>, Stop>,
        arguments: &[Argument],
    ) -> Result<Item<'a>, Stop> {
        match input {
            Err(Stop::Undefined(undefined)) => {
                let arguments = self.arguments(arguments)?.bind(&["msg"])?;
                let message = match (arguments.value(0), &undefined.missing) {
                    (Some(Value::Null) | None, Missing::Variable(name)) => {
                        format!("mandatory variable `{name}` is not defined")
                    }
                    (Some(Value::Null) | None, _) => "mandatory value is not defined".to_string(),
                    (Some(message), _) => python::text(message)?.to_string(),
                };
                Err(self.error(node.at, message))
            }
            other => other,
        }
    }

    /// `input is name(arguments)`
    pub(super) fn test(
        &self,
        node: &Node,
        name: &str,
        input: &Node,
        arguments: &[Argument],
    ) -> Result<bool, Stop> {
        match filter::plain_name(name) {
            plain @ ("defined" | "undefined") => {
                return match self.eval(input) {
                    Ok(_) => Ok(plain == "defined"),
                    Err(stop) if stop.is_undefined() => Ok(plain == "undefined"),
                    Err(stop) => Err(stop),
                };
            }
            "vault_encrypted" => {
                let Expression::Name(variable) = &input.expression else { return Ok(false) };
                let raw = self.session.scope().get(variable);
                return Ok(matches!(raw, Some(Value::Encrypted(_))));
            }
            "callable" => return Ok(matches!(self.eval(input)?, Item::Macro(_))),
            _ => {}
        }
        let at = At { start: node.at.start, end: node.at.start + name.len() };
        let value = self.known(input)?;
        let arguments = self.arguments(arguments)?;
        self.session.test(name, &value, arguments).map_err(|stop| stop.at(self.span(at)))
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

impl Session<'_> {
    /// Applies a filter by name.
    pub fn filter(&self, name: &str, input: Value, arguments: Arguments) -> Result<Value, Stop> {
        let found = filter::find(name)?;
        let input = known(input)?;
        if !found.partial {
            fully_known(&input)?;
            arguments.values().try_for_each(fully_known)?;
        }
        let sources: Vec<Value> =
            std::iter::once(&input).chain(arguments.values()).cloned().collect();
        let bound = arguments.bind(found.parameters).map_err(|stop| during(stop, name))?;
        let result = (found.run)(self, &input, &bound)?;
        Ok(secret::spread(result, sources.iter()))
    }

    /// Asks a test by name.
    pub fn test(&self, name: &str, input: &Value, arguments: Arguments) -> Result<bool, Stop> {
        let found = test::find(name)?;
        let bound = arguments.bind(found.parameters).map_err(|stop| during(stop, name))?;
        (found.run)(self, input, &bound)
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

/// Whether a filter that `map` applies is `extract`.
fn is_extract(node: &Node) -> bool {
    let Expression::Constant(Value::Str(name)) = &node.expression else { return false };
    filter::plain_name(name.as_str()) == "extract"
}

fn during(stop: Stop, name: &str) -> Stop {
    match stop {
        Stop::Error(mut error) => {
            error.message = format!("`{name}`: {}", error.message);
            Stop::Error(error)
        }
        other => other,
    }
}

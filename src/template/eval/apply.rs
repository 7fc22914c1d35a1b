//! Filters and tests: those that look at more than finished values, and all others by name.

use super::Session;
use super::item::Item;
use super::machine::Machine;
use super::moment;
use crate::template::arguments::{self, Arguments};
use crate::template::failure::{Missing, Stop, fully_known, known};
use crate::template::syntax::tree::{Argument, At, Expression, Node};
use crate::template::{filter, python, secret, test};
use crate::value::Value;

impl<'a> Machine<'_, 'a> {
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

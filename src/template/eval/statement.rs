//! Statements.

use std::rc::Rc;
use std::sync::Arc;

use super::frame::Frame;
use super::item::{Closure, Item};
use super::machine::Machine;
use super::mutation::is_fresh;
use super::output::Output;
use super::unit::Unit;
use crate::template::arguments;
use crate::template::failure::{Missing, Stop};
use crate::template::program::Code;
use crate::template::syntax::tree::{Block, Expression, Macro, Node, Statement, Target};
use crate::template::templar::unit_of;
use crate::template::{file, python};
use crate::value::Value;

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Continue,
    Break,
}

impl<'a> Machine<'_, 'a> {
    /// A whole template: its body, and its parent's in its place if it extends one.
    pub(super) fn template(&self, body: &[Statement], output: &mut Output) -> Result<(), Stop> {
        self.offer_blocks(body);
        let mut parent = None;
        for statement in body {
            match statement {
                Statement::Extends(name) if parent.is_none() => {
                    let found = self.load(name)?;
                    let missing = || self.error(name.at, "the parent template is not found");
                    parent = Some(found.ok_or_else(missing)?);
                }
                Statement::Extends(name) => {
                    return Err(self.error(name.at, "a template extends one parent only"));
                }
                // The parent decides where the blocks of its children stand.
                Statement::Block(_) if parent.is_some() => {}
                other if parent.is_some() => {
                    self.statement(other, &mut Output::default())?;
                }
                other => {
                    self.statement(other, output)?;
                }
            }
        }
        match parent {
            Some(unit) => self.session.deeper(|| self.run(&unit, output)),
            None => Ok(()),
        }
    }

    /// Another template with the names of this one.
    fn run(&self, unit: &Rc<Unit>, output: &mut Output) -> Result<(), Stop> {
        let machine = self.within(Rc::clone(unit));
        match &unit.program.code {
            Code::Template(body) => machine.template(body, output),
            Code::Expression(node) => {
                output.value(machine.value(node)?);
                Ok(())
            }
        }
    }

    fn offer_blocks(&self, body: &[Statement]) {
        for statement in body {
            let inner: Vec<&[Statement]> = match statement {
                Statement::Block(block) => {
                    let mut blocks = self.blocks.borrow_mut();
                    let known = blocks.entry(Arc::clone(&block.name)).or_default();
                    known.push((Rc::clone(&self.unit), Arc::clone(block)));
                    vec![&block.body]
                }
                Statement::If(_, then, otherwise) => vec![then, otherwise],
                Statement::For(inner) => vec![&inner.body, &inner.otherwise],
                Statement::With(_, body)
                | Statement::Group(body)
                | Statement::FilterBlock(_, body) => vec![body],
                _ => vec![],
            };
            for body in inner {
                self.offer_blocks(body);
            }
        }
    }

    /// Statements one after the other.
    pub(super) fn body(&self, body: &[Statement], output: &mut Output) -> Result<Flow, Stop> {
        for statement in body {
            let flow = self.statement(statement, output)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&self, statement: &Statement, output: &mut Output) -> Result<Flow, Stop> {
        match statement {
            Statement::Text(text) => output.text(text),
            Statement::Emit(node) => output.value(self.shown(node)?),
            Statement::For(inner) => return self.for_loop(inner, output).map(loop_end),
            Statement::If(condition, then, otherwise) => {
                let body = if self.truth(condition)? { then } else { otherwise };
                return self.body(body, output);
            }
            Statement::With(bound, body) => {
                let machine = self.below();
                for (target, value) in bound {
                    machine.bind(target, self.eval(value))?;
                }
                return machine.body(body, output);
            }
            Statement::Set(target, value) => {
                let item = self.eval(value);
                self.bind(target, item).map_err(|stop| stop.at(self.span(value.at)))?;
                if let Target::Name(name) = target
                    && is_fresh(value)
                {
                    self.frame.mark_fresh(name);
                }
            }
            Statement::SetBlock(target, filter, body) => {
                let text = self.captured(body)?;
                let item = match filter {
                    Some(filter) => self.filtered(filter, text)?,
                    None => Item::Value(text),
                };
                self.bind(target, Ok(item))?;
            }
            Statement::FilterBlock(filter, body) => {
                let text = self.captured(body)?;
                let item = self.filtered(filter, text)?;
                output.value(self.session.finish(item)?);
            }
            Statement::Group(body) => return self.body(body, output),
            Statement::Continue => return Ok(Flow::Continue),
            Statement::Break => return Ok(Flow::Break),
            Statement::Do(node) => {
                self.eval(node)?;
            }
            other => self.composition(other, output)?,
        }
        Ok(Flow::Next)
    }

    /// Macros, blocks and other templates.
    fn composition(&self, statement: &Statement, output: &mut Output) -> Result<(), Stop> {
        match statement {
            Statement::Macro(definition) => {
                let item = Item::Macro(self.closure(definition));
                self.frame.set(&definition.name, Ok(item))
            }
            Statement::Call(node, body) => {
                output.value(self.call_block(node, body)?);
                Ok(())
            }
            Statement::Block(block) => {
                output.value(self.session.finish(self.block_text(&block.name, 0)?)?);
                Ok(())
            }
            Statement::Include { name, ignore_missing } => match self.load(name)? {
                Some(unit) => self.session.deeper(|| self.run(&unit, output)),
                None if *ignore_missing => Ok(()),
                None => Err(self.error(name.at, "the included template is not found")),
            },
            Statement::Import(name, alias) => {
                let module = self.import(name)?;
                self.frame.set(alias, Ok(Item::Module(module)))
            }
            Statement::FromImport(name, names) => {
                let module = self.import(name)?;
                for (member, alias) in names {
                    let found = module.own(member).unwrap_or_else(|| {
                        let missing =
                            Missing::Member(member.to_string(), "imported template", vec![]);
                        Err(Stop::missing(missing).at(self.span(name.at)))
                    });
                    self.frame.set(alias, found)?;
                }
                Ok(())
            }
            Statement::Extends(name) => {
                Err(self.error(name.at, "`extends` belongs to the top of a template"))
            }
            _ => Ok(()),
        }
    }

    fn closure(&self, definition: &Arc<Macro>) -> Rc<Closure<'a>> {
        self.session.holds_macro(&self.frame);
        Rc::new(Closure {
            definition: Arc::clone(definition),
            unit: Rc::clone(&self.unit),
            frame: Rc::clone(&self.frame),
        })
    }

    /// `{% call macro(…) %}…{% endcall %}`
    fn call_block(&self, node: &Node, body: &Arc<Macro>) -> Result<Value, Stop> {
        let Expression::Call { callee, arguments } = &node.expression else {
            return Err(self.error(node.at, "`call` wants a call"));
        };
        let item = self.eval(callee)?;
        let Item::Macro(target) = &item else {
            let message = format!("`call` wants a macro, not a `{}`", item.type_name());
            return Err(self.error(callee.at, message));
        };
        let caller = Item::Macro(self.closure(body));
        let arguments = self.arguments(arguments)?;
        let text = self.session.deeper(|| self.expand(target, arguments, Some(caller)))?;
        self.session.finish(text)
    }

    fn captured(&self, body: &[Statement]) -> Result<Value, Stop> {
        let mut output = Output::default();
        self.below().body(body, &mut output)?;
        output.into_text(self.session).map(Value::Str)
    }

    /// A text through the filters of a filter block.
    fn filtered(&self, filter: &Node, text: Value) -> Result<Item<'a>, Stop> {
        let Expression::Filter { name, input, arguments } = &filter.expression else {
            return Err(self.error(filter.at, "expected a filter"));
        };
        let input = match input {
            Some(inner) => self.filtered(inner, text)?,
            None => Item::Value(text),
        };
        self.filter(filter, name, || Ok(input), arguments)
    }

    /// The text of a block, `level` parents up.
    pub(super) fn block_text(&self, name: &Arc<str>, level: usize) -> Result<Item<'a>, Stop> {
        let found = self.blocks.borrow().get(name).and_then(|known| known.get(level)).cloned();
        let Some((unit, block)) = found else {
            return Err(Stop::error(format!("there is no block `{name}` to show here")));
        };
        required(&block)?;
        let mut machine = self.within(unit).below();
        machine.block = Some((Arc::clone(name), level));
        let mut output = Output::default();
        self.session.deeper(|| machine.body(&block.body, &mut output))?;
        output.into_text(self.session).map(|text| Item::Value(Value::Str(text)))
    }

    /// Binds a value to names.
    pub(super) fn bind(&self, target: &Target, item: Result<Item<'a>, Stop>) -> Result<(), Stop> {
        match target {
            Target::Name(name) => self.frame.set(name, item),
            Target::Attribute(owner, name) => match self.frame.get(owner) {
                Some(Ok(Item::Namespace(entries))) => {
                    let value = self.session.finish(item?)?;
                    entries.borrow_mut().insert(Arc::clone(name), value);
                    Ok(())
                }
                _ => Err(Stop::error(format!("cannot set `{owner}.{name}`"))
                    .hint(format!("make it settable with `set {owner} = namespace(…)`"))),
            },
            Target::Unpack(targets) => {
                let value = self.session.known(item?)?;
                let parts = arguments::items(&value)?;
                if parts.len() != targets.len() {
                    return Err(Stop::error(format!(
                        "cannot unpack {} into {}",
                        crate::diagnostic::plural(parts.len(), "value"),
                        crate::diagnostic::plural(targets.len(), "name")
                    )));
                }
                let mut pairs = targets.iter().zip(parts);
                pairs.try_for_each(|(target, part)| self.bind(target, Ok(Item::Value(part))))
            }
        }
    }

    /// The template that an expression names, or the first that exists of a list.
    fn load(&self, name: &Node) -> Result<Option<Rc<Unit>>, Stop> {
        let value = self.known(name)?;
        let names = match &value {
            Value::List(names) => names.as_ref().clone(),
            other => vec![other.clone()],
        };
        for name in names {
            let name = python::text(&name)?;
            if let Some(source) = file::template(self.session, &name)? {
                return unit_of(self.session.templar, &source, &self.unit.dialect()).map(Some);
            }
        }
        Ok(None)
    }

    /// The names that another template sets.
    fn import(&self, name: &Node) -> Result<Rc<Frame<'a>>, Stop> {
        let unit = self.load(name)?;
        let unit = unit.ok_or_else(|| self.error(name.at, "the imported template is not found"))?;
        let machine = Machine::top(self.session, Rc::clone(&unit));
        self.session.deeper(|| machine.run(&unit, &mut Output::default()))?;
        Ok(machine.frame)
    }
}

fn loop_end(_: Flow) -> Flow {
    Flow::Next
}

fn required(block: &Block) -> Result<(), Stop> {
    if block.required {
        return Err(Stop::error(format!("the block `{}` must be replaced by a child", block.name)));
    }
    Ok(())
}

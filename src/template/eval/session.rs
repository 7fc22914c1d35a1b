//! One rendering: the variables of a host, rendered when they are used and remembered.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::frame::Frame;
use super::item::Item;
use super::machine::Machine;
use super::moment;
use super::unit::Unit;
use crate::diagnostic::Diagnostic;
use crate::template::context::{Context, Scope};
use crate::template::failure::{Missing, Stop, known};
use crate::template::place::Place;
use crate::template::program::Program;
use crate::template::syntax::SyntaxError;
use crate::template::{Templar, secret};
use crate::value::{Encrypted, Map, Str, Value};

/// Templates in variables in macros in includes …: the stack is not endless.
const DEEPEST: usize = 60;

/// A scope, borrowed from the caller or shared (`hostvars`).
#[derive(Clone)]
enum Held<'a> {
    Borrowed(&'a dyn Scope),
    Shared(Arc<dyn Scope>),
}

/// What a template string gives.
type Resolved<'a> = Result<Item<'a>, Stop>;

/// What a name gives, if anything has that name.
type Found<'a> = Result<Option<Item<'a>>, Stop>;

/// One rendering.
pub(crate) struct Session<'a> {
    /// Filters, tests, parsed templates.
    pub templar: &'a Templar,
    /// Files, vault, clock.
    pub context: Context<'a>,
    scope: Held<'a>,
    variables: RefCell<HashMap<Arc<str>, Found<'a>>>,
    /// By the address of the text, which is held so that it stays where it is.
    texts: RefCell<HashMap<usize, (Str, Resolved<'a>)>>,
    shared: Rc<Shared<'a>>,
}

/// What the sessions of one rendering (`hostvars`, lookups with variables of their own) share.
#[derive(Default)]
struct Shared<'a> {
    /// The texts being rendered, with the names that led to them.
    active: RefCell<Vec<(usize, String)>>,
    depth: Cell<usize>,
    /// Frames that hold macros, which hold them.
    frames: RefCell<Vec<Rc<Frame<'a>>>>,
}

impl<'a> Session<'a> {
    /// A rendering with the variables of `scope`.
    pub fn new(templar: &'a Templar, scope: &'a dyn Scope, context: Context<'a>) -> Self {
        Self::with(templar, Held::Borrowed(scope), context, Rc::default())
    }

    fn with(
        templar: &'a Templar,
        scope: Held<'a>,
        context: Context<'a>,
        shared: Rc<Shared<'a>>,
    ) -> Self {
        let (variables, texts) = (RefCell::default(), RefCell::default());
        Self { templar, context, scope, variables, texts, shared }
    }

    /// The same rendering with other variables.
    pub fn inside(&self, scope: Arc<dyn Scope>) -> Self {
        Self::with(self.templar, Held::Shared(scope), self.context, Rc::clone(&self.shared))
    }

    /// The same rendering with the same variables, to be held as `vars`.
    pub fn again(&self) -> Self {
        Self::with(self.templar, self.scope.clone(), self.context, Rc::clone(&self.shared))
    }

    /// The raw variables.
    pub fn scope(&self) -> &dyn Scope {
        match &self.scope {
            Held::Borrowed(scope) => *scope,
            Held::Shared(scope) => scope.as_ref(),
        }
    }

    /// A variable, rendered as far as needed. `None` if there is no such variable.
    pub fn variable(&self, name: &Arc<str>) -> Result<Option<Item<'a>>, Stop> {
        if let Some(found) = self.variables.borrow().get(name) {
            return found.clone();
        }
        let found = match self.scope().get(name) {
            Some(raw) => self.resolve(raw, name).map(Some),
            None => Ok(None),
        };
        self.variables.borrow_mut().insert(Arc::clone(name), found.clone());
        found
    }

    /// A raw value as an item: a template is rendered, a container stays lazy. `label` names it in
    /// messages.
    pub fn resolve(&self, raw: Value, label: &str) -> Result<Item<'a>, Stop> {
        match raw {
            Value::Str(text) => self.resolve_text(text, label),
            Value::Encrypted(encrypted) => self.resolve_text(self.decrypted(&encrypted)?, label),
            Value::List(_) | Value::Map(_) => Ok(Item::Raw(raw)),
            other => Ok(Item::Value(other)),
        }
    }

    fn resolve_text(&self, text: Str, label: &str) -> Result<Item<'a>, Stop> {
        if !text.is_template() {
            return Ok(Item::Value(Value::Str(text)));
        }
        let identity = text.as_str().as_ptr() as usize;
        if let Some((_, found)) = self.texts.borrow().get(&identity) {
            return found.clone();
        }
        self.enter_text(identity, &text, label)?;
        let unit = self.unit(&text);
        let rendered = unit.and_then(|unit| {
            let machine = Machine::top(self, unit);
            self.deeper(|| machine.native())
        });
        self.shared.active.borrow_mut().pop();
        let rendered = rendered.map(|item| secret_from(&text, item));
        let step = || format!("while templating `{label}`");
        let rendered = rendered.map_err(|stop| stop.unused().during(step()));
        self.texts.borrow_mut().insert(identity, (text, rendered.clone()));
        rendered
    }

    fn enter_text(&self, identity: usize, text: &Str, label: &str) -> Result<(), Stop> {
        let mut active = self.shared.active.borrow_mut();
        if let Some(first) = active.iter().position(|(known, _)| *known == identity) {
            let mut chain: Vec<&str> =
                active[first..].iter().map(|(_, label)| label.as_str()).collect();
            chain.push(&active[first].1);
            let message =
                format!("variables refer to each other in a loop: {}", chain.join(" -> "));
            return Err(Stop::error(message).at(text.origin().cloned()));
        }
        active.push((identity, label.to_string()));
        Ok(())
    }

    /// Runs something one level deeper, unless that is too deep.
    pub fn deeper<T>(&self, run: impl FnOnce() -> Result<T, Stop>) -> Result<T, Stop> {
        let depth = self.shared.depth.get();
        if depth >= DEEPEST {
            return Err(Stop::error(format!(
                "templates, macros or includes are nested more than {DEEPEST} levels deep"
            )));
        }
        self.shared.depth.set(depth + 1);
        let result = run();
        self.shared.depth.set(depth);
        result
    }

    /// The parsed form of a template string.
    fn unit(&self, text: &Str) -> Result<Rc<Unit>, Stop> {
        let place = Place::of(text);
        let parsed = self.templar.programs.scalar(&text.shared());
        let program = parsed_or_stop(parsed, &place, text.as_str())?;
        Ok(Rc::new(Unit::new(program, place, None)))
    }

    /// The decrypted text of a vaulted value; whoever prints learns to mask it.
    pub fn decrypted(&self, encrypted: &Encrypted) -> Result<Str, Stop> {
        if let Some(plain) = encrypted.plain.get() {
            return Ok(plain.clone());
        }
        let plain = self.context.vault.decrypt(encrypted)?.secret();
        self.templar.redactor.learn(plain.as_str());
        Ok(encrypted.plain.get_or_init(|| plain).clone())
    }

    /// The finished value of an item: all templates inside rendered, omitted entries dropped.
    /// Unknown parts stay unknown.
    pub fn finish(&self, item: Item<'a>) -> Result<Value, Stop> {
        match item {
            Item::Value(value) => Ok(value),
            Item::Raw(value) => self.deep(&value),
            Item::Variables(session) => Ok(session.all()),
            Item::Time(at) => Ok(moment::text(&at)),
            Item::Duration(micros) => Ok(moment::duration_text(micros)),
            Item::Namespace(entries) => {
                let entries = entries.borrow();
                Ok(Value::map(entries.iter().map(|(key, value)| (&**key, value.clone()))))
            }
            Item::Module(_)
            | Item::Macro(_)
            | Item::Loop(_)
            | Item::Cycler(_)
            | Item::Joiner(_) => {
                Err(Stop::error(format!("a {} cannot be used as a value", item.type_name())))
            }
            Item::Hosts => {
                let names = self.scope().hosts();
                let hosts = names.into_iter().filter_map(|name| {
                    let host = self.scope().host(&name)?;
                    Some((self.inside(host).all(), name))
                });
                Ok(Value::map(hosts.map(|(variables, name)| (name, variables))))
            }
        }
    }

    /// The same, where an unknown stops.
    pub fn known(&self, item: Item<'a>) -> Result<Value, Stop> {
        known(self.finish(item)?)
    }

    /// All variables, rendered. Those that fail are left out: whoever asks for all of them does not
    /// mean to use all, and using one that is left out is an error still.
    fn all(&self) -> Value {
        let mut names = self.scope().names();
        names.sort();
        let entries = names.into_iter().filter_map(|name| {
            let raw = self.scope().get(&name)?;
            Some((self.part(&raw, &name).ok()?, name))
        });
        Value::map(entries.map(|(value, name)| (name, value)))
    }

    /// A raw value with all templates inside rendered.
    pub fn deep(&self, raw: &Value) -> Result<Value, Stop> {
        if !needs_work(raw) {
            return Ok(raw.clone());
        }
        match raw {
            Value::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items.iter() {
                    let value = self.part(item, "an item of a list")?;
                    if value != Value::Omit {
                        list.push(value);
                    }
                }
                Ok(Value::list(list))
            }
            Value::Map(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for (key, item) in entries.iter() {
                    let value = self.part(item, &key.to_string())?;
                    // What is known to be absent stays so.
                    if value != Value::Omit || *item == Value::Omit {
                        map.insert(key.clone(), value);
                    }
                }
                Ok(Value::Map(Arc::new(map)))
            }
            other => {
                let item = self.resolve(other.clone(), "a value")?;
                self.finish(item)
            }
        }
    }

    /// A part of a container, where an unknown is a value like others.
    fn part(&self, raw: &Value, label: &str) -> Result<Value, Stop> {
        match self.resolve(raw.clone(), label).and_then(|item| self.finish(item)) {
            Err(Stop::Unknown(unknown)) => Ok(Value::Unknown(unknown)),
            other => other,
        }
    }

    /// `hostvars[name]`
    pub fn host(&self, name: &str) -> Result<Item<'a>, Stop> {
        match self.scope().host(name) {
            Some(scope) => Ok(Item::Variables(Rc::new(self.inside(scope)))),
            None => Err(Stop::missing(Missing::Member(
                name.to_string(),
                "inventory",
                self.scope().hosts(),
            ))),
        }
    }

    /// Remembers a frame that holds a macro, to be emptied at the end.
    pub fn holds_macro(&self, frame: &Rc<Frame<'a>>) {
        self.shared.frames.borrow_mut().push(Rc::clone(frame));
    }

    /// Whoever prints learns to mask a text that was made from a secret.
    pub fn learn(&self, text: &str) {
        if secret::worth_learning(text) {
            self.templar.redactor.learn(text);
        }
    }

    /// Lets go of frames and macros, which hold each other.
    pub fn close(&self) {
        for frame in self.shared.frames.borrow_mut().drain(..) {
            frame.clear();
        }
        self.variables.borrow_mut().clear();
        self.texts.borrow_mut().clear();
    }
}

/// The program, or its syntax error at its place.
pub(crate) fn parsed_or_stop(
    parsed: Result<Arc<Program>, SyntaxError>,
    place: &Place,
    text: &str,
) -> Result<Arc<Program>, Stop> {
    parsed.map_err(|error| syntax_diagnostic(&error, place, text).into())
}

/// A syntax error at its place.
pub(crate) fn syntax_diagnostic(error: &SyntaxError, place: &Place, text: &str) -> Diagnostic {
    Diagnostic::new(format!("cannot parse the template: {}", error.message))
        .at_maybe(place.span(text, error.at).as_ref())
}

/// What a secret template (a vaulted one) gives is secret.
fn secret_from<'a>(text: &Str, item: Item<'a>) -> Item<'a> {
    match item {
        Item::Value(value) if text.is_secret() => {
            Item::Value(secret::spread(value, std::iter::once(&Value::Str(text.clone()))))
        }
        other => other,
    }
}

/// Whether rendering would change the value.
fn needs_work(value: &Value) -> bool {
    match value {
        Value::Str(text) => text.is_template(),
        Value::Encrypted(_) | Value::Omit => true,
        Value::List(items) => items.iter().any(needs_work),
        Value::Map(map) => map.values().any(needs_work),
        _ => false,
    }
}

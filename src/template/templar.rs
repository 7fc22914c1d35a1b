//! The templar: renders values, conditions and template files for many hosts at once.

use std::rc::Rc;
use std::sync::{Arc, Mutex};

use super::context::{Context, Scope};
use super::eval::{Machine, Session, Unit, parsed_or_stop};
use super::failure::{Failure, Stop, fully_known};
use super::place::Place;
use super::program::Programs;
use super::syntax::Dialect;
use super::{check, condition, header};
use crate::diagnostic::{Diagnostic, Source, Span};
use crate::value::{Redactor, Str, Value};

/// Renders templates. One per run, shared by all hosts.
pub struct Templar {
    pub(crate) programs: Programs,
    pub(crate) redactor: Redactor,
    /// Held while a password is made.
    pub(crate) passwords: Mutex<()>,
}

impl Templar {
    /// A templar that tells `redactor` each secret that it meets.
    pub fn new(redactor: Redactor) -> Self {
        Self { programs: Programs::default(), redactor, passwords: Mutex::default() }
    }

    /// Renders every template in a value. A string that is one `{{ expression }}` gives that
    /// expression's own type. Entries that are `omit` are dropped; a value that is `omit` itself is
    /// given back as such. Any unknown inside makes the whole unknown.
    pub fn render(
        &self,
        value: &Value,
        scope: &dyn Scope,
        context: &Context<'_>,
    ) -> Result<Value, Failure> {
        self.session(scope, context, |session| {
            let value = finished(session, value)?;
            fully_known(&value)?;
            Ok(value)
        })
    }

    /// The same, but parts that are unknown are left in the result as [`Value::Unknown`].
    pub fn render_partly(
        &self,
        value: &Value,
        scope: &dyn Scope,
        context: &Context<'_>,
    ) -> Result<Value, Failure> {
        self.session(scope, context, |session| match finished(session, value) {
            Err(Stop::Unknown(unknown)) => Ok(Value::Unknown(unknown)),
            other => other,
        })
    }

    /// Whether a condition (`when`, `until`, `changed_when` …) holds: an expression without braces,
    /// a truth value, or a list of them that must all hold.
    pub fn condition(
        &self,
        condition: &Value,
        scope: &dyn Scope,
        context: &Context<'_>,
    ) -> Result<bool, Failure> {
        self.session(scope, context, |session| condition::holds(session, condition))
    }

    /// Renders the text of a template file.
    pub fn template(
        &self,
        source: &Arc<Source>,
        scope: &dyn Scope,
        context: &Context<'_>,
        dialect: &Dialect,
    ) -> Result<Str, Failure> {
        self.session(scope, context, |session| render_source(session, source, dialect))
    }

    /// What is wrong with a template string before anything is known: its syntax, and filters,
    /// tests and lookups that do not exist.
    pub fn check(&self, text: &Str) -> Vec<Diagnostic> {
        if text.is_template() { check::template(self, text) } else { Vec::new() }
    }

    /// The same for a condition.
    pub fn check_condition(&self, text: &Str) -> Vec<Diagnostic> {
        if text.is_template() { check::template(self, text) } else { check::expression(self, text) }
    }

    /// The same for a template file.
    pub fn check_template(&self, source: &Arc<Source>, dialect: &Dialect) -> Vec<Diagnostic> {
        check::source(self, source, dialect)
    }

    fn session<T>(
        &self,
        scope: &dyn Scope,
        context: &Context<'_>,
        run: impl FnOnce(&Session<'_>) -> Result<T, Stop>,
    ) -> Result<T, Failure> {
        let session = Session::new(self, scope, *context);
        let result = run(&session);
        session.close();
        result.map_err(|stop| stop.into_failure(|| scope.names()))
    }
}

/// A raw value rendered; what was made from a secret is learned.
fn finished(session: &Session<'_>, value: &Value) -> Result<Value, Stop> {
    let value = match value {
        Value::List(_) | Value::Map(_) => session.deep(value)?,
        other => {
            let item = session.resolve(other.clone(), "the value").map_err(without_step)?;
            session.finish(item)?
        }
    };
    learn(session, &value);
    Ok(value)
}

/// The outermost step says nothing: its place is the place of the message.
fn without_step(stop: Stop) -> Stop {
    match stop {
        Stop::Error(mut error) => {
            error.trace.pop();
            Stop::Error(error)
        }
        Stop::Undefined(mut undefined) => {
            undefined.trace.pop();
            Stop::Undefined(undefined)
        }
        unknown @ Stop::Unknown(_) => unknown,
    }
}

fn learn(session: &Session<'_>, value: &Value) {
    match value {
        Value::Str(text) if text.is_secret() => session.learn(text.as_str()),
        Value::List(items) => items.iter().for_each(|item| learn(session, item)),
        Value::Map(map) => map.values().for_each(|item| learn(session, item)),
        _ => {}
    }
}

/// A template file, parsed.
pub(crate) fn unit_of(
    templar: &Templar,
    source: &Arc<Source>,
    dialect: &Dialect,
) -> Result<Rc<Unit>, Stop> {
    let at_top = || Some(Span::new(source, 0, source.text.lines().next().map_or(0, str::len)));
    let (dialect, start) = header::read(&source.text, dialect).map_err(|stop| stop.at(at_top()))?;
    let text: Arc<str> = source.text[start..].into();
    let place = Place::File(Arc::clone(source), start);
    let parsed = templar.programs.template(&text, &dialect);
    let program = parsed_or_stop(parsed, &place, &text)?;
    Ok(Rc::new(Unit::new(program, place, Some(Arc::new(dialect)))))
}

/// The text of a template file; used by the lookup `template` as well.
pub(crate) fn render_source(
    session: &Session<'_>,
    source: &Arc<Source>,
    dialect: &Dialect,
) -> Result<Str, Stop> {
    let unit = unit_of(session.templar, source, dialect)?;
    session.deeper(|| Machine::top(session, unit).text())
}

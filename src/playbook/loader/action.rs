//! Finds a task's module.

use super::arguments::{Given, like};
use super::build::Build;
use super::fields::{Field, Fields};
use super::flow;
use super::table::Level;
use crate::diagnostic::{Diagnostic, Span};
use crate::playbook::{Args, Known};
use crate::value::Value;
use crate::yaml::{Node, place};

/// A task's module with its arguments, before the flow of the run is looked at.
pub struct Called {
    /// The name as written.
    pub module: String,
    /// Our name for it.
    pub canonical: Option<&'static str>,
    /// Where the name stands.
    pub span: Span,
    /// The arguments.
    pub args: Args,
    /// The key of `local_action`.
    pub local: Option<Span>,
}

struct Candidate<'n> {
    module: String,
    key: &'n Node,
    span: Span,
    given: Given<'n>,
    local: bool,
}

impl Candidate<'_> {
    fn is_empty(&self) -> bool {
        matches!(self.given, Given::Node(node) if node.is_null())
    }
}

impl Build<'_> {
    /// Takes the module and its arguments. All that is no keyword of the level must be taken before. Where `foreign`,
    /// a strange name may be a module of a collection.
    pub fn called(
        &mut self,
        fields: &mut Fields<'_>,
        level: Level,
        foreign: bool,
    ) -> Option<Called> {
        let extra = fields.take_filled("args");
        let candidate = self.candidate(fields, level, foreign)?;
        let span = candidate.span.clone();
        let canonical = match flow::canonical(&candidate.module) {
            Some(name) => Some(name),
            None => match self.loader.vocabulary.module(&candidate.module) {
                Known::Ours(name) => Some(name),
                Known::Ansibles => None,
                Known::Unknown if foreign && self.is_strange(&candidate.module) => None,
                Known::Unknown => {
                    self.error(self.unknown_module(&candidate.module).at(&span));
                    return None;
                }
            },
        };
        let mut args = self.given(&candidate.module, canonical, candidate.given);
        if let Some(extra) = extra {
            self.extra(&mut args, extra);
        }
        for setting in args.named.values().chain(&args.spread) {
            self.check_templates(&setting.value);
        }
        if let Some(free) = &args.free_form {
            self.check_templates(&Value::Str(free.text.clone()));
        }
        if let (Some(name), None) = (canonical, flow::canonical(&candidate.module)) {
            let problems = self.loader.vocabulary.check_args(name, &args);
            self.errors(problems.into_iter().map(|problem| problem.at(&span)));
        }
        let local = candidate.local.then(|| candidate.key.span.clone());
        Some(Called { module: candidate.module, canonical, span, args, local })
    }

    /// Whether there is such a module, ours or only Ansible's.
    pub fn is_module(&self, name: &str) -> bool {
        flow::canonical(name).is_some() || self.loader.vocabulary.module(name) != Known::Unknown
    }

    /// Whether a name is like none that we know.
    fn is_strange(&self, name: &str) -> bool {
        self.unknown_module(name).hints.is_empty()
    }

    /// What to say about a module that nobody has.
    pub fn unknown_module(&self, name: &str) -> Diagnostic {
        let names = self.loader.vocabulary.names();
        let problem = Diagnostic::new(format!("there is no module `{name}`"));
        if ["include", "ansible.builtin.include"].contains(&name) {
            return problem.hint("it was removed from Ansible: use `include_tasks`, `import_tasks` or `import_playbook`");
        }
        problem.suggest(name, names.into_iter().chain(flow::NAMES))
    }

    fn candidate<'n>(
        &mut self,
        fields: &mut Fields<'n>,
        level: Level,
        foreign: bool,
    ) -> Option<Candidate<'n>> {
        let mut candidates = Vec::new();
        let before = self.errors.len();
        for keyword in ["action", "local_action"] {
            if let Some(field) = fields.take(keyword) {
                candidates.extend(self.spelled_out(field));
            }
        }
        let mut modules = fields.take_where(|name| !level.allows(name) && self.is_module(name));
        if foreign && modules.is_empty() && candidates.is_empty() {
            modules = fields.take_where(|name| !Level::knows(name) && self.is_strange(name));
        }
        for field in modules {
            candidates.push(Candidate {
                module: field.name.to_string(),
                key: field.key,
                span: field.key.span.clone(),
                given: Given::Node(field.value),
                local: false,
            });
        }
        let strange = fields.take_where(|name| !level.allows(name));
        self.strangers(&strange, level, &candidates);
        if let [first, second, ..] = candidates.as_slice() {
            let message = format!("a task has one module, and `{}` is a second", second.module);
            let first_is = format!("`{}` is the first", first.module);
            self.error(Diagnostic::new(message).at(&second.span).label(&first.span, first_is));
            return None;
        }
        if candidates.is_empty() && self.errors.len() == before {
            self.error(Diagnostic::new("this task has no module").at(fields.span));
        }
        candidates.into_iter().next()
    }

    /// Keys that are neither modules nor keywords of the level.
    fn strangers(&mut self, strange: &[Field<'_>], level: Level, candidates: &[Candidate<'_>]) {
        let no_module = candidates.is_empty();
        let empty =
            candidates.first().filter(|first| first.is_empty()).map(|first| first.module.as_str());
        for field in strange {
            let elsewhere = level.refuse(field);
            let known_elsewhere = !elsewhere.message.contains("is not a keyword");
            if known_elsewhere || !no_module {
                let names = self.loader.vocabulary.names();
                let more = elsewhere.hints.is_empty() && !known_elsewhere;
                let problem = if more { elsewhere.suggest(field.name, names) } else { elsewhere };
                let problem = match empty.filter(|_| problem.hints.is_empty() && !known_elsewhere) {
                    Some(module) => problem.hint(format!(
                        "an argument of `{module}` stands below it, two blanks further in"
                    )),
                    None => problem,
                };
                self.error(problem);
            } else if strange.len() == 1 {
                let problem = self.unknown_module(field.name);
                let problem = if problem.hints.is_empty() {
                    problem.suggest(field.name, level.keywords())
                } else {
                    problem
                };
                self.error(problem.at(&field.key.span));
            } else {
                let names: Vec<&str> = level
                    .keywords()
                    .chain(self.loader.vocabulary.names())
                    .chain(flow::NAMES)
                    .collect();
                let message = format!(
                    "`{}` is neither a module nor a keyword of {}",
                    field.name,
                    level.name()
                );
                self.error(Diagnostic::new(message).at(&field.key.span).suggest(field.name, names));
            }
        }
    }

    /// `action: module …`, `action: {module: …}`, `local_action`.
    fn spelled_out<'n>(&mut self, field: Field<'n>) -> Option<Candidate<'n>> {
        let local = field.name == "local_action";
        let key = field.key;
        if let Some(entries) = field.value.as_mapping() {
            let mut fields = self.fields(field.value, &format!("`{}`", field.name))?;
            let module = fields.take("module").or_else(|| fields.take("action"));
            let Some(module) = module else {
                let message = format!("`{}` without `module`", field.name);
                self.error(Diagnostic::new(message).at(&field.value.span));
                return None;
            };
            let name = self.text(module.value, "module")?;
            let span = module.value.span.clone();
            let rest = fields.take_where(|_| true);
            debug_assert!(rest.len() < entries.len(), "the module was taken");
            let module = self.literal_module(name.as_str(), &span)?;
            return Some(Candidate { module, key, span, given: Given::Entries(rest), local });
        }
        let text = self.text(field.value, field.name)?;
        let whole = text.as_str();
        let end = whole.find(char::is_whitespace).unwrap_or(whole.len());
        let span = place(&field.value.span, whole, 0..end);
        let module = self.literal_module(&whole[..end], &span)?;
        let rest = whole[end..].trim();
        let origin = place(
            &field.value.span,
            whole,
            whole.len() - whole[end..].trim_start().len()..whole.len(),
        );
        let given = Given::Text(like(&text, rest, &origin), origin);
        Some(Candidate { module, key, span, given, local })
    }

    fn literal_module(&mut self, name: &str, span: &Span) -> Option<String> {
        if name.contains("{{") {
            let problem = Diagnostic::new("the name of a module cannot be a template").at(span);
            self.error(
                problem.hint("write one task per module, each with its `when`; or use `package`"),
            );
            return None;
        }
        if name.is_empty() {
            self.error(Diagnostic::new("this task has no module").at(span));
            return None;
        }
        Some(name.to_string())
    }
}

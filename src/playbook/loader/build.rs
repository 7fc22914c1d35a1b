//! One load in progress: what it found wrong so far, and the play that it is in.

use std::path::PathBuf;
use std::sync::Arc;

use super::Loader;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::playbook::{Handler, RoleUse, Setting, Task, literal_bool};
use crate::value::{Str, Value};
use crate::yaml::Node;

use super::fields::{Fields, describe};

/// How deep imports may nest: they are read one inside the other, on the stack.
pub const DEEPEST: usize = 32;

/// One load in progress.
pub struct Build<'l> {
    /// Who reads files.
    pub loader: &'l Loader,
    /// What is wrong.
    pub errors: Vec<Diagnostic>,
    /// What is legal but surely not meant.
    pub warnings: Vec<Diagnostic>,
    /// The imports that we are in, outermost first: playbooks, task files, roles.
    pub stack: Vec<PathBuf>,
    /// What the play at hand has gathered.
    pub play: Gathered,
}

/// What the parts of one play bring to the whole of it.
#[derive(Default)]
pub struct Gathered {
    /// Roles of `import_role`.
    pub imported_roles: Vec<Arc<RoleUse>>,
    /// Handlers of roles in `roles`.
    pub role_handlers: Vec<Arc<Handler>>,
    /// Handlers of imported roles.
    pub imported_handlers: Vec<Arc<Handler>>,
    /// Tasks that include other files or roles during the run, and whether a condition may keep them from it.
    pub includes: Vec<(Arc<Task>, bool)>,
    /// Whether what is read now may never run.
    pub perhaps: bool,
    /// Handlers of roles that are included under a literal name.
    pub foreseen_handlers: Vec<Arc<Handler>>,
    /// Whether handlers may come that nobody can foresee.
    pub open: bool,
    /// Literal names in `notify`.
    pub notified: Vec<Setting>,
    /// How many lists of handlers there were.
    pub handler_lists: usize,
}

impl<'l> Build<'l> {
    /// A load that has found nothing yet.
    pub fn new(loader: &'l Loader) -> Self {
        Self { loader, errors: vec![], warnings: vec![], stack: vec![], play: Gathered::default() }
    }

    /// Notes that something is wrong.
    pub fn error(&mut self, problem: Diagnostic) {
        if !self.errors.contains(&problem) {
            self.errors.push(problem);
        }
    }

    /// Notes all of them.
    pub fn errors(&mut self, problems: impl IntoIterator<Item = Diagnostic>) {
        problems.into_iter().for_each(|problem| self.error(problem));
    }

    /// The value, or nothing and a note.
    pub fn note<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|problem| self.error(problem)).ok()
    }

    /// The value if nothing was wrong.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Diagnostics> {
        in_order(&mut self.errors);
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ if self.errors.is_empty() => {
                Err(Diagnostic::new("the file cannot be loaded, and the reason was not kept")
                    .into())
            }
            _ => Err(Diagnostics(self.errors)),
        }
    }

    /// Runs `read`, and says of what it finds wrong how it came to this.
    pub fn traced<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.errors.len();
        let result = read(self);
        // What is read twice is wrong once: it is the same only with its steps.
        for mut problem in self.errors.split_off(before.min(self.errors.len())) {
            if !problem.trace.iter().any(|known| known == step) {
                problem.trace.push(step.to_string());
            }
            self.error(problem);
        }
        result
    }

    /// The entries of a mapping.
    pub fn fields<'n>(&mut self, node: &'n Node, what: &str) -> Option<Fields<'n>> {
        self.note(Fields::new(node, what))
    }

    /// The items of a list; an empty value is an empty list.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        if node.is_null() {
            return &[];
        }
        if let Some(items) = node.as_sequence() {
            return items;
        }
        let message = format!("{what} is a list, and this is {}", describe(node));
        let mut problem = Diagnostic::new(message).at(&node.span);
        if node.as_mapping().is_some() {
            problem = problem.hint("start each entry with `- `");
        }
        self.error(problem);
        &[]
    }

    /// Checks every template inside a value.
    pub fn check_templates(&mut self, value: &Value) {
        match value {
            Value::Str(text) if text.is_template() => {
                let problems = self.loader.vocabulary.check_template(text);
                self.errors(problems);
            }
            Value::List(items) => items.iter().for_each(|item| self.check_templates(item)),
            Value::Map(map) => map.values().for_each(|item| self.check_templates(item)),
            _ => {}
        }
    }

    /// A setting that must be a truth value, or a template of one.
    pub fn check_bool(&mut self, setting: &Setting, name: &str) {
        self.check_templates(&setting.value);
        let template = matches!(&setting.value, Value::Str(text) if text.is_template());
        if !template && !is_vaulted(&setting.value) && literal_bool(&setting.value).is_none() {
            self.error(wrong(setting, name, "true or false"));
        }
    }

    /// A setting that must be a whole number, not negative, or a template of one.
    pub fn check_count(&mut self, setting: &Setting, name: &str) {
        self.check_templates(&setting.value);
        let fits = match &setting.value {
            Value::Int(number) => *number >= 0,
            Value::Str(text) => text.is_template() || text.as_str().trim().parse::<u64>().is_ok(),
            other => is_vaulted(other),
        };
        if !fits {
            self.error(wrong(setting, name, "a whole number, 0 or more"));
        }
    }

    /// A setting that must be a number, or a template of one.
    pub fn check_number(&mut self, setting: &Setting, name: &str) {
        self.check_templates(&setting.value);
        let fits = match &setting.value {
            Value::Int(_) | Value::Float(_) => true,
            Value::Str(text) => text.is_template() || text.as_str().trim().parse::<f64>().is_ok(),
            other => is_vaulted(other),
        };
        if !fits {
            self.error(wrong(setting, name, "a number"));
        }
    }

    /// A setting that must be text; numbers will do.
    pub fn check_text(&mut self, setting: &Setting, name: &str) {
        self.check_templates(&setting.value);
        let fits = matches!(
            setting.value,
            Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Encrypted(_)
        );
        if !fits {
            self.error(wrong(setting, name, "text"));
        }
    }

    /// A text; numbers become text.
    pub fn text(&mut self, node: &Node, name: &str) -> Option<Str> {
        match node.to_value() {
            Value::Str(text) => {
                self.check_templates(&Value::Str(text.clone()));
                Some(text)
            }
            Value::Int(number) => {
                Some(Str::data(number.to_string()).with_origin(Some(node.span.clone())))
            }
            Value::Float(number) => {
                Some(Str::data(number.to_string()).with_origin(Some(node.span.clone())))
            }
            Value::Bool(truth) => {
                let text = if truth { "True" } else { "False" };
                Some(Str::data(text).with_origin(Some(node.span.clone())))
            }
            _ => {
                let message = format!("`{name}` is text, and this is {}", describe(node));
                self.error(Diagnostic::new(message).at(&node.span));
                None
            }
        }
    }

    /// A variable's name.
    pub fn variable_name(&mut self, node: &Node, keyword: &str) -> Option<String> {
        match node.as_str() {
            Some(name) if is_variable_name(name) => Some(name.to_string()),
            Some(name) => {
                self.error(bad_variable_name(name, keyword, &node.span));
                None
            }
            None => {
                let message = format!(
                    "`{keyword}` is the name of a variable, and this is {}",
                    describe(node)
                );
                self.error(Diagnostic::new(message).at(&node.span));
                None
            }
        }
    }
}

/// Orders messages as the files were met, and in each file from top to bottom.
pub fn in_order(problems: &mut [Diagnostic]) {
    let mut files: Vec<String> = Vec::new();
    for problem in problems.iter() {
        let name = problem.span.as_ref().map(|span| span.source.name.clone()).unwrap_or_default();
        if !files.contains(&name) {
            files.push(name);
        }
    }
    problems.sort_by_key(|problem| {
        let name = problem.span.as_ref().map(|span| span.source.name.as_str()).unwrap_or_default();
        let file = files.iter().position(|file| file == name);
        (file, problem.span.as_ref().map(|span| span.start))
    });
}

/// "`become` is true or false, and this is …".
pub fn wrong(setting: &Setting, name: &str, expected: &str) -> Diagnostic {
    let found = match &setting.value {
        Value::Null => "nothing is written".to_string(),
        Value::List(_) => "this is a list".to_string(),
        Value::Map(_) => "this is a mapping".to_string(),
        Value::Str(text) => format!("this is the text `{}`", text.as_str()),
        Value::Encrypted(_) => "this is a vaulted text".to_string(),
        other => format!("this is `{other:?}`"),
    };
    Diagnostic::new(format!("`{name}` is {expected}, and {found}")).at(&setting.span)
}

fn is_vaulted(value: &Value) -> bool {
    matches!(value, Value::Encrypted(_))
}

/// What is wrong with a name that cannot be a variable.
pub fn bad_variable_name(name: &str, keyword: &str, span: &Span) -> Diagnostic {
    let problem =
        Diagnostic::new(format!("`{name}` in `{keyword}` cannot be the name of a variable"))
            .at(span);
    if name.contains("{{") {
        problem.hint("write the name itself, not a template")
    } else if PYTHON_WORDS.contains(&name) {
        problem.hint("Ansible refuses Python's constants")
    } else {
        problem.hint("use letters, digits and underscores, and begin with no digit")
    }
}

/// Whether a text can name a variable: a Python identifier in ASCII that is no constant, as Ansible has it.
pub fn is_variable_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|other| other.is_ascii_alphanumeric() || other == '_')
        && !PYTHON_WORDS.contains(&name)
}

/// Python's constants: the only words that Ansible refuses as names (observed with ansible-core 2.19).
const PYTHON_WORDS: [&str; 3] = ["False", "None", "True"];

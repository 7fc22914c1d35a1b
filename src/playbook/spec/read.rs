//! Reads `argument_specs` (Ansible's documentation, "Role argument validation").

use std::sync::Arc;

use indexmap::IndexMap;

use super::{EntryPoint, Kind, Opt, Options, RequiredIf};
use crate::diagnostic::{Diagnostic, Span, list_or};
use crate::playbook::literal_bool;
use crate::value::{Str, Value};
use crate::yaml::{Content, Node};

const ENTRY_KEYS: [&str; 17] = [
    "short_description",
    "description",
    "version_added",
    "options",
    "author",
    "authors",
    "seealso",
    "notes",
    "examples",
    "requirements",
    "deprecated",
    "attributes",
    "mutually_exclusive",
    "required_together",
    "required_one_of",
    "required_if",
    "required_by",
];

const OPTION_KEYS: [&str; 20] = [
    "description",
    "short_description",
    "type",
    "elements",
    "required",
    "default",
    "choices",
    "aliases",
    "no_log",
    "options",
    "version_added",
    "removed_in_version",
    "removed_at_date",
    "removed_from_collection",
    "deprecated_aliases",
    "mutually_exclusive",
    "required_together",
    "required_one_of",
    "required_if",
    "required_by",
];

/// The specifications of a role by entry point, and what is wrong with them.
#[derive(Debug, Default)]
pub struct Specs {
    /// By entry point.
    pub entry_points: IndexMap<String, Arc<EntryPoint>>,
    /// What is wrong.
    pub errors: Vec<Diagnostic>,
    /// What is legal but surely not meant.
    pub warnings: Vec<Diagnostic>,
}

/// Reads the specifications of a role.
pub fn read(node: &Node) -> Specs {
    let mut reader = Reader::default();
    let mut all = IndexMap::new();
    for (name, _, value) in reader.entries(node, "`argument_specs`") {
        all.insert(name, Arc::new(reader.entry_point(value)));
    }
    Specs { entry_points: all, errors: reader.problems, warnings: reader.warnings }
}

/// Reads a mapping of options: what `validate_argument_spec` is given as `argument_spec`.
pub fn read_options(node: &Node) -> (Options, Vec<Diagnostic>) {
    let mut reader = Reader::default();
    let by_name = reader.options(node);
    (Options { by_name, ..Options::default() }, reader.problems)
}

/// The same for a rendered value, with the place where it was written.
pub fn read_value(value: &Value, span: &Span) -> (Options, Vec<Diagnostic>) {
    read_options(&placed(value, span))
}

fn placed(value: &Value, span: &Span) -> Node {
    let content = match value {
        Value::List(items) => {
            Content::Sequence(items.iter().map(|item| placed(item, span)).collect())
        }
        Value::Map(map) => {
            let entries =
                map.iter().map(|(key, value)| (placed(&key.to_value(), span), placed(value, span)));
            Content::Mapping(entries.collect())
        }
        other => Content::Scalar(other.clone()),
    };
    Node { content, span: span.clone() }
}

#[derive(Default)]
struct Reader {
    problems: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Reader {
    fn problem(&mut self, message: impl Into<String>, span: &Span) {
        self.problems.push(Diagnostic::new(message).at(span));
    }

    fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(String, &'n Node, &'n Node)> {
        if node.is_null() {
            return vec![];
        }
        let Some(entries) = node.as_mapping() else {
            self.problem(format!("{what} is a mapping"), &node.span);
            return vec![];
        };
        let mut all = Vec::new();
        for (key, value) in entries {
            match key.key() {
                Some(name) => all.push((name.to_string(), key, value)),
                None => self.problem(format!("a name in {what} is text"), &key.span),
            }
        }
        all
    }

    fn unknown(&mut self, entries: &[(String, &Node, &Node)], known: &[&str], what: &str) {
        for (name, key, _) in entries {
            if !known.contains(&name.as_str()) {
                let problem =
                    Diagnostic::new(format!("`{name}` is not a keyword of {what}")).at(&key.span);
                self.problems.push(problem.suggest(name, known.iter().copied()));
            }
        }
    }

    fn entry_point(&mut self, node: &Node) -> EntryPoint {
        let entries = self.entries(node, "an entry point");
        self.unknown(&entries, &ENTRY_KEYS, "an entry point");
        let short = node.entry("short_description").and_then(|(_, value)| value.as_str());
        EntryPoint {
            short_description: short.map(ToString::to_string),
            description: paragraphs(node),
            options: Arc::new(self.with_relations(node)),
        }
    }

    fn with_relations(&mut self, node: &Node) -> Options {
        let by_name =
            node.entry("options").map(|(_, options)| self.options(options)).unwrap_or_default();
        Options {
            required_one_of: self.groups(node, "required_one_of"),
            required_together: self.groups(node, "required_together"),
            mutually_exclusive: self.groups(node, "mutually_exclusive"),
            required_if: self.required_if(node),
            required_by: self.required_by(node),
            by_name,
        }
    }

    fn options(&mut self, node: &Node) -> IndexMap<String, Opt> {
        let mut options = IndexMap::new();
        for (name, key, value) in self.entries(node, "`options`") {
            options.insert(name.clone(), self.option(&name, key, value));
        }
        options
    }

    fn option(&mut self, name: &str, key: &Node, node: &Node) -> Opt {
        let entries = self.entries(node, &format!("the option `{name}`"));
        self.unknown(&entries, &OPTION_KEYS, "an option");
        let value = |keyword: &str| node.entry(keyword).map(|(_, value)| value);
        let kind = self.kind(value("type")).unwrap_or(Kind::Str);
        let elements = self.kind(value("elements"));
        if let (Some(node), true) = (value("elements"), kind != Kind::List) {
            self.problem(format!("`elements` of `{name}` needs `type: list`"), &node.span);
        }
        let nested = kind == Kind::Dict || elements == Some(Kind::Dict);
        if let (Some(node), false) = (value("options"), nested) {
            let message = format!("the `options` of `{name}` are never checked");
            let warning = Diagnostic::new(message).at(&node.span);
            self.warnings.push(warning.hint("add `type: dict`, or `elements: dict` to a list"));
        }
        let options =
            value("options").map(|_| Arc::new(self.with_relations(node))).filter(|_| nested);
        let choices = value("choices").and_then(|choices| self.values(choices, "choices"));
        let default = value("default").map(Node::to_value);
        let option = Opt {
            span: key.span.clone(),
            kind,
            elements,
            required: self.truth(value("required"), "required"),
            default,
            choices,
            aliases: value("aliases")
                .map(|aliases| self.texts(aliases, "aliases"))
                .unwrap_or_default(),
            no_log: self.truth(value("no_log"), "no_log"),
            description: paragraphs(node),
            options,
        };
        self.default_fits(name, &option, value("default"));
        option
    }

    fn default_fits(&mut self, name: &str, option: &Opt, node: Option<&Node>) {
        let (Some(default), Some(node)) = (&option.default, node) else { return };
        if has_template(default) || matches!(default, Value::Null) {
            return;
        }
        for problem in super::check::value_problems(name, option, default) {
            self.problem(format!("the default does not fit: {problem}"), &node.span);
        }
    }

    fn kind(&mut self, node: Option<&Node>) -> Option<Kind> {
        let node = node?;
        let name = node.as_str().unwrap_or_default();
        let kind = Kind::from_name(name);
        if kind.is_none() {
            let problem = Diagnostic::new(format!("`{name}` is no type"))
                .at(&node.span)
                .suggest(name, Kind::NAMES);
            self.problems.push(problem.hint(format!("types are {}", list_or(Kind::NAMES))));
        }
        kind
    }

    fn truth(&mut self, node: Option<&Node>, keyword: &str) -> bool {
        let Some(node) = node else { return false };
        literal_bool(&node.to_value()).unwrap_or_else(|| {
            self.problem(format!("`{keyword}` is true or false"), &node.span);
            false
        })
    }

    fn values(&mut self, node: &Node, keyword: &str) -> Option<Vec<Value>> {
        let Some(items) = node.as_sequence() else {
            self.problem(format!("`{keyword}` is a list"), &node.span);
            return None;
        };
        Some(items.iter().map(Node::to_value).collect())
    }

    fn texts(&mut self, node: &Node, keyword: &str) -> Vec<String> {
        if let Some(text) = node.as_str() {
            return vec![text.to_string()];
        }
        let values = self.values(node, keyword).unwrap_or_default();
        values.iter().filter_map(Value::as_str).map(ToString::to_string).collect()
    }

    fn groups(&mut self, node: &Node, keyword: &str) -> Vec<Vec<String>> {
        let Some((_, value)) = node.entry(keyword) else { return vec![] };
        let Some(items) = value.as_sequence() else {
            self.problem(format!("`{keyword}` is a list of lists"), &value.span);
            return vec![];
        };
        if items.iter().all(|item| item.as_str().is_some()) {
            return vec![self.texts(value, keyword)];
        }
        items.iter().map(|item| self.texts(item, keyword)).collect()
    }

    fn required_if(&mut self, node: &Node) -> Vec<RequiredIf> {
        let Some((_, value)) = node.entry("required_if") else { return vec![] };
        let mut all = Vec::new();
        for item in value.as_sequence().unwrap_or_default() {
            let rule = match item.as_sequence() {
                Some([option, value, needed, rest @ ..]) => {
                    option.as_str().map(|option| RequiredIf {
                        option: option.to_string(),
                        value: value.to_value(),
                        needed: self.texts(needed, "required_if"),
                        any: rest
                            .first()
                            .is_some_and(|any| literal_bool(&any.to_value()) == Some(true)),
                    })
                }
                _ => None,
            };
            match rule {
                Some(rule) => all.push(rule),
                None => self.problem(
                    "a rule of `required_if` is `[option, value, [needed, …]]`",
                    &item.span,
                ),
            }
        }
        all
    }

    fn required_by(&mut self, node: &Node) -> Vec<(String, Vec<String>)> {
        let Some((_, value)) = node.entry("required_by") else { return vec![] };
        let entries = self.entries(value, "`required_by`");
        entries
            .into_iter()
            .map(|(name, _, value)| (name, self.texts(value, "required_by")))
            .collect()
    }
}

fn paragraphs(node: &Node) -> Vec<String> {
    match node.entry("description") {
        Some((_, value)) => match value.as_sequence() {
            Some(items) => items.iter().filter_map(Node::as_str).map(ToString::to_string).collect(),
            None => value.as_str().map(ToString::to_string).into_iter().collect(),
        },
        None => vec![],
    }
}

fn has_template(value: &Value) -> bool {
    match value {
        Value::Str(text) => Str::is_template(text),
        Value::List(items) => items.iter().any(has_template),
        Value::Map(map) => map.values().any(has_template),
        Value::Encrypted(_) => true,
        _ => false,
    }
}

//! Checks arguments against a specification.

use std::fmt;

use super::convert::convert;
use super::relations::relations;
use super::{Opt, Options};
use crate::diagnostic::{did_you_mean, list_or};
use crate::value::{Map, Str, Value};

/// What is wrong with one argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The argument: `users[0].name`; empty for the whole.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What is wrong with arguments. `given` holds rendered values: for a role, those variables of the specification that
/// are defined. Nothing is converted and no default is filled in; unknown values pass.
pub fn validate(options: &Options, given: &Value) -> Vec<Problem> {
    match given {
        Value::Map(map) => check_map(options, map, ""),
        Value::Unknown(_) => vec![],
        other => {
            let message =
                format!("the arguments are a mapping, and this is of type {}", other.type_name());
            vec![Problem { path: String::new(), message }]
        }
    }
}

fn check_map(options: &Options, given: &Map, path: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (key, _) in given {
        let name = key.to_string();
        let known = options
            .by_name
            .iter()
            .any(|(own, option)| *own == name || option.aliases.contains(&name));
        if !known {
            let names = options.by_name.keys().map(String::as_str);
            let near = did_you_mean(&name, names.clone());
            let hint = near.map_or_else(
                || format!("known are {}", list_or(names).replace(" or ", " and ")),
                |near| format!("did you mean `{near}`?"),
            );
            let at = join(path, &name);
            problems
                .push(Problem { message: format!("`{at}` is not an option: {hint}"), path: at });
        }
    }
    for (name, option) in &options.by_name {
        let at = join(path, name);
        let names = std::iter::once(name).chain(&option.aliases);
        match names.into_iter().find_map(|name| given.get(name.as_str())) {
            Some(value) => problems.extend(value_problems(&at, option, value)),
            None if option.required => {
                problems.push(Problem { message: format!("`{at}` is required"), path: at });
            }
            None => {}
        }
    }
    problems.extend(relations(options, given, path));
    problems
}

/// What is wrong with the value of one option.
pub(super) fn value_problems(path: &str, option: &Opt, value: &Value) -> Vec<Problem> {
    match value {
        Value::Unknown(_) | Value::Encrypted(_) | Value::Omit => return vec![],
        Value::Null if option.choices.is_none() => return vec![],
        Value::Null => return choice_problem(path, option, value).into_iter().collect(),
        _ => {}
    }
    let Some(converted) = convert(value, option.kind) else {
        return vec![not_a(path, option.kind.name(), value, option)];
    };
    let mut problems = Vec::new();
    match (&converted, option.elements) {
        (Value::List(items), elements) => {
            for (index, item) in items.iter().enumerate() {
                let at = format!("{path}[{index}]");
                problems.extend(element_problems(&at, option, elements, item));
            }
        }
        (Value::Map(map), _) => {
            problems
                .extend(option.options.iter().flat_map(|options| check_map(options, map, path)));
        }
        (other, _) => problems.extend(choice_problem(path, option, other)),
    }
    problems
}

fn element_problems(
    path: &str,
    option: &Opt,
    elements: Option<super::Kind>,
    item: &Value,
) -> Vec<Problem> {
    if matches!(item, Value::Unknown(_) | Value::Encrypted(_)) {
        return vec![];
    }
    let converted = match elements {
        Some(kind) => match convert(item, kind) {
            Some(converted) => converted,
            None => return vec![not_a(path, kind.name(), item, option)],
        },
        None => item.clone(),
    };
    match (&converted, &option.options) {
        (Value::Map(map), Some(options)) => check_map(options, map, path),
        _ => choice_problem(path, option, &converted).into_iter().collect(),
    }
}

fn choice_problem(path: &str, option: &Opt, value: &Value) -> Option<Problem> {
    let choices = option.choices.as_ref()?;
    let same = |choice: &Value| {
        choice == value || plain(choice) == plain(value) && !is_bool(choice) && !is_bool(value)
    };
    if choices.iter().any(same) {
        return None;
    }
    let names: Vec<String> = choices.iter().map(plain).collect();
    let message = format!(
        "`{path}` is one of {}, and it is {}",
        list_or(names.iter().map(String::as_str)).replace(" or ", " and "),
        shown(value, option)
    );
    Some(Problem { path: path.to_string(), message })
}

fn is_bool(value: &Value) -> bool {
    matches!(value, Value::Bool(_))
}

fn not_a(path: &str, kind: &str, value: &Value, option: &Opt) -> Problem {
    let message = format!("`{path}` is of type {kind}, and it is {}", shown(value, option));
    Problem { path: path.to_string(), message }
}

/// A value for people; secrets by their type alone.
fn shown(value: &Value, option: &Opt) -> String {
    let kind = value.type_name();
    match value {
        _ if option.no_log => format!("a {kind}"),
        Value::Str(text) if text.is_secret() => format!("a {kind}"),
        Value::List(_) | Value::Map(_) => format!("a {kind}"),
        other => format!("`{}` ({kind})", plain(other)),
    }
}

/// A scalar as text.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Str(text) => Str::as_str(text).to_string(),
        Value::Null => "null".to_string(),
        other => format!("{other:?}"),
    }
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Source;
    use crate::playbook::spec::read_options;
    use crate::yaml;

    fn problems(spec: &str, given: &str) -> Vec<String> {
        let node = |text: &str| yaml::parse_one(&Source::new("t.yml", text)).expect("YAML");
        let (options, wrong) = read_options(&node(spec));
        assert_eq!(wrong, []);
        validate(&options, &node(given).to_value())
            .into_iter()
            .map(|problem| problem.message)
            .collect()
    }

    /// Each row was run through `validate_argument_spec` of ansible-core 2.19.
    #[test]
    fn types_convert_as_in_ansible() {
        for (kind, value, fits) in [
            ("str", "[1]", true),
            ("str", "{a: 1}", true),
            ("str", "true", true),
            ("str", "null", true),
            ("list", "a,b", true),
            ("list", "5", true),
            ("list", "{a: 1}", false),
            ("list", "true", true),
            ("dict", "a=b", true),
            ("dict", "xx", false),
            ("dict", "'{\"a\":1}'", true),
            ("dict", "[]", false),
            ("bool", "maybe", false),
            ("bool", "y", true),
            ("bool", "2", false),
            ("bool", "1", true),
            ("bool", "1.0", true),
            ("int", "'5'", true),
            ("int", "'5.0'", true),
            ("int", "5.5", false),
            ("int", "true", true),
            ("int", "x", false),
            ("float", "5", true),
            ("float", "'5.5'", true),
            ("bytes", "10K", true),
            ("bytes", "10Q", false),
            ("bytes", "10", true),
            ("bits", "10Kb", true),
            ("json", "1", false),
            ("json", "abc", true),
            ("jsonarg", "1", false),
            ("int", "null", true),
        ] {
            let found = problems(&format!("x: {{type: {kind}}}"), &format!("x: {value}"));
            assert_eq!(found.is_empty(), fits, "{kind} from {value}: {found:?}");
        }
    }

    #[test]
    fn problems_name_the_path_and_the_choices() {
        let spec = "users: {type: list, elements: dict, options: {name: {required: true}, shell: {choices: [sh, bash]}}}";
        assert_eq!(
            problems(spec, "users: [{shell: zsh}, {name: a, sehll: sh}]"),
            [
                "`users[0].name` is required",
                "`users[0].shell` is one of `sh` and `bash`, and it is `zsh` (str)",
                "`users[1].sehll` is not an option: did you mean `shell`?",
            ]
        );
    }

    #[test]
    fn relations_hold_inside_of_nested_options() {
        let spec = |rule: &str| format!("x: {{type: dict, options: {{a: {{}}, b: {{}}}}, {rule}}}");
        assert_eq!(problems(&spec("required_together: [[a, b]]"), "x: {a: 1}").len(), 1);
        assert_eq!(problems(&spec("mutually_exclusive: [[a, b]]"), "x: {a: 1, b: 2}").len(), 1);
        assert_eq!(problems(&spec("required_if: [[a, '1', [b]]]"), "x: {a: '1'}").len(), 1);
        assert_eq!(problems(&spec("required_one_of: [[a, b]]"), "x: {}").len(), 1);
        assert_eq!(problems(&spec("required_by: {a: b}"), "x: {a: 1}").len(), 1);
        assert_eq!(problems(&spec("required_if: [[a, '1', [b]]]"), "x: {a: '2'}").len(), 0);
    }

    #[test]
    fn secrets_and_unknowns_are_not_shown() {
        assert_eq!(
            problems("x: {type: int, no_log: true}", "x: hunter2"),
            ["`x` is of type int, and it is a str"]
        );
        let (options, _) =
            read_options(&yaml::parse_one(&Source::new("t.yml", "x: {type: int}")).expect("YAML"));
        let given = Value::map([("x", Value::unknown("not yet"))]);
        assert_eq!(validate(&options, &given), []);
        assert_eq!(Arc::new(options).by_name.len(), 1);
    }
}

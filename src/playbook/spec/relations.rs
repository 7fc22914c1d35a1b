//! What must hold between the options of one specification.

use super::Options;
use super::check::{Problem, join, plain};
use crate::diagnostic::list_or;
use crate::value::{Map, Value};

/// What does not hold.
pub fn relations(options: &Options, given: &Map, path: &str) -> Vec<Problem> {
    let there = |name: &str| {
        given.get(name).is_some_and(|value| !matches!(value, Value::Null | Value::Omit))
    };
    let mut problems = Vec::new();
    let mut problem = |message: String| problems.push(Problem { path: path.to_string(), message });
    let list = |names: &[String], word: &str| {
        let full: Vec<String> = names.iter().map(|name| join(path, name)).collect();
        list_or(full.iter().map(String::as_str)).replace(" or ", word)
    };
    for group in &options.required_one_of {
        if !group.iter().any(|name| there(name)) {
            problem(format!("one of {} is required", list(group, " and ")));
        }
    }
    for group in &options.required_together {
        let missing: Vec<String> = group.iter().filter(|name| !there(name)).cloned().collect();
        if !missing.is_empty() && missing.len() < group.len() {
            problem(format!(
                "{} go together, and {} is missing",
                list(group, " and "),
                list(&missing, " and ")
            ));
        }
    }
    for group in &options.mutually_exclusive {
        let both: Vec<String> = group.iter().filter(|name| there(name)).cloned().collect();
        if both.len() > 1 {
            problem(format!("{} exclude each other", list(&both, " and ")));
        }
    }
    for rule in &options.required_if {
        let Some(value) = given.get(rule.option.as_str()) else { continue };
        if *value != rule.value && plain(value) != plain(&rule.value) {
            continue;
        }
        let missing: Vec<String> =
            rule.needed.iter().filter(|name| !there(name)).cloned().collect();
        let lacks = if rule.any { missing.len() == rule.needed.len() } else { !missing.is_empty() };
        if lacks {
            let word = if rule.any { " or " } else { " and " };
            let option = join(path, &rule.option);
            problem(format!(
                "`{option}` is `{}`, so {} is required",
                plain(value),
                list(&missing, word)
            ));
        }
    }
    for (name, needed) in &options.required_by {
        let missing: Vec<String> = needed.iter().filter(|name| !there(name)).cloned().collect();
        if there(name) && !missing.is_empty() {
            problem(format!("`{}` needs {}", join(path, name), list(&missing, " and ")));
        }
    }
    problems
}

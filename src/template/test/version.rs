//! Comparison of versions.

use std::cmp::Ordering;

use super::{Test, test};
use crate::template::arguments::Bound;
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const TESTS: &[Test] = &[
    test("version", &["version", "operator", "strict", "version_type"], version),
    test("version_compare", &["version", "operator", "strict", "version_type"], version),
];

fn version(_: &Session<'_>, value: &Value, arguments: &Bound) -> Result<bool, Stop> {
    let (ours, theirs) = (python::text(value)?, arguments.text(0)?);
    for (text, what) in [(&ours, "version that is tested"), (&theirs, "version compared with")] {
        if text.trim().is_empty() {
            return Err(Stop::error(format!("the {what} is empty")));
        }
    }
    let kind =
        if arguments.flag(2, false)? { "strict".into() } else { arguments.text_or(3, "loose")? };
    let order = match &*kind {
        "loose" => loose(&ours, &theirs)?,
        "strict" => strict(&ours)?.cmp(&strict(&theirs)?),
        "semver" | "semantic" => semantic(&ours, &theirs)?,
        other => {
            return Err(Stop::error(format!("the version type `{other}` is not supported"))
                .hint("it is `loose`, `strict` or `semver`"));
        }
    };
    holds(&arguments.text_or(1, "eq")?, order)
}

fn holds(operator: &str, order: Ordering) -> Result<bool, Stop> {
    Ok(match operator {
        "==" | "=" | "eq" => order == Ordering::Equal,
        "!=" | "<>" | "ne" => order != Ordering::Equal,
        "<" | "lt" => order == Ordering::Less,
        "<=" | "le" => order != Ordering::Greater,
        ">" | "gt" => order == Ordering::Greater,
        ">=" | "ge" => order != Ordering::Less,
        other => {
            return Err(Stop::error(format!("`version` has no operator `{other}`"))
                .hint("it is `<`, `<=`, `==`, `!=`, `>=` or `>`"));
        }
    })
}

/// A part of a loose version.
#[derive(Debug, PartialEq)]
enum Part {
    Number(u64),
    Word(String),
}

/// Runs of digits, runs of small letters, and whatever stands between; dots separate.
fn parts(text: &str) -> Vec<Part> {
    let class = |c: char| match c {
        '0'..='9' => 0,
        'a'..='z' => 1,
        '.' => 2,
        _ => 3,
    };
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let kind = class(first);
        let end = rest.find(|c| class(c) != kind).unwrap_or(rest.len());
        let run = &rest[..end];
        match kind {
            0 => parts.push(Part::Number(run.parse().unwrap_or(u64::MAX))),
            2 => {}
            _ => parts.push(Part::Word(run.to_string())),
        }
        rest = &rest[end..];
    }
    parts
}

fn loose(a: &str, b: &str) -> Result<Ordering, Stop> {
    let (a_parts, b_parts) = (parts(a), parts(b));
    for pair in a_parts.iter().zip(&b_parts) {
        let order = match pair {
            (Part::Number(a), Part::Number(b)) => a.cmp(b),
            (Part::Word(a), Part::Word(b)) => a.cmp(b),
            _ => {
                return Err(Stop::error(format!(
                    "the versions `{a}` and `{b}` cannot be compared"
                ))
                .hint("a number stands where the other has letters"));
            }
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(a_parts.len().cmp(&b_parts.len()))
}

/// The numbers; whether it is a release, else its letter and number.
type Strict = (Vec<u64>, (bool, char, u64));

/// `1.2`, `1.2.3`, with `a1` or `b2` for what comes before the release.
fn strict(text: &str) -> Result<Strict, Stop> {
    let wrong = || Stop::error(format!("`{text}` is no strict version such as `1.2.3`"));
    let (numbers, before) = match text.find(['a', 'b']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let mut release = numbers
        .split('.')
        .map(|n| n.parse().map_err(|_| wrong()))
        .collect::<Result<Vec<u64>, _>>()?;
    if !(2..=3).contains(&release.len()) {
        return Err(wrong());
    }
    release.resize(3, 0);
    let mark = before.chars().next();
    let number = mark.map(|_| before[1..].parse().map_err(|_| wrong())).transpose()?;
    Ok((release, (mark.is_none(), mark.unwrap_or('z'), number.unwrap_or(0))))
}

/// Semantic Versioning 2.0.0, section 11.
fn semantic(a: &str, b: &str) -> Result<Ordering, Stop> {
    let parse = |text: &str| {
        let wrong = || Stop::error(format!("`{text}` is no semantic version such as `1.2.3`"));
        let text = text.split('+').next().unwrap_or("");
        let (release, before) = text.split_once('-').map_or((text, None), |(r, p)| (r, Some(p)));
        let numbers = release.split('.').map(|n| n.parse::<u64>().map_err(|_| wrong()));
        let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
        if numbers.len() != 3 {
            return Err(wrong());
        }
        Ok((numbers, before.map(ToString::to_string)))
    };
    let ((a_release, a_before), (b_release, b_before)) = (parse(a)?, parse(b)?);
    let order = a_release.cmp(&b_release);
    if order != Ordering::Equal {
        return Ok(order);
    }
    Ok(match (a_before, b_before) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => prerelease(&a, &b),
    })
}

fn prerelease(a: &str, b: &str) -> Ordering {
    let (mut ours, mut theirs) = (a.split('.'), b.split('.'));
    loop {
        let order = match (ours.next(), theirs.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

//! `community.general.ini_file`: an option of a section of an INI file.

use crate::resource::{Host, Suspend};
use crate::value::{Str, Value};

use super::edit::{Edit, say};
use super::presence::State;
use super::written::Access;
use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `ini_file`.
    pub struct Args {
        /// The file.
        path | "dest": String,
        /// The section; none for what stands before the first one.
        section: Option<String>,
        /// The option; none for the section itself.
        option: Option<String>,
        /// Its value.
        value: Option<Str>,
        /// Its values, where it may be there several times.
        values: Option<Vec<Value>>,
        /// Whether it is to be there; without an option `absent` is about the whole section.
        state: State = State::Present,
        /// Only these values are there.
        exclusive: bool = true,
        /// The option stands without `=` and value.
        allow_no_value: bool = false,
        /// No blanks around `=`.
        no_extra_spaces: bool = false,
        /// Blanks before the option are left alone.
        ignore_spaces: bool = false,
        /// A comment with the same option is changed into it.
        modify_inactive_option: bool = true,
        /// Make the file if it is not there.
        create: bool = true,
        /// Keep the old file beside the new one.
        backup: bool = false,
        /// Links are followed; they always are.
        follow: bool = false,
    }
    includes { access: Access }
    refuses { section_has_values
    }
}

/// The module.
pub struct IniFile;

impl Module for IniFile {
    type Args = Args;
    const NAME: &'static str = "community.general.ini_file";
    const SUMMARY: &'static str = "manage options of INI files";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let _ = args.follow;
        let values = values(args)?;
        let edit = Edit {
            path: &args.path,
            backup: args.backup,
            validate: None,
            access: &args.access,
            secret: args.value.as_ref().is_some_and(Str::is_secret),
        };
        let found = edit.read(host)?;
        let mut plan = Plan::new().with("path", Value::data(found.path.as_str()));
        if found.text.is_none() && (args.state == State::Absent || !args.create) {
            if args.state == State::Absent {
                say(&mut plan, "OK");
                return Ok(plan);
            }
            return Err(Suspend::failed(format!("`{}` is not there", found.path)));
        }
        let mut lines = found.lines();
        if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
            last.push('\n');
        }
        let before = lines.clone();
        edited(args, &values, &mut lines);
        let changed = lines != before || found.text.is_none();
        say(&mut plan, if changed { "option changed" } else { "OK" });
        edit.write(&mut plan, &found, changed.then(|| lines.concat()), host)?;
        Ok(plan)
    }
}

fn values(args: &Args) -> Result<Vec<String>, Suspend> {
    let single = args.value.as_ref().map(|value| value.as_str().to_string());
    let many = args.values.iter().flatten();
    let mut all = Vec::new();
    for value in many {
        all.push(<String as super::Argument>::read(value).map_err(Suspend::Failed)?);
    }
    if single.is_some() && !all.is_empty() {
        return Err(Suspend::failed("`value` and `values` exclude each other"));
    }
    all.extend(single);
    if all.is_empty()
        && args.option.is_some()
        && args.state == State::Present
        && !args.allow_no_value
    {
        return Err(Suspend::failed("`option` needs `value`, `values` or `allow_no_value`"));
    }
    Ok(all)
}

/// The lines of a section: after its head, up to the next one.
fn section(args: &Args, lines: &[String]) -> Option<std::ops::Range<usize>> {
    let head = |line: &str| line.trim_start().starts_with('[');
    let start = match &args.section {
        None => 0,
        Some(name) => {
            let wanted = format!("[{name}]");
            lines.iter().position(|line| line.trim() == wanted)? + 1
        }
    };
    let length = lines[start..].iter().position(|line| head(line));
    Some(start..length.map_or(lines.len(), |length| start + length))
}

fn edited(args: &Args, values: &[String], lines: &mut Vec<String>) {
    let range = section(args, lines);
    let Some(option) = &args.option else {
        match (args.state, &args.section, range) {
            (State::Absent, Some(_), Some(range)) => drop(lines.drain(range.start - 1..range.end)),
            (State::Present, Some(name), None) => add_section(name, lines),
            _ => {}
        }
        return;
    };
    let range = match (range, args.state, &args.section) {
        (Some(range), ..) => range,
        (None, State::Present, Some(name)) => {
            add_section(name, lines);
            lines.len()..lines.len()
        }
        (None, ..) => return,
    };
    match args.state {
        State::Absent => remove(args, option, values, range, lines),
        State::Present => put(args, option, values, range, lines),
    }
}

fn add_section(name: &str, lines: &mut Vec<String>) {
    if lines.last().is_some_and(|last| !last.trim().is_empty()) {
        lines.push("\n".into());
    }
    lines.push(format!("[{name}]\n"));
}

/// The option and the value of a line; `#` or `;` before it makes it inactive.
fn option_of(line: &str) -> Option<(bool, &str, Option<&str>)> {
    let line = line.trim();
    let bare = line.trim_start_matches(['#', ';']);
    if bare.trim().is_empty() || line.starts_with('[') {
        return None;
    }
    let (name, value) = match bare.split_once('=') {
        Some((name, value)) => (name, Some(value.trim())),
        None => (bare, None),
    };
    Some((bare.len() == line.len(), name.trim(), value))
}

fn line(args: &Args, option: &str, value: Option<&str>) -> String {
    match value {
        None => format!("{option}\n"),
        Some(value) if args.no_extra_spaces => format!("{option}={value}\n"),
        Some(value) => format!("{option} = {value}\n"),
    }
}

fn is_option(line: &str, option: &str) -> bool {
    option_of(line).is_some_and(|(active, name, _)| active && name == option)
}

fn remove(
    args: &Args,
    option: &str,
    values: &[String],
    range: std::ops::Range<usize>,
    lines: &mut Vec<String>,
) {
    let goes = |line: &String| {
        let value = option_of(line).and_then(|(_, _, value)| value).unwrap_or("");
        let named = args.exclusive || values.is_empty() || values.iter().any(|one| one == value);
        is_option(line, option) && named
    };
    let kept: Vec<String> =
        lines[range.clone()].iter().filter(|line| !goes(line)).cloned().collect();
    lines.splice(range, kept);
}

fn put(
    args: &Args,
    option: &str,
    values: &[String],
    range: std::ops::Range<usize>,
    lines: &mut Vec<String>,
) {
    let mut wanted: Vec<Option<&str>> = values.iter().map(|value| Some(value.as_str())).collect();
    if wanted.is_empty() {
        wanted.push(None);
    }
    let mut part: Vec<String> = lines[range.clone()].to_vec();
    // Lines that are right stay where they are.
    let mut keep = vec![false; part.len()];
    wanted.retain(|value| {
        let same = |line: &String| {
            let right = option_of(line).is_some_and(|(_, _, now)| now == *value);
            is_option(line, option) && right
        };
        let written = line(args, option, *value);
        let at = part.iter().enumerate().position(|(index, known)| {
            !keep[index] && same(known) && (args.ignore_spaces || known.trim() == written.trim())
        });
        at.inspect(|at| keep[*at] = true).is_none()
    });
    let mut left = wanted.into_iter();
    for (index, known) in part.iter_mut().enumerate() {
        let inactive = args.modify_inactive_option
            && option_of(known).is_some_and(|(active, name, value)| {
                !active && name == option && (value.is_some() || args.allow_no_value)
            });
        let changes = args.exclusive && is_option(known, option) || inactive;
        if keep[index] || !changes {
            continue;
        }
        if let Some(value) = left.next() {
            *known = line(args, option, value);
            keep[index] = true;
        }
    }
    let mut kept: Vec<String> = Vec::new();
    for (index, known) in part.into_iter().enumerate() {
        if keep[index] || !(args.exclusive && is_option(&known, option)) {
            kept.push(known);
        }
    }
    let end = kept.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
    let new: Vec<String> = left.map(|value| line(args, option, value)).collect();
    kept.splice(end..end, new);
    lines.splice(range, kept);
}

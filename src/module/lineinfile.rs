//! `ansible.builtin.lineinfile`: one line of a file is there, or is not.

use crate::resource::{Host, Suspend};
use crate::value::{Str, Value};

use super::edit::{Edit, Found, check_encoding, say};
use super::pattern::{Flags, Pattern, expand};
use super::presence::State;
use super::written::Edited;
use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `lineinfile`.
    pub struct Args {
        /// The line that is to be there.
        line | "value": Option<Str>,
        /// Matches the line that is replaced (the last one), or those that are removed.
        regexp | "regex": Option<String>,
        /// The same as a plain text that the line holds.
        search_string: Option<String>,
        /// Whether the line is to be there.
        state: State = State::Present,
        /// `line` may use groups of `regexp`; without a match nothing is done.
        backrefs: bool = false,
        /// A new line goes after the last line that this matches, or to the end: `EOF`.
        insertafter: Option<String>,
        /// A new line goes before the last line that this matches, or to the start: `BOF`.
        insertbefore: Option<String>,
        /// The first match counts instead of the last.
        firstmatch: bool = false,
        /// Make the file if it is not there.
        create: bool = false,
    }
    includes { file: Edited }
}

/// The module.
pub struct LineInFile;

impl Module for LineInFile {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.lineinfile";
    const SUMMARY: &'static str = "ensure that a line is in a file, or is not";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        check(args)?;
        let edit = Edit::of(&args.file, args.line.as_ref().is_some_and(Str::is_secret));
        let found = edit.read(host)?;
        let mut plan = Plan::new();
        let text = match (args.state, found.text.is_some()) {
            (State::Present, false) if !args.create => {
                return Err(Suspend::failed(format!(
                    "`{}` is not there; `create: true` makes it",
                    found.path
                )));
            }
            (State::Absent, false) => {
                say(&mut plan, "file not present");
                return Ok(plan);
            }
            (State::Present, _) => present(args, &found, &mut plan).map_err(Suspend::Failed)?,
            (State::Absent, _) => absent(args, &found, &mut plan).map_err(Suspend::Failed)?,
        };
        edit.write(&mut plan, &found, text, host)?;
        Ok(plan)
    }
}

fn check(args: &Args) -> Result<(), Suspend> {
    check_encoding(&args.file.encoding)?;
    let refuse = |message: &str| Err(Suspend::failed(message));
    if args.regexp.is_some() && args.search_string.is_some() {
        return refuse("`regexp` and `search_string` exclude each other");
    }
    if args.insertbefore.is_some() && args.insertafter.is_some() {
        return refuse("`insertbefore` and `insertafter` exclude each other");
    }
    if args.backrefs && args.regexp.is_none() {
        return refuse("`backrefs` needs `regexp`");
    }
    match args.state {
        State::Present if args.line.is_none() => refuse("`state: present` needs `line`"),
        State::Absent
            if args.line.is_none() && args.regexp.is_none() && args.search_string.is_none() =>
        {
            refuse("`state: absent` needs `line`, `regexp` or `search_string`")
        }
        _ => Ok(()),
    }
}

/// What makes a line the one that is meant.
enum Selector {
    Matching(Pattern),
    Holding(String),
    Equal(String),
}

impl Selector {
    fn new(args: &Args, found: &Found) -> Result<Self, String> {
        match (&args.regexp, &args.search_string) {
            (Some(pattern), _) => {
                Ok(Self::Matching(Pattern::new(&found.own(pattern), Flags::default())?))
            }
            (None, Some(text)) => Ok(Self::Holding(found.own(text))),
            (None, None) => Ok(Self::Equal(found.own(args.line.as_ref().map_or("", Str::as_str)))),
        }
    }

    fn selects(&self, line: &str) -> Result<bool, String> {
        match self {
            Self::Matching(pattern) => pattern.is_match(line),
            Self::Holding(text) => Ok(line.contains(text.as_str())),
            Self::Equal(text) => Ok(bare(line) == text),
        }
    }
}

fn bare(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

/// Where a new line goes, in what the arguments say.
enum Place {
    Start,
    End,
    After(Pattern),
    Before(Pattern),
}

impl Place {
    fn new(args: &Args, found: &Found) -> Result<Self, String> {
        let pattern = |text: &str| Pattern::new(&found.own(text), Flags::default());
        match (args.insertbefore.as_deref(), args.insertafter.as_deref()) {
            (Some("BOF"), _) | (_, Some("BOF")) => Ok(Self::Start),
            (Some(text), _) => Ok(Self::Before(pattern(text)?)),
            (None, None | Some("EOF")) => Ok(Self::End),
            (None, Some(text)) => Ok(Self::After(pattern(text)?)),
        }
    }
}

/// The first or the last line that `test` accepts.
fn find(
    lines: &[String],
    first: bool,
    test: impl Fn(&str) -> Result<bool, String>,
) -> Result<Option<usize>, String> {
    let mut at = None;
    for (index, line) in lines.iter().enumerate() {
        if test(line)? {
            at = Some(index);
            if first {
                break;
            }
        }
    }
    Ok(at)
}

fn present(args: &Args, found: &Found, plan: &mut Plan) -> Result<Option<String>, String> {
    let mut lines = found.lines();
    let line = found.own(args.line.as_ref().map_or("", Str::as_str));
    let selector = Selector::new(args, found)?;
    if let Some(at) = find(&lines, args.firstmatch, |text| selector.selects(text))? {
        let mut line = match (&selector, args.backrefs) {
            (Selector::Matching(pattern), true) => match pattern.captures(&lines[at])? {
                Some(captures) => expand(&line, &captures)?,
                None => line,
            },
            _ => line,
        };
        if matches!(selector, Selector::Equal(_)) {
            return Ok(said(plan, ""));
        }
        if !line.ends_with('\n') {
            line.push('\n');
        }
        if lines[at] == line {
            return Ok(said(plan, ""));
        }
        lines[at] = line;
        say(plan, "line replaced");
        return Ok(Some(lines.concat()));
    }
    if args.backrefs || lines.iter().any(|known| bare(known) == line) {
        return Ok(said(plan, ""));
    }
    insert(args, found, &mut lines, line)?;
    say(plan, "line added");
    Ok(Some(lines.concat()))
}

fn said(plan: &mut Plan, message: &str) -> Option<String> {
    say(plan, message);
    None
}

fn insert(
    args: &Args,
    found: &Found,
    lines: &mut Vec<String>,
    mut line: String,
) -> Result<(), String> {
    let at = match Place::new(args, found)? {
        Place::Start => Some(0),
        Place::End => None,
        Place::After(pattern) => {
            find(lines, args.firstmatch, |text| pattern.is_match(text))?.map(|at| at + 1)
        }
        Place::Before(pattern) => find(lines, args.firstmatch, |text| pattern.is_match(text))?,
    };
    let at = at.unwrap_or(lines.len());
    if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
        last.push('\n');
    }
    line.push('\n');
    lines.insert(at, line);
    Ok(())
}

fn absent(args: &Args, found: &Found, plan: &mut Plan) -> Result<Option<String>, String> {
    let selector = Selector::new(args, found)?;
    let mut kept = Vec::new();
    let mut removed: i64 = 0;
    for line in found.lines() {
        if selector.selects(&line)? {
            removed += 1;
        } else {
            kept.push(line);
        }
    }
    plan.set("found", Value::Int(removed));
    say(plan, if removed > 0 { format!("{removed} line(s) removed") } else { String::new() });
    Ok((removed > 0).then(|| kept.concat()))
}

//! `ansible.builtin.replace`: all matches of a pattern in a file are replaced.

use crate::resource::{Host, Suspend};
use crate::value::Str;

use super::edit::{Edit, Found, check_encoding, say};
use super::pattern::{Flags, Pattern};
use super::written::Edited;
use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `replace`.
    pub struct Args {
        /// What is replaced; `^` and `$` match at every line.
        regexp: String,
        /// What it is replaced with; `\1` and `\g<name>` are groups.
        replace: Str = "",
        /// Only what is after the first match of this.
        after: Option<String>,
        /// Only what is before the first match of this.
        before: Option<String>,
    }
    includes { file: Edited }
}

/// The module.
pub struct Replace;

impl Module for Replace {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.replace";
    const SUMMARY: &'static str = "replace all matches of a pattern in a file";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        check_encoding(&args.file.encoding)?;
        let edit = Edit::of(&args.file, args.replace.is_secret());
        let found = edit.read(host)?;
        let Some(text) = &found.text else {
            return Err(Suspend::failed(format!("`{}` is not there", found.path)));
        };
        let mut plan = Plan::new();
        let new = replaced(args, &found, text, &mut plan).map_err(Suspend::Failed)?;
        edit.write(&mut plan, &found, new, host)?;
        Ok(plan)
    }
}

/// The new text; none if it stays.
fn replaced(
    args: &Args,
    found: &Found,
    text: &str,
    plan: &mut Plan,
) -> Result<Option<String>, String> {
    let Some(range) = section(args, found, text)? else {
        say(
            plan,
            format!("Pattern for before/after params did not match the given file: {}", found.path),
        );
        return Ok(None);
    };
    let flags = Flags { multiline: true, dot_all: false };
    let pattern = Pattern::new(&found.own(&args.regexp), flags)?;
    let replacement = found.own(args.replace.as_str());
    let (middle, count) = pattern.replace_all(&text[range.clone()], &replacement)?;
    if count == 0 || middle == text[range.clone()] {
        say(plan, "");
        return Ok(None);
    }
    say(plan, format!("{count} replacements made"));
    Ok(Some([&text[..range.start], &middle, &text[range.end..]].concat()))
}

/// The part of the text that `after` and `before` leave; none if they match nothing.
fn section(
    args: &Args,
    found: &Found,
    text: &str,
) -> Result<Option<std::ops::Range<usize>>, String> {
    let pattern = match (&args.after, &args.before) {
        (None, None) => return Ok(Some(0..text.len())),
        (Some(after), None) => format!("{after}(?P<section>.*)"),
        (None, Some(before)) => format!("(?P<section>.*){before}"),
        (Some(after), Some(before)) => format!("{after}(?P<section>.*?){before}"),
    };
    let flags = Flags { multiline: false, dot_all: true };
    let pattern = Pattern::new(&found.own(&pattern), flags)?;
    let captures = pattern.captures(text)?;
    let section = captures.and_then(|captures| captures.name("section").map(|part| part.range()));
    Ok(section)
}

//! `ansible.builtin.blockinfile`: a block of lines between two marker lines.

use crate::resource::{Host, Suspend};
use crate::value::Str;

use super::edit::{Edit, Found, check_encoding, say};
use super::pattern::{Flags, Pattern};
use super::presence::State;
use super::written::Edited;
use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `blockinfile`.
    pub struct Args {
        /// The lines between the markers; nothing removes the block.
        block | "content": Str = "",
        /// Whether the block and its markers are to be there.
        state: State = State::Present,
        /// The marker lines; `{mark}` is `marker_begin` or `marker_end`.
        marker: String = "# {mark} ANSIBLE MANAGED BLOCK",
        /// What `{mark}` is before the block.
        marker_begin: String = "BEGIN",
        /// What `{mark}` is after the block.
        marker_end: String = "END",
        /// A new block goes after the last line that this matches, or to the end: `EOF`.
        insertafter: Option<String>,
        /// A new block goes before the last line that this matches, or to the start: `BOF`.
        insertbefore: Option<String>,
        /// Make the file if it is not there.
        create: bool = false,
        /// An empty line after the block, if none is there.
        append_newline: bool = false,
        /// An empty line before the block, if none is there.
        prepend_newline: bool = false,
    }
    includes { file: Edited }
}

/// The module.
pub struct BlockInFile;

impl Module for BlockInFile {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.blockinfile";
    const SUMMARY: &'static str = "ensure that a block of lines is in a file, or is not";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        check_encoding(&args.file.encoding)?;
        if args.insertbefore.is_some() && args.insertafter.is_some() {
            return Err(Suspend::failed("`insertbefore` and `insertafter` exclude each other"));
        }
        let edit = Edit::of(&args.file, args.block.is_secret());
        let found = edit.read(host)?;
        let mut plan = Plan::new();
        let wants = args.state == State::Present && !args.block.as_str().is_empty();
        if found.text.is_none() && !(args.create && args.state == State::Present) {
            if wants {
                return Err(Suspend::failed(format!(
                    "`{}` is not there; `create: true` makes it",
                    found.path
                )));
            }
            say(&mut plan, format!("File {} not present", found.path));
            return Ok(plan);
        }
        let block = found.own(args.block.as_str());
        let text = edited(args, &found, wants.then_some(&block)).map_err(Suspend::Failed)?;
        let changed = found.text.as_ref() != Some(&text);
        say(&mut plan, message(changed, wants, found.text.is_none()));
        edit.write(&mut plan, &found, changed.then_some(text), host)?;
        Ok(plan)
    }
}

fn message(changed: bool, wants: bool, created: bool) -> &'static str {
    match (changed, wants, created) {
        (true, _, true) => "File created",
        (true, true, _) => "Block inserted",
        (true, false, _) => "Block removed",
        (false, ..) => "",
    }
}

/// The text with the block in it, or without any.
fn edited(args: &Args, found: &Found, block: Option<&String>) -> Result<String, String> {
    let mut lines = found.lines();
    let marker = |mark: &str| found.own(&args.marker.replace("{mark}", mark)) + "\n";
    let (begin, end) = (marker(&args.marker_begin), marker(&args.marker_end));
    let last = |marker: &str| {
        lines
            .iter()
            .rposition(|line| line.trim_end_matches(['\r', '\n']) == marker.trim_end_matches('\n'))
    };
    let at = match (last(&begin), last(&end)) {
        (Some(first), Some(last)) => {
            let (first, last) = (first.min(last), first.max(last));
            lines.drain(first..=last);
            first
        }
        _ => place(args, found, &lines)?,
    };
    if let Some(block) = block {
        insert(args, &mut lines, at, [&begin, block, &end]);
    }
    Ok(lines.concat())
}

/// Where a new block goes.
fn place(args: &Args, found: &Found, lines: &[String]) -> Result<usize, String> {
    let (text, after) = match (args.insertbefore.as_deref(), args.insertafter.as_deref()) {
        (Some("BOF"), _) | (_, Some("BOF")) => return Ok(0),
        (Some(text), _) => (text, false),
        (None, None | Some("EOF")) => return Ok(lines.len()),
        (None, Some(text)) => (text, true),
    };
    let pattern = Pattern::new(&found.own(text), Flags::default())?;
    let mut at = None;
    for (index, line) in lines.iter().enumerate() {
        if pattern.is_match(line.trim_end_matches('\n'))? {
            at = Some(index);
        }
    }
    Ok(at.map_or(lines.len(), |at| at + usize::from(after)))
}

fn insert(args: &Args, lines: &mut Vec<String>, at: usize, [begin, block, end]: [&str; 3]) {
    let before = at.checked_sub(1).and_then(|before| lines.get_mut(before));
    if let Some(before) = before.filter(|before| !before.ends_with('\n')) {
        before.push('\n');
    }
    let is_blank = |line: Option<&String>| line.is_none_or(|line| line.trim().is_empty());
    let mut new = Vec::new();
    if args.prepend_newline && at > 0 && !is_blank(lines.get(at - 1)) {
        new.push("\n".to_string());
    }
    new.push(begin.to_string());
    new.extend(block.split_inclusive('\n').map(str::to_string));
    if let Some(last) = new.last_mut().filter(|last| !last.ends_with('\n')) {
        last.push('\n');
    }
    new.push(end.to_string());
    if args.append_newline && !is_blank(lines.get(at)) {
        new.push("\n".to_string());
    }
    lines.splice(at..at, new);
}

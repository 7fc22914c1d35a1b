//! `ansible.builtin.template`: files made of templates of the controller.

use crate::resource::{Host, Suspend};
use crate::value::{Str, Value};

use super::content::Wanted;
use super::controller::{Search, TemplateStyle};
use super::paths::{absolute, base_name, is_directory};
use super::written::{Access, Care};
use super::{Call, Mode, Module, Plan};

choice! {
    /// How lines end.
    pub enum Newline {
        /// As on Unix.
        Unix = "\n" | "\\n",
        /// As on old Macs.
        Mac = "\r" | "\\r",
        /// As on Windows.
        Windows = "\r\n" | "\\r\\n",
    }
}

arguments! {
    /// Arguments of `template`.
    pub struct Args {
        /// The template, searched in `templates`.
        src: String,
        /// The file, or the directory that it goes into under its own name.
        dest: String,
        /// Replace a file that differs; otherwise only a missing one is made.
        force: bool = true,
        /// Write what a link at `dest` points to.
        follow: bool = false,
        /// Starts a statement; `{%`.
        block_start_string: Option<String>,
        /// Ends a statement; `%}`.
        block_end_string: Option<String>,
        /// Starts an expression; `{{`.
        variable_start_string: Option<String>,
        /// Ends an expression; `}}`.
        variable_end_string: Option<String>,
        /// Starts a comment; `{#`.
        comment_start_string: Option<String>,
        /// Ends a comment; `#}`.
        comment_end_string: Option<String>,
        /// Take out the line end after a statement.
        trim_blocks: bool = true,
        /// Take out the blanks before a statement that starts a line.
        lstrip_blocks: bool = false,
        /// How lines end.
        newline_sequence: Newline = Newline::Unix,
        /// The encoding of the file: `utf-8`, `ascii` or `latin-1`.
        output_encoding: String = "utf-8",
    }
    includes { care: Care, access: Access }
}

/// The module.
pub struct Template;

impl Module for Template {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.template";
    const SUMMARY: &'static str = "write a file that a template gives";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let found = call.controller.find(Search::Templates, &args.src)?;
        if found.directory {
            return Err(Suspend::failed(format!("`src` `{}` is a directory", args.src)));
        }
        let text = call.controller.template(&found.path, &style(args))?;
        let dest = destination(args, host)?;
        let mode = match &args.access.mode {
            Some(Mode::Preserve) if call.controller.is_executable(&found.path) => {
                Some(Mode::Bits(0o755))
            }
            Some(Mode::Preserve) => Some(Mode::Bits(0o644)),
            other => other.clone(),
        };
        let wanted = Wanted {
            secret: text.is_secret(),
            owner: args.access.owner.as_ref(),
            group: args.access.group.as_ref(),
            mode,
            backup: args.care.backup,
            validate: args.care.validate.as_ref(),
            follow: args.follow,
            keep: !args.force,
            ..Wanted::new(dest.clone(), encode(args, &text)?)
        };
        let mut plan = Plan::new()
            .with("dest", Value::data(dest))
            .with("src", Value::data(found.path.as_str()));
        let put = wanted.put(&mut plan, host)?;
        put.register(&mut plan, &wanted);
        if let Some(bytes) = wanted.content.bytes() {
            plan.set("checksum", Value::data(super::checksum::sha1_of(bytes)));
        }
        Ok(plan)
    }
}

fn style(args: &Args) -> TemplateStyle {
    TemplateStyle {
        block_start: args.block_start_string.clone(),
        block_end: args.block_end_string.clone(),
        variable_start: args.variable_start_string.clone(),
        variable_end: args.variable_end_string.clone(),
        comment_start: args.comment_start_string.clone(),
        comment_end: args.comment_end_string.clone(),
        trim_blocks: Some(args.trim_blocks),
        lstrip_blocks: Some(args.lstrip_blocks),
    }
}

/// `dest`, or the template's own name in it where it is a directory.
fn destination(args: &Args, host: &Host<'_>) -> Result<String, Suspend> {
    let dest = &absolute("dest", &args.dest, host)?;
    if args.dest.ends_with('/') || is_directory(dest, host)? {
        Ok(format!("{}/{}", dest.trim_end_matches('/'), base_name(&args.src)))
    } else {
        Ok(dest.clone())
    }
}

fn encode(args: &Args, text: &Str) -> Result<Vec<u8>, Suspend> {
    let text = match args.newline_sequence {
        Newline::Unix => text.as_str().to_string(),
        Newline::Mac => text.as_str().replace("\r\n", "\n").replace('\n', "\r"),
        Newline::Windows => text.as_str().replace("\r\n", "\n").replace('\n', "\r\n"),
    };
    let largest = match args.output_encoding.to_ascii_lowercase().replace('_', "-").as_str() {
        "utf-8" | "utf8" => return Ok(text.into_bytes()),
        "ascii" | "us-ascii" => 0x7f,
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => 0xff,
        other => {
            return Err(Suspend::failed(format!(
                "`output_encoding` `{other}` is not supported by mxprov; utf-8, ascii and latin-1 are"
            )));
        }
    };
    let byte = |letter: char| u8::try_from(u32::from(letter)).ok().filter(|byte| *byte <= largest);
    text.chars()
        .map(|letter| {
            byte(letter).ok_or_else(|| {
                Suspend::failed(format!(
                    "the character `{letter}` is not in the encoding `{}`",
                    args.output_encoding
                ))
            })
        })
        .collect()
}

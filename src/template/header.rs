//! `#jinja2: lstrip_blocks: True` on the first line of a template: settings of its own.

use super::failure::Stop;
use super::syntax::Dialect;
use crate::diagnostic::Diagnostic;

const MARK: &str = "#jinja2:";

/// The settings of a template, and where its text starts.
pub(crate) fn read(text: &str, dialect: &Dialect) -> Result<(Dialect, usize), Stop> {
    let mut dialect = dialect.clone();
    let Some(rest) = text.strip_prefix(MARK) else { return Ok((dialect, 0)) };
    let line = rest.lines().next().unwrap_or("");
    for setting in line.split(',').filter(|setting| !setting.trim().is_empty()) {
        let (name, value) = setting.split_once(':').ok_or_else(|| wrong(setting))?;
        set(&mut dialect, name.trim(), value.trim())?;
    }
    let start = MARK.len() + line.len();
    let newline = text[start..].find('\n').map_or(text.len(), |newline| start + newline + 1);
    Ok((dialect, newline))
}

fn wrong(setting: &str) -> Stop {
    Stop::error(format!("cannot read the setting `{}` after `{MARK}`", setting.trim()))
        .hint("settings look like `trim_blocks: True, lstrip_blocks: True`")
}

fn set(dialect: &mut Dialect, name: &str, value: &str) -> Result<(), Stop> {
    let flag = || match value.to_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong(&format!("{name}: {value}"))),
    };
    let text = || value.trim_matches(['\'', '"']).to_string();
    match name {
        "trim_blocks" => dialect.trim_blocks = flag()?,
        "lstrip_blocks" => dialect.lstrip_blocks = flag()?,
        "keep_trailing_newline" => dialect.keep_trailing_newline = flag()?,
        "variable_start_string" => dialect.variable.0 = text(),
        "variable_end_string" => dialect.variable.1 = text(),
        "block_start_string" => dialect.block.0 = text(),
        "block_end_string" => dialect.block.1 = text(),
        "comment_start_string" => dialect.comment.0 = text(),
        "comment_end_string" => dialect.comment.1 = text(),
        other => {
            let known = ["trim_blocks", "lstrip_blocks", "keep_trailing_newline"];
            let message = format!("a template cannot set `{other}`");
            return Err(Diagnostic::new(message).suggest(other, known).into());
        }
    }
    Ok(())
}

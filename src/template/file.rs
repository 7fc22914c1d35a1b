//! Files that templates read.

use std::path::Path;
use std::sync::Arc;

use super::context::Folder;
use super::eval::Session;
use super::failure::Stop;
use crate::diagnostic::Source;
use crate::value::Str;

/// The template of a name, as a source. `None` if there is none.
pub(crate) fn template(session: &Session<'_>, name: &str) -> Result<Option<Arc<Source>>, Stop> {
    match session.context.files.find(Folder::Templates, name) {
        Some(path) => {
            let text = text(session, &path)?;
            Ok(Some(Source::new(path.display().to_string(), text.as_str())))
        }
        None => Ok(None),
    }
}

/// The text of a file; secret if it was a vault.
pub(crate) fn text(session: &Session<'_>, path: &Path) -> Result<Str, Stop> {
    let contents = session.context.files.read(path)?;
    let text = String::from_utf8(contents.bytes)
        .map_err(|_| Stop::error(format!("`{}` is not UTF-8 text", path.display())))?;
    if contents.secret {
        session.templar.redactor.learn(&text);
        return Ok(Str::data(text).secret());
    }
    Ok(Str::data(text))
}

//! Files: reading them, and `Include` with its patterns.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::line::{ConfigError, Line, Position};
use crate::remote::known_hosts::matches_pattern;

/// The lines of a file, `None` if there is no such file.
///
/// `trusted_uid`: the user's own file must not be writable by others, as OpenSSH has it.
pub(super) fn read(
    file: &Path,
    trusted_uid: Option<u32>,
) -> Result<Option<Vec<Line>>, ConfigError> {
    let unreadable = |why: String| ConfigError::Unreadable { file: file.to_owned(), why };
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    if let Some(uid) = trusted_uid {
        let metadata = std::fs::metadata(file).map_err(|error| unreadable(error.to_string()))?;
        let foreign = metadata.uid() != 0 && metadata.uid() != uid;
        if foreign || metadata.mode() & 0o022 != 0 {
            let why = "others may write to it; run `chmod go-w` on it and make it your own";
            return Err(unreadable(why.to_owned()));
        }
    }
    Ok(Some(lines(&String::from_utf8_lossy(&bytes), file)))
}

pub(super) fn lines(text: &str, file: &Path) -> Vec<Line> {
    let file: Arc<Path> = Arc::from(file);
    let numbered = text.split('\n').enumerate();
    let line =
        |(index, text)| Line::parse(text, Position { file: Arc::clone(&file), line: index + 1 });
    numbered.filter_map(line).collect()
}

/// The files that a pattern names, in order of their names.
pub(super) fn glob(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let name = component.as_os_str().to_string_lossy();
        let is_pattern =
            matches!(component, Component::Normal(_)) && name.contains(['*', '?', '[']);
        found = if is_pattern {
            found.iter().flat_map(|directory| entries(directory, &name)).collect()
        } else {
            found.into_iter().map(|directory| directory.join(component)).collect()
        };
    }
    found.retain(|file| file.exists());
    found
}

fn entries(directory: &Path, pattern: &str) -> Vec<PathBuf> {
    let Ok(listing) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut names: Vec<String> = listing
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') || pattern.starts_with('.'))
        .filter(|name| matches_glob(pattern, name))
        .collect();
    names.sort();
    names.into_iter().map(|name| directory.join(name)).collect()
}

/// `*` and `?` by ourselves, `[…]` by a glob matcher.
fn matches_glob(pattern: &str, name: &str) -> bool {
    if pattern.contains('[') {
        return globset::Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(name));
    }
    matches_pattern(pattern.as_bytes(), name.as_bytes())
}

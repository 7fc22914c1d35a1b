//! A tree of files in memory, for tests and for texts that are not files.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::{FileError, Files, Kind, clean};

/// Files in memory under `/`; relative paths are taken from `/`.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    files: BTreeMap<PathBuf, Vec<u8>>,
    executable: BTreeSet<PathBuf>,
}

impl Tree {
    /// A tree of `(path, content)`; directories follow from the paths.
    pub fn new<P: AsRef<Path>, C: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, C)>) -> Self {
        let mut tree = Self::default();
        for (path, content) in files {
            tree.insert(path, content);
        }
        tree
    }

    /// Adds or replaces a file.
    pub fn insert(&mut self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) {
        self.files.insert(full(path.as_ref()), content.into());
    }

    /// Marks a file as executable.
    pub fn mark_executable(&mut self, path: impl AsRef<Path>) {
        self.executable.insert(full(path.as_ref()));
    }
}

fn full(path: &Path) -> PathBuf {
    clean(&Path::new("/").join(path))
}

fn missing(action: &'static str, path: &Path) -> FileError {
    FileError::io(action, path, io::ErrorKind::NotFound.into())
}

impl Files for Tree {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        match self.files.get(&full(path)) {
            Some(content) => Ok(content.clone()),
            None if self.is_directory(path) => {
                Err(FileError::io("read", path, io::ErrorKind::IsADirectory.into()))
            }
            None => Err(missing("read", path)),
        }
    }

    fn list(&self, path: &Path) -> Result<Vec<String>, FileError> {
        let directory = full(path);
        let names: BTreeSet<String> = self
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&directory).ok()?.components().next())
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        if names.is_empty() { Err(missing("list", path)) } else { Ok(names.into_iter().collect()) }
    }

    fn kind(&self, path: &Path) -> Option<Kind> {
        let path = full(path);
        if self.files.contains_key(&path) {
            return Some(Kind::File);
        }
        self.files.keys().any(|file| file.starts_with(&path)).then_some(Kind::Directory)
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf, FileError> {
        if self.exists(path) { Ok(full(path)) } else { Err(missing("resolve", path)) }
    }

    fn is_executable(&self, path: &Path) -> bool {
        self.executable.contains(&full(path))
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        full(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_follow_from_the_files() {
        let tree = Tree::new([("a/b/c.yml", "x"), ("a/d", "y")]);
        assert_eq!(tree.list(Path::new("a")).unwrap(), ["b", "d"]);
        assert!(tree.is_directory(Path::new("/a/b")));
        assert_eq!(tree.read_text(Path::new("a/./d")).unwrap(), "y");
        assert!(tree.read(Path::new("a/e")).unwrap_err().is_missing());
    }

    #[test]
    fn a_file_that_is_not_text_says_its_line() {
        let tree = Tree::new([("a", b"ok\n\xff".to_vec())]);
        let error = tree.read_text(Path::new("a")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read `a`: line 2 is not valid UTF-8");
    }
}

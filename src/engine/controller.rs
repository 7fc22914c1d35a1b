//! The controller as modules and templates see it from one task.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Source};
use crate::files::Kind;
use crate::module::{Controller, Found, Search, TemplateStyle};
use crate::playbook::{Location, Task};
use crate::resource::Suspend;
use crate::template::{self, Contents, Dialect, Folder};
use crate::value::{Str, Value};

use super::render::{Render, failed};
use super::shared::Shared;

/// The controller's files as seen from one task.
#[derive(Clone)]
pub struct TaskFiles<'a> {
    shared: &'a Shared,
    task: Option<&'a Task>,
}

impl<'a> TaskFiles<'a> {
    /// The files that `task` sees; without one, names are paths.
    pub fn new(shared: &'a Shared, task: Option<&'a Task>) -> Self {
        Self { shared, task }
    }

    /// The place that a name means: the first that exists.
    pub fn locate(&self, folder: &str, name: &str) -> Option<Location> {
        let direct = Path::new(name);
        if direct.is_absolute() {
            let place = Location::new(Arc::clone(&self.shared.files), direct);
            return place.files.exists(direct).then_some(place);
        }
        let roots = self.task.map(|task| task.search_roots(folder)).unwrap_or_default();
        roots.into_iter().map(|root| root.join(name)).find(|place| place.files.exists(&place.path))
    }

    /// The tree that a path was found in: the disk, or the roles inside the program.
    fn tree_of(&self, path: &Path) -> Arc<dyn crate::files::Files> {
        let roots = self.task.map(|task| task.search_roots("files")).unwrap_or_default();
        let inside = roots.into_iter().find(|root| path.starts_with(&root.path));
        inside.map_or_else(|| Arc::clone(&self.shared.files), |root| root.files)
    }

    fn bytes(&self, path: &Path) -> Result<(Vec<u8>, bool), Diagnostic> {
        let bytes =
            self.tree_of(path).read(path).map_err(|error| Diagnostic::new(error.to_string()))?;
        self.shared.vault.open(&path.display().to_string(), bytes)
    }
}

fn folder_name(folder: Folder) -> &'static str {
    match folder {
        Folder::Files => "files",
        Folder::Templates => "templates",
        Folder::Vars => "vars",
    }
}

impl template::Files for TaskFiles<'_> {
    fn find(&self, folder: Folder, name: &str) -> Option<PathBuf> {
        self.locate(folder_name(folder), name).map(|place| place.path)
    }

    fn read(&self, path: &Path) -> Result<Contents, Diagnostic> {
        self.bytes(path).map(|(bytes, secret)| Contents { bytes, secret })
    }

    fn kind(&self, path: &Path) -> Option<template::Kind> {
        self.tree_of(path).kind(path).map(|kind| match kind {
            Kind::File => template::Kind::File,
            Kind::Directory => template::Kind::Directory,
            Kind::Other => template::Kind::Other,
        })
    }

    fn is_link(&self, path: &Path) -> bool {
        self.shared.files.canonical(path).is_ok_and(|real| real != self.shared.files.absolute(path))
    }

    fn list(&self, directory: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
        let names = self
            .tree_of(directory)
            .list(directory)
            .map_err(|error| Diagnostic::new(error.to_string()))?;
        Ok(names.into_iter().map(|name| directory.join(name)).collect())
    }

    fn absolute(&self, path: &str) -> PathBuf {
        let base = self.task.map(|task| task.scope.play().file.directory().path);
        self.shared.files.absolute(&base.unwrap_or_default().join(path))
    }

    fn write_private(&self, path: &Path, text: &str) -> Result<(), Diagnostic> {
        self.shared.store.write(path, text.as_bytes()).map_err(|error| {
            Diagnostic::new(format!("`{}` cannot be written: {error}", path.display()))
        })
    }
}

/// The controller as a module sees it.
pub struct TaskController<'a> {
    /// Renders with the task's variables.
    pub render: &'a Render<'a>,
}

impl Controller for TaskController<'_> {
    fn find(&self, kind: Search, name: &str) -> Result<Found, Suspend> {
        let folder = match kind {
            Search::Files => "files",
            Search::Templates => "templates",
            Search::Vars => "vars",
            Search::Tasks => "tasks",
        };
        let place = self.render.files.locate(folder, name).ok_or_else(|| {
            let roots = self.render.files.task.map(|task| task.search_roots(folder));
            let mut places: Vec<String> = Vec::new();
            for root in roots.unwrap_or_default() {
                let path = root.path.display().to_string();
                let path = if path.is_empty() { "." } else { &path };
                let place = format!("`{path}`");
                if !places.contains(&place) {
                    places.push(place);
                }
            }
            Suspend::failed(format!("`{name}` is not found; looked in {}", places.join(", ")))
        })?;
        let directory = place.files.is_directory(&place.path);
        Ok(Found { path: place.path.display().to_string(), directory })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Suspend> {
        let (bytes, _) =
            self.render.files.bytes(Path::new(path)).map_err(|error| failed(&error))?;
        Ok(bytes)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, Suspend> {
        let path = Path::new(path);
        let tree = self.render.files.tree_of(path);
        tree.list(path).map_err(|error| Suspend::failed(error.to_string()))
    }

    fn exists(&self, path: &str) -> bool {
        self.render.files.tree_of(Path::new(path)).exists(Path::new(path))
    }

    fn is_executable(&self, path: &str) -> bool {
        self.render.files.tree_of(Path::new(path)).is_executable(Path::new(path))
    }

    fn template(&self, path: &str, style: &TemplateStyle) -> Result<Str, Suspend> {
        let bytes = self.read(path)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Suspend::failed(format!("the template `{path}` is not UTF-8")))?;
        self.render.template(&Source::new(path, text), &options(style))
    }

    fn render(&self, value: &Value) -> Result<Value, Suspend> {
        self.render.value(value)
    }

    fn condition(&self, expression: &Value) -> Result<bool, Suspend> {
        self.render.condition(expression)
    }

    fn variable(&self, name: &str) -> Result<Option<Value>, Suspend> {
        use crate::template::Scope as _;
        match self.render.variables.get(name) {
            Some(value) => self.render.value(&value).map(Some),
            None => Ok(None),
        }
    }
}

fn options(style: &TemplateStyle) -> Dialect {
    let mut dialect = Dialect::default();
    let set = |target: &mut String, value: &Option<String>| {
        if let Some(value) = value {
            target.clone_from(value);
        }
    };
    set(&mut dialect.block.0, &style.block_start);
    set(&mut dialect.block.1, &style.block_end);
    set(&mut dialect.variable.0, &style.variable_start);
    set(&mut dialect.variable.1, &style.variable_end);
    set(&mut dialect.comment.0, &style.comment_start);
    set(&mut dialect.comment.1, &style.comment_end);
    dialect.trim_blocks = style.trim_blocks.unwrap_or(dialect.trim_blocks);
    dialect.lstrip_blocks = style.lstrip_blocks.unwrap_or(dialect.lstrip_blocks);
    dialect
}

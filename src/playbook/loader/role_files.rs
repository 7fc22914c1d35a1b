//! Where roles and their files are.

use std::sync::Arc;

use super::build::Build;
use crate::diagnostic::{Diagnostic, Span};
use crate::files::clean;
use crate::playbook::{Location, Scope};
use crate::value::Map;

/// The endings of a role's files, in the order in which they are looked for.
const ENDINGS: [&str; 4] = [".yml", ".yaml", ".json", ""];

impl Build<'_> {
    /// The directory of a role: in `roles/` beside the playbook, in the loader's roots, beside the role that uses it,
    /// beside the playbook.
    pub fn find_role(&self, name: &str, scope: &Arc<Scope>) -> Result<Location, Diagnostic> {
        let play = scope.play().file.directory();
        let mut roots = vec![play.join("roles")];
        roots.extend(self.loader.paths.role_roots.iter().cloned());
        roots.extend(scope.role().map(|role| role.role.directory.directory()));
        roots.push(play);
        for root in &roots {
            let mut directory = root.join(name);
            directory.path = clean(&directory.path);
            if directory.files.is_directory(&directory.path) {
                return Ok(directory);
            }
        }
        Err(missing(name, &roots))
    }

    /// A file of a role: `main` or the one that is asked for. Only what is asked for must be there.
    pub fn role_file(
        &mut self,
        directory: &Location,
        folder: &str,
        from: Option<&str>,
        span: &Span,
    ) -> Option<Location> {
        let folder_path = directory.join(folder);
        let name = from.unwrap_or("main");
        let found = ENDINGS
            .iter()
            .map(|ending| folder_path.join(format!("{name}{ending}")))
            .find_map(|mut file| {
                file.path = clean(&file.path);
                file.files.is_file(&file.path).then_some(file)
            });
        if found.is_none() && from.is_some() {
            let place = folder_path.path.display();
            let message = format!("there is no `{name}.yml` in `{place}`");
            let there = folder_path.files.list(&folder_path.path).unwrap_or_default();
            let stems: Vec<&str> = there
                .iter()
                .map(|file| file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem))
                .collect();
            self.error(Diagnostic::new(message).at(span).suggest(name, stems));
        }
        found
    }

    /// The variables of a role's `defaults` or `vars`: a file, or a directory `main/` of them.
    pub fn role_vars(
        &mut self,
        directory: &Location,
        folder: &str,
        from: Option<&str>,
        span: &Span,
    ) -> Arc<Map> {
        let main = directory.join(folder).join(from.unwrap_or("main"));
        if main.files.is_directory(&main.path) {
            let mut map = Map::new();
            for file in self.files_below(&main, 0) {
                map.extend(self.variables_file(&file, span).unwrap_or_default());
            }
            return Arc::new(map);
        }
        let file = self.role_file(directory, folder, from, span);
        Arc::new(file.and_then(|file| self.variables_file(&file, span)).unwrap_or_default())
    }

    fn files_below(&mut self, directory: &Location, depth: usize) -> Vec<Location> {
        let mut files = Vec::new();
        if depth > 8 {
            return files;
        }
        let names = directory.files.list(&directory.path).map_err(Diagnostic::from);
        for name in self.note(names).unwrap_or_default() {
            let path = directory.join(&name);
            if path.files.is_directory(&path.path) {
                files.extend(self.files_below(&path, depth + 1));
            } else if ENDINGS[..3].iter().any(|ending| name.ends_with(ending))
                && !name.starts_with('.')
            {
                files.push(path);
            }
        }
        files
    }
}

fn missing(name: &str, roots: &[Location]) -> Diagnostic {
    let dots = name.matches('.').count();
    if dots >= 2 && !name.contains('/') {
        let short = name.rsplit('.').next().unwrap_or(name);
        return Diagnostic::new(format!(
            "the role `{name}` is one of a collection, and mxprov reads no collections"
        ))
        .hint(format!("put it into `roles/{short}` and use it as `{short}`"));
    }
    let mut known: Vec<String> = Vec::new();
    for root in roots.iter().take(roots.len().saturating_sub(1)) {
        known.extend(root.files.list(&root.path).unwrap_or_default());
    }
    let mut places: Vec<String> = Vec::new();
    for place in roots.iter().map(|root| format!("`{}`", shown(root))) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let problem = Diagnostic::new(format!("there is no role `{name}`"));
    let problem = problem.suggest(name, known.iter().map(String::as_str));
    problem.hint(format!("looked in {}", places.join(", ")))
}

fn shown(root: &Location) -> String {
    let path = root.path.display().to_string();
    if path.is_empty() { ".".to_string() } else { path }
}

//! Includes during the run: the engine renders the names and asks for the tasks.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::Loader;
use super::build::Build;
use super::fields::describe;
use super::imports::{find_tasks, include_scope};
use super::play_vars::vars_location;
use super::roles::Wanted;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::playbook::{
    Block, Brings, From, Handler, IncludeRole, IncludeTasks, Item, Keywords, Location, RoleUse,
    RoleUseKind, Scope, ScopeKind, Task,
};
use crate::value::Map;

/// How deep includes may nest: each is read by itself.
const DEEPEST: usize = 100;

/// Blocks by the address of the task that includes them and the file; a block keeps its task's scope alive, and the
/// entry keeps the task.
#[derive(Default)]
pub struct Cache {
    blocks: Mutex<HashMap<(usize, PathBuf), Included>>,
}

/// The task that includes, and what.
type Included = (Arc<Task>, Arc<Block>);

impl Cache {
    fn get(&self, key: &(usize, PathBuf)) -> Option<Arc<Block>> {
        let blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.get(key).map(|(_, block)| Arc::clone(block))
    }

    fn put(&self, key: (usize, PathBuf), included: Included) {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner).insert(key, included);
    }
}

impl Build<'_> {
    fn brings(&mut self) -> Brings {
        let handlers = std::mem::take(&mut self.play.imported_handlers);
        Brings {
            handlers: handlers.iter().map(|handler| later(handler)).collect(),
            public_roles: std::mem::take(&mut self.play.imported_roles),
        }
    }
}

/// An `include_role` with its names rendered.
#[derive(Debug, Clone)]
pub struct RoleRequest {
    /// The role.
    pub name: String,
    /// Its files.
    pub from: From,
    /// `public`; false if not written.
    pub public: bool,
    /// `allow_duplicates`; true if not written.
    pub allow_duplicates: bool,
    /// `rolespec_validate`; true if not written.
    pub validate: bool,
}

/// What an `include_role` brings.
#[derive(Debug, Clone)]
pub struct IncludedRole {
    /// The use.
    pub role: Arc<RoleUse>,
    /// Its tasks, dependencies and the check of its arguments first.
    pub block: Arc<Block>,
    /// Its handlers and those of its dependencies; they join the play's, and win over handlers of the same name.
    /// More may come with [`Block::brings`].
    pub handlers: Vec<Arc<Handler>>,
}

impl Loader {
    /// The tasks of an `include_tasks` whose file name is rendered, as a block whose scope is the include.
    /// The file is looked for beside the file that the task stands in, then in the role's `tasks/`, then beside the
    /// playbook. Among handlers, the include is the handler, and its tasks run when it is notified. What joins the play is in [`Block::brings`]. Asked again for the same task and file, it gives the same block.
    pub fn include_tasks(
        &self,
        task: &Arc<Task>,
        include: &IncludeTasks,
        file: &str,
    ) -> Result<Arc<Block>, Diagnostics> {
        let mut build = Build::new(self);
        let location = find_tasks(file, &task.scope, &include.file.span)?;
        let key = (Arc::as_ptr(task) as usize, location.path.clone());
        if let Some(block) = self.includes.get(&key) {
            return Ok(block);
        }
        not_too_deep(task)?;
        let document = build.document(&location, &include.file.span);
        let block = document.map(|document| {
            let scope = include_scope(task, &include.apply, location);
            let nodes = build.task_list(&document);
            let items = build.items(nodes, &scope);
            Arc::new(Block { brings: build.brings(), ..Block::plain(scope, items) })
        });
        let block = build.finish(block)?;
        self.includes.put(key, (Arc::clone(task), Arc::clone(&block)));
        Ok(block)
    }

    /// The role of an `include_role` whose names are rendered.
    pub fn include_role(
        &self,
        task: &Arc<Task>,
        include: &IncludeRole,
        request: &RoleRequest,
    ) -> Result<IncludedRole, Diagnostics> {
        not_too_deep(task)?;
        let mut build = Build::new(self);
        let wanted = Wanted {
            name: request.name.clone(),
            span: include.role.span.clone(),
            kind: RoleUseKind::Include,
            from: request.from.clone(),
            keywords: Keywords::default(),
            params: Map::new(),
            public: request.public,
            allow_duplicates: Some(request.allow_duplicates),
            validate: request.validate,
        };
        let scope = include_scope(task, &include.apply, task.scope.file.clone());
        let included = build.use_role(wanted, &scope).map(|used| {
            let items = used.blocks.into_iter().map(Item::Block).collect();
            let block = Block { brings: build.brings(), ..Block::plain(scope, items) };
            let handlers = used.handlers.iter().map(|handler| later(handler)).collect();
            IncludedRole { role: used.role, block: Arc::new(block), handlers }
        });
        build.finish(included)
    }

    /// The file of an entry of `vars_files`, once its name is rendered.
    pub fn find_vars_file(&self, name: &str, play: &Arc<Scope>) -> Option<Location> {
        vars_location(name, play)
    }

    /// The variables of a file: of `vars_files` or `include_vars`. Not rendered.
    pub fn vars_file(&self, file: &Location) -> Result<Arc<Map>, Diagnostics> {
        let document = self.read(file)?;
        if !document.is_null() && document.as_mapping().is_none() {
            let message =
                format!("a file of variables is a mapping, and this is {}", describe(&document));
            return Err(Diagnostic::new(message).at(&document.span).into());
        }
        let mut build = Build::new(self);
        let map = build.variables_file(file, &Span::new(&document.span.source, 0, 0));
        build.finish(map.map(Arc::new))
    }
}

/// A handler that was loaded during the run: later than all of the play's.
fn later(handler: &Handler) -> Arc<Handler> {
    const AFTER_ALL: usize = usize::MAX / 2;
    Arc::new(Handler { list: handler.list + AFTER_ALL, ..handler.clone() })
}

/// An include that includes itself without end is found by how deep it is.
fn not_too_deep(task: &Arc<Task>) -> Result<(), Diagnostic> {
    let depth = task.scope.chain().filter(|scope| matches!(scope.kind, ScopeKind::Include)).count();
    if depth < DEEPEST {
        return Ok(());
    }
    Err(Diagnostic::new(format!("includes are nested deeper than {DEEPEST}"))
        .at(&task.span)
        .hint("does a file include itself without a condition that ends it?"))
}

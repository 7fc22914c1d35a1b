//! Blocks, and the items that lists of tasks hold.

use std::sync::Arc;

use super::{RoleUse, Scope, Task};
use crate::value::Str;

/// An entry of a list of tasks.
#[derive(Debug, Clone)]
pub enum Item {
    /// A task.
    Task(Arc<Task>),
    /// A block; also what stands for an import: its scope says which.
    Block(Arc<Block>),
}

/// Tasks that share keywords, with what rescues them.
#[derive(Debug)]
pub struct Block {
    /// Its name, place and keywords, and the places around it.
    pub scope: Arc<Scope>,
    /// `block`.
    pub items: Vec<Item>,
    /// `rescue`; empty if not written.
    pub rescue: Vec<Item>,
    /// `always`.
    pub always: Vec<Item>,
    /// What an include during the run brings to the whole play; nothing for blocks that are loaded before it.
    pub brings: Brings,
}

/// Handlers and roles that come with an include: of `import_role` inside of it.
#[derive(Debug, Default)]
pub struct Brings {
    /// They join the play's handlers, and win over those of the same name.
    pub handlers: Vec<Arc<Handler>>,
    /// Their variables are visible to the play from now on.
    pub public_roles: Vec<Arc<RoleUse>>,
}

impl Block {
    /// A block without `rescue` and `always`.
    pub fn plain(scope: Arc<Scope>, items: Vec<Item>) -> Self {
        Self { scope, items, rescue: vec![], always: vec![], brings: Brings::default() }
    }
}

/// A handler: a task that runs when notified.
///
/// Of several handlers of one name, the list that was loaded last wins, and in one list the first (observed with
/// ansible-core 2.19), also of those of one name that listen to a topic.
#[derive(Debug, Clone)]
pub struct Handler {
    /// The task; its name may be a template.
    pub task: Arc<Task>,
    /// `listen`: topics, not rendered.
    pub listen: Vec<Str>,
    /// Which list of handlers it comes from: the roles', then the play's, then those of imported and included roles.
    pub list: usize,
}

impl Handler {
    /// Whether `notified` names this handler or one of its topics: its name, `role : name`, or a topic.
    /// `name` is the rendered name.
    pub fn answers(&self, notified: &str, name: Option<&str>) -> bool {
        let by_name = name.is_some_and(|name| {
            name == notified
                || self.task.role().is_some_and(|role| {
                    notified
                        .strip_prefix(role.role.name.as_str())
                        .and_then(|rest| rest.strip_prefix(" : "))
                        .is_some_and(|rest| rest == name)
                })
        });
        by_name || self.listens(notified)
    }

    /// Which of several handlers with the name wins: of the list that was loaded last, the first.
    pub fn winner(handlers: &[Arc<Self>], has_name: impl Fn(&Self) -> bool) -> Option<usize> {
        let named = handlers.iter().enumerate().filter(|(_, handler)| has_name(handler));
        named
            .max_by_key(|(index, handler)| (handler.list, std::cmp::Reverse(*index)))
            .map(|(index, _)| index)
    }

    /// Whether `topic` is one of its topics.
    pub fn listens(&self, topic: &str) -> bool {
        self.listen.iter().any(|own| own.as_str() == topic)
    }
}

impl Item {
    /// All tasks inside, blocks opened: block, rescue, always.
    pub fn tasks(&self) -> Vec<&Arc<Task>> {
        match self {
            Self::Task(task) => vec![task],
            Self::Block(block) => {
                let parts = block.items.iter().chain(&block.rescue).chain(&block.always);
                parts.flat_map(Self::tasks).collect()
            }
        }
    }
}

//! Reads lists of tasks, blocks and handlers.

use std::sync::Arc;

use super::build::Build;
use super::fields::Field;
use super::flow::Step;
use super::imports::is_unconditional;
use super::table::Level;
use super::task::Read;
use crate::diagnostic::Diagnostic;
use crate::playbook::{
    Block, Brings, Flow, Handler, Item, Keywords, Meta, Scope, ScopeKind, Setting, Task,
};
use crate::value::{Str, Value};
use crate::yaml::Node;

impl Build<'_> {
    /// The entries of a list of tasks.
    pub fn items(&mut self, nodes: &[Node], scope: &Arc<Scope>) -> Vec<Item> {
        nodes.iter().filter_map(|node| self.item(node, scope)).collect()
    }

    fn item(&mut self, node: &Node, scope: &Arc<Scope>) -> Option<Item> {
        if node.is_null() {
            let problem = Diagnostic::new("this entry of a list of tasks is empty").at(&node.span);
            self.error(problem.hint("remove the `-`"));
            return None;
        }
        if node.entry("block").is_some() {
            return self.block(node, scope).map(Item::Block);
        }
        let Read { mut task, step, .. } = self.task(node, scope, Level::Task)?;
        self.settle_tags(&mut task.keywords, scope);
        match step {
            Step::Plain => Some(Item::Task(Arc::new(task))),
            Step::Flow(flow) => {
                let task = Arc::new(task);
                self.remember_include(&task, &flow);
                Some(Item::Task(task))
            }
            Step::ImportTasks(file) => self.import_tasks(task, &file).map(Item::Block),
            Step::ImportRole(role) => self.import_role(task, &role).map(Item::Block),
        }
    }

    fn remember_include(&mut self, task: &Arc<Task>, flow: &Flow) {
        if matches!(flow, Flow::IncludeTasks(_) | Flow::IncludeRole(_)) {
            let perhaps = self.play.perhaps || !is_unconditional(task);
            self.play.includes.push((Arc::clone(task), perhaps));
        }
    }

    fn block(&mut self, node: &Node, outer: &Arc<Scope>) -> Option<Arc<Block>> {
        let mut fields = self.fields(node, "a block")?;
        let name = fields.take_filled("name").and_then(|field| self.text(field.value, "name"));
        let mut keywords = self.keywords(&mut fields, Level::Block);
        self.notified(keywords.notify.as_deref().unwrap_or_default());
        self.settle_tags(&mut keywords, outer);
        let scope = Arc::new(Scope {
            kind: ScopeKind::Block,
            name,
            span: node.span.clone(),
            keywords,
            file: outer.file.clone(),
            parent: Some(Arc::clone(outer)),
        });
        let mut part = |name: &str| {
            fields.take(name).map(|field| self.part(field, &scope)).unwrap_or_default()
        };
        let (items, rescue, always) = (part("block"), part("rescue"), part("always"));
        for field in fields.take_where(|name| !Level::Block.allows(name)) {
            let problem = if self.is_module(field.name) {
                let message = format!("a block has no module, and here is `{}`", field.name);
                Diagnostic::new(message)
                    .at(&field.key.span)
                    .hint("make it a task of its own under `block`")
            } else {
                Level::Block.refuse(&field)
            };
            self.error(problem);
        }
        let brings = Brings::default();
        Some(Arc::new(Block { scope, items, rescue, always, brings }))
    }

    fn part(&mut self, field: Field<'_>, scope: &Arc<Scope>) -> Vec<Item> {
        let nodes = self.list(field.value, &format!("`{}`", field.name));
        self.items(nodes, scope)
    }

    /// A list of handlers.
    pub fn handlers(&mut self, nodes: &[Node], scope: &Arc<Scope>) -> Vec<Arc<Handler>> {
        let list = self.play.handler_lists;
        self.play.handler_lists += 1;
        let mut handlers = Vec::new();
        for node in nodes {
            self.handler(node, scope, list, &mut handlers);
        }
        self.warn_of_twins(&handlers);
        handlers
    }

    fn handler(
        &mut self,
        node: &Node,
        scope: &Arc<Scope>,
        list: usize,
        into: &mut Vec<Arc<Handler>>,
    ) {
        if let Some((key, _)) = node.entry("block") {
            let problem = Diagnostic::new("a block cannot be a handler").at(&key.span);
            self.error(
                problem.hint("make each of its tasks a handler, all with the same `listen`"),
            );
            return;
        }
        let Some(Read { mut task, step, listen }) = self.task(node, scope, Level::Handler) else {
            self.play.open = true;
            return;
        };
        self.settle_tags(&mut task.keywords, scope);
        match step {
            Step::ImportTasks(file) => {
                into.extend(self.import_handlers(task, &file, list));
                return;
            }
            Step::ImportRole(_) | Step::Flow(Flow::IncludeRole(_)) => {
                let message = format!("`{}` cannot be a handler", task.action.module);
                self.error(Diagnostic::new(message).at(&task.action.span));
                return;
            }
            Step::Flow(Flow::Meta(Meta::FlushHandlers)) => {
                let message = "`meta: flush_handlers` cannot be a handler";
                self.error(Diagnostic::new(message).at(&task.action.span));
                return;
            }
            Step::Plain | Step::Flow(_) => {}
        }
        if task.name.is_none() && listen.is_empty() {
            let message = "a handler without `name` and `listen` can never be notified";
            self.warnings.push(Diagnostic::new(message).at(&task.span));
        }
        let task = Arc::new(task);
        if let Some(flow) = &task.action.flow {
            self.remember_include(&task, flow);
        }
        into.push(Arc::new(Handler { task, listen, list }));
    }

    fn warn_of_twins(&mut self, handlers: &[Arc<Handler>]) {
        for (index, handler) in handlers.iter().enumerate() {
            let Some(name) = &handler.task.name else { continue };
            let twin =
                handlers[..index].iter().find(|other| other.task.name.as_ref() == Some(name));
            if let Some(twin) = twin.filter(|_| handler.listen.is_empty()) {
                let message = format!("a second handler `{}`: it never runs", name.as_str());
                let warning = Diagnostic::new(message).at(&handler.task.span);
                self.warnings.push(warning.label(&twin.task.span, "the first is here"));
            }
        }
    }

    /// Keeps literal names that are notified, to look for their handlers at the end.
    pub fn notified(&mut self, names: &[Setting]) {
        self.play
            .notified
            .extend(names.iter().filter(|name| name.literal_text().is_some()).cloned());
    }

    /// Renders tags that are templates: which tasks run is settled before any host is known.
    pub fn settle_tags(&mut self, keywords: &mut Keywords, scope: &Arc<Scope>) {
        if !keywords.tags.iter().any(|tag| tag.text.is_template()) {
            return;
        }
        let vars = self.known_vars(scope, keywords.vars.as_ref());
        let mut settled = Vec::new();
        for tag in std::mem::take(&mut keywords.tags) {
            if !tag.text.is_template() {
                settled.push(tag);
                continue;
            }
            match self.loader.vocabulary.render(&tag.text, &vars) {
                Ok(value) => {
                    let texts = tag_texts(&value);
                    settled.extend(texts.into_iter().map(|text| {
                        let text = Str::data(text).with_origin(Some(tag.span.clone()));
                        crate::playbook::Tag { text, span: tag.span.clone() }
                    }));
                }
                Err(problem) => {
                    let hint = "tags are read before any host is known";
                    self.error(problem.at(&tag.span).during("while reading `tags`").hint(hint));
                }
            }
        }
        keywords.tags = settled;
    }
}

fn tag_texts(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().flat_map(tag_texts).collect(),
        Value::Str(text) => {
            let parts = text.as_str().split(',').map(str::trim).filter(|part| !part.is_empty());
            parts.map(ToString::to_string).collect()
        }
        Value::Int(number) => vec![number.to_string()],
        _ => vec![],
    }
}

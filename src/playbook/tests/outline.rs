//! A playbook as text: what was read and what each task inherits.

use std::sync::Arc;

use crate::playbook::{
    Block, Handler, Item, Keyword, LoopKind, Play, Playbook, ScopeKind, Setting, TagFilter, Task,
    list_tasks,
};
use crate::value::Value;

/// The outline of a playbook.
pub fn outline(playbook: &Playbook) -> String {
    let mut text = String::new();
    playbook.plays.iter().for_each(|play| play_outline(play, &mut text));
    for warning in &playbook.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    text
}

/// What `ansible-playbook --list-tasks` prints; `oracle.py` compares.
pub fn listing(playbook: &Playbook) -> String {
    let mut text = String::new();
    for (index, play) in list_tasks(playbook, &TagFilter::default()).into_iter().enumerate() {
        text.push_str(&format!(
            "play #{} ({}): {} TAGS: [{}]\n",
            index + 1,
            play.hosts,
            play.name,
            play.tags.join(", ")
        ));
        for task in play.tasks {
            text.push_str(&format!("  {} TAGS: [{}]\n", task.title, task.tags.join(", ")));
        }
    }
    text
}

fn play_outline(play: &Play, text: &mut String) {
    let name = play.name.as_ref().map_or("(no name)", |name| name.as_str());
    text.push_str(&format!("play {name} at {}: hosts {:?}\n", play.span, play.hosts.value));
    for (setting, name) in [
        (&play.gather_facts, "gather_facts"),
        (&play.serial, "serial"),
        (&play.strategy, "strategy"),
        (&play.max_fail_percentage, "max_fail_percentage"),
        (&play.force_handlers, "force_handlers"),
        (&play.order, "order"),
    ] {
        if let Some(setting) = setting {
            text.push_str(&format!("  {name}: {:?}\n", setting.value));
        }
    }
    for file in &play.vars_files {
        text.push_str(&format!("  vars_files: {}\n", values(&file.candidates)));
    }
    for prompt in &play.vars_prompt {
        text.push_str(&format!(
            "  vars_prompt: {} private {} confirm {}\n",
            prompt.name, prompt.private, prompt.confirm
        ));
    }
    let roles: Vec<Item> = play.roles.iter().map(|block| Item::Block(Arc::clone(block))).collect();
    for (name, items) in [
        ("pre_tasks", &play.pre_tasks),
        ("roles", &roles),
        ("tasks", &play.tasks),
        ("post_tasks", &play.post_tasks),
    ] {
        if !items.is_empty() {
            text.push_str(&format!("  {name}\n"));
            items_outline(items, 2, text);
        }
    }
    if !play.handlers.is_empty() {
        text.push_str("  handlers\n");
        play.handlers.iter().for_each(|handler| handler_outline(handler, text));
    }
    let public: Vec<&str> = play.public_roles().map(|role| role.role.name.as_str()).collect();
    if !public.is_empty() {
        text.push_str(&format!("  public roles: {}\n", public.join(", ")));
    }
}

fn items_outline(items: &[Item], depth: usize, text: &mut String) {
    for item in items {
        match item {
            Item::Task(task) => task_outline(task, depth, text),
            Item::Block(block) => block_outline(block, depth, text),
        }
    }
}

fn block_outline(block: &Block, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let what = match &block.scope.kind {
        ScopeKind::Role(role) => format!("role {}", role.role.name),
        ScopeKind::Import => "import".to_string(),
        ScopeKind::Include => "include".to_string(),
        ScopeKind::Block => "block".to_string(),
        ScopeKind::Play => "play".to_string(),
    };
    let name = block.scope.name.as_ref().map(|name| format!(" {name:?}")).unwrap_or_default();
    text.push_str(&format!("{indent}{what}{name}\n"));
    items_outline(&block.items, depth + 1, text);
    for (name, items) in [("rescue", &block.rescue), ("always", &block.always)] {
        if !items.is_empty() {
            text.push_str(&format!("{indent}{name}\n"));
            items_outline(items, depth + 1, text);
        }
    }
}

fn handler_outline(handler: &Handler, text: &mut String) {
    task_outline(&handler.task, 2, text);
    if !handler.listen.is_empty() {
        text.push_str(&format!("      listen {:?}\n", handler.listen));
    }
    text.push_str(&format!("      list {}\n", handler.list));
}

fn task_outline(task: &Task, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    text.push_str(&format!("{indent}{:?} {} at {}\n", task.title(), task.module(), task.span));
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            text.push_str(&format!("{indent}  {name} {value}\n"));
        }
    };
    let args =
        task.action.args.named.iter().map(|(name, setting)| format!("{name}={:?}", setting.value));
    line("args", args.collect::<Vec<_>>().join(" "));
    line(
        "free",
        task.action
            .args
            .free_form
            .as_ref()
            .map(|free| format!("{:?}", free.text))
            .unwrap_or_default(),
    );
    line(
        "spread",
        task.action
            .args
            .spread
            .as_ref()
            .map(|spread| format!("{:?}", spread.value))
            .unwrap_or_default(),
    );
    line(
        "when",
        task.conditions()
            .iter()
            .map(|when| format!("{:?}", when.value))
            .collect::<Vec<_>>()
            .join(", "),
    );
    let tags: Vec<&str> = task.tags().iter().map(|tag| tag.text.as_str()).collect();
    line("tags", tags.join(","));
    let repeat = task.repeat.as_ref().map(|repeat| match &repeat.kind {
        LoopKind::Loop => format!("{:?}", repeat.terms.value),
        LoopKind::With(lookup) => format!("with {lookup} {:?}", repeat.terms.value),
    });
    line("loop", repeat.unwrap_or_default());
    line(
        "register",
        task.register.as_ref().map(|register| register.name.clone()).unwrap_or_default(),
    );
    line("notify", values(task.notify()));
    line("until", values(&task.until));
    line("changed_when", task.changed_when.as_deref().map(values).unwrap_or_default());
    line("failed_when", task.failed_when.as_deref().map(values).unwrap_or_default());
    let keywords = Keyword::ALL.into_iter().filter_map(|keyword| {
        task.effective(keyword).map(|setting| format!("{}={:?}", keyword.name(), setting.value))
    });
    line("keywords", keywords.collect::<Vec<_>>().join(" "));
    let environment: Vec<String> =
        task.environment().iter().map(|one| format!("{:?}", one.value)).collect();
    line("environment", environment.join(" < "));
    let layers = task.vars_layers();
    let layers = layers
        .iter()
        .map(|layer| format!("{:?} {:?}", layer.tier, Value::Map(Arc::clone(&layer.vars))));
    line("vars", layers.collect::<Vec<_>>().join(" < "));
    line("parents", task.parent_role_names().join(", "));
}

fn values(settings: &[Setting]) -> String {
    settings.iter().map(|setting| format!("{:?}", setting.value)).collect::<Vec<_>>().join(", ")
}

//! The gathering of facts at the start of a play: a task that nobody wrote.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::playbook::{Action, Args, Play, Setting, Task};

/// The task `setup` with what the play says about gathering.
pub fn task(play: &Play) -> Arc<Task> {
    let mut named: IndexMap<String, Setting> = IndexMap::new();
    let pairs = [
        ("gather_subset", &play.gather_subset),
        ("gather_timeout", &play.gather_timeout),
        ("fact_path", &play.fact_path),
    ];
    for (name, setting) in pairs {
        if let Some(setting) = setting {
            named.insert(name.into(), setting.clone());
        }
    }
    let action = Action {
        module: "ansible.builtin.setup".into(),
        canonical: Some("setup"),
        span: play.span.clone(),
        args: Args { named, free_form: None, spread: None },
        flow: None,
    };
    Task::ours("gather facts", action, &play.scope)
}

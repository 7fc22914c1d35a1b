//! What `--list-tasks` and `--list-tags` show.

use std::collections::BTreeSet;

use super::{Play, Playbook, TagFilter, Task};
use crate::value::{Str, Value};

/// One play with the tasks that would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayListing {
    /// Its name, or its hosts.
    pub name: String,
    /// `hosts` as written, lists with commas.
    pub hosts: String,
    /// Its own tags.
    pub tags: Vec<String>,
    /// Its tasks in order.
    pub tasks: Vec<TaskListing>,
}

/// One task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskListing {
    /// `role : name`, or the module of a task without a name.
    pub title: String,
    /// All its tags, inherited ones too, sorted.
    pub tags: Vec<String>,
}

/// The tasks that a filter leaves, imports opened, includes as single tasks.
pub fn list_tasks(playbook: &Playbook, filter: &TagFilter) -> Vec<PlayListing> {
    playbook.plays.iter().map(|play| listing(play, filter)).collect()
}

/// All tags of the tasks that a filter leaves, by play.
pub fn list_tags(playbook: &Playbook, filter: &TagFilter) -> Vec<(PlayListing, BTreeSet<String>)> {
    let with_tags = |listing: PlayListing| {
        let tags = listing.tasks.iter().flat_map(|task| task.tags.iter().cloned()).collect();
        (listing, tags)
    };
    list_tasks(playbook, filter).into_iter().map(with_tags).collect()
}

fn listing(play: &Play, filter: &TagFilter) -> PlayListing {
    let hosts = pattern(&play.hosts.value);
    let tasks = play.all_tasks();
    let tasks =
        tasks.iter().filter(|task| filter.selects_task(task)).map(|task| task_listing(task));
    PlayListing {
        name: play.name.as_ref().map_or_else(|| hosts.clone(), |name| name.as_str().to_string()),
        tags: play.scope.keywords.tags.iter().map(|tag| tag.text.as_str().to_string()).collect(),
        tasks: tasks.collect(),
        hosts,
    }
}

fn task_listing(task: &Task) -> TaskListing {
    let tags: BTreeSet<&str> = task.tags().iter().map(|tag| Str::as_str(&tag.text)).collect();
    let title = match &task.name {
        Some(_) => task.title(),
        None => task.action.module.clone(),
    };
    TaskListing { title, tags: tags.into_iter().map(ToString::to_string).collect() }
}

fn pattern(hosts: &Value) -> String {
    match hosts {
        Value::List(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        other => other.as_str().unwrap_or_default().to_string(),
    }
}

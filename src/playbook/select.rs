//! Which tasks run: `--tags`, `--skip-tags`, `--start-at-task`.

use std::sync::Arc;

use super::{Playbook, Task};

/// The tags that are asked for (Ansible's documentation, "Tags", with `all`, `tagged`, `untagged`, `always`, `never`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagFilter {
    /// `--tags`; none means `all`.
    pub only: Vec<String>,
    /// `--skip-tags`.
    pub skip: Vec<String>,
}

impl TagFilter {
    /// A filter from comma lists as they are typed.
    pub fn new<'a>(
        only: impl IntoIterator<Item = &'a str>,
        skip: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let split = |text: &'a str| text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        Self {
            only: only.into_iter().flat_map(split).map(ToString::to_string).collect(),
            skip: skip.into_iter().flat_map(split).map(ToString::to_string).collect(),
        }
    }

    /// Whether a task with these tags runs.
    pub fn selects(&self, tags: &[&str]) -> bool {
        let untagged = tags.is_empty();
        let has = |tag: &str| tags.contains(&tag);
        let named =
            |list: &[String]| list.iter().any(|tag| has(tag) || (untagged && tag == "untagged"));
        let lists = |list: &[String], tag: &str| list.iter().any(|own| own == tag);
        let everything = self.only.is_empty() || lists(&self.only, "all");
        let wanted = has("always")
            || (everything && !has("never"))
            || named(&self.only)
            || (lists(&self.only, "tagged") && !untagged && !has("never"));
        let skipped = if lists(&self.skip, "all") {
            !has("always") || lists(&self.skip, "always")
        } else {
            named(&self.skip) || (lists(&self.skip, "tagged") && !untagged)
        };
        wanted && !skipped
    }

    /// Whether the task runs.
    pub fn selects_task(&self, task: &Task) -> bool {
        let tags: Vec<&str> = task.tags().iter().map(|tag| tag.text.as_str()).collect();
        self.selects(&tags)
    }
}

/// The play and task that `--start-at-task` means: the first whose name, or `role : name`, fits the pattern.
pub fn find_start(playbook: &Playbook, pattern: &str) -> Option<(usize, Arc<Task>)> {
    playbook.plays.iter().enumerate().find_map(|(index, play)| {
        let found = play.all_tasks().into_iter().find(|task| {
            let own =
                task.name.as_ref().is_some_and(|name| matches_pattern(pattern, name.as_str()));
            own || matches_pattern(pattern, &task.title())
        });
        found.map(|task| (index, task))
    })
}

/// Whether a shell pattern with `*` and `?` fits the whole text.
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at, read));
                at += 1;
            }
            Some(char) if *char == '?' || *char == text[read] => {
                at += 1;
                read += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    at = star + 1;
                    read = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|char| *char == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row was run with ansible-playbook 2.19: tags of the task, `--tags`, `--skip-tags`, whether it ran.
    #[test]
    fn tags_select_as_in_ansible() {
        for (tags, only, skip, runs) in [
            ("", "", "", true),
            ("never", "", "", false),
            ("a,never", "", "", false),
            ("a,never", "a", "", true),
            ("a,never", "never", "", true),
            ("a,never", "tagged", "", false),
            ("a,never", "all", "", false),
            ("always", "a", "", true),
            ("always", "untagged", "", true),
            ("always", "", "always", false),
            ("always", "", "all", true),
            ("always", "", "tagged", false),
            ("a", "", "all", false),
            ("a", "a", "a", false),
            ("a", "untagged", "", false),
            ("", "untagged", "", true),
            ("", "tagged", "", false),
            ("", "", "untagged", false),
            ("a", "tagged", "", true),
            ("a", "b", "", false),
            ("a,b", "b", "a", false),
        ] {
            let tags: Vec<&str> = tags.split(',').filter(|tag| !tag.is_empty()).collect();
            let filter = TagFilter::new([only], [skip]);
            assert_eq!(
                filter.selects(&tags),
                runs,
                "{tags:?} with --tags {only:?} --skip-tags {skip:?}"
            );
        }
    }

    #[test]
    fn patterns_fit_whole_names() {
        assert!(matches_pattern("install *", "install nginx"));
        assert!(matches_pattern("*:*x", "role : install nginx"));
        assert!(!matches_pattern("install", "install nginx"));
        assert!(matches_pattern("?b*", "ab"));
    }
}

//! What of a host's failure stops the others.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::playbook::{Item, Keyword, Play, Setting, Task};

use super::crew::Crew;
use super::machine::PlayRun;
use super::meeting::Meeting;

/// What the hosts of a batch share: it halts them when more fail than may.
pub fn crew(run: &Arc<PlayRun>, hosts: usize, halt_share: Option<f64>) -> Arc<Crew> {
    let fatal = is_fatal_anywhere(&run.play);
    let failed = AtomicUsize::new(0);
    let seen: Mutex<HashSet<Arc<str>>> = Mutex::default();
    Arc::new_cyclic(|crew: &Weak<Crew>| {
        let crew = crew.clone();
        Crew {
            meeting: Meeting::of(hosts),
            halt: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            once: Mutex::default(),
            told: tokio::sync::Notify::new(),
            throttle: super::throttle::Throttle::default(),
            on_failure: Box::new(move |host| {
                let first =
                    seen.lock().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(host));
                if !first {
                    return;
                }
                let count = failed.fetch_add(1, Ordering::AcqRel) + 1;
                #[expect(clippy::cast_precision_loss, reason = "numbers of hosts")]
                let share = 100.0 * count as f64 / hosts as f64;
                let halts = fatal || halt_share.is_some_and(|limit| share > limit);
                if let Some(crew) = crew.upgrade().filter(|_| halts) {
                    crew.halt.store(true, Ordering::Release);
                }
            }),
        }
    })
}

/// Whether all hosts go through a task before any goes on to the next: so that a failure can stop
/// the others where they stand.
pub fn goes_in_step(play: &Play) -> bool {
    play.strategy.as_ref().and_then(Setting::literal_text) == Some("linear")
        || play.max_fail_percentage.is_some()
        || is_fatal_anywhere(play)
}

fn is_fatal_anywhere(play: &Play) -> bool {
    play.items().any(|item| is_fatal(&item)) || is_set(play, Keyword::AnyErrorsFatal)
}

fn is_fatal(item: &Item) -> bool {
    item.tasks().iter().any(|task| task_is_fatal(task))
}

fn task_is_fatal(task: &Task) -> bool {
    task.effective(Keyword::AnyErrorsFatal).and_then(Setting::literal_bool).unwrap_or(false)
}

fn is_set(play: &Play, keyword: Keyword) -> bool {
    play.scope.keywords.get(keyword).and_then(Setting::literal_bool).unwrap_or(false)
}

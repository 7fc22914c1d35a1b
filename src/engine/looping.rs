//! `loop_control` between the items of a task: `pause`, and where `break_when` ends the loop.

use std::time::Duration;

use crate::playbook::{Setting, Task};
use crate::resource::Suspend;

use super::driver::{Driver, Halt};
use super::evaluate::{Evaluation, ItemPlan, Verdict};
use super::outcome::{ItemEnd, conclude, with_result, words_of};

/// The conditions that end the task's loop.
pub fn ends_early(task: &Task) -> &[Setting] {
    task.repeat.as_ref().map_or(&[], |repeat| &repeat.control.break_when)
}

impl Driver {
    /// How long to wait before the next item.
    pub(super) fn pause_of(&self, task: &Task) -> Result<Duration, Halt> {
        let control = task.repeat.as_ref().map(|repeat| &repeat.control);
        let Some(pause) = control.and_then(|control| control.pause.as_ref()) else {
            return Ok(Duration::ZERO);
        };
        let seconds = self.render(&self.machine, Some(task)).number(pause);
        let seconds = seconds.map_err(|suspend| Halt::Failed(words_of(&suspend)))?;
        Ok(Duration::from_secs_f64(seconds))
    }

    /// Whether the loop is over behind this item.
    pub(super) fn is_last(
        &self,
        task: &Task,
        item: &ItemPlan,
        end: &ItemEnd,
    ) -> Result<bool, Suspend> {
        let conditions: Vec<&Setting> = ends_early(task).iter().collect();
        if conditions.is_empty() {
            return Ok(false);
        }
        let render = self.render(&self.machine, Some(task)).with_locals(&item.locals);
        let render = with_result(task, &render, &end.result);
        render.first_false(&conditions).map(|reason| reason.is_none())
    }

    /// The items that the loop comes to, as far as that is known before anything is sent.
    pub(super) fn cut_short(&self, task: &Task, mut evaluation: Evaluation) -> Evaluation {
        if ends_early(task).is_empty() {
            return evaluation;
        }
        for index in 0..evaluation.items.len() {
            let item = &evaluation.items[index];
            let render = self.render(&self.machine, Some(task)).with_locals(&item.locals);
            let end = conclude(task, &render, item, None);
            match self.is_last(task, item, &end) {
                Ok(false) => continue,
                Ok(true) => evaluation.items.truncate(index + 1),
                Err(Suspend::Unknown(unknown)) => {
                    for later in &mut evaluation.items[index + 1..] {
                        later.verdict = Verdict::Unknown(unknown.clone());
                    }
                }
                Err(suspend) => {
                    evaluation.items[index].verdict = Verdict::Failed(words_of(&suspend));
                    evaluation.items.truncate(index + 1);
                }
            }
            break;
        }
        evaluation
    }
}

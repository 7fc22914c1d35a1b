//! `ignore_unreachable`: a host that cannot be reached stays in the run.

use std::sync::Arc;

use crate::playbook::{Keyword, Task};

use super::driver::Driver;
use super::evaluate::Evaluation;
use super::event::Phase;
use super::outcome::{self, Ended};

impl Driver {
    /// Whether the run goes on where this task cannot reach its host.
    pub(super) fn forgives(&self, task: &Task) -> bool {
        let render = self.render(&self.machine, Some(task));
        render.flag(task, Keyword::IgnoreUnreachable).ok().flatten().unwrap_or(false)
    }

    /// The task could not reach its host, and that is let pass: on to the next, which tries anew.
    pub(super) async fn pass_unreachable(&mut self, task: &Task, handler: bool, message: String) {
        let delegate = self.render(&self.machine, Some(task)).word(task, Keyword::DelegateTo);
        let delegate = delegate.ok().flatten().map(Arc::from);
        for host in delegate.iter().chain([&Arc::clone(&self.machine.host)]) {
            self.links.drop_connection(host).await;
            // What was under way may have been done, or not.
            if self.phase == Phase::Apply {
                self.machine.world_mut(host).forget_all();
            }
        }
        let evaluation = Evaluation::failed(message.clone());
        let ended = Ended::at_once(vec![outcome::unreachable(message)]);
        self.machine.visited(task);
        self.machine.advance();
        Self::remember_results(&mut self.machine, task, &evaluation, &ended.ends);
        self.report(task, handler, &evaluation, &ended);
        self.settled(&ended.ends, false);
    }
}

//! A plan from what was decided.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::module::{Call, Outcome, Plan, run};
use crate::resource::Suspend;
use crate::resource::compose::{Compose, Config, Decision, ProjectState};
use crate::resource::docker::{ImageState, Version};
use crate::value::Value;

use super::commands::Commands;
use super::files::{Files, Place};
use super::result::{actions, containers, images, outcome};
use super::{Args, State};

/// Lines of a log that a failure shows.
const LOG_LINES: u32 = 15;

/// All that a plan is made of in the end.
pub struct End<'a> {
    /// The task's arguments.
    pub args: &'a Args,
    /// The task.
    pub call: &'a Call<'a>,
    /// Where the project's files are.
    pub place: &'a Place,
    /// The project's files.
    pub files: &'a Files,
    /// The host's Compose; none if it is not there yet.
    pub compose: Option<Version>,
    /// What happens.
    pub decision: Decision,
    /// What is there.
    pub state: &'a ProjectState,
    /// The images of the services, by name.
    pub images: &'a BTreeMap<String, Arc<ImageState>>,
}

impl End<'_> {
    /// The plan.
    pub fn plan(self) -> Result<Plan, Suspend> {
        let commands =
            Commands { args: self.args, compose: self.compose, decision: &self.decision }.all();
        let config = self.run_config();
        let words = ["docker", "compose"].map(str::to_string).into_iter().chain(config.options());
        let words: Vec<String> =
            words.chain(commands.last().cloned().unwrap_or_default()).collect();
        let cmd = run::shown(words.iter().map(String::as_str));
        let mut plan = Plan::new();
        plan.set("cmd", Value::data(cmd.as_str()));
        plan.set("actions", actions(&self.decision));
        if self.decision.is_empty() {
            plan.set("containers", containers(self.state));
            plan.set("images", images(self.state, self.images));
            plan.set("rc", 0);
            for name in ["stdout", "stderr"] {
                plan.set(name, Value::data(""));
            }
            return Ok(plan);
        }
        let waits = format!("compose project `{}` is not up to date yet", config.project);
        for name in
            ["containers", "images", "rc", "stdout", "stderr", "stdout_lines", "stderr_lines"]
        {
            plan.set(name, Value::unknown(waits.clone()));
        }
        let (decision, before) = (self.decision.clone(), self.state.clone());
        let short = format!(
            "docker compose {}",
            commands.last().and_then(|one| one.first()).map_or("", String::as_str)
        );
        plan.finish = Some(Arc::new(move |outputs| {
            let first = outputs.first();
            first
                .map_or_else(Outcome::default, |output| outcome(output, &decision, &before, &short))
        }));
        plan.act(Compose {
            definition: self.definition(),
            config,
            commands,
            decision: self.decision,
            environment: run::environment(self.call)?,
            log_lines: LOG_LINES,
            waits: self.args.wait
                && self.args.state == State::Present
                && self.args.services.is_none(),
        });
        Ok(plan)
    }

    fn definition(&self) -> Option<Arc<Vec<u8>>> {
        let definition = self.place.definition.as_ref()?;
        Some(Arc::new(definition.to_string().into_bytes()))
    }

    /// The project as it is on the host once the files are written; Compose finds `.env` itself.
    fn run_config(&self) -> Config {
        let mut config = self.files.config.clone();
        config.extra.clear();
        if self.place.definition.is_some() {
            config.files.clear();
        }
        if self.place.env_files.is_empty() {
            config.env_files.clear();
        }
        config
    }
}

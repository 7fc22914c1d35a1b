//! The calls of `docker compose` that do what was decided.

use crate::module::Argument;
use crate::resource::compose::Decision;
use crate::resource::docker::Version;

use super::{Args, BuildPolicy, PullPolicy, RecreatePolicy, RemoveImages, State, list};

/// What they are made from.
pub struct Commands<'a> {
    /// The task's arguments.
    pub args: &'a Args,
    /// Which Compose is called; none if it is not there yet.
    pub compose: Option<Version>,
    /// What was decided.
    pub decision: &'a Decision,
}

impl Commands<'_> {
    fn has(&self, major: u32, minor: u32) -> bool {
        self.compose.is_none_or(|version| version >= Version::new(major, minor))
    }

    /// Each with its arguments, in order.
    pub fn all(&self) -> Vec<Vec<String>> {
        let args = self.args;
        let services = list(args.services.as_ref());
        let timeout = args.timeout.map(|seconds| ["--timeout".to_string(), seconds.to_string()]);
        let mut commands = match args.state {
            State::Present => vec![self.up(&["--detach"], None)],
            State::Stopped => vec![self.up(&["--no-start"], None), vec!["stop".to_string()]],
            State::Absent => vec![self.down()],
            State::Restarted => vec![vec!["restart".to_string()]],
        };
        if args.state == State::Restarted && !args.dependencies {
            commands[0].push("--no-deps".into());
        }
        for command in &mut commands {
            command.extend(timeout.iter().flatten().cloned());
            if !services.is_empty() {
                command.push("--".into());
                command.extend(services.iter().cloned());
            }
        }
        if args.state == State::Present {
            let first = self.first(timeout.as_ref());
            commands.splice(0..0, first);
        }
        commands
    }

    /// What comes before all is brought up: only what changed is to be made anew.
    fn first(&self, timeout: Option<&[String; 2]>) -> Vec<Vec<String>> {
        let mut commands = Vec::new();
        for step in &self.decision.steps {
            let mut command = self.up(&["--detach"], Some(&step.with));
            command.extend(timeout.into_iter().flatten().cloned());
            command.extend(["--".to_string(), step.service.clone()]);
            commands.push(command);
        }
        if !self.decision.restarts.is_empty() {
            let mut command = vec!["restart".to_string()];
            if self.has(2, 17) {
                command.push("--no-deps".into());
            }
            command.extend(timeout.into_iter().flatten().cloned());
            command.push("--".into());
            command.extend(self.decision.restarts.iter().cloned());
            commands.push(command);
        }
        commands
    }

    /// `up` for all, or with only these services in the call.
    fn up(&self, first: &[&str], with: Option<&[String]>) -> Vec<String> {
        let args = self.args;
        let mut words: Vec<String> = vec!["up".into()];
        let mut add = |given: bool, more: &[&str]| {
            words.extend(more.iter().filter(|_| given).map(|word| (*word).to_string()));
        };
        add(true, first);
        add(args.remove_orphans && with.is_none(), &["--remove-orphans"]);
        match args.pull {
            PullPolicy::Always => add(true, &["--pull", "always"]),
            PullPolicy::Missing => add(true, &["--pull", "missing"]),
            PullPolicy::Never => add(true, &["--pull", "never"]),
            PullPolicy::Policy => {}
        }
        add(args.build == BuildPolicy::Always, &["--build"]);
        add(args.build == BuildPolicy::Never, &["--no-build"]);
        add(args.recreate == RecreatePolicy::Always, &["--force-recreate"]);
        add(args.recreate == RecreatePolicy::Never, &["--no-recreate"]);
        add(!args.dependencies, &["--no-deps"]);
        add(args.renew_anon_volumes, &["--renew-anon-volumes"]);
        add(args.assume_yes, &["--yes"]);
        let waits = args.wait && args.state == State::Present && with.is_none();
        add(waits && self.has(2, 2), &["--wait"]);
        if let Some(seconds) = args.wait_timeout.filter(|_| waits && self.has(2, 17)) {
            add(true, &["--wait-timeout", &seconds.to_string()]);
        }
        for (name, number) in args.scale.iter().flatten() {
            let number = <String as Argument>::read(number).unwrap_or_default();
            let named = |with: &[String]| with.iter().any(|one| *one == name.to_string());
            add(with.is_none_or(named), &["--scale", &format!("{name}={number}")]);
        }
        words
    }

    fn down(&self) -> Vec<String> {
        let args = self.args;
        let mut words: Vec<String> = vec!["down".into()];
        if args.remove_orphans {
            words.push("--remove-orphans".into());
        }
        match args.remove_images {
            Some(RemoveImages::All) => words.extend(["--rmi", "all"].map(str::to_string)),
            Some(RemoveImages::Local) => words.extend(["--rmi", "local"].map(str::to_string)),
            None => {}
        }
        if args.remove_volumes {
            words.push("--volumes".into());
        }
        words
    }
}

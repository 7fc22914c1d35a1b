//! Having Compose do what was decided, and hearing from the containers that do not come up.

use std::sync::Arc;

use crate::remote::{Output, Script};
use crate::value::{Str, Unknown};

use super::super::action::{Action, Nature, Step};
use super::super::command::export;
use super::super::diff::{Change, Diff};
use super::super::docker::{Image, ImageState, in_brackets};
use super::super::world::{Opaque, Scope, World};
use super::config::Config;
use super::container::{Project, ProjectState};
use super::decision::{Decision, Operation, Verb};

/// Runs Compose.
#[derive(Debug, Clone)]
pub struct Compose {
    /// The project, with files that are on the host by then.
    pub config: Config,
    /// What the files hold where they are none, for Compose's standard input.
    pub definition: Option<Arc<Vec<u8>>>,
    /// Verbs with their options, one after the other: `up --detach`.
    pub commands: Vec<Vec<String>>,
    /// What that does.
    pub decision: Decision,
    /// Variables for Compose.
    pub environment: Vec<(String, Str)>,
    /// Lines that are shown of the log of each container that does not come up.
    pub log_lines: u32,
    /// Whether all of the project must run and be healthy in the end.
    pub waits: bool,
}

/// What Compose left behind.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What it wrote to standard output.
    pub stdout: String,
    /// By container that did not come up: how it is, and the end of its log.
    pub trouble: String,
    /// What the project has now.
    pub state: ProjectState,
}

/// Begins a section of the output.
const TROUBLE: &str = "\n\u{1e}trouble\n";
const STATE: &str = "\n\u{1e}state\n";

impl Report {
    /// What an output says.
    pub fn read(output: &Output) -> Self {
        let text = String::from_utf8_lossy(&output.stdout);
        let (rest, state) = text.rsplit_once(STATE).unwrap_or((&text, ""));
        let (stdout, trouble) = rest.split_once(TROUBLE).unwrap_or((rest, ""));
        Self {
            stdout: stdout.trim_end().to_string(),
            trouble: trouble.trim().to_string(),
            // A project that cannot be listed any more is what the proof behind this finds.
            state: ProjectState::read(state).unwrap_or_default(),
        }
    }
}

/// What is wrong with each container that does not run, or is not healthy.
const DIAGNOSE: &str = r#"mx_diagnose() {
  docker ps --all --quiet --filter "label=com.docker.compose.project=$mx_project" | while read -r mx_id; do
    set -- $(docker inspect --format '{{.State.Status}} {{.State.ExitCode}} {{if .State.Health}}{{.State.Health.Status}}{{else}}-{{end}} {{.RestartCount}} {{.Name}}' "$mx_id")
    case "$1/$2/$3" in
      running/*/healthy | exited/0/* | "//") continue;;
      running/*/-) [ "$4" -gt 0 ] || continue;;
      created/*) printf '%s was not started\n' "${5#/}"; continue;;
    esac
    printf '%s is %s' "${5#/}" "$1"
    [ "$3" = - ] || printf ', %s' "$3"
    [ "$1" = running ] || printf ' (status %s)' "$2"
    [ "$4" = 0 ] || printf ', restarted %s times' "$4"
    printf '\n'
    docker inspect --format '{{if .State.Health}}{{range .State.Health.Log}}health check, status {{.ExitCode}}: {{json .Output}}
{{end}}{{end}}' "$mx_id" | grep . | tail -n 1 | sed 's/^/    /'
    docker logs --tail "$mx_lines" "$mx_id" 2>&1 | sed 's/^/    | /'
  done
}"#;

/// Compose 2.26 ends well when its patience ends before a container is healthy.
const UNREADY: &str = r#"if [ "$mx_status" = 0 ]; then
  for mx_id in $(docker ps --all --quiet --filter "label=com.docker.compose.project=$mx_project"); do
    case "$(docker inspect --format '{{.State.Status}}/{{.State.ExitCode}}/{{if .State.Health}}{{.State.Health.Status}}{{end}}' "$mx_id")" in
      running/*/healthy | running/*/ | exited/0/*) ;;
      *) mx_status=1;;
    esac
  done
fi"#;

impl Compose {
    fn script(&self) -> Script {
        let mut run = Script::new();
        export(&mut run, &self.environment);
        if let Some(definition) = &self.definition {
            run.data("mx_definition", definition);
        }
        let options = self.config.options();
        for command in &self.commands {
            let all = ["docker", "compose"].into_iter().chain(options.iter().map(String::as_str));
            if self.definition.is_some() {
                run.line("mx_definition | \\");
                let stdin = all.chain(["--file", "-"]).chain(command.iter().map(String::as_str));
                run.words(stdin).line(" || exit");
            } else {
                run.words(all.chain(command.iter().map(String::as_str))).line(" || exit");
            }
        }
        let mut script = Script::new();
        script.subshell(&run);
        script.line("mx_status=$?");
        script.assign("mx_project", self.config.project.as_str());
        script.assign("mx_lines", self.log_lines).line(DIAGNOSE);
        if self.waits {
            script.line(UNREADY);
        }
        script.line(r"printf '\n\036trouble\n'");
        script.line(r#"[ "$mx_status" = 0 ] || mx_diagnose"#);
        script.line(r"printf '\n\036state\n'");
        script.subshell(&Project { name: self.config.project.clone() }.question());
        script.line(r#"exit "$mx_status""#);
        script
    }

    fn count(&self, verbs: &[Verb]) -> Vec<&str> {
        let all = self.decision.operations.iter().filter(|one| verbs.contains(&one.verb));
        all.map(|one| one.container.as_str()).collect()
    }
}

/// `a`, `a and b`, `5 containers`.
fn few(names: &[&str]) -> String {
    match names {
        [one] => (*one).to_string(),
        [one, two] => format!("{one} and {two}"),
        many => format!("{} containers", many.len()),
    }
}

impl Action for Compose {
    fn summary(&self) -> String {
        let groups = [
            ("create", &[Verb::Create][..]),
            ("recreate", &[Verb::Recreate]),
            ("start", &[Verb::Start]),
            ("restart", &[Verb::Restart]),
            ("stop", &[Verb::Stop]),
            ("remove", &[Verb::Remove]),
        ];
        let parts: Vec<String> = groups
            .iter()
            .map(|(word, verbs)| (word, self.count(verbs)))
            .filter(|(_, names)| !names.is_empty())
            .map(|(word, names)| format!("{word} {}", few(&names)))
            .collect();
        match parts.is_empty() {
            true => format!("bring compose project {} up to date", self.config.project),
            false => format!("{} of compose project {}", parts.join(", "), self.config.project),
        }
    }

    fn step(&self) -> Step {
        Step::Shell(self.script())
    }

    fn predict(&self, world: &mut World) {
        for pull in &self.decision.pulls {
            world.foresee(Image { name: pull.image.clone() }, ImageState::to_come());
        }
        world.predict(Project { name: self.config.project.clone() }, self.decision.after.clone());
    }

    fn diff(&self) -> Diff {
        let mut diff = Diff::of(format!("compose project {}", self.config.project));
        let decision = &self.decision;
        for pull in &decision.pulls {
            let before = if pull.renew { "here" } else { "" };
            let after = match (pull.build, pull.renew) {
                (true, _) => "built".to_string(),
                (false, true) => "pulled, if it is another one by now".to_string(),
                (false, false) => format!("pulled{}", in_brackets(pull.size)),
            };
            diff = diff.change(&format!("image {}", pull.image), before, after);
        }
        for name in &decision.networks {
            diff = diff.change(&format!("network {name}"), "", "created");
        }
        for name in &decision.volumes {
            diff = diff.change(&format!("volume {name}"), "", "created");
        }
        for one in &decision.operations {
            let why = match (one.maybe, one.why.as_str()) {
                (true, _) => ", if the pull brings another image".to_string(),
                (false, "") => String::new(),
                (false, why) if one.verb == Verb::Create => format!(" {why}"),
                (false, why) => format!(", {why}"),
            };
            let after =
                [one.verb.done(), if one.verb == Verb::Remove { "" } else { &why }].concat();
            let before = match one.verb {
                Verb::Remove => [&one.before, why.as_str()].concat(),
                _ => one.before.clone(),
            };
            diff = diff.change(&one.container, before, after);
            for change in &one.because {
                let field = format!("{} {}", one.container, change.field);
                let (before, after) = (change.before.clone(), change.after.clone());
                diff.changes.push(Change { field, before, after });
            }
        }
        decision.removes.iter().fold(diff, |diff, name| diff.change(name, "here", ""))
    }

    /// Each container, image, network and volume for itself: what was approved may happen also
    /// where the others have happened by then.
    fn identities(&self) -> Vec<String> {
        let project = &self.config.project;
        let decision = &self.decision;
        let operations = decision.operations.iter().map(Operation::shown);
        let pulls = decision.pulls.iter().map(|one| match one.build {
            true => format!("build {}", one.image),
            false => format!("pull {}", one.image),
        });
        let networks = decision.networks.iter().map(|name| format!("create network {name}"));
        let volumes = decision.volumes.iter().map(|name| format!("create volume {name}"));
        let removes = decision.removes.iter().map(|name| format!("remove {name}"));
        let all = operations.chain(pulls).chain(networks).chain(volumes).chain(removes);
        all.map(|one| format!("compose {project}: {one}")).collect()
    }

    fn nature(&self) -> Nature {
        let project = &self.config.project;
        let reason = format!("compose project `{project}` is not up to date yet");
        let scope = Scope::Containers {
            shown: format!("compose project `{project}`"),
            folders: self.decision.folders.clone(),
        };
        let opaque = Some(Opaque { scope, reason: Arc::new(Unknown::new(reason)) });
        Nature { opaque, detached: true, own_environment: true, ..Nature::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_taken_apart() {
        let stdout = "done\n\n\u{1e}trouble\nm-a is exited (status 3)\n    | boom\n\n\u{1e}state\nnetwork m_edge\n";
        let report = Report::read(&Output { stdout: stdout.into(), ..Output::default() });
        assert_eq!(report.stdout, "done");
        assert!(report.trouble.starts_with("m-a is exited") && report.trouble.ends_with("| boom"));
        assert_eq!(report.state.networks, ["m_edge"]);
    }
}

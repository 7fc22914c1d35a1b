//! What Compose does to each container alike: it stops, restarts or removes them.

use super::choices::Choices;
use super::container::Container;
use super::decide::Known;
use super::decision::{Decision, Operation, Verb};

/// What `docker compose stop`, `restart` and `down` do to the containers of services.
pub fn decide_each(known: &Known<'_>, choices: &Choices, verb: Verb) -> Decision {
    let mut decision = Decision::default();
    let concerned = |one: &Container| match choices.services.is_empty() {
        // Those of profiles that are off are left alone.
        true => known.model.service(&one.service).is_some(),
        false => choices.services.contains(&one.service),
    };
    for container in &known.state.containers {
        let ours = concerned(container) && (!container.oneoff || verb == Verb::Remove);
        let orphan = verb == Verb::Remove
            && choices.remove_orphans
            && !known.model.declared.contains(&container.service);
        let idle = verb == Verb::Stop && !container.is_running();
        let mut after = container.clone();
        if (ours || orphan) && !idle {
            decision.operations.push(Operation {
                verb,
                container: container.name.clone(),
                before: container.condition(),
                because: vec![],
                why: String::new(),
                maybe: false,
            });
            match verb {
                Verb::Remove => {
                    decision.after.gone.push(container.id.clone());
                    continue;
                }
                Verb::Stop => after.status = "exited".into(),
                _ => {
                    after.status = "running".into();
                    after.health.clear();
                }
            }
        }
        decision.after.containers.push(after);
    }
    decision
}

//! What `docker_compose_v2` registers, as `community.docker` documents it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::module::Outcome;
use crate::remote::Output;
use crate::resource::compose::{Decision, ProjectState, Report, Verb};
use crate::resource::docker::ImageState;
use crate::value::{Key, Map, Value};

/// `actions`: what is done to what.
pub fn actions(decision: &Decision) -> Value {
    let one =
        |what: &str, id: &str, status: &str| json!({"what": what, "id": id, "status": status});
    let mut all: Vec<Json> = Vec::new();
    for pull in &decision.pulls {
        all.push(one("image", &pull.image, if pull.build { "Building" } else { "Pulling" }));
    }
    all.extend(decision.networks.iter().map(|name| one("network", name, "Creating")));
    all.extend(decision.volumes.iter().map(|name| one("volume", name, "Creating")));
    for operation in &decision.operations {
        let status = match operation.verb {
            Verb::Create => "Creating",
            Verb::Recreate => "Recreate",
            Verb::Remove => "Removing",
            Verb::Start => "Starting",
            Verb::Stop => "Stopping",
            Verb::Restart => "Restarting",
        };
        all.push(one("container", &operation.container, status));
    }
    for removed in &decision.removes {
        let (what, id) = removed.split_once(' ').unwrap_or(("", removed));
        all.push(one(what, id, "Removing"));
    }
    Value::from_json(&Json::Array(all))
}

/// `containers`: as `docker compose ps` lists them.
pub fn containers(state: &ProjectState) -> Value {
    let own = state.containers.iter().filter(|one| !one.oneoff);
    Value::from_json(&own.map(|one| one.shown.clone()).collect())
}

/// `images`: as `docker compose images` lists them, and the digests that registries know.
pub fn images(state: &ProjectState, known: &BTreeMap<String, Arc<ImageState>>) -> Value {
    let own = state.containers.iter().filter(|one| !one.oneoff);
    let all = own.map(|one| {
        let (repository, tag) = one
            .image
            .rsplit_once(':')
            .filter(|(_, tag)| !tag.contains('/'))
            .unwrap_or((&one.image, "latest"));
        let image = known.get(&one.image).filter(|image| image.is_there());
        json!({
            "ContainerName": one.name,
            "ID": one.image_id,
            "Repository": repository,
            "Tag": tag,
            "Size": image.map(|image| image.size),
            "Digests": image.map(|image| image.digests.clone()).unwrap_or_default(),
        })
    });
    Value::from_json(&all.collect())
}

/// What is registered once Compose ran. `before` is what the project had.
pub fn outcome(output: &Output, decision: &Decision, before: &ProjectState, cmd: &str) -> Outcome {
    let report = Report::read(output);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut result = Map::new();
    let texts = [("stdout", report.stdout.as_str()), ("stderr", stderr.trim_end())];
    for (name, text) in texts {
        result.insert(Key::from(name), Value::data(text));
        let lines = Value::list(text.lines().map(Value::data));
        result.insert(Key::from(format!("{name}_lines")), lines);
    }
    result.insert(Key::from("rc"), i64::from(output.status).into());
    result.insert(Key::from("containers"), containers(&report.state));
    result.insert(Key::from("images"), images(&report.state, &BTreeMap::new()));
    let ids = |state: &ProjectState| -> Vec<(String, String)> {
        state.containers.iter().map(|one| (one.id.clone(), one.status.clone())).collect()
    };
    let changed = decision.is_sure() || ids(before) != ids(&report.state);
    let failed = (!output.succeeded()).then(|| complaint(output.status, &stderr, &report, cmd));
    Outcome { result, changed: Some(changed), failed }
}

/// What Compose complains of, then what the containers say that did not come up.
fn complaint(status: i32, stderr: &str, report: &Report, cmd: &str) -> String {
    // Lines of progress are indented.
    let said = stderr.lines().filter(|line| {
        !line.trim().is_empty() && !line.starts_with(' ') && !line.contains("level=warning")
    });
    let said: Vec<&str> = said.collect();
    let said = said[said.len().saturating_sub(4)..].join("\n");
    let mut text = match said.is_empty() {
        true => format!("`{cmd}` ended with status {status}"),
        false => format!("`{cmd}` failed: {said}"),
    };
    if !report.trouble.is_empty() {
        text.push('\n');
        text.push_str(&report.trouble);
    }
    text
}

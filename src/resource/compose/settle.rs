//! What Compose changes in a project before it takes its hashes.
//!
//! compose-go, `WithSelectedServices`: a call without dependencies forgets those that it does not
//! name. docker/compose, `resolveServiceReferences`: who shares with a service shares with its
//! container.

use serde_json::Value as Json;

use super::container::ProjectState;

/// The project as Compose has it when it is called for `services` without their dependencies
/// (none: it is called with them); none if that is how it stands in `json`.
pub fn as_called(json: &Json, services: Option<&[String]>, state: &ProjectState) -> Option<Json> {
    let mut changed = json.clone();
    for (name, service) in changed["services"].as_object_mut()? {
        if let Some(named) = services.filter(|named| named.contains(name)) {
            forget(service, named);
        }
        for field in ["network_mode", "ipc", "pid"] {
            let other = service[field].as_str().and_then(|mode| mode.strip_prefix("service:"));
            let container = other.and_then(|other| state.of(other).min_by_key(|one| one.number));
            if let Some(container) = container {
                service[field] = Json::from(["container:", &container.id].concat());
            }
        }
    }
    (changed != *json).then_some(changed)
}

fn forget(service: &mut Json, named: &[String]) {
    let Some(service) = service.as_object_mut() else { return };
    if let Some(needs) = service.get_mut("depends_on").and_then(Json::as_object_mut) {
        needs.retain(|other, _| named.contains(other));
        if needs.is_empty() {
            service.remove("depends_on");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::container::Container;
    use super::*;

    #[test]
    fn dependencies_are_forgotten_and_services_become_containers() {
        let json = serde_json::json!({"services": {
            "db": {"image": "a"},
            "web": {"depends_on": {"db": {}}, "network_mode": "service:db"},
        }});
        let db = Container { id: "0123".into(), service: "db".into(), ..Container::default() };
        let state = ProjectState { containers: vec![db], ..ProjectState::default() };
        let called = as_called(&json, Some(&["web".into()]), &state).expect("differs");
        assert_eq!(
            called["services"]["web"],
            serde_json::json!({"network_mode": "container:0123"})
        );
        let both = ["web".to_string(), "db".to_string()];
        let called = as_called(&json, Some(&both), &state).expect("differs");
        assert!(called["services"]["web"]["depends_on"].is_object());
        assert!(as_called(&json, None, &ProjectState::default()).is_none());
    }
}

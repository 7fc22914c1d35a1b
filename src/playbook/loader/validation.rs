//! The task that checks a role's arguments before the role's own tasks.

use std::sync::Arc;

use crate::playbook::{Action, Args, Flow, RoleUse, Scope, Task, ValidateArguments};

/// The check, if the role has a specification for the entry point that is used. As Ansible's, it runs whatever tags
/// are chosen.
pub fn task(role: &Arc<RoleUse>, scope: &Arc<Scope>) -> Option<Arc<Task>> {
    let tasks = role.from.tasks.as_deref().unwrap_or("main");
    let stem = tasks.strip_suffix(".yml").or_else(|| tasks.strip_suffix(".yaml")).unwrap_or(tasks);
    let spec = role.role.argument_specs.get(stem)?;
    let about =
        spec.short_description.as_ref().map(|text| format!(" - {text}")).unwrap_or_default();
    let action = Action {
        module: "ansible.builtin.validate_argument_spec".to_string(),
        canonical: Some("validate_argument_spec"),
        span: role.span.clone(),
        args: Args::default(),
        flow: Some(Flow::ValidateArguments(ValidateArguments {
            spec: Some(Arc::clone(&spec.options)),
            entry_point: stem.to_string(),
        })),
    };
    let name = format!("Validating arguments against arg spec '{stem}'{about}");
    Some(Task::ours(&name, action, scope))
}

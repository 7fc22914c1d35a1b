//! The task that checks a role's arguments before the role's own tasks.

use std::sync::Arc;

use crate::playbook::{Action, Args, Flow, Keywords, RoleUse, Scope, Tag, Task, ValidateArguments};
use crate::value::Str;

/// The check, if the role has a specification for the entry point that is used. As Ansible's, it runs whatever tags
/// are chosen.
pub fn task(role: &Arc<RoleUse>, scope: &Arc<Scope>) -> Option<Arc<Task>> {
    let tasks = role.from.tasks.as_deref().unwrap_or("main");
    let stem = tasks.strip_suffix(".yml").or_else(|| tasks.strip_suffix(".yaml")).unwrap_or(tasks);
    let spec = role.role.argument_specs.get(stem)?;
    let about =
        spec.short_description.as_ref().map(|text| format!(" - {text}")).unwrap_or_default();
    let always = Tag { text: Str::data("always"), span: role.span.clone() };
    Some(Arc::new(Task {
        name: Some(Str::data(format!("Validating arguments against arg spec '{stem}'{about}"))),
        span: role.span.clone(),
        action: Action {
            module: "ansible.builtin.validate_argument_spec".to_string(),
            canonical: Some("validate_argument_spec"),
            span: role.span.clone(),
            args: Args::default(),
            flow: Some(Flow::ValidateArguments(ValidateArguments {
                spec: Some(Arc::clone(&spec.options)),
                entry_point: stem.to_string(),
            })),
        },
        keywords: Keywords { tags: vec![always], ..Keywords::default() },
        repeat: None,
        register: None,
        until: vec![],
        retries: None,
        delay: None,
        changed_when: None,
        failed_when: None,
        run_async: None,
        poll: None,
        scope: Arc::clone(scope),
    }))
}

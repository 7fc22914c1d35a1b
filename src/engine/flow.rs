//! Tasks that steer the run: includes, `meta`, the check of a role's arguments.

use std::sync::Arc;

use crate::diagnostic::Diagnostics;
use crate::playbook::{
    Flow, From, IncludeRole, IncludeTasks, Meta, RoleRequest, Setting, Task, ValidateArguments,
    spec,
};
use crate::resource::Suspend;
use crate::value::{Map, Value};

use super::machine::Machine;
use super::render::{Render, failed};

/// What a flow task came to.
pub enum Steered {
    /// Done.
    Done,
    /// The connection is to be made anew.
    Reconnect,
    /// All hosts of the play, or of the batch, end here.
    EndAll,
}

/// Carries out a flow task. The machine stands at the task and has not advanced.
pub fn steer(
    machine: &mut Machine,
    task: &Arc<Task>,
    render: &Render<'_>,
    locals: &Arc<Map>,
    open: bool,
) -> Result<Steered, Suspend> {
    match &task.action.flow {
        None => Ok(Steered::Done),
        Some(Flow::IncludeTasks(include)) => {
            include_tasks(machine, task, include, render, (locals, open)).map(|()| Steered::Done)
        }
        Some(Flow::IncludeRole(include)) => {
            include_role(machine, task, include, render, (locals, open)).map(|()| Steered::Done)
        }
        Some(Flow::ValidateArguments(check)) => {
            validate(task, check, render).map(|()| Steered::Done)
        }
        Some(Flow::Meta(meta)) => Ok(carry_out(*meta, machine)),
    }
}

fn carry_out(meta: Meta, machine: &mut Machine) -> Steered {
    match meta {
        Meta::FlushHandlers => machine.flush_now(),
        Meta::ClearFacts => machine.memory.facts = Arc::default(),
        Meta::ClearHostErrors => machine.clear_errors(),
        Meta::EndHost => machine.end(),
        Meta::EndRole => machine.end_role(),
        Meta::EndPlay | Meta::EndBatch => {
            machine.end();
            return Steered::EndAll;
        }
        Meta::ResetConnection => return Steered::Reconnect,
        // The inventory is read once a run.
        Meta::RefreshInventory | Meta::Noop => {}
    }
    Steered::Done
}

fn first(errors: &Diagnostics) -> Suspend {
    let texts: Vec<String> = errors
        .0
        .iter()
        .map(|error| match failed(error) {
            Suspend::Failed(text) => text,
            _ => error.to_string(),
        })
        .collect();
    Suspend::Failed(texts.join("\n"))
}

fn include_tasks(
    machine: &mut Machine,
    task: &Arc<Task>,
    include: &IncludeTasks,
    render: &Render<'_>,
    (locals, open): (&Arc<Map>, bool),
) -> Result<(), Suspend> {
    let file = render.text(&include.file)?;
    let block = render
        .shared
        .loader
        .include_tasks(task, include, &file)
        .map_err(|errors| first(&errors))?;
    machine.enter(block, Arc::clone(locals), open);
    Ok(())
}

fn include_role(
    machine: &mut Machine,
    task: &Arc<Task>,
    include: &IncludeRole,
    render: &Render<'_>,
    (locals, open): (&Arc<Map>, bool),
) -> Result<(), Suspend> {
    let text = |setting: &Option<Setting>| setting.as_ref().map(|it| render.text(it)).transpose();
    let truth = |setting: &Option<Setting>, default: bool| match setting {
        Some(setting) => render.truth(setting),
        None => Ok(default),
    };
    let request = RoleRequest {
        name: render.text(&include.role)?,
        from: From {
            tasks: text(&include.from.tasks)?,
            vars: text(&include.from.vars)?,
            defaults: text(&include.from.defaults)?,
            handlers: text(&include.from.handlers)?,
        },
        public: truth(&include.public, false)?,
        allow_duplicates: truth(&include.allow_duplicates, true)?,
        validate: truth(&include.validate, true)?,
    };
    let included = render
        .shared
        .loader
        .include_role(task, include, &request)
        .map_err(|errors| first(&errors))?;
    for handler in included.handlers {
        let known = machine.handlers.iter().any(|known| known.task.span == handler.task.span);
        if !known {
            machine.handlers.push(handler);
        }
    }
    if included.role.public {
        machine.memory.public_roles.push(Arc::clone(&included.role));
    }
    machine.enter_role(included.block, Arc::clone(locals), open);
    Ok(())
}

/// Checks the arguments of a role against its specification.
fn validate(task: &Task, check: &ValidateArguments, render: &Render<'_>) -> Result<(), Suspend> {
    use crate::template::Scope as _;
    let Some(options) = &check.spec else {
        return Err(Suspend::failed(format!(
            "{}: `validate_argument_spec` with a specification of its own is not supported",
            task.span
        )));
    };
    let mut given = Map::new();
    for name in options.by_name.keys() {
        if let Some(value) = render.variables.get(name) {
            given.insert(name.as_str().into(), render.value(&value)?);
        }
    }
    let problems = spec::validate(options, &Value::Map(Arc::new(given)));
    if problems.is_empty() {
        return Ok(());
    }
    let role = task.role().map(|role| role.role.name.clone()).unwrap_or_default();
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Err(Suspend::failed(format!(
        "the arguments of role `{role}` ({}) are wrong: {}",
        check.entry_point,
        texts.join("; ")
    )))
}

//! One task on one host: its conditions, its loop, its arguments, its module's plan.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::module::{self, Call, Given, Passed, Plan};
use crate::playbook::{Flow, FreeForm, Keyword, LoopKind, Task};
use crate::resource::{AnyQuery, Host, Step, Suspend, World};
use crate::value::{Key, Map, Str, Unknown, Value};

use super::controller::TaskController;
use super::render::{Render, failed};
use super::settings::{Manner, manner};

/// A query and who is to be asked.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The host that answers.
    pub host: Arc<str>,
    /// As which user.
    pub user: Arc<crate::remote::Become>,
    /// The question.
    pub query: AnyQuery,
}

/// What a task comes to.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// Its items; one without an item where it does not loop.
    pub items: Vec<ItemPlan>,
    /// Whether it loops.
    pub looped: bool,
}

impl Evaluation {
    /// Of a task that failed before it was looked at.
    pub fn failed(message: String) -> Self {
        let item = ItemPlan::without_item(Arc::default(), Verdict::Failed(message));
        Self { items: vec![item], looped: false }
    }
}

/// What one item of a task comes to.
#[derive(Debug, Clone)]
pub struct ItemPlan {
    /// The item and its label, in a loop.
    pub item: Option<(Value, String)>,
    /// The loop's variables.
    pub locals: Arc<Map>,
    /// How it is carried out.
    pub manner: Option<Arc<Manner>>,
    /// What is to be done.
    pub verdict: Verdict,
    /// What was taken for granted.
    pub assumptions: Vec<String>,
}

impl ItemPlan {
    fn without_item(locals: Arc<Map>, verdict: Verdict) -> Self {
        Self { item: None, locals, manner: None, verdict, assumptions: vec![] }
    }
}

/// What is to be done for an item.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Nothing, since a condition does not hold.
    Skipped(String),
    /// What the module planned.
    Plan(Box<Plan>),
    /// It steers the run: an include, a `meta`, the check of a role's arguments.
    Flow,
    /// Only applying can tell.
    Unknown(Arc<Unknown>),
    /// It failed before anything was sent.
    Failed(String),
}

/// Why an evaluation is not finished: these must be asked first.
pub struct Missing(pub Vec<Wanted>);

/// What a task is evaluated against.
pub struct Subject<'a> {
    /// The task.
    pub task: &'a Task,
    /// The host of the play.
    pub host: &'a Arc<str>,
    /// What is known of the hosts that it may be carried out on.
    pub worlds: &'a HashMap<Arc<str>, World>,
    /// Renders with the host's variables.
    pub render: &'a Render<'a>,
    /// The loops around it.
    pub locals: &'a Arc<Map>,
}

/// What the task comes to on this host, as far as is known.
pub fn evaluate(subject: &Subject<'_>) -> Result<Evaluation, Missing> {
    let items = match loop_items(subject) {
        Ok(None) => {
            let mut worlds = None;
            let item = evaluate_item(subject, None, subject.locals, &mut worlds)?;
            return Ok(Evaluation { items: vec![item], looped: false });
        }
        Ok(Some(items)) => items,
        Err(verdict) => {
            let item = ItemPlan::without_item(Arc::clone(subject.locals), verdict);
            // Nobody knows what a list holds that only applying can tell, nor how long it is.
            let looped = matches!(item.verdict, Verdict::Skipped(_));
            return Ok(Evaluation { items: vec![item], looped });
        }
    };
    let mut plans = Vec::with_capacity(items.len());
    let mut missing = Vec::new();
    let mut worlds = None;
    for (item, label, locals) in items {
        match evaluate_item(subject, Some((item, label)), &locals, &mut worlds) {
            Ok(plan) => plans.push(plan),
            Err(Missing(wanted)) => missing.extend(wanted),
        }
    }
    if missing.is_empty() {
        Ok(Evaluation { items: plans, looped: true })
    } else {
        Err(Missing(missing))
    }
}

type LoopItem = (Value, String, Arc<Map>);

/// The items of the task's loop with their variables; none if it does not loop.
fn loop_items(subject: &Subject<'_>) -> Result<Option<Vec<LoopItem>>, Verdict> {
    let Some(repeat) = &subject.task.repeat else { return Ok(None) };
    let render = subject.render;
    // A condition that does not depend on the item spares the loop's list, as people expect.
    let stop = |suspend: Suspend| match suspend {
        Suspend::Unknown(unknown) => match render.first_false(&subject.task.conditions()) {
            Ok(Some(reason)) => Verdict::Skipped(reason),
            _ => Verdict::Unknown(unknown),
        },
        Suspend::Failed(message) => match render.first_false(&subject.task.conditions()) {
            Ok(Some(reason)) => Verdict::Skipped(reason),
            Err(Suspend::Unknown(unknown)) => Verdict::Unknown(unknown),
            _ => Verdict::Failed(message),
        },
        Suspend::Needs(_) => Verdict::Failed("a loop's list cannot be asked of a host".into()),
    };
    let items = match &repeat.kind {
        LoopKind::Loop => render.value(&repeat.terms.value).map_err(stop)?,
        LoopKind::With(lookup) => render.lookup(lookup, &repeat.terms.value).map_err(stop)?,
    };
    if let Some(unknown) = items.find_unknown().filter(|_| items.as_list().is_none()) {
        return Err(Verdict::Unknown(Arc::clone(unknown)));
    }
    let Some(list) = items.as_list() else {
        let message = format!(
            "{}: a loop needs a list, not a value of type `{}`",
            repeat.terms.span,
            items.type_name()
        );
        return Err(stop(Suspend::Failed(message)));
    };
    if list.is_empty() {
        return Err(Verdict::Skipped("there is nothing to loop over".into()));
    }
    let text = |setting: &Option<crate::playbook::Setting>, default: &str| match setting {
        Some(setting) => render.text(setting).map_err(stop),
        None => Ok(default.to_string()),
    };
    let name = text(&repeat.control.loop_var, "item")?;
    let index_name = text(&repeat.control.index_var, "")?;
    let extended = match &repeat.control.extended {
        Some(setting) => render.truth(setting).map_err(stop)?,
        None => false,
    };
    let all_items = match &repeat.control.extended_allitems {
        Some(setting) => render.truth(setting).map_err(stop)?,
        None => true,
    };
    let mut all = Vec::with_capacity(list.len());
    for (index, item) in list.iter().enumerate() {
        let mut locals = (**subject.locals).clone();
        locals.insert(Key::from(name.as_str()), item.clone());
        locals.insert(Key::from("ansible_loop_var"), Value::data(name.as_str()));
        if !index_name.is_empty() {
            locals.insert(Key::from(index_name.as_str()), Value::Int(number(index)));
        }
        if extended {
            let mut extended = extended_loop(list, index);
            if !all_items {
                extended.retain(|(name, _)| *name != "allitems");
            }
            locals.insert(Key::from("ansible_loop"), Value::map(extended));
        }
        let locals = Arc::new(locals);
        let label = match &repeat.control.label {
            Some(label) => match render.with_locals(&locals).value(&label.value) {
                Ok(value) => short(&value),
                Err(_) => short(item),
            },
            None => short(item),
        };
        all.push((item.clone(), label, locals));
    }
    Ok(Some(all))
}

fn number(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

/// `ansible_loop` of `loop_control: extended`.
fn extended_loop(list: &[Value], index: usize) -> Vec<(&'static str, Value)> {
    let length = list.len();
    let mut map = vec![
        ("allitems", Value::list(list.iter().cloned())),
        ("index", Value::Int(number(index + 1))),
        ("index0", Value::Int(number(index))),
        ("revindex", Value::Int(number(length - index))),
        ("revindex0", Value::Int(number(length - index - 1))),
        ("first", Value::Bool(index == 0)),
        ("last", Value::Bool(index + 1 == length)),
        ("length", Value::Int(number(length))),
    ];
    if index > 0 {
        map.push(("previtem", list[index - 1].clone()));
    }
    if let Some(next) = list.get(index + 1) {
        map.push(("nextitem", next.clone()));
    }
    map
}

/// A label for people: one line, secrets masked.
fn short(value: &Value) -> String {
    let text = match value {
        Value::Str(text) if text.is_secret() => crate::value::MASK.to_string(),
        Value::Str(text) => text.as_str().to_string(),
        other => other.to_masked_json().to_string(),
    };
    let mut line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(121).collect();
    if line.chars().count() > 120 {
        line.pop();
        line.push('…');
    }
    line
}

fn evaluate_item(
    subject: &Subject<'_>,
    item: Option<(Value, String)>,
    locals: &Arc<Map>,
    ahead: &mut Option<HashMap<Arc<str>, World>>,
) -> Result<ItemPlan, Missing> {
    let render = subject.render.with_locals(locals);
    let mut plan = ItemPlan {
        item,
        locals: Arc::clone(locals),
        manner: None,
        verdict: Verdict::Flow,
        assumptions: vec![],
    };
    let worlds = ahead.as_ref().unwrap_or(subject.worlds);
    match plan_item(subject, &render, worlds, &mut plan) {
        Ok(verdict) => {
            if let (Verdict::Plan(done), Some(_), Some(manner)) =
                (&verdict, &plan.item, &plan.manner)
                && !done.actions.is_empty()
            {
                let worlds = ahead.get_or_insert_with(|| subject.worlds.clone());
                let world = worlds.entry(Arc::clone(&manner.host)).or_default();
                predict(done, manner, world);
            }
            plan.verdict = verdict;
            Ok(plan)
        }
        Err(Suspend::Unknown(unknown)) => {
            plan.verdict = Verdict::Unknown(unknown);
            Ok(plan)
        }
        Err(Suspend::Failed(message)) => {
            plan.verdict = Verdict::Failed(message);
            Ok(plan)
        }
        Err(Suspend::Needs(queries)) => {
            let Some(manner) = plan.manner else {
                plan.verdict = Verdict::Failed("a host was asked before its user was known".into());
                return Ok(plan);
            };
            let wanted = queries.into_iter().map(|query| Wanted {
                host: Arc::clone(&manner.host),
                user: Arc::clone(&manner.become_user),
                query,
            });
            Err(Missing(wanted.collect()))
        }
    }
}

/// What a plan's actions leave behind, their opaque part too.
pub fn predict(plan: &Plan, manner: &Manner, world: &mut World) {
    for action in &plan.actions {
        action.predict(world);
        if !manner.only_reads
            && let Some(opaque) = action.nature().opaque
        {
            world.cloud(opaque);
        }
    }
}

fn plan_item(
    subject: &Subject<'_>,
    render: &Render<'_>,
    worlds: &HashMap<Arc<str>, World>,
    plan: &mut ItemPlan,
) -> Result<Verdict, Suspend> {
    let task = subject.task;
    if let Some(reason) = render.first_false(&task.conditions())? {
        return Ok(Verdict::Skipped(reason));
    }
    let manner = Arc::new(manner(subject.host, task, render)?);
    plan.manner = Some(Arc::clone(&manner));
    // An include's and a check's own arguments are rendered where they are carried out.
    if let Some(flow) = &task.action.flow {
        return match flow {
            Flow::ValidateArguments(_)
            | Flow::Meta(_)
            | Flow::IncludeTasks(_)
            | Flow::IncludeRole(_) => Ok(Verdict::Flow),
        };
    }
    let Some(entry) = task.action.canonical.and_then(module::find) else {
        return Err(Suspend::failed(format!(
            "{}: module `{}` is not supported by mxprov",
            task.action.span, task.action.module
        )));
    };
    let passed = passed(task, render, entry)?;
    learn_secrets(&passed, entry, render);
    let controller = TaskController { render };
    let call = Call {
        controller: &controller,
        environment: manner.environment.clone(),
        check: manner.check,
    };
    let user = manner.user_key();
    let nothing = World::new();
    let world = worlds.get(&manner.host).unwrap_or(&nothing);
    let host = Host::new(world, &user);
    let planned = (entry.plan)(&passed, Some(&task.action.span), &call, &host);
    plan.assumptions = host.assumptions();
    match planned {
        Ok(result) => permitted(result?, world, &user),
        Err(errors) => Err(errors.first().map_or_else(|| Suspend::failed("bad arguments"), failed)),
    }
}

/// The plan, unless nobody can become the user who is to carry it out, and nothing before mends it.
fn permitted(plan: Plan, world: &World, user: &str) -> Result<Verdict, Suspend> {
    match world.refusal(user).filter(|_| needs_user(&plan)) {
        Some(failed @ Suspend::Failed(_)) => Err(failed),
        _ => Ok(Verdict::Plan(Box::new(plan))),
    }
}

/// Whether a plan is carried out by a user of the host.
pub fn needs_user(plan: &Plan) -> bool {
    let needs = |step: Step| matches!(step, Step::Shell(_) | Step::Restart(_));
    plan.actions.iter().any(|action| needs(action.step()))
}

fn learn_secrets(passed: &Passed, entry: &module::Entry, render: &Render<'_>) {
    for spec in (entry.specs)().iter().filter(|spec| spec.secret) {
        for name in std::iter::once(&spec.name).chain(spec.aliases) {
            if let Some(Value::Str(text)) = passed.get(*name).map(|given| &given.value) {
                render.shared.redactor.learn(text.as_str());
            }
        }
    }
}

/// The arguments, rendered: module defaults, `args: "{{ }}"`, free form, named ones.
fn passed(task: &Task, render: &Render<'_>, entry: &module::Entry) -> Result<Passed, Suspend> {
    let mut passed: Passed = IndexMap::new();
    for defaults in task.module_defaults() {
        let module = render.value(&Value::Str(defaults.module.clone()))?;
        let named = module.as_str().and_then(module::find).map(|found| found.name);
        if named == Some(entry.name) {
            let args = render.value(&defaults.args.value)?;
            spread(&args, &mut passed);
        }
    }
    if let Some(setting) = &task.action.args.spread {
        let args = render.value(&setting.value)?;
        if args.as_map().is_none() {
            return Err(Suspend::failed(format!(
                "{}: a mapping of arguments is expected, not a value of type `{}`",
                setting.span,
                args.type_name()
            )));
        }
        spread(&args, &mut passed);
    }
    if let Some(FreeForm { text, span }) = &task.action.args.free_form {
        let Some(name) = entry.free_form else {
            return Err(Suspend::failed(format!(
                "{span}: `{}` takes no free text",
                entry.short_name()
            )));
        };
        let value = render.value(&Value::Str(text.clone()))?;
        let value = match value {
            Value::Str(_) => value,
            other => Value::Str(Str::data(other.to_json().to_string())),
        };
        passed.insert(
            name.into(),
            Given { name: Some(span.clone()), value, span: Some(span.clone()) },
        );
    }
    for (name, setting) in &task.action.args.named {
        // `assert` and `debug` read their expressions themselves.
        let value = match entry.raw_arguments.contains(&name.as_str()) {
            true => setting.value.clone(),
            false => render.value(&setting.value)?,
        };
        let given =
            Given { name: Some(setting.name.clone()), value, span: Some(setting.span.clone()) };
        passed.insert(name.clone(), given);
    }
    Ok(passed)
}

fn spread(args: &Value, passed: &mut Passed) {
    for (name, value) in args.as_map().into_iter().flatten() {
        let given = Given { name: None, value: value.clone(), span: None };
        passed.insert(name.to_string(), given);
    }
}

/// Whether a task's own text needs other hosts, or gives to them, so that it waits for them.
pub fn looks_at_others(task: &Task) -> bool {
    fn mentions(value: &Value) -> bool {
        match value {
            Value::Str(text) => text.as_str().contains("hostvars"),
            Value::List(items) => items.iter().any(mentions),
            Value::Map(map) => map.values().any(mentions),
            _ => false,
        }
    }
    let args = task.action.args.named.values().map(|setting| &setting.value);
    let conditions = task.keywords.when.iter().map(|setting| &setting.value);
    let repeat = task.repeat.iter().map(|repeat| &repeat.terms.value);
    let vars = task.keywords.vars.iter().flat_map(|vars| vars.map.values());
    let free =
        task.action.args.free_form.iter().any(|free| free.text.as_str().contains("hostvars"));
    super::gift::gives(task)
        || free
        || args.chain(conditions).chain(repeat).chain(vars).any(mentions)
}

/// Whether the task runs on one host of the batch, for all.
pub fn runs_once(task: &Task, render: &Render<'_>) -> bool {
    render.flag(task, Keyword::RunOnce).ok().flatten().unwrap_or(false)
}

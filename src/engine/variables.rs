//! The variables that one task on one host sees, in Ansible's order of precedence.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use crate::diagnostic::Diagnostic;
use crate::inventory::{CONNECTION_VARIABLES, Inventory};
use crate::playbook::{Play, RoleUse, Task, Tier};
use crate::template::Scope;
use crate::value::{Key, Map, Value};

use super::gift::Gifts;
use super::memory::Memory;

/// What is the same for all tasks of a run.
pub struct HostVars {
    /// The hosts and their variables.
    pub inventory: Arc<Inventory>,
    /// `-e`: stronger than all.
    pub extra: Arc<Map>,
    /// What each host remembers, as far as others may know it.
    pub board: RwLock<HashMap<Arc<str>, Memory>>,
    /// What hosts were given by others (`delegate_facts`).
    pub gifts: Gifts,
    /// The run's own variables: `ansible_check_mode`, `playbook_dir`, `ansible_version` …
    pub run: Arc<Map>,
    /// Inventory variables of each host, weakest first.
    layers: HashMap<Arc<str>, Arc<Vec<Arc<Map>>>>,
}

impl HostVars {
    /// The variables of a run before any host has said anything. Reads the variable files of all
    /// hosts, so that what is wrong with them is said before any connection.
    pub fn load(
        inventory: Arc<Inventory>,
        playbook: Option<&Path>,
        extra: Arc<Map>,
        run: Arc<Map>,
    ) -> Result<Self, Diagnostic> {
        let mut known = HashMap::new();
        let local = crate::inventory::LOCAL.iter().filter_map(|name| inventory.host(name));
        for host in inventory.hosts.values().chain(local) {
            let mut layers: Vec<Arc<Map>> =
                inventory.layers(host, playbook)?.into_iter().map(|layer| layer.vars).collect();
            layers.push(Arc::new(inventory.magic(host)));
            known.insert(host.name.as_str().into(), Arc::new(layers));
        }
        Ok(Self {
            inventory,
            extra,
            run,
            board: RwLock::default(),
            gifts: Gifts::default(),
            layers: known,
        })
    }

    /// The inventory's variables of a host, weakest first; the last are the magic ones.
    pub fn inventory_layers(&self, host: &str) -> Arc<Vec<Arc<Map>>> {
        self.layers.get(host).cloned().unwrap_or_default()
    }

    /// Lets other hosts know what this one remembers.
    pub fn publish(&self, host: &Arc<str>, memory: &Memory) {
        let mut board = self.board.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        board.insert(Arc::clone(host), memory.clone());
    }

    /// Takes what others gave a host into its memory, where it stays known to all.
    pub fn take_gifts(&self, host: &Arc<str>, memory: &mut Memory) {
        if !self.gifts.wait_for(host) {
            return;
        }
        // The board shows it before it is gone from the gifts.
        let mut board = self.board.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.gifts.show(host, board.entry(Arc::clone(host)).or_default());
        self.gifts.take(host, memory);
    }

    fn memory_of(&self, host: &str) -> Memory {
        let board = self.board.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut memory = board.get(host).cloned().unwrap_or_default();
        self.gifts.show(host, &mut memory);
        memory
    }
}

/// The variables that one task sees. Cheap to make.
#[derive(Clone)]
pub struct Variables {
    shared: Arc<HostVars>,
    /// Strongest first.
    layers: Vec<Arc<Map>>,
    facts: Arc<Map>,
    /// Where the facts stand among the layers.
    facts_at: usize,
    facts_pending: bool,
}

impl Variables {
    /// The variables of a host outside of any play.
    pub fn of_host(shared: &Arc<HostVars>, host: &Arc<str>, memory: &Memory) -> Self {
        let mut weakest_first: Vec<Arc<Map>> = Vec::new();
        weakest_first.extend(shared.inventory_layers(host).iter().cloned());
        let facts_at = weakest_first.len();
        weakest_first.push(Arc::clone(&memory.included));
        weakest_first.push(Arc::clone(&memory.set));
        weakest_first.push(Arc::clone(&shared.extra));
        Self::assemble(shared, memory, weakest_first, facts_at)
    }

    /// The variables of a task; `play_files` are the loaded `vars_files`, `local` those of a loop.
    pub fn of_task(
        shared: &Arc<HostVars>,
        host: &Arc<str>,
        memory: &Memory,
        place: &Place<'_>,
        local: &Arc<Map>,
    ) -> Self {
        let mut tiers: Vec<(Tier, Arc<Map>)> = Vec::new();
        for role in place.play.public_roles().chain(&memory.public_roles) {
            push_role(role, &mut tiers);
        }
        if let Some(task) = place.task {
            tiers.extend(task.vars_layers().into_iter().map(|layer| (layer.tier, layer.vars)));
        } else if let Some(vars) = place.play.vars() {
            tiers.push((Tier::Play, Arc::clone(vars)));
        }
        tiers.extend(place.play_vars.iter().map(|vars| (Tier::Play, Arc::clone(vars))));
        let of = |wanted: Tier| {
            let tiers = tiers.iter().filter(move |(tier, _)| *tier == wanted);
            tiers.map(|(_, vars)| Arc::clone(vars))
        };
        let mut layers: Vec<Arc<Map>> = of(Tier::RoleDefaults).collect();
        layers.extend(shared.inventory_layers(host).iter().cloned());
        let facts_at = layers.len();
        for tier in [Tier::Play, Tier::RoleVars, Tier::Block, Tier::Task] {
            layers.extend(of(tier));
        }
        layers.push(Arc::clone(&memory.included));
        layers.push(Arc::clone(&memory.set));
        layers.extend(of(Tier::RoleParams));
        layers.extend(of(Tier::IncludeParams));
        layers.push(Arc::clone(local));
        layers.push(Arc::clone(&shared.extra));
        layers.push(Arc::clone(place.magic));
        Self::assemble(shared, memory, layers, facts_at)
    }

    fn assemble(
        shared: &Arc<HostVars>,
        memory: &Memory,
        mut weakest_first: Vec<Arc<Map>>,
        facts_at: usize,
    ) -> Self {
        weakest_first.reverse();
        let facts_at = weakest_first.len() - facts_at;
        Self {
            shared: Arc::clone(shared),
            layers: weakest_first,
            facts: Arc::clone(&memory.facts),
            facts_at,
            facts_pending: memory.facts_pending,
        }
    }

    fn magic(&self, name: &str) -> Option<Value> {
        match name {
            "ansible_facts" if self.facts_pending => Some(pending_facts()),
            "ansible_facts" => Some(Value::Map(Arc::clone(&self.facts))),
            _ => self.shared.run.get(name).cloned(),
        }
    }

    /// The same variables with more local ones over them.
    #[must_use]
    pub fn with_locals(&self, locals: &Arc<Map>) -> Self {
        let mut with = self.clone();
        if !locals.is_empty() {
            // Below extra variables and what the engine itself sets.
            let at = 2.min(with.layers.len());
            with.layers.insert(at, Arc::clone(locals));
            with.facts_at += 1;
        }
        with
    }

    /// A connection variable: never a fact, since what a host says must not redirect us.
    pub fn get_connection(&self, name: &str) -> Option<Value> {
        self.layers.iter().find_map(|layer| layer.get(name).cloned())
    }

    fn fact(&self, name: &str) -> Option<Value> {
        let short = name.strip_prefix("ansible_")?;
        self.facts.get(short).or_else(|| self.facts.get(name)).cloned()
    }
}

fn pending_facts() -> Value {
    Value::unknown("the facts of the host are not gathered yet")
}

/// Names under which a fact can stand when facts were not read yet.
fn may_be_fact(name: &str) -> bool {
    const NOT_FACTS: [&str; 9] = [
        "ansible_become",
        "ansible_become_user",
        "ansible_become_method",
        "ansible_become_password",
        "ansible_become_pass",
        "ansible_become_flags",
        "ansible_become_exe",
        "ansible_python_interpreter",
        "ansible_remote_tmp",
    ];
    let is_setting = CONNECTION_VARIABLES.contains(&name) || NOT_FACTS.contains(&name);
    name.starts_with("ansible_") && !is_setting
}

fn push_role(role: &RoleUse, tiers: &mut Vec<(Tier, Arc<Map>)>) {
    for dependency in &role.brought {
        tiers.push((Tier::RoleDefaults, Arc::clone(&dependency.defaults)));
        tiers.push((Tier::RoleVars, Arc::clone(&dependency.vars)));
    }
    tiers.push((Tier::RoleDefaults, Arc::clone(&role.defaults)));
    tiers.push((Tier::RoleVars, Arc::clone(&role.vars)));
}

/// Where in a play the variables are looked at.
pub struct Place<'a> {
    /// The play.
    pub play: &'a Play,
    /// What `vars_files` and `vars_prompt` gave.
    pub play_vars: &'a [Arc<Map>],
    /// The task, if it is one.
    pub task: Option<&'a Task>,
    /// What the engine itself sets: `role_path`, `play_hosts` …
    pub magic: &'a Arc<Map>,
}

impl Scope for Variables {
    fn get(&self, name: &str) -> Option<Value> {
        let (strong, weak) = self.layers.split_at(self.facts_at.min(self.layers.len()));
        let find = |layers: &[Arc<Map>]| layers.iter().find_map(|layer| layer.get(name).cloned());
        find(strong)
            .or_else(|| self.magic(name))
            .or_else(|| self.fact(name))
            .or_else(|| find(weak))
            .or_else(|| (self.facts_pending && may_be_fact(name)).then(pending_facts))
    }

    fn names(&self) -> Vec<String> {
        let layered = self.layers.iter().flat_map(|layer| layer.keys());
        let facts = self.facts.keys().map(|key| format!("ansible_{key}"));
        let mut names: Vec<String> = layered.map(Key::to_string).chain(facts).collect();
        names.extend(self.shared.run.keys().map(Key::to_string));
        names.sort_unstable();
        names.dedup();
        names
    }

    fn hosts(&self) -> Vec<String> {
        self.shared.inventory.hosts.keys().cloned().collect()
    }

    fn host(&self, name: &str) -> Option<Arc<dyn Scope>> {
        let host: Arc<str> = self.shared.inventory.host(name)?.name.as_str().into();
        let memory = self.shared.memory_of(name);
        Some(Arc::new(Self::of_host(&self.shared, &host, &memory)))
    }
}

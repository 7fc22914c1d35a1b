//! Reads plays.

use std::sync::Arc;

use super::build::{Build, Gathered, wrong};
use super::fields::{Field, Fields, describe};
use super::table::Level;
use crate::diagnostic::{Diagnostic, list_or};
use crate::playbook::{
    Block, Item, Keyword, Keywords, Location, Play, RoleUseKind, Scope, ScopeKind, Setting,
};
use crate::value::{Str, Value};
use crate::yaml::Node;

/// Ansible's strategies that run without a person; `debug` is one with.
const STRATEGIES: [&str; 6] = [
    "linear",
    "free",
    "host_pinned",
    "ansible.builtin.linear",
    "ansible.builtin.free",
    "ansible.builtin.host_pinned",
];

const ORDERS: [&str; 5] = ["inventory", "sorted", "reverse_sorted", "reverse_inventory", "shuffle"];

impl Build<'_> {
    /// Reads a play. `import` is what the imports around it say.
    pub fn play(&mut self, node: &Node, file: &Location, import: &Keywords) -> Option<Arc<Play>> {
        self.play = Gathered::default();
        let mut fields = self.fields(node, "a play")?;
        if self.is_task(&fields) {
            let problem = Diagnostic::new("here a play is expected, and this looks like a task")
                .at(&node.span);
            self.error(
                problem.hint(
                    "a playbook is a list of plays with `hosts`; tasks go under their `tasks`",
                ),
            );
            return None;
        }
        let hosts = self.hosts(&mut fields);
        let name = fields.take_filled("name").and_then(|field| self.text(field.value, "name"));
        let mut keywords = self.keywords(&mut fields, Level::Play);
        self.user(&mut fields, &mut keywords);
        imported_keywords(&mut keywords, import);
        let bare = Arc::new(play_scope(name.clone(), node, file, &keywords));
        self.settle_tags(&mut keywords, &bare);
        let scope = Arc::new(play_scope(name.clone(), node, file, &keywords));
        let vars_prompt = self.vars_prompt(&mut fields);
        let vars_files = self.vars_files(&mut fields, &scope);
        let settings = self.play_settings(&mut fields);
        let roles = self.play_roles(&mut fields, &scope);
        let mut handlers = std::mem::take(&mut self.play.role_handlers);
        if let Some(field) = fields.take("handlers") {
            let nodes = self.list(field.value, "`handlers`");
            handlers.extend(self.handlers(nodes, &scope));
        }
        let mut part = |name: &str| match fields.take(name) {
            Some(field) => self.play_tasks(field, &scope),
            None => vec![],
        };
        let (pre_tasks, tasks, post_tasks) = (part("pre_tasks"), part("tasks"), part("post_tasks"));
        self.refuse_rest(&mut fields, Level::Play);
        handlers.append(&mut self.play.imported_handlers);
        let imported_roles = std::mem::take(&mut self.play.imported_roles);
        self.follow_includes();
        self.check_notified(&handlers);
        let [
            gather_facts,
            gather_subset,
            gather_timeout,
            fact_path,
            serial,
            strategy,
            fail,
            force,
            order,
        ] = settings;
        Some(Arc::new(Play {
            name,
            span: node.span.clone(),
            hosts: hosts?,
            scope,
            vars_prompt,
            vars_files,
            gather_facts,
            gather_subset,
            gather_timeout,
            fact_path,
            pre_tasks,
            roles,
            tasks,
            post_tasks,
            handlers,
            imported_roles,
            serial,
            strategy,
            max_fail_percentage: fail,
            force_handlers: force,
            order,
            file: file.clone(),
        }))
    }

    fn play_tasks(&mut self, field: Field<'_>, scope: &Arc<Scope>) -> Vec<Item> {
        let nodes = self.list(field.value, &format!("`{}`", field.name));
        self.items(nodes, scope)
    }

    fn play_roles(&mut self, fields: &mut Fields<'_>, scope: &Arc<Scope>) -> Vec<Arc<Block>> {
        let mut blocks = Vec::new();
        let Some(field) = fields.take("roles") else { return blocks };
        for node in self.list(field.value, "`roles`") {
            let Some(wanted) = self.role_entry(node, scope, RoleUseKind::Play) else { continue };
            if let Some(used) = self.use_role(wanted, scope) {
                blocks.extend(used.blocks);
                self.play.role_handlers.extend(used.handlers);
            }
        }
        blocks
    }

    fn is_task(&self, fields: &Fields<'_>) -> bool {
        let plays_own = ["hosts", "tasks", "roles", "pre_tasks", "post_tasks", "handlers"];
        !plays_own.iter().any(|name| fields.has(name))
            && fields.all().any(|field| {
                !Level::Play.allows(field.name) && self.is_module(field.name)
                    || field.name == "block"
            })
    }

    fn hosts(&mut self, fields: &mut Fields<'_>) -> Option<Setting> {
        let Some(field) = fields.take("hosts") else {
            let problem = Diagnostic::new("this play says no `hosts`").at(fields.span);
            self.error(problem.hint("add `hosts: all`, or a group or host of the inventory"));
            return None;
        };
        let setting = field.setting();
        self.check_templates(&setting.value);
        let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
        let fits = match &setting.value {
            Value::List(items) => !items.is_empty() && items.iter().all(is_text),
            value => is_text(value),
        };
        if !fits {
            let message = format!(
                "`hosts` is a pattern or a list of patterns, and this is {}",
                describe(field.value)
            );
            self.error(Diagnostic::new(message).at(&setting.span));
        }
        Some(setting)
    }

    /// `user` is an old name of `remote_user`.
    fn user(&mut self, fields: &mut Fields<'_>, keywords: &mut Keywords) {
        let Some(field) = fields.take_filled("user") else { return };
        let setting = field.setting();
        self.check_text(&setting, "user");
        if let Some(other) = keywords.settings.insert(Keyword::RemoteUser, setting) {
            let problem = Diagnostic::new("`user` and `remote_user` are the same keyword")
                .at(&field.key.span);
            self.error(problem.label(&other.name, "it is given here already"));
        }
    }

    fn play_settings(&mut self, fields: &mut Fields<'_>) -> [Option<Setting>; 9] {
        let mut take = |name: &str| fields.take_filled(name).map(|field| field.setting());
        let settings = [
            take("gather_facts"),
            take("gather_subset"),
            take("gather_timeout"),
            take("fact_path"),
            take("serial"),
            take("strategy"),
            take("max_fail_percentage"),
            take("force_handlers"),
            take("order"),
        ];
        let [facts, subset, timeout, path, serial, strategy, fail, force, order] = &settings;
        if let Some(setting) = facts {
            self.check_bool(setting, "gather_facts");
        }
        if let Some(setting) = subset {
            self.check_templates(&setting.value);
        }
        if let Some(setting) = timeout {
            self.check_count(setting, "gather_timeout");
        }
        if let Some(setting) = path {
            self.check_text(setting, "fact_path");
        }
        if let Some(setting) = serial {
            self.check_serial(setting);
        }
        if let Some(setting) = strategy {
            self.check_choice(setting, "strategy", &STRATEGIES);
        }
        if let Some(setting) = fail {
            self.check_percentage(setting);
        }
        if let Some(setting) = force {
            self.check_bool(setting, "force_handlers");
        }
        if let Some(setting) = order {
            self.check_choice(setting, "order", &ORDERS);
        }
        settings
    }

    fn check_serial(&mut self, setting: &Setting) {
        self.check_templates(&setting.value);
        let fits_one = |value: &Value| match value {
            Value::Int(number) => *number > 0,
            Value::Str(text) if text.is_template() => true,
            Value::Str(text) => {
                let text = text.as_str().trim();
                let digits = text.strip_suffix('%').unwrap_or(text);
                digits.parse::<f64>().is_ok_and(|number| number > 0.0)
            }
            _ => false,
        };
        let fits = match &setting.value {
            Value::List(items) => !items.is_empty() && items.iter().all(fits_one),
            value => fits_one(value),
        };
        if !fits {
            self.error(wrong(
                setting,
                "serial",
                "a number above 0, a percentage, or a list of them",
            ));
        }
    }

    fn check_percentage(&mut self, setting: &Setting) {
        self.check_templates(&setting.value);
        let number = match &setting.value {
            Value::Int(number) => Some((0..=100).contains(number)),
            Value::Float(number) => Some((0.0..=100.0).contains(number)),
            Value::Str(text) if text.is_template() => Some(true),
            Value::Str(text) => {
                let text = text.as_str().trim();
                text.strip_suffix('%')
                    .unwrap_or(text)
                    .parse::<f64>()
                    .ok()
                    .map(|number| (0.0..=100.0).contains(&number))
            }
            _ => None,
        };
        if number != Some(true) {
            self.error(wrong(setting, "max_fail_percentage", "a number from 0 to 100"));
        }
    }

    fn check_choice(&mut self, setting: &Setting, name: &str, choices: &[&str]) {
        self.check_text(setting, name);
        let Some(text) = setting.literal_text() else { return };
        if !choices.contains(&text) {
            let short = choices.iter().copied().filter(|choice| !choice.contains('.'));
            let problem =
                Diagnostic::new(format!("`{name}` is {}, and this is `{text}`", list_or(short)));
            self.error(problem.at(&setting.span).suggest(text, choices.iter().copied()));
        }
    }
}

fn play_scope(name: Option<Str>, node: &Node, file: &Location, keywords: &Keywords) -> Scope {
    Scope {
        kind: ScopeKind::Play,
        name,
        span: node.span.clone(),
        keywords: keywords.clone(),
        file: file.clone(),
        parent: None,
    }
}

/// An import's vars win over the play's, its tags and conditions are added (observed with ansible-core 2.19).
fn imported_keywords(own: &mut Keywords, import: &Keywords) {
    own.tags.splice(0..0, import.tags.iter().cloned());
    own.when.splice(0..0, import.when.iter().cloned());
    if let Some(vars) = &import.vars {
        match &mut own.vars {
            None => own.vars = Some(vars.clone()),
            Some(own) => {
                let mut map = (*own.map).clone();
                map.extend(vars.map.iter().map(|(key, value)| (key.clone(), value.clone())));
                own.map = Arc::new(map);
            }
        }
    }
}

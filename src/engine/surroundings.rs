//! What a task on a host is rendered with, and how hosts are reached.

use std::sync::Arc;

use crate::playbook::Task;
use crate::remote::Target;
use crate::value::{Key, Map, Value};

use super::controller::TaskFiles;
use super::driver::{Driver, Halt};
use super::event::Phase;
use super::machine::Machine;
use super::memory::Memory;
use super::outcome::words_of;
use super::render::Render;
use super::settings::target_of;
use super::variables::{Place, Variables};

impl Driver {
    /// A renderer for a task of this host.
    pub(super) fn render<'a>(&'a self, machine: &Machine, task: Option<&'a Task>) -> Render<'a> {
        let place = Place {
            play: &machine.run.play,
            play_vars: &machine.play_vars,
            task,
            magic: &Self::magic(machine, task),
        };
        Render {
            shared: &self.shared,
            variables: Variables::of_task(
                &self.shared.variables,
                &machine.host,
                &machine.memory,
                &place,
                &machine.locals(),
            ),
            files: TaskFiles::new(&self.shared, task),
            may_write: self.phase == Phase::Apply,
        }
    }

    pub(super) fn magic(machine: &Machine, task: Option<&Task>) -> Arc<Map> {
        let Some(role) = task.and_then(Task::role) else { return Arc::clone(&machine.run.magic) };
        let mut magic = (*machine.run.magic).clone();
        let mut set = |name: &str, value: Value| magic.insert(Key::from(name), value);
        let path = role.role.directory.files.absolute(&role.role.directory.path);
        set("role_path", Value::data(path.display().to_string()));
        set("role_name", Value::data(role.role.name.as_str()));
        set("ansible_role_name", Value::data(role.role.name.as_str()));
        let parents = task.map(Task::parent_role_names).unwrap_or_default();
        set("ansible_parent_role_names", Value::list(parents.into_iter().map(Value::data)));
        Arc::new(magic)
    }

    /// How a host is reached: this one, or one that a task is delegated to.
    pub(super) fn target(&self, host: &Arc<str>) -> Result<Target, Halt> {
        let render = if *host == self.machine.host {
            self.render(&self.machine, None)
        } else {
            Render {
                shared: &self.shared,
                variables: Variables::of_host(&self.shared.variables, host, &Memory::default()),
                files: TaskFiles::new(&self.shared, None),
                may_write: false,
            }
        };
        let play = (*host == self.machine.host).then_some(&*self.machine.run.play);
        target_of(host, &render, play).map_err(|suspend| Halt::Failed(words_of(&suspend)))
    }
}

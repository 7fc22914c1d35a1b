//! Variables that the inventory computes: the host's name, its groups, everybody's groups.

use std::path::Path;

use super::{Host, Inventory};
use crate::value::{Map, Value};

impl Inventory {
    /// `inventory_hostname`, `inventory_hostname_short`, `inventory_file`, `inventory_dir`,
    /// `group_names` and `groups`. They win over everything but cannot be set.
    pub fn magic(&self, host: &Host) -> Map {
        let short = host.name.split('.').next().unwrap_or(&host.name);
        let file = host.file.as_deref().map(|file| self.reader.files.absolute(file));
        let path = |path: Option<&Path>| match path {
            Some(path) => Value::data(path.display().to_string()),
            None => Value::Null,
        };
        [
            ("inventory_hostname", Value::data(host.name.as_str())),
            ("inventory_hostname_short", Value::data(short)),
            ("inventory_file", path(file.as_deref())),
            ("inventory_dir", path(file.as_deref().and_then(Path::parent))),
            ("group_names", group_names(host)),
            ("groups", self.groups_value.get_or_init(|| self.all_groups()).clone()),
        ]
        .into_iter()
        .map(|(key, value)| (key.into(), value))
        .collect()
    }

    /// Each group with its hosts, those of its children too.
    fn all_groups(&self) -> Value {
        let hosts = |group: &str| Value::list(self.hosts_of(group).into_iter().map(Value::data));
        Value::map(self.groups.keys().map(|name| (name.as_str(), hosts(name))))
    }
}

/// The host's groups but `all`, by name.
fn group_names(host: &Host) -> Value {
    let mut names: Vec<&str> =
        host.groups.iter().map(String::as_str).filter(|name| *name != "all").collect();
    names.sort_unstable();
    Value::list(names.into_iter().map(Value::data))
}

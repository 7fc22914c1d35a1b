//! What a module may ask of the controller: its files, templates and variables.

use crate::resource::Suspend;
use crate::value::{Str, Value};

/// The kinds of controller files, each with search paths of its own in roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// `files/`
    Files,
    /// `templates/`
    Templates,
    /// `vars/`
    Vars,
    /// `tasks/`
    Tasks,
}

/// A controller file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its path on the controller.
    pub path: String,
    /// Whether it is a directory.
    pub directory: bool,
}

/// How a template file is written: the template module's options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateStyle {
    /// `block_start_string`
    pub block_start: Option<String>,
    /// `block_end_string`
    pub block_end: Option<String>,
    /// `variable_start_string`
    pub variable_start: Option<String>,
    /// `variable_end_string`
    pub variable_end: Option<String>,
    /// `comment_start_string`
    pub comment_start: Option<String>,
    /// `comment_end_string`
    pub comment_end: Option<String>,
    /// `trim_blocks`; true if not given.
    pub trim_blocks: Option<bool>,
    /// `lstrip_blocks`; false if not given.
    pub lstrip_blocks: Option<bool>,
}

/// The controller as a module sees it. Everything is a function of the run's inputs.
pub trait Controller {
    /// Finds a file the way Ansible searches: role folders, then the playbook's.
    fn find(&self, kind: Search, name: &str) -> Result<Found, Suspend>;

    /// The bytes of a file; a vaulted file is decrypted.
    fn read(&self, path: &str) -> Result<Vec<u8>, Suspend>;

    /// The names in a directory, sorted.
    fn list(&self, path: &str) -> Result<Vec<String>, Suspend>;

    /// Whether there is such a file (or directory).
    fn exists(&self, path: &str) -> bool;

    /// Whether a file may be executed by its owner.
    fn is_executable(&self, path: &str) -> bool;

    /// A template file rendered with the task's variables and these options of the template module.
    fn template(&self, path: &str, style: &TemplateStyle) -> Result<Str, Suspend>;

    /// A value with its templates rendered (again).
    fn render(&self, value: &Value) -> Result<Value, Suspend>;

    /// Whether a bare expression holds.
    fn condition(&self, expression: &Value) -> Result<bool, Suspend>;

    /// A variable of the task, rendered; none if it is not defined.
    fn variable(&self, name: &str) -> Result<Option<Value>, Suspend>;
}

/// One call of a module: everything but its arguments and the host.
pub struct Call<'a> {
    /// The controller.
    pub controller: &'a dyn Controller,
    /// The task's `environment`, rendered.
    pub environment: Vec<(String, Str)>,
    /// The value of `ansible_check_mode`. For messages only: no module branches on it.
    pub check: bool,
}

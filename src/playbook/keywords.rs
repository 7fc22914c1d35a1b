//! The keywords that plays, blocks, roles and tasks share, as written at one place.

use std::sync::Arc;

use indexmap::IndexMap;

use super::Setting;
use crate::diagnostic::Span;
use crate::value::{Map, Str};

/// A keyword with one value that an inner place overrides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// `any_errors_fatal`
    AnyErrorsFatal,
    /// `become`
    Become,
    /// `become_exe`
    BecomeExe,
    /// `become_flags`
    BecomeFlags,
    /// `become_method`
    BecomeMethod,
    /// `become_user`
    BecomeUser,
    /// `check_mode`
    CheckMode,
    /// `connection`
    Connection,
    /// `delegate_facts`
    DelegateFacts,
    /// `delegate_to`
    DelegateTo,
    /// `diff`
    Diff,
    /// `ignore_errors`
    IgnoreErrors,
    /// `ignore_unreachable`
    IgnoreUnreachable,
    /// `no_log`
    NoLog,
    /// `port`
    Port,
    /// `remote_user`
    RemoteUser,
    /// `run_once`
    RunOnce,
    /// `throttle`
    Throttle,
    /// `timeout`
    Timeout,
}

impl Keyword {
    /// All of them, in alphabetical order.
    pub const ALL: [Self; 19] = [
        Self::AnyErrorsFatal,
        Self::Become,
        Self::BecomeExe,
        Self::BecomeFlags,
        Self::BecomeMethod,
        Self::BecomeUser,
        Self::CheckMode,
        Self::Connection,
        Self::DelegateFacts,
        Self::DelegateTo,
        Self::Diff,
        Self::IgnoreErrors,
        Self::IgnoreUnreachable,
        Self::NoLog,
        Self::Port,
        Self::RemoteUser,
        Self::RunOnce,
        Self::Throttle,
        Self::Timeout,
    ];

    /// The name as it is written in a playbook.
    pub fn name(self) -> &'static str {
        match self {
            Self::AnyErrorsFatal => "any_errors_fatal",
            Self::Become => "become",
            Self::BecomeExe => "become_exe",
            Self::BecomeFlags => "become_flags",
            Self::BecomeMethod => "become_method",
            Self::BecomeUser => "become_user",
            Self::CheckMode => "check_mode",
            Self::Connection => "connection",
            Self::DelegateFacts => "delegate_facts",
            Self::DelegateTo => "delegate_to",
            Self::Diff => "diff",
            Self::IgnoreErrors => "ignore_errors",
            Self::IgnoreUnreachable => "ignore_unreachable",
            Self::NoLog => "no_log",
            Self::Port => "port",
            Self::RemoteUser => "remote_user",
            Self::RunOnce => "run_once",
            Self::Throttle => "throttle",
            Self::Timeout => "timeout",
        }
    }

    /// The keyword of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|keyword| keyword.name() == name)
    }
}

/// What one play, block, role use, include or task says itself; what it inherits is found through its [`super::Scope`].
#[derive(Debug, Clone, Default)]
pub struct Keywords {
    /// The simple ones.
    pub settings: IndexMap<Keyword, Setting>,
    /// `when`: all must hold. Text is an expression, not a template.
    pub when: Vec<Setting>,
    /// `vars`.
    pub vars: Option<Vars>,
    /// `tags`, comma lists split. May be templates over variables that are known before a run.
    pub tags: Vec<Tag>,
    /// `environment`: mappings or templates that give one; later ones win.
    pub environment: Vec<Setting>,
    /// `notify`, where it is written.
    pub notify: Option<Vec<Setting>>,
    /// `module_defaults`: module or `group/x` to arguments; later ones win.
    pub module_defaults: Vec<ModuleDefaults>,
    /// `collections`: accepted, and searched for nothing.
    pub collections: Vec<Str>,
}

impl Keywords {
    /// The value that is written at this very place.
    pub fn get(&self, keyword: Keyword) -> Option<&Setting> {
        self.settings.get(&keyword)
    }
}

/// A `vars:` mapping and where it stands.
#[derive(Debug, Clone)]
pub struct Vars {
    /// The variables, not rendered.
    pub map: Arc<Map>,
    /// Where the mapping stands.
    pub span: Span,
}

/// One tag.
#[derive(Debug, Clone)]
pub struct Tag {
    /// The tag; may be a template.
    pub text: Str,
    /// Where it stands.
    pub span: Span,
}

/// The default arguments of one module or group of modules.
#[derive(Debug, Clone)]
pub struct ModuleDefaults {
    /// The module as written (`apt`, `ansible.builtin.apt`) or `group/name`; may be a template for the whole mapping.
    pub module: Str,
    /// The arguments: a mapping or a template that gives one.
    pub args: Setting,
}

impl Keywords {
    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
            && self.when.is_empty()
            && self.vars.is_none()
            && self.tags.is_empty()
            && self.environment.is_empty()
            && self.notify.is_none()
            && self.module_defaults.is_empty()
            && self.collections.is_empty()
    }
}

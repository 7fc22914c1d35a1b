//! Ansible's modules, each one pure function from arguments and a host's states to a plan.
//!
//! A module is one file here and one line in [`registry`].

#[macro_use]
mod arguments;
#[macro_use]
mod argument;
mod assert;
mod apt;
mod command;
mod controller;
mod debug;
mod fail;
mod file;
mod include_vars;
mod package;
mod ping;
mod plan;
mod raw;
mod registry;
mod set_fact;
#[cfg(test)]
mod bench;
mod blockinfile;
mod checksum;
mod content;
mod copy;
mod edit;
mod fetch;
mod find;
mod glob;
mod json_text;
mod lineinfile;
mod paths;
mod pattern;
mod replace;
mod slurp;
mod stat;
mod template;
mod run;
mod script;
mod service;
mod shell;
mod shlex;
mod systemd;

pub use argument::{Argument, Hidden, Mode, Omittable, Unsupported, Words};
pub use arguments::{ArgumentSpec, Arguments, Given, Passed};
pub use controller::{Call, Controller, Found, Search, TemplateStyle};
pub use plan::{Finish, Outcome, Plan};
pub use registry::{Entry, Module, all, find};

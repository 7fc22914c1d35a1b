//! Ansible's modules, each one pure function from arguments and a host's states to a plan.
//!
//! A module is one file here and one line in [`registry`].

#[macro_use]
mod arguments;
#[macro_use]
mod argument;
mod apt;
mod command;
mod controller;
mod file;
mod group;
mod package;
mod ping;
mod plan;
mod raw;
mod registry;
mod run;
mod script;
mod service;
mod shell;
mod shlex;
mod systemd;
mod user;

pub use argument::{Argument, Hidden, Mode, Omittable, Words};
pub use arguments::{ArgumentSpec, Arguments, Given, Passed};
pub use controller::{Call, Controller, Found, Search, TemplateStyle};
pub use plan::{Finish, Outcome, Plan};
pub use registry::{Entry, Module, all, find};

//! Ansible's modules, each one pure function from arguments and a host's states to a plan.
//!
//! A module is one file here and one line in [`registry`].

#[macro_use]
mod arguments;
#[macro_use]
mod argument;
mod apt;
mod apt_repository;
mod assemble;
mod assert;
mod authorized_key;
#[cfg(test)]
mod bench;
mod blockinfile;
mod checksum;
mod command;
mod content;
mod controller;
mod copy;
mod cron;
mod cron_lines;
mod deb822_repository;
mod debug;
mod dns;
mod docker_compose_v2;
mod docker_container_exec;
mod docker_image_pull;
mod docker_login;
mod docker_network;
mod edit;
mod elapsed;
mod fail;
mod fetch;
mod file;
mod find;
mod get_url;
mod glob;
mod group;
mod hostname;
mod include_vars;
mod ini_file;
mod json_text;
mod key_line;
mod known_hosts;
mod lineinfile;
mod mxprov_dns;
mod mxprov_image;
mod package;
mod paths;
mod pattern;
mod ping;
mod plan;
mod presence;
mod raw;
mod reboot;
mod registry;
mod replace;
mod run;
mod script;
mod service;
mod set_fact;
mod setup;
mod shell;
mod shlex;
mod slurp;
mod stat;
mod sysctl;
mod systemd;
mod tempfile;
mod template;
mod timezone;
mod ufw;
mod uri;
mod user;
mod wait_for;
mod wait_for_connection;
mod web_request;
mod written;

pub use argument::{Argument, Hidden, Mode, Omittable, Unsupported, Words};
pub use arguments::{ArgumentSpec, Arguments, Given, Passed};
pub use controller::{Call, Controller, Found, Search, TemplateStyle};
pub use plan::{Finish, Outcome, Plan};
pub use registry::{Entry, Module, all, find};

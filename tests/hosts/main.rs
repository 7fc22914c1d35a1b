//! Tests on real hosts of the lab.
#![expect(
    clippy::disallowed_methods,
    reason = "tests wait for other machines and read their own environment"
)]

#[path = "../lab/mod.rs"]
mod lab;

mod boot;
mod dns;
mod controller;
mod compose;
mod cron;
mod cuts;
mod docker;
mod fleet;
mod foresight;
mod guard;
mod images;
mod matrix;
mod modules;
mod limits;
mod names;
mod naming;
mod owed;
mod pinning;
mod reboot;
mod recipient;
mod relaying;
mod secrets;
mod services;
mod site;
mod speed;
mod watching;

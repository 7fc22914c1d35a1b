//! Tests on real hosts of the lab.

#[path = "../lab/mod.rs"]
mod lab;

mod boot;
mod dns;
mod controller;
mod cuts;
mod docker;
mod fleet;
mod guard;
mod modules;
mod naming;
mod relaying;
mod secrets;
mod services;
mod site;
mod speed;
mod watching;

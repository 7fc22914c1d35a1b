//! Tests on real hosts of the lab.

#[path = "../lab/mod.rs"]
mod lab;

mod boot;
mod controller;
mod docker;
mod fleet;
mod modules;
mod naming;
mod relaying;
mod services;
mod watching;

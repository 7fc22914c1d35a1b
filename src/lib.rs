//! mxprov: an agentless provisioner that shows the true diff, applies exactly that and proves it.
//!
//! The modules in reading order; each uses only those above it.

pub mod cli;
pub mod diagnostic;
pub mod engine;
pub mod files;
pub mod inventory;
pub mod module;
pub mod playbook;
pub mod remote;
pub mod report;
pub mod resource;
pub mod template;
pub mod value;
pub mod vault;
pub mod yaml;

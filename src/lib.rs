//! mxprov: an agentless provisioner that shows the true diff, applies exactly that and proves it.
//!
//! The modules in reading order; each uses only those above it.

pub mod diagnostic;
pub mod files;
pub mod value;
pub mod yaml;
pub mod template;
pub mod inventory;
pub mod playbook;
pub mod vault;
pub mod remote;
pub mod resource;
pub mod module;
pub mod engine;
pub mod report;
pub mod cli;

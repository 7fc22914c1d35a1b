//! mxprov: an agentless provisioner that shows the true diff, applies exactly that and proves it.
//!
//! The modules in reading order; each uses only those above it.

pub mod diagnostic;
pub mod files;
pub mod inventory;
pub mod value;
pub mod vault;
pub mod yaml;

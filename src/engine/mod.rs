//! Planning, asking, applying: the one interpreter that walks a playbook for each host.
//!
//! [`run`] is the way in. Per host a [`machine::Machine`] walks the tasks without any I/O; a
//! [`driver`] gives it the answers it lacks and sends what it plans; hosts meet in [`meeting`].

mod approval;
mod controller;
mod driver;
mod evaluate;
mod event;
mod fetch;
mod flow;
mod guard;
mod link;
mod machine;
mod meeting;
mod memory;
mod outcome;
mod rollout;
mod run;
mod send;
mod settings;
mod variables;
mod vocabulary;

pub use approval::Approvals;
pub use event::{Event, Phase, Sink, Status, TaskEvent};
pub use link::Links;
pub use run::{Choices, Confirm, Inputs, Recap, RunError, run};
pub use settings::target_of;
pub use variables::{HostVars, Variables};
pub use vocabulary::OurVocabulary;

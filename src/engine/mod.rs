//! Planning, asking, applying: the one interpreter that walks a playbook for each host.
//!
//! [`run`] is the way in. Per host a [`machine::Machine`] walks the tasks without any I/O; a
//! [`driver`] gives it the answers it lacks and sends what it plans; hosts meet in [`meeting`].

mod approval;
mod batch;
mod controller;
mod driver;
mod evaluate;
mod event;
mod fetch;
mod flow;
mod gather;
mod guard;
mod link;
mod machine;
mod meeting;
mod memory;
mod outcome;
mod prompts;
mod render;
mod rollout;
mod run;
mod send;
mod settings;
mod shared;
mod tally;
mod variables;
mod vocabulary;

pub use controller::TaskFiles;
pub use event::{Event, Phase, Silent, Sink, Status, TaskEvent};
pub use link::Links;
pub use memory::Memory;
pub use prompts::{Prompted, prompts};
pub use render::Render;
pub use rollout::hosts_named;
pub use run::{Confirm, Inputs, Recap, RunError, run};
pub use shared::{Choices, Shared, Store, Vault};
pub use tally::{Counted, Counts, Tally};
pub use variables::{HostVars, Variables};
pub use vocabulary::OurVocabulary;

//! Planning, asking, applying: the one interpreter that walks a playbook for each host.
//!
//! [`run`] is the way in. Per host a [`machine::Machine`] walks the tasks without any I/O; a
//! [`driver`] gives it the answers it lacks and sends what it plans; hosts meet in [`meeting`].

mod access;
mod approval;
mod ask;
mod batch;
mod controller;
mod crew;
mod debt;
mod detach;
mod driver;
mod evaluate;
mod event;
mod fetch;
mod flow;
mod gather;
mod gift;
mod guard;
mod halting;
mod link;
mod lock;
mod looping;
mod machine;
mod meeting;
mod memory;
mod notify;
mod once;
mod outcome;
mod parcel;
mod prompts;
mod render;
mod restart;
mod rollout;
mod run;
mod send;
mod settle;
mod serial;
mod settings;
mod shared;
mod surroundings;
mod tally;
mod tell;
mod throttle;
mod unreachable;
mod variables;
mod vocabulary;

pub use controller::TaskFiles;
pub use event::{Event, Outcome, Phase, Silent, Sink, Status, TaskEvent};
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

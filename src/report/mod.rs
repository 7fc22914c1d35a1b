//! Events become text. Nobody else prints.
//!
//! Results (the plan, the recap) go to standard output, progress and messages to standard error.

mod diagnostic;
mod diff;
mod fan;
mod fields;
mod fold;
mod json_lines;
mod plan;
mod progress;
mod recap;
mod reporter;
mod style;

pub use diagnostic::render as render_diagnostic;
pub use fan::Fan;
pub use json_lines::{Clock, JsonLines};
pub use reporter::{Options, Reporter, Verbosity};
pub use style::Style;

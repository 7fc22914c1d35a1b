//! `-vvv`: what goes over the wire, secrets masked.

use std::sync::Arc;

use crate::remote::{Wire, WireEvent};
use crate::report::{Reporter, Verbosity};

/// Shows what goes over the wire.
pub struct Shown {
    /// Who prints.
    pub reporter: Arc<Reporter>,
    /// How much.
    pub verbosity: Verbosity,
}

impl Wire for Shown {
    fn event(&self, host: &str, event: WireEvent<'_>) {
        if let WireEvent::Sent { parts, .. } = &event
            && self.verbosity >= Verbosity::Scripts
        {
            for part in *parts {
                self.reporter.message(&format!("{host} < {part}"));
            }
        }
        if let WireEvent::Received { output, .. } = &event
            && self.verbosity >= Verbosity::Wire
        {
            let text = |bytes: &[u8]| {
                let text = String::from_utf8_lossy(bytes).into_owned();
                text.chars()
                    .map(|c| if c.is_control() && c != '\n' { '.' } else { c })
                    .collect::<String>()
            };
            self.reporter.message(&format!(
                "{host} > status {}\n{}{}",
                output.status,
                text(&output.stdout),
                text(&output.stderr)
            ));
        }
    }
}

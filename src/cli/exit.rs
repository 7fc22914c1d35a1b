//! Exit codes, and what leads to them.

use crate::diagnostic::Diagnostics;
use crate::engine::{Recap, RunError};
use crate::report::Reporter;

use super::process::Process;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Bad usage, inventory or playbook.
    Usage,
    /// A host failed.
    Failed,
    /// Changes are pending (`--check --detailed-exitcode`).
    Pending,
    /// A host could not be reached.
    Unreachable,
    /// Interrupted.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Usage => 1,
            Self::Failed => 2,
            Self::Pending => 3,
            Self::Unreachable => 4,
            Self::Interrupted => 130,
        }
    }

    /// The code of a run that came to its end.
    pub fn of(recap: &Recap, detailed: bool) -> Self {
        if recap.interrupted {
            Self::Interrupted
        } else if recap.any_failed() {
            Self::Failed
        } else if recap.any_unreachable() {
            Self::Unreachable
        } else if detailed && recap.pending {
            Self::Pending
        } else {
            Self::Done
        }
    }

    /// The code of a command; what was wrong with its inputs is said.
    pub fn said(ended: Result<Self, Diagnostics>, reporter: &Reporter) -> Self {
        ended.unwrap_or_else(|errors| {
            errors.0.iter().for_each(|error| reporter.error(error));
            Self::Usage
        })
    }

    /// The code of a run that could not be carried out.
    pub fn of_error(error: &RunError) -> Self {
        match error {
            RunError::Wrong(_) | RunError::NobodyToAsk => Self::Usage,
            RunError::Declined => Self::Done,
        }
    }
}

/// Says why nothing at all could be done.
pub fn fatal(process: &Process, message: &str) -> u8 {
    process.complain(message);
    Exit::Usage.code()
}

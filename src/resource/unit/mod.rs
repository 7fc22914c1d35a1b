//! Units of systemd: services, timers, sockets.

mod actions;
mod files;
mod state;

use std::sync::Arc;

pub use actions::{ChangeUnit, ReloadManager, UnitChange};
pub use files::{UnitFiles, UnitFilesState, file_changed};
pub use state::{Scope as UnitScope, Unit, UnitState, full_name};

use super::file::{Content, Path, PathState};
use super::host::{Host, Suspend};

impl Host<'_> {
    /// What systemd knows of a unit; a unit file that a planned action writes counts.
    ///
    /// Not found after a planned package that may bring it is unknown.
    pub fn unit(&self, unit: &Unit) -> Result<Arc<UnitState>, Suspend> {
        let state = self.state(unit.clone())?;
        if state.is_found() || self.is_predicted(unit) {
            return Ok(state);
        }
        if let Some(planned) = self.planned_unit(unit) {
            return Ok(Arc::new(planned));
        }
        let file = format!("/usr/lib/systemd/system/{}", unit.name);
        match self.opaque(|opaque| opaque.may_bring(&file)) {
            Some(opaque) => Err(Suspend::Unknown(Arc::clone(&opaque.reason))),
            None => Ok(state),
        }
    }

    /// The unit that a planned unit file will be.
    fn planned_unit(&self, unit: &Unit) -> Option<UnitState> {
        let path = format!("/etc/systemd/system/{}", unit.file_name());
        let query = Path { path: path.clone() };
        if !self.is_predicted(&query) {
            return None;
        }
        match &*self.lookup(&query)?.ok()? {
            PathState::Present(_) => {}
            PathState::Absent => return None,
        }
        let content = self.lookup(&Content { path }).and_then(Result::ok);
        let text = content.and_then(|content| content.0.clone()).unwrap_or_default();
        Some(UnitState::from_file(&String::from_utf8_lossy(&text)))
    }
}

//! What a pair of configurations does with requests, asked without a proxy that runs.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, ensure};

use super::dynamic::{self, Dynamic};
use super::fixed::Fixed;
use super::request::Request;
use super::table::{Route, Table};

/// The routers of a rendered static and dynamic configuration.
#[derive(Debug)]
pub struct Routes {
    pub fixed: Fixed,
    pub dynamic: Dynamic,
    pub table: Table,
}

impl Routes {
    /// Reads `traefik.yml` and the folder of the file provider. A router that Traefik would drop
    /// is an error.
    pub fn read(fixed: &Path, folder: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(fixed)
            .with_context(|| format!("cannot read `{}`", fixed.display()))?;
        let fixed = Fixed::read(fixed, &text).map_err(|problem| anyhow!("{problem}"))?;
        let dynamic = dynamic::folder(folder).map_err(|problem| anyhow!("{problem}"))?;
        let table = Table::new(&fixed, &dynamic);
        ensure!(table.dropped.is_empty(), "dropped: {:?}", table.dropped);
        Ok(Self { fixed, dynamic, table })
    }

    /// The router that gets a request which comes in at an entry point.
    pub fn find(&self, entry_point: &str, request: &Request) -> Option<&Route> {
        self.table.find(entry_point, request)
    }

    /// The service behind it, without `@file`.
    pub fn service(&self, entry_point: &str, request: &Request) -> Option<&str> {
        self.find(entry_point, request).map(|route| route.service.as_str())
    }
}

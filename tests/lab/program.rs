//! Programs of this repository for use in images: its examples, built by the cargo that runs us.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::tool;

/// Builds the example `name` and puts it, without debug information, into `folder`.
pub fn copy(name: &str, folder: &Path) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--example", name, "--message-format=json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("the example `{name}` does not build: {}", said.trim_end());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let built = said.lines().filter_map(|line| serde_json::from_str(line).ok()).find_map(
        |message: serde_json::Value| {
            let is_it = message["target"]["name"] == name;
            message["executable"].as_str().filter(|_| is_it).map(str::to_owned)
        },
    );
    let built = built.with_context(|| format!("cargo names no program `{name}`"))?;
    // Nine tenths of it are for debuggers.
    tool::run("strip", ["-o", &folder.join(name).to_string_lossy(), &built])?;
    Ok(())
}

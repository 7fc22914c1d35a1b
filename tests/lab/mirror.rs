//! Where this machine's apt gets Debian from, so that the lab's images use the same.

use anyhow::{Result, bail};

use super::release::Release;
use super::tool;

/// Overrides the mirror, for machines whose apt knows no Debian archive.
const MIRROR_VARIABLE: &str = "MXPROV_LAB_MIRROR";
const SECURITY_VARIABLE: &str = "MXPROV_LAB_SECURITY_MIRROR";

/// The addresses and apt options of the machine.
#[derive(Debug)]
pub struct Mirror {
    archive: String,
    security: Option<String>,
    /// Lines for apt.conf(5): proxy and validity settings that reach this mirror.
    pub options: Vec<String>,
}

impl Mirror {
    pub fn of_machine() -> Result<Self> {
        let sites = tool::run(
            "apt-get",
            ["indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages"],
        )?;
        let site = |suffix: &str| {
            let codename = |release: &str| {
                Release::ALL.iter().any(|r| format!("{}{suffix}", r.codename()) == release)
            };
            sites
                .lines()
                .filter_map(|l| l.split_once(' '))
                .find(|(_, r)| codename(r))
                .map(|(s, _)| s.to_owned())
        };
        let Some(archive) = std::env::var(MIRROR_VARIABLE).ok().or_else(|| site("")) else {
            bail!(
                "this machine's apt has no Debian archive: set `{MIRROR_VARIABLE}` to its address"
            );
        };
        let security = std::env::var(SECURITY_VARIABLE).ok().or_else(|| site("-security"));
        Ok(Self { archive, security, options: options()? })
    }

    /// The lines of sources.list(5) for one release.
    pub fn sources(&self, release: Release) -> Vec<String> {
        let codename = release.codename();
        let archive = &self.archive;
        let mut lines = vec![
            format!("deb {archive} {codename} main"),
            format!("deb {archive} {codename}-updates main"),
        ];
        if let Some(security) = &self.security {
            lines.push(format!("deb {security} {codename}-security main"));
        }
        lines
    }
}

fn options() -> Result<Vec<String>> {
    const KEPT: [&str; 4] = [
        "Acquire::Check-Valid-Until",
        "Acquire::Check-Date",
        "Acquire::http::Proxy",
        "Acquire::https::Proxy",
    ];
    let dump = tool::run("apt-config", ["dump"])?;
    let mut kept: Vec<String> =
        dump.lines().filter(|l| KEPT.iter().any(|k| l.starts_with(k))).map(str::to_owned).collect();
    // Translations double the size of the lists and nothing here reads them.
    kept.push("Acquire::Languages \"none\";".to_owned());
    Ok(kept)
}

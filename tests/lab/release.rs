//! The Debian releases that the lab boots.

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Release {
    Debian11,
    Debian12,
    Debian13,
}

impl Release {
    pub const ALL: [Self; 3] = [Self::Debian11, Self::Debian12, Self::Debian13];

    pub const fn codename(self) -> &'static str {
        match self {
            Self::Debian11 => "bullseye",
            Self::Debian12 => "bookworm",
            Self::Debian13 => "trixie",
        }
    }

    pub const fn number(self) -> &'static str {
        match self {
            Self::Debian11 => "11",
            Self::Debian12 => "12",
            Self::Debian13 => "13",
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Debian {}", self.number())
    }
}

impl FromStr for Release {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|r| text == r.number() || text == r.codename());
        let Some(release) = found else {
            bail!("no release `{text}`: the lab has 11, 12 and 13");
        };
        Ok(release)
    }
}

//! How Compose is called, as the arguments say it.

use std::collections::BTreeMap;

use crate::module::Argument;
use crate::resource::Suspend;
use crate::resource::compose::{Choices, Recreate};
use crate::resource::docker::Version;

use super::{Args, BuildPolicy, PullPolicy, RecreatePolicy, State, list};

fn scale(args: &Args) -> Result<BTreeMap<String, usize>, Suspend> {
    let entries = args.scale.iter().flatten();
    entries
        .map(|(name, number)| {
            let number = <i64 as Argument>::read(number).ok();
            let number = number.and_then(|number| usize::try_from(number).ok());
            let number = number
                .ok_or_else(|| Suspend::failed(format!("`scale` of `{name}` is not a number")))?;
            Ok((name.to_string(), number))
        })
        .collect()
}

/// What Compose is to decide by; `compose` is the version that does, none if it is not there yet.
pub fn choices(args: &Args, compose: Option<Version>) -> Result<Choices, Suspend> {
    Ok(Choices {
        services: list(args.services.as_ref()),
        dependencies: args.dependencies,
        recreate: match args.recreate {
            RecreatePolicy::Always => Recreate::Always,
            RecreatePolicy::Never => Recreate::Never,
            RecreatePolicy::Auto => Recreate::Changed,
        },
        pull: match args.pull {
            PullPolicy::Always => Some("always"),
            PullPolicy::Missing => Some("missing"),
            PullPolicy::Never => Some("never"),
            PullPolicy::Policy => None,
        },
        build: match args.build {
            BuildPolicy::Always => Some(true),
            BuildPolicy::Never => Some(false),
            BuildPolicy::Policy => None,
        },
        scale: scale(args)?,
        remove_orphans: args.remove_orphans,
        start: args.state != State::Stopped,
        wait: args.wait && args.state == State::Present,
        compose,
    })
}

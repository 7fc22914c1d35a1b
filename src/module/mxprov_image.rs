//! `mxprov_image`: images that stay what their tags were when they were first pulled.

use std::sync::Arc;

use crate::remote::Output;
use crate::resource::docker::{
    Docker, EngineState, Image, ImageState, Lock, Offered, PinImage, full_name,
};
use crate::resource::{Host, Suspend, together};
use crate::value::{Key, Map, Value};

use super::paths::absolute;
use super::{Call, Module, Outcome, Plan, Words, run};

choice! {
    /// When an image is pulled.
    pub enum When {
        /// Where the host does not have it.
        Missing = "missing",
        /// Whenever its registry has another one under its tag.
        Always = "always",
        /// Never: it comes to the host in another way.
        Never = "never",
    }
}

arguments! {
    /// Arguments of `mxprov_image`.
    pub struct Args {
        /// The images, each with its tag or digest.
        names | "name": Words,
        /// The file on the host that keeps the digest of each tag.
        lock: String,
        /// When they are pulled.
        pull: When = When::Missing,
        /// Take what the registries have under the tags by now.
        renew: bool = false,
    }
}

/// The module.
pub struct MxprovImage;

impl Module for MxprovImage {
    type Args = Args;
    const NAME: &'static str = "mxprov_image";
    const SUMMARY: &'static str = "has images that stay what their tags were at the first pull";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let names: Result<Vec<String>, String> =
            args.names.iter().map(|name| full_name(name, "latest")).collect();
        let mut names = names.map_err(Suspend::Failed)?;
        names.sort();
        names.dedup();
        let path = absolute("lock", &args.lock, host)?;
        if args.pull == When::Never {
            return Ok(Plan::new().with("digests", Value::Map(Arc::default())));
        }
        together([host.docker().map(drop), host.content(&path).map(drop)])?;
        let engine = match host.docker()? {
            Docker::Ready(engine) => Some(engine),
            Docker::Planned(_) => None,
        };
        let lock = host.content(&path)?;
        let lock = Lock::read(&String::from_utf8_lossy(lock.as_deref().map_or(&[], Vec::as_slice)));
        let all = Pins { renew: args.renew || args.pull == When::Always, engine, lock }
            .decided(names, host)?;
        plan(all, &path, call)
    }
}

/// What is to become of an image.
struct Decided {
    name: String,
    before: Arc<ImageState>,
    kept: Option<String>,
    fate: Fate,
}

enum Fate {
    /// It is as it should be.
    Stays,
    /// Its digest is written down.
    Kept(String),
    /// It is pulled, by its digest where that is known.
    Pulled(Offered),
}

struct Pins {
    renew: bool,
    /// The host's Docker; none if a planned action brings it.
    engine: Option<Arc<EngineState>>,
    lock: Lock,
}

impl Pins {
    fn decided(&self, names: Vec<String>, host: &Host<'_>) -> Result<Vec<Decided>, Suspend> {
        let before: Vec<Arc<ImageState>> = match &self.engine {
            Some(_) => {
                host.states(names.iter().map(|name| Image { name: name.clone() }).collect())?
            }
            None => names.iter().map(|_| Arc::default()).collect(),
        };
        let wants: Vec<Want> =
            names.iter().zip(&before).map(|(name, before)| self.want(name, before)).collect();
        let asked: Vec<String> = names
            .iter()
            .zip(&wants)
            .filter(|(_, want)| **want != Want::Nothing)
            .map(|(name, want)| match want {
                Want::Digest(digest) => by_digest(name, digest),
                _ => name.clone(),
            })
            .collect();
        let platform = self.engine.as_ref().map(|engine| engine.platform.clone());
        let offers = match platform {
            Some(platform) if !asked.is_empty() => host.offers(&asked, &platform)?,
            _ => vec![Offered::default(); asked.len()],
        };
        let mut offers = offers.into_iter();
        let all = names.into_iter().zip(before).zip(wants);
        Ok(all
            .map(|((name, before), want)| {
                let offered = match want {
                    Want::Nothing => None,
                    _ => offers.next(),
                };
                let fate = self.fate(&name, &before, want, offered.unwrap_or_default());
                let kept = self.lock.digest(&name).map(str::to_string);
                Decided { name, before, kept, fate }
            })
            .collect())
    }

    /// What a registry is to be asked for.
    fn want(&self, name: &str, before: &ImageState) -> Want {
        let own = name.split_once('@').map(|(_, digest)| digest);
        // What came from no registry was put there on purpose.
        let foreign = before.is_there() && before.digests.is_empty();
        let predicted = before.id.as_deref() == Some("");
        if predicted || foreign || (own.is_some() && before.is_there()) {
            return Want::Nothing;
        }
        match own.or_else(|| self.lock.digest(name)) {
            _ if self.renew && own.is_none() => Want::Newest,
            Some(digest) if before.has_digest(name, digest) => Want::Nothing,
            Some(digest) => Want::Digest(digest.to_string()),
            None if before.is_there() => Want::Nothing,
            None => Want::Newest,
        }
    }

    fn fate(&self, name: &str, before: &ImageState, want: Want, offered: Offered) -> Fate {
        let is_kept = |digest: &str| name.contains('@') || self.lock.digest(name) == Some(digest);
        let written = |digest: &str| match is_kept(digest) {
            true => Fate::Stays,
            false => Fate::Kept(digest.to_string()),
        };
        match want {
            Want::Nothing => before.digest_in(name).map_or(Fate::Stays, |digest| {
                match self.lock.digest(name) {
                    // One of several digests of the same image.
                    Some(kept) if before.has_digest(name, kept) => Fate::Stays,
                    _ => written(digest),
                }
            }),
            Want::Digest(digest) => Fate::Pulled(Offered { digest: Some(digest), ..offered }),
            Want::Newest => match &offered.digest {
                Some(digest) if before.has_digest(name, digest) => written(digest),
                _ => Fate::Pulled(offered),
            },
        }
    }
}

#[derive(PartialEq, Eq)]
enum Want {
    Nothing,
    Digest(String),
    Newest,
}

fn by_digest(name: &str, digest: &str) -> String {
    format!("{}@{digest}", crate::resource::docker::repository(name))
}

fn plan(all: Vec<Decided>, lock: &str, call: &Call<'_>) -> Result<Plan, Suspend> {
    let mut plan = Plan::new();
    let mut digests = Map::new();
    let mut pins: Vec<PinImage> = Vec::new();
    for one in all {
        let own = one.before.digest_in(&one.name).map(str::to_string);
        let digest = one.kept.clone().or(own);
        let (digest, pulls, size) = match one.fate {
            Fate::Stays => {
                digests.insert(Key::from(one.name), digest.map_or(Value::Null, Value::data));
                continue;
            }
            Fate::Kept(digest) => (Some(digest), false, None),
            Fate::Pulled(offered) => (offered.digest, true, offered.size),
        };
        let value = digest.clone().map_or_else(
            || Value::unknown(format!("image `{}` is not pulled yet", one.name)),
            Value::data,
        );
        digests.insert(Key::from(one.name.as_str()), value);
        pins.push(PinImage {
            name: one.name,
            before: one.before,
            kept: one.kept,
            digest,
            pulls,
            size,
            lock: lock.to_string(),
            environment: run::environment(call)?,
        });
    }
    let renewed = pins.iter().filter(|pin| pin.renews()).map(|pin| Value::data(pin.name.as_str()));
    plan.set("renewed", Value::list(renewed));
    plan.set("digests", Value::Map(Arc::new(digests)));
    for pin in &pins {
        plan.act(pin.clone());
    }
    if pins.iter().any(|pin| !pin.is_sure()) {
        plan.finish = Some(Arc::new(move |outputs| outcome(&pins, outputs)));
    }
    Ok(plan)
}

/// Where only the pulls told whether there is another image.
fn outcome(pins: &[PinImage], outputs: &[Output]) -> Outcome {
    let changed = |(pin, output): (&PinImage, &Output)| {
        pin.is_sure() || PinImage::read(output).unwrap_or_default().id != pin.before.id
    };
    let changed = pins.iter().zip(outputs).any(changed);
    Outcome { changed: Some(changed), ..Outcome::default() }
}

//! Stand-ins for the container images of the stack, under their production names.
//!
//! Built once per machine from Debian's and Python's packages, as no container registry is in
//! reach. The recipes are in the folder `images` beside this file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::docker_store::{self, Image, Layer};
use super::host::Host;
use super::image;
use super::layer::{self, Surroundings};
use super::lock::Lock;
use super::program;
use super::recipe::{self, Recipe};
use super::release::Release;
use super::room::Room;
use super::tool;

/// Where every host sees [`Room::layers`], read-only.
pub const LAYERS: &str = "/lab/layers";
/// Where every host sees [`Room::images`], read-only.
pub const BASES: &str = "/lab/images";

/// The recipes and the files that they copy.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/images")
}

/// Gives a host's Docker the images whose recipes or names are listed; all of them if none is.
///
/// Docker need not be there yet. One that runs is stopped and started, its containers with it.
pub fn give(host: &Host, wanted: &[&str]) -> Result<()> {
    let images = ensure(&Room::open()?, wanted)?;
    let is_running = host.exec("systemctl is-active --quiet docker")?.success();
    if is_running {
        host.run("systemctl stop docker.socket docker")?;
    }
    let architecture = tool::run("dpkg", ["--print-architecture"])?;
    docker_store::write(&host.inside("/var/lib/docker")?, &images, architecture.trim())?;
    if is_running {
        host.run("systemctl start docker.socket docker")?;
        for name in images.iter().flat_map(|image| &image.names) {
            host.run(&format!("docker image inspect --format '{{{{.Id}}}}' {name}"))?;
        }
    }
    Ok(())
}

/// The images whose recipes or names are listed, all if none is; built now as far as this machine
/// does not have them.
pub fn ensure(room: &Room, wanted: &[&str]) -> Result<Vec<Image>> {
    let recipes = recipe::all(&folder())?;
    let mut chosen = Vec::new();
    for recipe in recipes.values().filter(|recipe| !recipe.names.is_empty()) {
        let is_meant = |want: &&str| *want == recipe.stem || recipe.names.iter().any(|n| n == want);
        if wanted.is_empty() || wanted.iter().any(is_meant) {
            chosen.push(recipe);
        }
    }
    let is_known =
        |want: &str| chosen.iter().any(|r| r.stem == want || r.names.iter().any(|n| n == want));
    if let Some(unknown) = wanted.iter().find(|want| !is_known(want)) {
        bail!("no image `{unknown}`: the recipes are in `{}`", folder().display());
    }
    // What stands on one release is built in turn, as its packages lock each other out.
    let mut by_release: BTreeMap<&str, Vec<&Recipe>> = BTreeMap::new();
    for recipe in chosen {
        by_release.entry(release_of(&recipes, recipe)?.codename()).or_default().push(recipe);
    }
    let shop = Workshop { room, recipes: &recipes };
    std::thread::scope(|scope| {
        let mut parts = Vec::new();
        for part in by_release.into_values() {
            parts.push(scope.spawn(move || {
                part.into_iter().map(|recipe| shop.image(recipe)).collect::<Result<Vec<_>>>()
            }));
        }
        let mut images = Vec::new();
        for part in parts {
            let Ok(built) = part.join() else { bail!("building the images panicked") };
            images.extend(built?);
        }
        Ok(images)
    })
}

fn release_of(recipes: &BTreeMap<String, Recipe>, recipe: &Recipe) -> Result<Release> {
    match recipes.get(&recipe.from) {
        Some(below) => release_of(recipes, below),
        None => recipe.from.parse(),
    }
}

/// Where images are put together.
#[derive(Debug, Clone, Copy)]
struct Workshop<'a> {
    room: &'a Room,
    recipes: &'a BTreeMap<String, Recipe>,
}

impl Workshop<'_> {
    fn image(self, recipe: &Recipe) -> Result<Image> {
        let Some(below) = self.recipes.get(&recipe.from) else {
            let layers = vec![self.base(recipe.from.parse()?)?];
            return self.over(recipe, Image { names: vec![], layers, configuration: path() });
        };
        self.over(recipe, self.image(below)?)
    }

    fn base(self, release: Release) -> Result<Layer> {
        let outside = image::ensure(self.room, release)?;
        let name = outside.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let inside = format!("{BASES}/{name}");
        Ok(Layer { digest: docker_store::digest(&name), inside, outside })
    }

    fn over(self, recipe: &Recipe, mut image: Image) -> Result<Image> {
        let below = image.layers.last().context("an image has a lowest layer")?;
        let digest = recipe.digest(&below.digest)?;
        let outside = self.room.layers().join(&digest);
        if !outside.is_dir() {
            let release = release_of(self.recipes, recipe)?;
            let _lock = Lock::take(self.room, &format!("layers-{}", release.codename()))?;
            if !outside.is_dir() {
                self.build(recipe, release, &image.layers, &outside)
                    .with_context(|| format!("building the image `{}`", recipe.stem))?;
            }
        }
        image.names.clone_from(&recipe.names);
        image.configuration = recipe.configuration(&image.configuration)?;
        let inside = format!("{LAYERS}/{digest}");
        image.layers.push(Layer { digest, inside, outside });
        Ok(image)
    }

    fn build(self, recipe: &Recipe, release: Release, layers: &[Layer], done: &Path) -> Result<()> {
        let cache = self.room.layers().with_file_name("cache").join(release.codename());
        let programs = self.room.layers().with_file_name("programs");
        fs::create_dir_all(&programs).context("cannot make the programs' folder")?;
        for name in recipe.programs() {
            program::copy(name, &programs)?;
        }
        let context = folder();
        let around = Surroundings { cache: &cache, context: &context, programs: &programs };
        let below: Vec<PathBuf> = layers.iter().rev().map(|l| l.outside.clone()).collect();
        let script = recipe.script(layer::CONTEXT, layer::PROGRAMS)?;
        layer::build(&script, &below, &around, done)
    }
}

/// What a container's programs are found by, as in all of Docker's own images.
fn path() -> serde_json::Map<String, serde_json::Value> {
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    serde_json::Map::from_iter([("Env".to_owned(), serde_json::json!([path]))])
}

//! Images as Docker's `overlay2` keeps them, written without Docker: its layers are links to the
//! lab's, so that a host has all images in the time that it takes to write a few small files.
//!
//! The form is that of `image/overlay2` and `overlay2` in the data folder of Docker 20 to 28. What
//! Docker needs to pack a layer again (`tar-split.json.gz`) is not there: `docker save` and
//! `docker push` of these images fail. Their sizes are given as 0.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// One layer, wherever it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// 64 hexadecimal digits.
    pub digest: String,
    /// Where a host sees its files.
    pub inside: String,
    /// Where the controller does.
    pub outside: PathBuf,
}

/// An image with all its layers, the lowest first.
#[derive(Debug, Clone)]
pub struct Image {
    pub names: Vec<String>,
    pub layers: Vec<Layer>,
    pub configuration: Map<String, Value>,
}

impl Image {
    /// The text whose hash is the image's id.
    fn document(&self, architecture: &str) -> String {
        let layers: Vec<String> = self.layers.iter().map(|l| sha256(&l.digest)).collect();
        let made = "2026-01-01T00:00:00Z";
        let history: Vec<Value> =
            layers.iter().map(|_| json!({"created": made, "created_by": "lab"})).collect();
        json!({
            "architecture": architecture,
            "os": "linux",
            "created": made,
            "config": self.configuration,
            "history": history,
            "rootfs": {"type": "layers", "diff_ids": layers},
        })
        .to_string()
    }
}

/// Writes images into Docker's data folder, to those that are there already. No Docker may be
/// running on it.
pub fn write(data: &Path, images: &[Image], architecture: &str) -> Result<()> {
    let index = data.join("image/overlay2/repositories.json");
    let mut repositories = read(&index)?;
    for image in images {
        layers(data, &image.layers)?;
        let document = image.document(architecture);
        let id = digest(&document);
        let folder = "image/overlay2/imagedb/content/sha256";
        put(&data.join(folder).join(&id), &document)?;
        for name in &image.names {
            let repository = name.rsplit_once(':').map_or(name.as_str(), |(before, _)| before);
            repositories["Repositories"][familiar(repository)][familiar(name)] = sha256(&id).into();
        }
    }
    put(&index, &repositories.to_string())
}

fn read(index: &Path) -> Result<Value> {
    if !index.exists() {
        return Ok(json!({"Repositories": {}}));
    }
    let text = fs::read(index).with_context(|| format!("cannot read `{}`", index.display()))?;
    serde_json::from_slice(&text).context("Docker's list of images is not as expected")
}

/// Docker's own hub is left out of a name.
fn familiar(name: &str) -> String {
    name.trim_start_matches("docker.io/").trim_start_matches("library/").to_owned()
}

fn layers(data: &Path, layers: &[Layer]) -> Result<()> {
    let mut chain: Option<String> = None;
    let mut lower: Vec<String> = Vec::new();
    for layer in layers {
        let parent = chain.take();
        let own = match &parent {
            Some(parent) => digest(&format!("{} {}", sha256(parent), sha256(&layer.digest))),
            None => layer.digest.clone(),
        };
        register(data, layer, &own, parent.as_deref())?;
        place(data, layer, &own, &lower)?;
        lower.insert(0, format!("l/{}", link_name(&own)));
        chain = Some(own);
    }
    Ok(())
}

/// What Docker's layer store knows of a layer on its parents.
fn register(data: &Path, layer: &Layer, own: &str, parent: Option<&str>) -> Result<()> {
    let folder = data.join("image/overlay2/layerdb/sha256").join(own);
    put(&folder.join("diff"), &sha256(&layer.digest))?;
    put(&folder.join("size"), "0")?;
    put(&folder.join("cache-id"), own)?;
    match parent {
        Some(parent) => put(&folder.join("parent"), &sha256(parent)),
        None => Ok(()),
    }
}

/// What its storage driver does.
fn place(data: &Path, layer: &Layer, own: &str, lower: &[String]) -> Result<()> {
    let folder = data.join("overlay2").join(own);
    let name = link_name(own);
    put(&folder.join("link"), &name)?;
    put(&folder.join("committed"), "")?;
    if !lower.is_empty() {
        put(&folder.join("lower"), &lower.join(":"))?;
        let work = folder.join("work");
        fs::create_dir_all(&work).with_context(|| format!("cannot make `{}`", work.display()))?;
    }
    link(&layer.inside, &folder.join("diff"))?;
    link(&format!("../{own}/diff"), &data.join("overlay2/l").join(name))
}

/// Docker names a layer shortly, as many names go into one mount.
fn link_name(own: &str) -> String {
    own[..26].to_uppercase()
}

fn link(target: &str, path: &Path) -> Result<()> {
    make_above(path)?;
    if path.symlink_metadata().is_ok() {
        fs::remove_file(path).with_context(|| format!("cannot remove `{}`", path.display()))?;
    }
    symlink(target, path).with_context(|| format!("cannot link `{}`", path.display()))
}

fn put(path: &Path, text: &str) -> Result<()> {
    make_above(path)?;
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

fn make_above(path: &Path) -> Result<()> {
    let folder = path.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))
}

fn sha256(digest: &str) -> String {
    format!("sha256:{digest}")
}

/// SHA-256 in hexadecimal.
pub fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

//! Fetching packages of a Debian release to the controller, whatever the controller runs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::image;
use super::release::Release;
use super::room::Room;
use super::tool;

/// Downloads the named packages of a release, without what they depend on, into `folder`.
/// Returns their files, in the order of the names.
pub fn packages(
    room: &Room,
    release: Release,
    names: &[&str],
    folder: &Path,
) -> Result<Vec<PathBuf>> {
    let settings = folder.join(format!("apt-{}", release.codename()));
    let options = options(&image::ensure(room, release)?, &settings)?;
    // The image's lists may name versions that the mirror has replaced since.
    apt_get(&options, folder, &["update"])?;
    names.iter().map(|name| download(&options, folder, name)).collect()
}

fn download(options: &[String], folder: &Path, name: &str) -> Result<PathBuf> {
    let place = folder.join(format!("download-{name}"));
    fs::create_dir_all(&place).with_context(|| format!("cannot make `{}`", place.display()))?;
    apt_get(options, &place, &["download", name])?;
    let mut files = fs::read_dir(&place).context("cannot list what apt downloaded")?;
    let file = files.next().with_context(|| format!("apt downloaded nothing for `{name}`"))?;
    Ok(file?.path())
}

/// Apt as the image has it, with lists of its own in `settings`.
fn options(image: &Path, settings: &Path) -> Result<Vec<String>> {
    for part in ["lists/partial", "cache/archives/partial"] {
        let part = settings.join(part);
        fs::create_dir_all(&part).with_context(|| format!("cannot make `{}`", part.display()))?;
    }
    let (image, settings) = (image.display(), settings.display());
    let options = [
        format!("Dir::State::lists={settings}/lists"),
        format!("Dir::Cache={settings}/cache"),
        format!("Dir::State::status={image}/var/lib/dpkg/status"),
        format!("Dir::Etc::sourcelist={image}/etc/apt/sources.list"),
        "Dir::Etc::sourceparts=-".to_owned(),
        format!("Dir::Etc::trustedparts={image}/etc/apt/trusted.gpg.d"),
        "APT::Sandbox::User=root".to_owned(),
        // Desktop hooks of the controller have no business here.
        "APT::Update::Post-Invoke-Success=".to_owned(),
    ];
    Ok(options.into_iter().flat_map(|option| ["-o".to_owned(), option]).collect())
}

fn apt_get(options: &[String], folder: &Path, words: &[&str]) -> Result<()> {
    // `apt-get download` writes to the current folder and cannot be told another.
    let script = r#"cd "$1" && shift && exec apt-get -q "$@""#;
    let mut arguments = vec!["-c".to_owned(), script.to_owned(), "sh".to_owned()];
    arguments.push(folder.to_string_lossy().into_owned());
    arguments.extend_from_slice(options);
    arguments.extend(words.iter().map(|word| (*word).to_owned()));
    tool::run("sh", &arguments)?;
    Ok(())
}

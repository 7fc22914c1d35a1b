//! The stand-in for Docker's apt repository.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::address;
use super::bridge;
use super::docker_packages;
use super::host::Host;
use super::lock::Lock;
use super::release::Release;
use super::room::Room;
use super::signing_key::SigningKey;
use super::tool;
use super::web::Web;

/// Where the repository is below the server, as with Docker's own.
const PATH: &str = "linux/debian";
/// The recipe: a change of it builds anew.
const RECIPE: [&[u8]; 2] = [include_bytes!("docker_packages.rs"), include_bytes!("deb.rs")];

/// A repository being served on the bridge, until it is dropped.
#[derive(Debug)]
pub struct DockerRepository {
    web: Web,
    folder: PathBuf,
    fingerprint: String,
}

impl DockerRepository {
    /// Builds it if this machine does not have it, and serves it on a free port.
    pub fn serve() -> Result<Self> {
        Self::serve_on(0)
    }

    pub fn serve_on(port: u16) -> Result<Self> {
        let room = Room::open()?;
        let folder = ensure(&room).context("building the stand-in for Docker's repository")?;
        bridge::ensure(&room)?;
        let web = Web::serve(&folder, SocketAddr::from((address::CONTROLLER_V4, port)))?;
        let fingerprint = fs::read_to_string(folder.join("fingerprint"))
            .context("the repository has no fingerprint")?;
        Ok(Self { web, folder, fingerprint })
    }

    /// For `URIs:`; the suite is the codename, the component `stable`.
    pub fn url(&self) -> String {
        format!("{}/{PATH}", self.web.url())
    }

    /// Where the armoured public key is served.
    pub fn key_url(&self) -> String {
        format!("{}/gpg", self.url())
    }

    /// The armoured public key on the controller.
    pub fn key_file(&self) -> PathBuf {
        self.folder.join(PATH).join("gpg")
    }

    /// 40 hexadecimal digits, upper case.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Installs the engine and its plugins on a host, as Docker's own documentation says.
    pub fn install_on(&self, host: &Host) -> Result<()> {
        let key = fs::read(self.key_file()).context("cannot read the repository's key")?;
        host.run("mkdir -p /etc/apt/keyrings")?;
        host.write_file("/etc/apt/keyrings/docker.asc", &key)?;
        let codename = host.release().codename();
        let source = format!(
            "deb [signed-by=/etc/apt/keyrings/docker.asc] {} {codename} stable\n",
            self.url()
        );
        host.write_file("/etc/apt/sources.list.d/docker.list", source.as_bytes())?;
        host.run("apt-get update")?;
        host.run(
            "DEBIAN_FRONTEND=noninteractive apt-get install -y docker-ce docker-ce-cli \
             containerd.io docker-buildx-plugin docker-compose-plugin",
        )?;
        Ok(())
    }
}

/// The repository as files, built now if this machine does not have it.
pub fn ensure(room: &Room) -> Result<PathBuf> {
    let digest = Sha256::digest(RECIPE.concat());
    let name =
        format!("docker-{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
    let done = room.root().join(&name);
    let _lock = Lock::take(room, "docker")?;
    if done.is_dir() {
        return Ok(done);
    }
    let partial = room.root().join(format!("{name}.partial"));
    if partial.exists() {
        fs::remove_dir_all(&partial)
            .with_context(|| format!("cannot remove `{}`", partial.display()))?;
    }
    build(room, &partial)?;
    fs::rename(&partial, &done).with_context(|| format!("cannot name `{}`", done.display()))?;
    Ok(done)
}

fn build(room: &Room, folder: &Path) -> Result<()> {
    let base = folder.join(PATH);
    let key = SigningKey::ensure(&room.root().join("gnupg"))?;
    let workshop = folder.join("workshop");
    let sources = docker_packages::Sources::fetch(room, &workshop)?;
    for release in docker_packages::RELEASES {
        let codename = release.codename();
        sources.build(release, &base.join("dists").join(codename).join("pool"))?;
        index(&base, release, &key).with_context(|| format!("indexing {codename}"))?;
    }
    fs::remove_dir_all(&workshop).context("cannot remove the workshop")?;
    fs::write(base.join("gpg"), key.public()?).context("cannot write the key")?;
    fs::write(folder.join("fingerprint"), key.fingerprint()?).context("cannot write the print")?;
    key.end_agent()
}

/// Writes `Packages`, `Release` and the signed `InRelease` of one suite.
fn index(base: &Path, release: Release, key: &SigningKey) -> Result<()> {
    let codename = release.codename();
    let architecture = tool::run("dpkg", ["--print-architecture"])?;
    let architecture = architecture.trim();
    let suite = base.join("dists").join(codename);
    let lists = suite.join("stable").join(format!("binary-{architecture}"));
    fs::create_dir_all(&lists).context("cannot make the lists' folder")?;
    let pool = format!("dists/{codename}/pool");
    // File names in the list are relative to where apt-ftparchive runs.
    let here = base.to_string_lossy();
    let scan = r#"cd "$1" && exec apt-ftparchive packages "$2""#;
    let packages = tool::run("sh", ["-c", scan, "sh", &here, &pool])?;
    fs::write(lists.join("Packages"), packages).context("cannot write `Packages`")?;
    let label = |name: &str, value: &str| {
        ["-o".to_owned(), format!("APT::FTPArchive::Release::{name}={value}")]
    };
    let mut arguments: Vec<String> = [
        label("Origin", "Docker"),
        label("Label", "Docker CE"),
        label("Suite", codename),
        label("Codename", codename),
        label("Architectures", architecture),
        label("Components", "stable"),
    ]
    .concat();
    arguments.extend(["release".to_owned(), suite.to_string_lossy().into_owned()]);
    let text = tool::run("apt-ftparchive", &arguments)?;
    fs::write(suite.join("Release"), text).context("cannot write `Release`")?;
    key.clear_sign(&suite.join("Release"), &suite.join("InRelease"))
}

//! Packages named, versioned and laid out as Docker's own, made of Debian's binaries.
//!
//! The Go programs are Debian 13's, which need a libc that Debian 12 has too; runc does not,
//! so it comes from the release itself. Debian 11's libc is too old for them: none are made.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::deb::{self, Deb};
use super::download;
use super::release::Release;
use super::room::Room;
use super::tool;

/// The releases that the stand-in serves.
pub const RELEASES: [Release; 2] = [Release::Debian12, Release::Debian13];

const SOURCES: [&str; 6] =
    ["docker.io", "docker-cli", "containerd", "docker-compose", "docker-buildx", "tini"];

/// One package: which programs, from where in the unpacked sources, to where.
struct Recipe {
    name: &'static str,
    /// Without the `-1~debian.12~bookworm` that follows.
    version: String,
    /// Its line `Depends:`, and others that only it has.
    relations: &'static str,
    programs: &'static [(&'static str, &'static str)],
    texts: &'static [(&'static str, &'static str, u32)],
}

/// The unpacked packages that all of ours are made from.
pub struct Sources<'a> {
    room: &'a Room,
    workshop: PathBuf,
    recipes: Vec<Recipe>,
}

impl<'a> Sources<'a> {
    /// Downloads and unpacks into `workshop`, once for all releases.
    pub fn fetch(room: &'a Room, workshop: &Path) -> Result<Self> {
        std::fs::create_dir_all(workshop)
            .with_context(|| format!("cannot make `{}`", workshop.display()))?;
        let files = download::packages(room, Release::Debian13, &SOURCES, workshop)?;
        let sources = Self { room, workshop: workshop.to_owned(), recipes: recipes(&files)? };
        for file in &files {
            deb::unpack(file, &sources.tree())?;
        }
        Ok(sources)
    }

    /// Makes all packages for `release` in the folder `pool`.
    pub fn build(&self, release: Release, pool: &Path) -> Result<()> {
        std::fs::create_dir_all(pool)
            .with_context(|| format!("cannot make `{}`", pool.display()))?;
        let place = self.workshop.join(release.codename());
        std::fs::create_dir_all(&place)
            .with_context(|| format!("cannot make `{}`", place.display()))?;
        // Over the one of the release before.
        for file in download::packages(self.room, release, &["runc"], &place)? {
            deb::unpack(&file, &self.tree())?;
        }
        let architecture = tool::run("dpkg", ["--print-architecture"])?;
        for recipe in &self.recipes {
            let deb = Deb::start(&place.join(recipe.name))?;
            make(&deb, recipe, release, &self.tree())
                .and_then(|()| deb.build(&pool.join(recipe.file(release, architecture.trim()))))
                .with_context(|| format!("making `{}` for {release}", recipe.name))?;
        }
        Ok(())
    }

    fn tree(&self) -> PathBuf {
        self.workshop.join("tree")
    }
}

impl Recipe {
    fn version(&self, release: Release) -> String {
        format!("{}-1~debian.{}~{}", self.version, release.number(), release.codename())
    }

    /// The package's file name, which leaves the version's epoch out.
    fn file(&self, release: Release, architecture: &str) -> String {
        let version = self.version(release);
        let plain = version.split_once(':').map_or(version.as_str(), |(_, rest)| rest);
        format!("{}_{plain}_{architecture}.deb", self.name)
    }
}

fn make(deb: &Deb, recipe: &Recipe, release: Release, tree: &Path) -> Result<()> {
    let control = format!(
        "Package: {}\nVersion: {}\nArchitecture: {}\n\
         Maintainer: lab <lab@example.org>\nSection: admin\nPriority: optional\n{}\
         Description: stand-in for the package of this name\n \
         Made of Debian's binaries, for tests.\n",
        recipe.name,
        recipe.version(release),
        tool::run("dpkg", ["--print-architecture"])?.trim(),
        recipe.relations
    );
    deb.text("DEBIAN/control", &control, 0o644)?;
    for (from, to) in recipe.programs {
        deb.program(to, &tree.join(from))?;
    }
    for (path, text, mode) in recipe.texts {
        deb.text(path, text, *mode)?;
    }
    Ok(())
}

/// `files` are the packages of [`SOURCES`], in that order.
fn recipes(files: &[PathBuf]) -> Result<Vec<Recipe>> {
    let upstream = |at: usize| -> Result<String> {
        let version = tool::run("dpkg-deb", ["-f", &files[at].to_string_lossy(), "Version"])?;
        // Debian's `26.1.5+dfsg1-9+deb13u1` is 26.1.5 upstream, `1.7.24~ds1-6` is 1.7.24.
        Ok(version.split(['+', '~', '-']).next().unwrap_or_default().trim().to_owned())
    };
    let engine = format!("5:{}", upstream(0)?);
    Ok(vec![
        Recipe {
            name: "docker-ce",
            version: engine.clone(),
            relations: "Depends: containerd.io (>= 1.6), docker-ce-cli, iptables, libsystemd0\n\
                        Recommends: ca-certificates, docker-ce-cli, procps\n\
                        Conflicts: docker.io\nReplaces: docker.io\n",
            programs: &[
                ("usr/sbin/dockerd", "usr/bin/dockerd"),
                ("usr/sbin/docker-proxy", "usr/bin/docker-proxy"),
                ("usr/bin/tini-static", "usr/bin/docker-init"),
            ],
            texts: &[
                ("usr/lib/systemd/system/docker.service", DOCKER_SERVICE, 0o644),
                ("usr/lib/systemd/system/docker.socket", DOCKER_SOCKET, 0o644),
                ("DEBIAN/postinst", DOCKER_POSTINST, 0o755),
                ("DEBIAN/prerm", DOCKER_PRERM, 0o755),
            ],
        },
        Recipe {
            name: "docker-ce-cli",
            version: engine,
            relations: "Recommends: docker-buildx-plugin, docker-compose-plugin\nConflicts: docker-cli\n",
            programs: &[("usr/bin/docker", "usr/bin/docker")],
            texts: &[],
        },
        Recipe {
            name: "containerd.io",
            version: upstream(2)?,
            relations: "Depends: libseccomp2\nProvides: containerd, runc\nConflicts: containerd, runc\n\
                        Replaces: containerd, runc\n",
            programs: &[
                ("usr/bin/containerd", "usr/bin/containerd"),
                ("usr/bin/containerd-shim-runc-v2", "usr/bin/containerd-shim-runc-v2"),
                ("usr/bin/ctr", "usr/bin/ctr"),
                ("usr/sbin/runc", "usr/bin/runc"),
            ],
            texts: &[
                ("usr/lib/systemd/system/containerd.service", CONTAINERD_SERVICE, 0o644),
                ("etc/containerd/config.toml", "disabled_plugins = [\"cri\"]\n", 0o644),
                ("DEBIAN/conffiles", "/etc/containerd/config.toml\n", 0o644),
                ("DEBIAN/postinst", CONTAINERD_POSTINST, 0o755),
                ("DEBIAN/prerm", CONTAINERD_PRERM, 0o755),
            ],
        },
        plugin("docker-compose-plugin", upstream(3)?, &COMPOSE),
        plugin("docker-buildx-plugin", upstream(4)?, &BUILDX),
    ])
}

type Programs = [(&'static str, &'static str); 1];
const COMPOSE: Programs = [(
    "usr/libexec/docker/cli-plugins/docker-compose",
    "usr/libexec/docker/cli-plugins/docker-compose",
)];
const BUILDX: Programs = [(
    "usr/libexec/docker/cli-plugins/docker-buildx",
    "usr/libexec/docker/cli-plugins/docker-buildx",
)];

fn plugin(name: &'static str, version: String, programs: &'static Programs) -> Recipe {
    Recipe { name, version, relations: "Enhances: docker-ce-cli\n", programs, texts: &[] }
}

const DOCKER_SERVICE: &str = "\
[Unit]
Description=Docker Application Container Engine
After=network-online.target docker.socket containerd.service
Wants=network-online.target containerd.service
Requires=docker.socket

[Service]
Type=notify
ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock
ExecReload=/bin/kill -s HUP $MAINPID
TimeoutStartSec=0
Restart=always
RestartSec=2
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
Delegate=yes
KillMode=process

[Install]
WantedBy=multi-user.target
";

const DOCKER_SOCKET: &str = "\
[Unit]
Description=Docker Socket for the API

[Socket]
ListenStream=/run/docker.sock
SocketMode=0660
SocketUser=root
SocketGroup=docker

[Install]
WantedBy=sockets.target
";

const CONTAINERD_SERVICE: &str = "\
[Unit]
Description=containerd container runtime
After=network.target local-fs.target

[Service]
Type=notify
ExecStart=/usr/bin/containerd
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity

[Install]
WantedBy=multi-user.target
";

const DOCKER_POSTINST: &str = "\
#!/bin/sh
set -e
if [ \"$1\" = configure ]; then
    getent group docker >/dev/null || groupadd --system docker
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        systemctl enable docker.service docker.socket
        deb-systemd-invoke restart docker.socket docker.service
    fi
fi
";

const DOCKER_PRERM: &str = "\
#!/bin/sh
set -e
if [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then
    deb-systemd-invoke stop docker.service docker.socket
    systemctl disable docker.service docker.socket
fi
";

const CONTAINERD_POSTINST: &str = "\
#!/bin/sh
set -e
if [ \"$1\" = configure ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl enable containerd.service
    deb-systemd-invoke restart containerd.service
fi
";

const CONTAINERD_PRERM: &str = "\
#!/bin/sh
set -e
if [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then
    deb-systemd-invoke stop containerd.service
    systemctl disable containerd.service
fi
";

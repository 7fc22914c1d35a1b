//! The stand-in for Docker's repository: its key, its packages, and containers that run.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::lab::docker_packages::RELEASES;
use crate::lab::{DockerRepository, Host, Options, Release, container_image, lab_or_skip};

#[test]
fn docker_from_its_repository_runs_a_container() -> Result<()> {
    if !lab_or_skip("docker_from_its_repository_runs_a_container") {
        return Ok(());
    }
    let repository = DockerRepository::serve()?;
    for release in RELEASES {
        try_docker(release, &repository).with_context(|| format!("on {release}"))?;
    }
    Ok(())
}

fn try_docker(release: Release, repository: &DockerRepository) -> Result<()> {
    let host = Host::up(release, &Options::named("ship"))?;
    let start = Instant::now();
    repository.install_on(&host)?;
    ensure!(start.elapsed().as_secs() < 120, "installing took {:?}", start.elapsed());
    let version = host.run("dpkg-query -W -f '${Version}' docker-ce")?;
    let tail = format!("-1~debian.{}~{}", release.number(), release.codename());
    ensure!(version.starts_with("5:") && version.ends_with(&tail), "{version}");
    ensure!(host.run("systemctl is-active docker containerd")? == "active\nactive");
    host.run("docker compose version && docker buildx version")?;
    container_image::import(&host)?;
    let image = container_image::NAME;
    ensure!(host.run(&format!("docker run --rm {image} echo from inside"))? == "from inside");
    host.run(&format!("docker run -d --restart always -p 8080:80 {image} httpd -f -h /www"))?;
    let page = host.v4().to_string();
    let got = host.run(&format!("docker run --rm {image} wget -qO- http://{page}:8080/"))?;
    ensure!(got == "hello from the lab", "{got}");
    Ok(())
}

#[test]
fn a_repository_signed_by_another_key_is_refused() -> Result<()> {
    if !lab_or_skip("a_repository_signed_by_another_key_is_refused") {
        return Ok(());
    }
    let repository = DockerRepository::serve()?;
    let host = Host::up(Release::Debian12, &Options::named("wary"))?;
    let other = "/etc/apt/trusted.gpg.d/debian-archive-bookworm-stable.asc";
    let source = format!("deb [signed-by={other}] {} bookworm stable\n", repository.url());
    host.write_file("/etc/apt/sources.list.d/docker.list", source.as_bytes())?;
    let output = host.exec("apt-get update")?;
    ensure!(!output.success() && output.stderr.contains("NO_PUBKEY"), "{output:?}");
    Ok(())
}

//! Runs all cases, some hosts at once, and reports all that fail at the end.

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use super::case::{self, Case};
use super::stage::{self, Mode};
use super::{folder, judge};
use crate::lab::web::Web;
use crate::lab::{Host, Options, Release, Watch, container_image, inventory, lab_or_skip};

/// The controller, as hosts reach it.
const WEB: Ipv4Addr = Ipv4Addr::new(10, 87, 0, 1);

/// How many hosts work at once.
const WORKERS: usize = 4;

#[test]
fn cases_of_modules_hold_on_lab_hosts() -> Result<()> {
    if !lab_or_skip("cases_of_modules_hold_on_lab_hosts") {
        return Ok(());
    }
    let queue = Mutex::new(files()?);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| work(&queue, &failures));
        }
    });
    let mut failures = failures.into_inner().expect("no holder panics");
    failures.sort();
    ensure!(failures.is_empty(), "{} failed:\n\n{}", failures.len(), failures.join("\n\n"));
    Ok(())
}

/// The files of all cases, in order.
pub fn all_files() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for module in std::fs::read_dir(folder())? {
        for file in std::fs::read_dir(module?.path())? {
            files.push(file?.path());
        }
    }
    files.sort();
    Ok(files)
}

/// The files of cases that were chosen.
fn files() -> Result<VecDeque<PathBuf>> {
    let chosen = std::env::var_os("MXPROV_CASES").unwrap_or_default();
    let chosen = chosen.to_string_lossy();
    let chosen: Vec<&str> = chosen.split(',').filter(|name| !name.is_empty()).collect();
    let is_chosen = |path: &PathBuf| {
        let path = path.with_extension("");
        chosen.is_empty()
            || chosen.iter().any(|name| {
                path.ends_with(name) || path.parent().is_some_and(|folder| folder.ends_with(name))
            })
    };
    Ok(all_files()?.into_iter().filter(is_chosen).collect())
}

/// Takes files until there are none.
fn work(queue: &Mutex<VecDeque<PathBuf>>, failures: &Mutex<Vec<String>>) {
    let mut hosts = HashMap::new();
    let next = || queue.lock().expect("no holder panics").pop_front();
    while let Some(path) = next() {
        let begun = Instant::now();
        let (count, failed) = match case::read(&path) {
            Ok(cases) => (cases.len(), run_file(&cases, &mut hosts)),
            Err(error) => (0, vec![format!("{}: {error:#}", path.display())]),
        };
        let took = begun.elapsed().as_secs_f64();
        let name = path.strip_prefix(folder()).unwrap_or(&path).display().to_string();
        #[expect(clippy::print_stdout, reason = "how far it is; shown when it fails")]
        {
            println!("{name}: {count} cases, {} failed, {took:.1} s", failed.len());
        }
        failures.lock().expect("no holder panics").extend(failed);
    }
}

/// A host for cases: its release, and whether it has Docker, which changes much on a host.
type Kind = (Release, bool);

fn run_file(cases: &[Case], hosts: &mut HashMap<Kind, Host>) -> Vec<String> {
    let mut failed = Vec::new();
    for case in cases {
        let kind =
            (case.release, case.module.starts_with("docker_") || case.module == "mxprov_image");
        let ended = host(hosts, kind).and_then(|host| run_case(case, host));
        if let Err(error) = ended {
            failed.push(format!("{} ({}): {error:#}", case.title, case.release));
        }
    }
    failed
}

fn host(hosts: &mut HashMap<Kind, Host>, kind: Kind) -> Result<&Host> {
    use std::collections::hash_map::Entry;
    Ok(match hosts.entry(kind) {
        Entry::Occupied(host) => host.into_mut(),
        Entry::Vacant(room) => {
            let (release, docker) = kind;
            let host = Host::up(release, &Options::named("cases"))?;
            if docker {
                host.run(DOCKER).context("installing Docker")?;
                container_image::import(&host)?;
            }
            room.insert(host)
        }
    })
}

const DOCKER: &str = "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y \
                      --no-install-recommends docker.io docker-cli docker-compose";

fn run_case(case: &Case, host: &Host) -> Result<()> {
    if let Some(before) = &case.before {
        host.run(before).context("before")?;
    }
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    inventory::write(folder, &[host], "root")?;
    write(&folder.join("site.yml"), &case.playbook())?;
    for (name, text) in &case.files {
        write(&folder.join(name), text)?;
    }
    let server = Web::serve(&folder.join("web"), SocketAddr::new(WEB.into(), 0))?;
    let web = server.url();
    let watch = Watch::start(host)?;
    let said = stage::run(folder, &web, Mode::Check).context("check")?;
    let is_over = judge::plan(case, &said).context("check")?;
    let changes = watch.changes()?;
    if !changes.is_empty() {
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        bail!("check wrote: {}", changes.join(", "));
    }
    if is_over {
        return Ok(());
    }
    let said = stage::run(folder, &web, Mode::Apply).context("apply")?;
    judge::plan(case, &said).context("apply")?;
    judge::apply(case, &said).context("apply")?;
    if let Some(after) = &case.after {
        host.run(after).context("after")?;
    }
    if case.expect.failed.is_none() {
        let said = stage::run(folder, &web, Mode::Check).context("again")?;
        judge::again(case, &said)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

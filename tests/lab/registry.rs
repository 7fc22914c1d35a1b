//! The register of hosts: gives out numbers, so that no two processes take the same.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::address;
use super::cgroup::Cgroup;
use super::lock::Lock;
use super::overlay::Overlay;
use super::packages;
use super::process::Process;
use super::record::Record;
use super::release::Release;
use super::room::Room;

const LOCK: &str = "registry";
/// How long killed processes may take to go.
const DEATH: Duration = Duration::from_secs(20);

/// Takes a free number for a host of this process, after taking away hosts that nobody wants.
pub fn claim(room: &Room, name: &str, release: Release, image: &Path) -> Result<Record> {
    let _lock = Lock::take(room, LOCK)?;
    let records = records(room)?;
    for record in records.iter().filter(|record| record.is_abandoned()) {
        take_away(room, record)
            .and_then(|trash| delete(&trash))
            .with_context(|| format!("taking away the left `{}`", record.name))?;
    }
    let number = free_number(room)?;
    let owner = Some(Process::current()?);
    let record = Record {
        number,
        name: name.to_owned(),
        release,
        image: image.to_owned(),
        owner,
        supervisor: None,
    };
    // Made aside, so that no folder is ever there without its record.
    let aside = room.trash().join(format!("new-{}", rand::random::<u64>()));
    fs::create_dir(&aside).with_context(|| format!("cannot make `{}`", aside.display()))?;
    record.write(&aside)?;
    let folder = folder(room, number);
    fs::rename(&aside, &folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    Ok(record)
}

/// Takes the first number whose folder and control group are free. The control group is the
/// machine's, so that labs in different folders do not get the same.
fn free_number(room: &Room) -> Result<u16> {
    for number in address::NUMBERS.filter(|number| !folder(room, *number).exists()) {
        if Cgroup::of(&address::machine(number)).make()? {
            return Ok(number);
        }
    }
    bail!("no number is free for another host: `lab down --all` takes all away");
}

/// Takes a host away: kills it, unmounts, deletes.
pub fn release(room: &Room, record: &Record) -> Result<()> {
    let lock = Lock::take(room, LOCK)?;
    let trash = take_away(room, record)?;
    // Deleting may take a second, and others wait.
    drop(lock);
    delete(&trash)
}

/// Deletes what killed processes left in the trash.
pub fn sweep(room: &Room) -> Result<()> {
    let _lock = Lock::take(room, LOCK)?;
    for entry in fs::read_dir(room.trash()).context("cannot list the trash")? {
        delete(&entry?.path())?;
    }
    Ok(())
}

/// All hosts of the machine, by number.
pub fn list(room: &Room) -> Result<Vec<Record>> {
    let _lock = Lock::take(room, LOCK)?;
    records(room)
}

/// The folder of a host.
pub fn folder(room: &Room, number: u16) -> PathBuf {
    room.hosts().join(number.to_string())
}

/// What is not a record that we can read is left alone: another version of this code may have
/// written it, and its host may be running. Its number stays taken.
fn records(room: &Room) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for entry in fs::read_dir(room.hosts()).context("cannot list the hosts")? {
        if let Ok(record) = Record::read(&entry?.path()) {
            records.push(record);
        }
    }
    records.sort_by_key(|record| record.number);
    Ok(records)
}

/// Kills and unmounts a host and frees its number. Returns what is left to delete.
fn take_away(room: &Room, record: &Record) -> Result<PathBuf> {
    let cgroup = Cgroup::of(&address::machine(record.number));
    cgroup.kill()?;
    if let Some(supervisor) = record.supervisor {
        wait_for_death(supervisor, &cgroup)?;
    }
    remove_cgroup(&cgroup)?;
    let folder = folder(room, record.number);
    let overlay = Overlay::in_folder(&folder);
    overlay.unmount()?;
    if overlay.is_mounted()? {
        bail!("`{}` is still mounted", overlay.merged().display());
    }
    packages::keep(room, record.release, &overlay.upper())?;
    // Renamed first: a number is free again as soon as its folder is gone.
    let trash = room.trash().join(format!("{}-{}", record.number, rand::random::<u64>()));
    fs::rename(&folder, &trash).with_context(|| format!("cannot move `{}`", folder.display()))?;
    Ok(trash)
}

fn delete(trash: &Path) -> Result<()> {
    match fs::remove_dir_all(trash) {
        // Somebody else sweeps at the same time.
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove `{}`", trash.display()))
        }
        _ => Ok(()),
    }
}

fn wait_for_death(process: Process, cgroup: &Cgroup) -> Result<()> {
    let end = Instant::now() + DEATH;
    while process.is_alive() {
        if Instant::now() > end {
            bail!("process {} does not end", process.pid);
        }
        std::thread::sleep(Duration::from_millis(5));
        // Again: a host that was rebooting has started anew meanwhile.
        cgroup.kill()?;
    }
    Ok(())
}

/// A control group is busy until the kernel has buried its last process.
fn remove_cgroup(cgroup: &Cgroup) -> Result<()> {
    let end = Instant::now() + DEATH;
    loop {
        match cgroup.remove() {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > end => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

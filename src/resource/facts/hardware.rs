//! Processors, memory, mounts, firmware.

use std::collections::{BTreeMap, BTreeSet};

use crate::value::{Key, Map, Value};

use super::super::probe::fields;
use super::{Said, entry, map, text};

/// Facts of the subset `hardware`.
pub(super) fn facts(said: &Said<'_>) -> Map {
    let mut facts = Map::new();
    facts.extend(processors(said));
    facts.extend(memory(said.of("memory")));
    facts.extend(load(said.of("load")));
    facts.extend(firmware(said.of("firmware")));
    facts.extend([entry("mounts", Value::list(mounts(said)))]);
    facts
}

fn int(number: usize) -> Value {
    i64::try_from(number).map_or(Value::Null, Value::Int)
}

fn processors(said: &Said<'_>) -> Vec<(Key, Value)> {
    let mut list = Vec::new();
    let (mut count, mut socket) = (0usize, "0");
    let mut sockets: BTreeSet<&str> = BTreeSet::new();
    let mut cores: BTreeMap<&str, &str> = BTreeMap::new();
    let mut siblings: BTreeMap<&str, &str> = BTreeMap::new();
    let mut flags = Vec::new();
    for line in said.of("cpu").lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim() {
            "processor" => {
                count += 1;
                list.push(Value::data(value));
            }
            "vendor_id" | "model name" | "Processor" | "cpu model" => list.push(Value::data(value)),
            "physical id" => {
                socket = value;
                sockets.insert(value);
            }
            "cpu cores" => {
                cores.insert(socket, value);
            }
            "siblings" => {
                siblings.insert(socket, value);
            }
            "flags" | "Features" if flags.is_empty() => {
                flags = value.split_whitespace().map(Value::data).collect();
            }
            _ => {}
        }
    }
    let first = |map: &BTreeMap<&str, &str>| {
        map.values().next().and_then(|text| text.parse::<usize>().ok())
    };
    let sockets = if sockets.is_empty() { count } else { sockets.len() };
    let cores = first(&cores).unwrap_or(1);
    let threads = first(&siblings).unwrap_or(cores) / cores.max(1);
    let nproc = said.of("nproc").trim().parse().unwrap_or(count);
    vec![
        entry("processor", Value::list(list)),
        entry("processor_count", int(sockets)),
        entry("processor_cores", int(cores)),
        entry("processor_threads_per_core", int(threads.max(1))),
        entry("processor_vcpus", int(if count > 0 { count } else { nproc })),
        entry("processor_nproc", int(nproc)),
        entry("flags", Value::list(flags)),
    ]
}

/// /proc/meminfo counts in KiB; Ansible in MiB.
fn memory(said: &str) -> Vec<(Key, Value)> {
    let field = |name: &str| -> i64 {
        let mut lines = said.lines().filter_map(|line| line.split_once(':'));
        let value = lines.find(|(key, _)| *key == name).map(|(_, value)| value.trim());
        value.and_then(|value| value.split(' ').next()?.parse::<i64>().ok()).unwrap_or(0) / 1024
    };
    let (total, free) = (field("MemTotal"), field("MemFree"));
    let (swap, swap_free) = (field("SwapTotal"), field("SwapFree"));
    let unused = free + field("Buffers") + field("Cached");
    let pair = |names: [&str; 2], values: [i64; 2]| {
        map(names.into_iter().zip(values).map(|(name, value)| entry(name, value)))
    };
    let real = map([entry("total", total), entry("used", total - free), entry("free", free)]);
    let swaps = map([
        entry("total", swap),
        entry("free", swap_free),
        entry("used", swap - swap_free),
        entry("cached", field("SwapCached")),
    ]);
    vec![
        entry("memtotal_mb", total),
        entry("memfree_mb", free),
        entry("swaptotal_mb", swap),
        entry("swapfree_mb", swap_free),
        entry(
            "memory_mb",
            map([
                entry("real", real),
                entry("nocache", pair(["free", "used"], [unused, total - unused])),
                entry("swap", swaps),
            ]),
        ),
    ]
}

fn load(said: &str) -> Vec<(Key, Value)> {
    let mut lines = said.lines();
    let loads: Vec<f64> =
        lines.next().unwrap_or_default().split(' ').filter_map(|word| word.parse().ok()).collect();
    let uptime = lines
        .next()
        .and_then(|line| line.split('.').next())
        .and_then(|seconds| seconds.parse::<i64>().ok());
    let mut facts = Vec::new();
    if let [one, five, fifteen, ..] = loads[..] {
        let entries = [("1m", one), ("5m", five), ("15m", fifteen)];
        facts.push(entry(
            "loadavg",
            map(entries.map(|(name, load)| entry(name, Value::Float(load)))),
        ));
    }
    facts.extend(uptime.map(|seconds| entry("uptime_seconds", seconds)));
    facts
}

/// What the DMI tables say, by Ansible's names; `NA` where they say nothing.
fn firmware(said: &str) -> Vec<(Key, Value)> {
    const NAMES: [(&str, &str); 18] = [
        ("bios_date", "bios_date"),
        ("bios_vendor", "bios_vendor"),
        ("bios_version", "bios_version"),
        ("board_asset_tag", "board_asset_tag"),
        ("board_name", "board_name"),
        ("board_serial", "board_serial"),
        ("board_vendor", "board_vendor"),
        ("board_version", "board_version"),
        ("chassis_asset_tag", "chassis_asset_tag"),
        ("chassis_serial", "chassis_serial"),
        ("chassis_vendor", "chassis_vendor"),
        ("chassis_version", "chassis_version"),
        ("form_factor", "chassis_type"),
        ("product_name", "product_name"),
        ("product_serial", "product_serial"),
        ("product_uuid", "product_uuid"),
        ("product_version", "product_version"),
        ("system_vendor", "sys_vendor"),
    ];
    let value = |file: &str| fields(said).find(|(name, _)| *name == file).map(|(_, value)| value);
    let named = |(name, file): (&str, &str)| {
        let value = value(file).unwrap_or("NA");
        text(name, if name == "form_factor" { form_factor(value) } else { value })
    };
    NAMES.map(named).into()
}

/// The types of SMBIOS 7.4.1.
fn form_factor(number: &str) -> &str {
    const TYPES: [&str; 33] = [
        "Unknown",
        "Other",
        "Unknown",
        "Desktop",
        "Low Profile Desktop",
        "Pizza Box",
        "Mini Tower",
        "Tower",
        "Portable",
        "Laptop",
        "Notebook",
        "Hand Held",
        "Docking Station",
        "All In One",
        "Sub Notebook",
        "Space-saving",
        "Lunch Box",
        "Main Server Chassis",
        "Expansion Chassis",
        "Sub Chassis",
        "Bus Expansion Chassis",
        "Peripheral Chassis",
        "RAID Chassis",
        "Rack Mount Chassis",
        "Sealed-case PC",
        "Multi-system",
        "CompactPCI",
        "AdvancedTCA",
        "Blade",
        "Blade Enclosure",
        "Tablet",
        "Convertible",
        "Detachable",
    ];
    number.parse::<usize>().ok().and_then(|number| TYPES.get(number).copied()).unwrap_or(number)
}

/// The mounts of devices and of network file systems.
fn mounts(said: &Said<'_>) -> Vec<Value> {
    let uuids = uuids(said.of("uuids"));
    let mut sizes: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for line in said.of("sizes").lines() {
        let mut words = line.splitn(7, ' ');
        let numbers: Vec<i64> =
            words.by_ref().take(6).filter_map(|word| word.parse().ok()).collect();
        if let Some(mount) = words.next() {
            sizes.insert(mount, numbers);
        }
    }
    let mut mounts = Vec::new();
    for line in said.of("mounts").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [device, mount, kind, options, dump, pass] = words[..] else { continue };
        if !device.starts_with('/') && !device.contains(":/") || kind == "none" {
            continue;
        }
        let number = |text: &str| Value::Int(text.parse().unwrap_or(0));
        let mount = unescape(mount);
        let mut fact = vec![
            text("mount", &mount),
            text("device", &unescape(device)),
            text("fstype", kind),
            text("options", options),
            entry("dump", number(dump)),
            entry("passno", number(pass)),
            text("uuid", uuids.get(device).map_or("N/A", String::as_str)),
        ];
        if let Some([blocks, free, available, size, inodes, inodes_free]) =
            sizes.get(mount.as_str()).map(Vec::as_slice)
        {
            fact.extend([
                entry("size_total", size * blocks),
                entry("size_available", size * available),
                entry("block_size", *size),
                entry("block_total", *blocks),
                entry("block_available", *available),
                entry("block_used", blocks - available),
                entry("inode_total", *inodes),
                entry("inode_available", *inodes_free),
                entry("inode_used", inodes - inodes_free),
            ]);
            let _ = free;
        }
        mounts.push(map(fact));
    }
    mounts
}

/// Devices and the UUIDs of their file systems: the links, an empty line, what they point to.
fn uuids(said: &str) -> BTreeMap<String, String> {
    let (links, targets) = said.split_once("\n\n").unwrap_or((said, ""));
    let names = links.lines().map(|link| link.rsplit('/').next().unwrap_or(link).to_string());
    targets.lines().map(str::to_string).zip(names).collect()
}

/// proc(5) writes blanks in /proc/mounts as `\040`.
fn unescape(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_string(), |text, (written, letter)| text.replace(written, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(facts: &[(Key, Value)], name: &str) -> Option<Value> {
        facts.iter().find(|(key, _)| key.as_str() == Some(name)).map(|(_, value)| value.clone())
    }

    #[test]
    fn processors_and_threads_are_counted() {
        let cpu = "processor\t: 0\nvendor_id\t: G\nmodel name\t: X\nphysical id\t: 0\nsiblings\t: 4\ncore id\t: 0\ncpu cores\t: 2\n";
        let facts = processors(&Said(vec![("cpu", &cpu.repeat(4)), ("nproc", "3\n")]));
        assert_eq!(get(&facts, "processor_count"), Some(Value::Int(1)));
        assert_eq!(get(&facts, "processor_threads_per_core"), Some(Value::Int(2)));
        assert_eq!(get(&facts, "processor_vcpus"), Some(Value::Int(4)));
        assert_eq!(get(&facts, "processor_nproc"), Some(Value::Int(3)));
    }

    #[test]
    fn mounts_carry_their_sizes() {
        let said = Said(vec![
            (
                "mounts",
                "/dev/vda1 / ext4 rw,relatime 0 1\nproc /proc proc rw 0 0\n/dev/vdb /a\\040b ext4 rw 0 0\n",
            ),
            ("sizes", "100 50 40 4096 10 9 /\n7 6 5 512 4 3 /a b\n"),
            ("uuids", "/dev/disk/by-uuid/aa-bb\n\n/dev/vda1\n"),
        ]);
        let mounts = mounts(&said);
        assert_eq!(mounts.len(), 2);
        assert_eq!(mounts[0].get("size_available"), Some(&Value::Int(4096 * 40)));
        assert_eq!(mounts[0].get("uuid"), Some(&Value::data("aa-bb")));
        assert_eq!(mounts[1].get("block_total"), Some(&Value::Int(7)));
    }
}

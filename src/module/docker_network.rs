//! `community.docker.docker_network`: networks of Docker.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::resource::docker::{ChangeNetwork, Network, NetworkState};
use crate::resource::{Host, Suspend};
use crate::value::{Map, Value};

use super::{Call, Module, Plan};

choice! {
    /// What a network is to be.
    pub enum State {
        /// Not there.
        Absent = "absent",
        /// There, as it is asked for.
        Present = "present",
    }
}

arguments! {
    /// Arguments of `docker_network`.
    pub struct Args {
        /// Its name.
        name | "network_name": String,
        /// What it is to be.
        state: State = State::Present,
        /// Its driver.
        driver: String = "bridge",
        /// Options of its driver.
        driver_options: Option<Map>,
        /// Whether it has no way out.
        internal: Option<bool>,
        /// Whether single containers of a swarm may join it.
        attachable: Option<bool>,
        /// Whether it has IPv6.
        enable_ipv6: Option<bool>,
        /// What gives out its addresses.
        ipam_driver: Option<String>,
        /// Options of that.
        ipam_driver_options: Option<Map>,
        /// Its ranges: each a mapping of `subnet`, `iprange`, `gateway`, `aux_addresses`.
        ipam_config: Option<Vec<Value>>,
        /// Its labels.
        labels: Option<Map>,
        /// Make it anew even if it is as asked for.
        force: bool = false,
    }
    refuses {
        api_version, appends | "incremental", ca_path, client_cert, client_key, config_from,
        config_only, connected | "containers", debug, docker_host, enable_ipv4, ingress, scope,
        ssl_version, timeout, tls, tls_hostname, use_ssh_client, validate_certs
    }
}

/// The module.
pub struct DockerNetwork;

impl Module for DockerNetwork {
    type Args = Args;
    const NAME: &'static str = "community.docker.docker_network";
    const SUMMARY: &'static str = "makes and removes networks of Docker";

    fn plan(args: &Args, _: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        if args.name.is_empty() || args.name.starts_with('-') {
            return Err(Suspend::failed(format!(
                "`{}` cannot be the name of a network",
                args.name
            )));
        }
        let ranges = ranges(args)?;
        host.docker_now()?;
        let before = host.state(Network { name: args.name.clone() })?;
        let mut plan = Plan::new();
        let (create, replaces, changes) = match (args.state, before.there) {
            (State::Absent, false) => return Ok(plan),
            (State::Absent, true) => (None, false, vec![]),
            (State::Present, false) => (Some(words(args, &ranges)), false, vec![]),
            (State::Present, true) => {
                let changes = differences(args, &ranges, &before);
                if changes.is_empty() && !args.force {
                    plan.set("network", Value::from_json(&before.inspected));
                    return Ok(plan);
                }
                (Some(words(args, &ranges)), true, changes)
            }
        };
        if create.is_some() {
            let waits = format!("network `{}` is not made yet", args.name);
            plan.set("network", Value::unknown(waits));
            plan.finish = Some(Arc::new(|outputs| {
                let after = outputs.first().and_then(ChangeNetwork::read).unwrap_or_default();
                let network = [("network".into(), Value::from_json(&after))];
                super::Outcome { result: network.into_iter().collect(), ..<_>::default() }
            }));
        }
        plan.act(ChangeNetwork { name: args.name.clone(), create, replaces, changes });
        Ok(plan)
    }
}

/// One range of addresses, by the names of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Range(Vec<(&'static str, String)>);

fn ranges(args: &Args) -> Result<Vec<Range>, Suspend> {
    let all = args.ipam_config.iter().flatten();
    all.map(|value| {
        let map =
            value.as_map().ok_or_else(|| Suspend::failed("`ipam_config` is a list of mappings"))?;
        let mut parts = Vec::new();
        for (key, value) in map {
            let name = match key.to_string().as_str() {
                "subnet" => "Subnet",
                "iprange" => "IPRange",
                "gateway" => "Gateway",
                "aux_addresses" => {
                    for (host, address) in value.as_map().into_iter().flatten() {
                        parts.push(("AuxiliaryAddresses", format!("{host}={}", text(address))));
                    }
                    continue;
                }
                other => {
                    return Err(Suspend::failed(format!("`ipam_config` has no `{other}`")));
                }
            };
            parts.push((name, text(value)));
        }
        Ok(Range(parts))
    })
    .collect()
}

fn text(value: &Value) -> String {
    match <String as super::Argument>::read(value) {
        // Docker writes truth values as Go does.
        Ok(text) if matches!(value, Value::Bool(_)) => text.to_lowercase(),
        Ok(text) => text,
        Err(_) => String::new(),
    }
}

fn words(args: &Args, ranges: &[Range]) -> Vec<String> {
    let mut words = vec!["--driver".to_string(), args.driver.clone()];
    let flags = [
        (args.internal, "--internal"),
        (args.attachable, "--attachable"),
        (args.enable_ipv6, "--ipv6"),
    ];
    words.extend(
        flags.iter().filter(|(on, _)| *on == Some(true)).map(|(_, flag)| (*flag).to_string()),
    );
    words.extend(
        args.ipam_driver.iter().flat_map(|name| ["--ipam-driver".to_string(), name.clone()]),
    );
    let maps = [
        ("--opt", &args.driver_options),
        ("--ipam-opt", &args.ipam_driver_options),
        ("--label", &args.labels),
    ];
    for (option, map) in maps {
        let entries = map.iter().flatten();
        words.extend(
            entries
                .flat_map(|(name, value)| [option.to_string(), format!("{name}={}", text(value))]),
        );
    }
    for (name, value) in ranges.iter().flat_map(|range| &range.0) {
        let option = match *name {
            "Subnet" => "--subnet",
            "IPRange" => "--ip-range",
            "Gateway" => "--gateway",
            _ => "--aux-address",
        };
        words.extend([option.to_string(), value.clone()]);
    }
    words
}

/// What of the arguments that are given does not hold.
fn differences(
    args: &Args,
    ranges: &[Range],
    state: &NetworkState,
) -> Vec<(String, String, String)> {
    let found = &state.inspected;
    let mut changes = Vec::new();
    let mut compare = |name: &str, before: String, after: String| {
        if before != after {
            changes.push((name.to_string(), before, after));
        }
    };
    let plain = |json: &Json| match json {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    };
    compare("driver", plain(&found["Driver"]), args.driver.clone());
    let flags = [
        ("internal", "Internal", args.internal),
        ("attachable", "Attachable", args.attachable),
        ("enable_ipv6", "EnableIPv6", args.enable_ipv6),
    ];
    for (name, field, wanted) in flags {
        if let Some(wanted) = wanted {
            compare(name, plain(&found[field]), wanted.to_string());
        }
    }
    if let Some(driver) = &args.ipam_driver {
        compare("ipam_driver", plain(&found["IPAM"]["Driver"]), driver.clone());
    }
    let maps = [
        ("driver_options", &found["Options"], &args.driver_options),
        ("ipam_driver_options", &found["IPAM"]["Options"], &args.ipam_driver_options),
        ("labels", &found["Labels"], &args.labels),
    ];
    for (name, found, wanted) in maps {
        for (key, value) in wanted.iter().flatten() {
            let key = key.to_string();
            compare(&format!("{name}.{key}"), plain(&found[&key]), text(value));
        }
    }
    for (index, range) in ranges.iter().enumerate() {
        let Range(parts) = range;
        let subnet = parts.iter().find(|(name, _)| *name == "Subnet").map(|(_, value)| value);
        let mut configs = found["IPAM"]["Config"].as_array().into_iter().flatten();
        let own = configs.find(|one| subnet.is_some_and(|subnet| one["Subnet"] == **subnet));
        for (name, value) in parts {
            let before = own.map(|one| &one[*name]).map(plain).unwrap_or_default();
            let before = match own.filter(|_| *name == "AuxiliaryAddresses") {
                Some(one) => {
                    let (host, _) = value.split_once('=').unwrap_or((value, ""));
                    format!("{host}={}", plain(&one[*name][host]))
                }
                None => before,
            };
            compare(&format!("ipam_config.{index}.{name}"), before, value.clone());
        }
    }
    changes
}

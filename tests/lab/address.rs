//! What a host's number decides: its addresses and the names of its parts.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The bridge that all hosts of the machine share.
pub const BRIDGE: &str = "mxlab0";
pub const PREFIX_V4: u8 = 16;
pub const PREFIX_V6: u8 = 64;
/// Numbers a host may have; the addresses below 256 are for the controller's services.
pub const NUMBERS: std::ops::RangeInclusive<u16> = 1..=999;

/// The controller's address on the bridge: the hosts' gateway, and where lab services listen.
pub const CONTROLLER_V4: Ipv4Addr = Ipv4Addr::new(10, 87, 0, 1);
pub const CONTROLLER_V6: Ipv6Addr = Ipv6Addr::new(0xfd5d, 0x6d78, 0, 0, 0, 0, 0, 1);

/// The hosts' network, `10.87.0.0/16`.
pub fn network_v4() -> String {
    format!("10.87.0.0/{PREFIX_V4}")
}

pub fn v4(number: u16) -> Ipv4Addr {
    let [high, low] = (number + 256).to_be_bytes();
    Ipv4Addr::new(10, 87, high, low)
}

pub fn v6(number: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfd5d, 0x6d78, 0, 0, 0, 0, 1, number)
}

/// The name that systemd-nspawn, the cgroup and the veth pair carry.
pub fn machine(number: u16) -> String {
    format!("mxlab-{number}")
}

/// The controller's end of the veth pair, as systemd-nspawn names it.
pub fn link(number: u16) -> String {
    format!("vb-{}", machine(number))
}

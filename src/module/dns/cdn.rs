//! Addresses of content delivery networks that stand in for a host.

use std::net::IpAddr;

use ipnet::IpNet;

/// Cloudflare: <https://www.cloudflare.com/ips/>
const CLOUDFLARE: &[&str] = &[
    "173.245.48.0/20",
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "141.101.64.0/18",
    "108.162.192.0/18",
    "190.93.240.0/20",
    "188.114.96.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "162.158.0.0/15",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "172.64.0.0/13",
    "131.0.72.0/22",
    "2400:cb00::/32",
    "2606:4700::/32",
    "2803:f800::/32",
    "2405:b500::/32",
    "2405:8100::/32",
    "2a06:98c0::/29",
    "2c0f:f248::/32",
];

/// Fastly: <https://api.fastly.com/public-ip-list>
const FASTLY: &[&str] = &[
    "23.235.32.0/20",
    "43.249.72.0/22",
    "103.244.50.0/24",
    "103.245.222.0/23",
    "103.245.224.0/24",
    "104.156.80.0/20",
    "140.248.64.0/18",
    "140.248.128.0/17",
    "146.75.0.0/17",
    "151.101.0.0/16",
    "157.52.64.0/18",
    "167.82.0.0/17",
    "167.82.128.0/20",
    "167.82.160.0/20",
    "167.82.224.0/20",
    "172.111.64.0/18",
    "185.31.16.0/22",
    "199.27.72.0/21",
    "199.232.0.0/16",
    "2a04:4e40::/32",
    "2a04:4e42::/32",
];

/// The largest of `CloudFront`: <https://ip-ranges.amazonaws.com/ip-ranges.json>
const CLOUDFRONT: &[&str] = &[
    "13.32.0.0/15",
    "13.224.0.0/14",
    "18.64.0.0/14",
    "52.84.0.0/15",
    "54.192.0.0/16",
    "54.230.0.0/16",
    "54.239.128.0/18",
    "64.252.64.0/18",
    "99.84.0.0/16",
    "143.204.0.0/16",
    "205.251.192.0/19",
    "2600:9000::/28",
];

/// The network that an address belongs to.
pub fn network(address: IpAddr) -> Option<&'static str> {
    let networks =
        [("Cloudflare", CLOUDFLARE), ("Fastly", FASTLY), ("Amazon CloudFront", CLOUDFRONT)];
    let holds = |range: &&str| range.parse::<IpNet>().is_ok_and(|net| net.contains(&address));
    networks.iter().find(|(_, ranges)| ranges.iter().any(holds)).map(|(name, _)| *name)
}

#[test]
fn every_range_is_one() {
    for range in CLOUDFLARE.iter().chain(FASTLY).chain(CLOUDFRONT) {
        let net: IpNet = range.parse().unwrap_or_else(|_| panic!("{range}"));
        assert_eq!(net.network(), net.addr(), "{range}");
    }
    assert_eq!(network("104.21.7.9".parse().unwrap()), Some("Cloudflare"));
    assert_eq!(network("2606:4700::6810:84e5".parse().unwrap()), Some("Cloudflare"));
    assert_eq!(network("203.0.113.10".parse().unwrap()), None);
}

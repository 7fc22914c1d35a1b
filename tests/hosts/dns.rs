//! The role `dns` and `mxprov dns` on a real host, asking a server of the lab.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};

use crate::lab::web::Web;
use crate::lab::{self, Dns, Host, Options, Release, Watch, lab_or_skip};

/// The host's own address, which the role learns from it: IPv6 has no way out of the lab, so it
/// is none that a name should lead to.
fn zone(host: &Host) -> String {
    let mut zone = String::new();
    for name in ["@", "chat", "element"] {
        // Writing to a string cannot fail.
        let _ = writeln!(zone, "{name} IN A {}", host.v4());
    }
    zone
}

fn serve(zone: &str) -> Result<Dns> {
    Dns::serve(SocketAddr::from(([127, 0, 0, 1], 0)), &[("example.org.", zone)])
}

/// What mxprov says in a folder that holds the inventory and nothing else.
fn mxprov(folder: &Path, server: &Dns, args: &[&str]) -> Result<Output> {
    let known_hosts = folder.join("known_hosts");
    let variables = serde_json::json!({
        "mxprov_domain": "example.org",
        "mxprov_components": ["web", "element", "coturn"],
        "dns_resolvers": [server.address().to_string()],
        "ansible_ssh_common_args": format!("-o UserKnownHostsFile={}", known_hosts.display()),
    });
    fs::write(folder.join("variables.json"), variables.to_string())?;
    Command::new(env!("CARGO_BIN_EXE_mxprov"))
        .args(args)
        .args(["-i", "inventory.yml", "-e", "@variables.json"])
        .current_dir(folder)
        .output()
        .context("mxprov cannot be run")
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_role_finds_names_that_lead_here_and_names_that_do_not() -> Result<()> {
    if !lab_or_skip("the_role_finds_names_that_lead_here_and_names_that_do_not") {
        return Ok(());
    }
    let host = Host::up(Release::Debian13, &Options::named("named"))?;
    let folder = tempfile::tempdir()?;
    lab::inventory::write(folder.path(), &[&host], "root")?;
    let watch = Watch::start(&host)?;

    let good = serve(&zone(&host))?;
    let output = mxprov(folder.path(), &good, &["apply", "playbooks/dns.yml", "--check"])?;
    ensure!(output.status.code() == Some(0), "{:?}", said(&output));
    let output = mxprov(folder.path(), &good, &["dns"])?;
    let (table, _) = said(&output);
    ensure!(output.status.code() == Some(0), "{:?}", said(&output));
    ensure!(
        table.contains(&format!("element.example.org           A     {}", host.v4())),
        "{table}"
    );

    let bad = serve("@ IN A 192.0.2.1\nelement IN CNAME nobody\n")?;
    let output = mxprov(folder.path(), &bad, &["apply", "playbooks/dns.yml", "--check"])?;
    let shown = format!("{:?}", said(&output));
    ensure!(output.status.code() == Some(2), "{shown}");
    let create = format!("create `chat.example.org. A {}`", host.v4());
    ensure!(shown.contains(&create) && shown.contains("192.0.2.1 is not an address"), "{shown}");
    let output = mxprov(folder.path(), &bad, &["dns"])?;
    ensure!(output.status.code() == Some(2) && said(&output).0.contains(&create), "{output:?}");

    let changes = watch.changes()?;
    ensure!(changes.is_empty(), "asking wrote on the host: {changes:?}");
    Ok(())
}

#[test]
fn a_host_that_cannot_be_reached_is_judged_by_the_addresses_that_are_given() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // Nobody listens on the port for discarding.
    let inventory = "all:\n  hosts:\n    gone: {ansible_host: 127.0.0.1, ansible_port: 9}\n";
    fs::write(folder.path().join("inventory.yml"), inventory)?;
    let zone = "@ IN A 192.0.2.1\nchat IN A 192.0.2.1\nelement IN A 192.0.2.1\n";
    let server = serve(zone)?;

    let output = mxprov(folder.path(), &server, &["dns", "--address", "192.0.2.1"])?;
    ensure!(output.status.code() == Some(0), "{:?}", said(&output));
    let given = r#"{"dns_addresses": ["192.0.2.1"]}"#;
    let output = mxprov(folder.path(), &server, &["dns", "-e", given])?;
    ensure!(output.status.code() == Some(0), "{:?}", said(&output));
    ensure!(said(&output).1.contains("gone"), "it is not said that the host is not reached");

    let output = mxprov(folder.path(), &server, &["dns"])?;
    ensure!(output.status.code() == Some(2), "{:?}", said(&output));
    ensure!(said(&output).1.contains("dns_addresses"), "{:?}", said(&output));
    Ok(())
}

#[test]
fn a_domain_and_an_address_are_enough() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = serve("@ IN A 192.0.2.1\n")?;
    let run = |address: &str| {
        let resolver = server.address().to_string();
        Command::new(env!("CARGO_BIN_EXE_mxprov"))
            .args(["dns", "--domain", "example.org", "--mode", "root", "--address", address])
            .args(["--resolver", &resolver])
            .current_dir(folder.path())
            .output()
    };
    let output = run("192.0.2.1")?;
    ensure!(output.status.code() == Some(0), "{:?}", said(&output));
    ensure!(said(&output).0.starts_with("NAME"), "{:?}", said(&output));
    let output = run("192.0.2.2")?;
    ensure!(output.status.code() == Some(2), "{:?}", said(&output));
    Ok(())
}

/// Another server has the domain: its well-known files are fetched from here and compared.
#[test]
fn well_known_files_of_another_server_are_fetched_and_judged() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = serve("@ IN A 198.51.100.7\nchat IN A 192.0.2.1\n")?;
    let web = Web::serve(folder.path(), SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let run = || {
        let resolver = server.address().to_string();
        Command::new(env!("CARGO_BIN_EXE_mxprov"))
            .args(["dns", "--domain", "example.org", "--address", "192.0.2.1"])
            .args(["--resolver", &resolver, "--well-known-elsewhere"])
            .args(["-e", &format!("dns_well_known_url={}", web.url())])
            .current_dir(folder.path())
            .output()
    };
    let output = run()?;
    let (table, _) = said(&output);
    ensure!(output.status.code() == Some(2) && table.contains("status 404"), "{output:?}");

    let client = r#"{"m.homeserver": {"base_url": "https://chat.example.org"}}"#;
    fs::write(folder.path().join("server"), r#"{"m.server": "chat.example.org:443"}"#)?;
    fs::write(folder.path().join("client"), client)?;
    let output = run()?;
    let (table, _) = said(&output);
    let cors = "serve it with `Access-Control-Allow-Origin: *`";
    ensure!(output.status.code() == Some(2) && table.contains(cors), "{output:?}");

    let header = "Access-Control-Allow-Origin: *\n";
    fs::write(folder.path().join("client.headers"), header)?;
    let output = run()?;
    let (table, _) = said(&output);
    ensure!(output.status.code() == Some(0), "{output:?}");
    let row = table.lines().find(|line| line.contains("/.well-known/matrix/client"));
    ensure!(row.is_some_and(|row| row.ends_with("ok")), "{table}");
    Ok(())
}

//! The lab itself: hosts boot, are reached, and go away.

use anyhow::{Result, ensure};

use crate::lab::{Host, Options, Release, Sudo, image, lab_or_skip};

#[test]
fn two_hosts_of_each_release_boot_in_parallel() -> Result<()> {
    if !lab_or_skip("two_hosts_of_each_release_boot_in_parallel") {
        return Ok(());
    }
    let threads: Vec<_> = [Release::ALL, Release::ALL]
        .concat()
        .into_iter()
        .map(|release| std::thread::spawn(move || look_around(release)))
        .collect();
    for thread in threads {
        thread.join().expect("no panic in a host's thread")?;
    }
    Ok(())
}

fn look_around(release: Release) -> Result<()> {
    let host = Host::up(release, &Options::named("probe"))?;
    ensure!(host.run("hostname")? == "probe");
    ensure!(host.run("systemctl is-system-running")? == "running", "{release} is not well");
    ensure!(host.run("systemctl --failed --no-legend")?.is_empty());
    ensure!(!host.exec("command -v python3 python perl5")?.success(), "python on {release}");
    let version = host.run(". /etc/os-release; echo $VERSION_ID")?;
    ensure!(version == release.number());
    for user in ["root", "admin"] {
        let output = host.ssh_command(user)?.args(["sudo", "-n", "id", "-u"]).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(said.trim() == "0", "{user}: {said}{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

#[test]
fn sudo_asks_for_a_password_where_it_shall() -> Result<()> {
    if !lab_or_skip("sudo_asks_for_a_password_where_it_shall") {
        return Ok(());
    }
    let options = Options { sudo: Sudo::Password, ..Options::named("strict") };
    let host = Host::up(Release::Debian13, &options)?;
    let silent = host.ssh_command("admin")?.arg("sudo -n id -u").output()?;
    ensure!(!silent.status.success(), "no password was asked for");
    let asked = format!("echo {} | sudo -S id -u", image::ADMIN_PASSWORD);
    let output = host.ssh_command("admin")?.arg(asked).output()?;
    ensure!(output.stdout == b"0\n", "{output:?}");
    Ok(())
}

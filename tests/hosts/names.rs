//! Several names of one machine: a run does not block itself, and changes the machine by one name
//! at a time.

use anyhow::{Result, ensure};

use crate::controller::{Controller, wait_for};
use crate::lab::relay::Options as To;
use crate::lab::{Host, Options, Relay, Release, inventory, lab_or_skip};

/// Two at once would fail at the `mkdir`, and one would lose the other's line.
const PLAY: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - name: own
      copy: {dest: "/etc/mx-{{ inventory_hostname }}", content: "own\n"}
    - name: common
      copy: {dest: /etc/mx-common, content: "common\n"}
    - name: alone
      shell: mkdir /run/mx-alone && sleep 0.5 && rmdir /run/mx-alone && touch /etc/mx-done-{{ inventory_hostname }}
      args: {creates: "/etc/mx-done-{{ inventory_hostname }}"}
    - name: account
      user: {name: mxnames, create_home: false}
"#;

const WAITS: &str = "- hosts: one\n  gather_facts: false\n  tasks:\n    \
                     - shell: touch /run/mx-at; exec sleep 60\n";

#[test]
fn a_machine_of_several_names_is_changed_by_one_at_a_time() -> Result<()> {
    if !lab_or_skip("a_machine_of_several_names_is_changed_by_one_at_a_time") {
        return Ok(());
    }
    let host = Host::up(Release::Debian12, &Options::named("one"))?;
    let relay = Relay::start(To::to(host.ssh()))?;
    let controller = Controller::of(&[&host])?;
    // `same` has the same address; only the machine itself can tell that `other` is the same too.
    let (direct, through) = (host.ssh(), relay.address());
    let name = |name: &str, at: std::net::SocketAddr| {
        format!("    {name}: {{ansible_host: {}, ansible_port: {}}}\n", at.ip(), at.port())
    };
    let names = name("same", direct) + &name("other", through);
    let text = std::fs::read_to_string(controller.path("inventory.yml"))?;
    controller
        .write("inventory.yml", &text.replacen("  vars:\n", &format!("{names}  vars:\n"), 1))?;
    let known = std::fs::read_to_string(controller.path("known_hosts"))?;
    let more = host.known_hosts_lines_at(&inventory::known_name(through))?;
    controller.write("known_hosts", &format!("{known}{more}"))?;
    controller.write("site.yml", PLAY)?;

    let names = ["one", "same", "other"];
    for more in [&[][..], &["-f", "1"], &["-f", "2"]] {
        host.run("rm -f /etc/mx-*; ! getent passwd mxnames >/dev/null || userdel mxnames")?;
        let run = controller.apply("site.yml", more)?.expect(0)?;
        let mut changed = 0;
        for name in names {
            host.run(&format!("test -e /etc/mx-{name} && test -e /etc/mx-done-{name}"))?;
            changed += run.count(name, "changed")?;
        }
        // What is common is made once: the others find it done.
        ensure!(changed == 8, "{more:?}: {run:#?}");
        let again = controller.apply("site.yml", more)?.expect(0)?;
        for name in names {
            ensure!(again.count(name, "changed")? == 0, "{again:#?}");
        }
    }
    another_run_is_still_kept_away(&host, &controller)
}

fn another_run_is_still_kept_away(host: &Host, controller: &Controller) -> Result<()> {
    host.run("rm /etc/mx-common")?;
    controller.write("waits.yml", WAITS)?;
    let mut first = controller.start("first", "waits.yml", &["--yes"])?;
    let soon = std::time::Duration::from_secs(30);
    wait_for("the first run", soon, || Ok(host.exec("test -e /run/mx-at")?.success()))?;
    for name in ["one", "other"] {
        let second = controller.apply("site.yml", &["--limit", name])?.expect(2)?;
        ensure!(second.said().contains("is being changed by another run: "), "{second:#?}");
    }
    first.child.kill()?;
    first.end()?;
    Ok(())
}

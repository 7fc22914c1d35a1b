//! A time limit on work that must not be cut: it is waited for no longer, and goes on.

use anyhow::{Result, ensure};

use crate::controller::Controller;
use crate::lab::{Host, Options, Release, lab_or_skip};

const PLAY: &str = "
- hosts: all
  gather_facts: false
  tasks:
    - name: package
      apt: {name: hello}
      async: 1
      register: package
      ignore_errors: true
    - name: seen
      debug: {msg: '{{ package is failed }} {{ package is timedout }}'}
";

/// An apt-get that takes its time before it changes anything.
const SLOW: &str = "cat >/usr/local/sbin/apt-get <<'END'
#!/bin/sh
case $1 in -y) sleep 4 ;; esac
exec /usr/bin/apt-get \"$@\"
END
chmod 755 /usr/local/sbin/apt-get";

#[test]
fn apt_goes_on_when_its_time_is_up() -> Result<()> {
    if !lab_or_skip("apt_goes_on_when_its_time_is_up") {
        return Ok(());
    }
    let host = Host::up(Release::Debian12, &Options::named("slow"))?;
    let download = "apt-get install -y --download-only hello >/dev/null 2>&1";
    host.run(&format!("{download} || {{ apt-get update && {download}; }}"))?;
    host.run(SLOW)?;
    let controller = Controller::of(&[&host])?;
    controller.write("site.yml", PLAY)?;
    let first = controller.apply("site.yml", &[])?.expect(0)?;
    ensure!(first.out.contains("goes on by itself on the host"), "{first:#?}");
    ensure!(first.out.contains("msg: True False"), "{first:#?}");
    ensure!(first.count("slow", "ignored")? == 1, "{first:#?}");
    let installed = "dpkg-query -W -f '${Status}' hello 2>/dev/null | grep -q 'ok installed'";
    ensure!(!host.exec(installed)?.success(), "it was there at once");
    // The next run has something to send, so that it takes the lock and waits for what is left.
    let second = controller.apply("site.yml", &[])?.expect(0)?;
    ensure!(host.exec(installed)?.success(), "{second:#?}");
    let third = controller.apply("site.yml", &[])?.expect(0)?;
    ensure!(third.count("slow", "changed")? == 0, "{third:#?}");
    Ok(())
}

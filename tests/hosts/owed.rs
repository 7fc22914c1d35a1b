//! A run that is cut between a change and its handler leaves word of it: the next one makes up
//! for it.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::controller::{Controller, wait_for};
use crate::lab::{Host, Options, Release, lab_or_skip};

const SOON: Duration = Duration::from_secs(60);

/// The handler counts how often it ran.
const SLOW: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - name: change
      copy: {dest: HOME/mx-conf, content: "new\n"}
      notify: tell
    - name: slow
      shell: touch HOME/mx-at; exec sleep 60
      args: {creates: HOME/mx-go}
  handlers:
    - name: tell
      shell: cat HOME/mx-conf >>HOME/mx-told
    - name: never
      shell: touch HOME/mx-never
"#;

const OTHER: &str = r"
- hosts: all
  gather_facts: false
  tasks:
    - stat: {path: /etc/passwd}
";

/// How each user's notes are looked for.
const NOTED: &str = "ls /run/mxprov/owed.* /home/*/.mxprov.owed.* 2>/dev/null | wc -l";

#[test]
fn a_handler_that_a_cut_run_owes_is_run_by_the_next() -> Result<()> {
    if !lab_or_skip("a_handler_that_a_cut_run_owes_is_run_by_the_next") {
        return Ok(());
    }
    std::thread::scope(|scope| {
        let threads = [
            scope.spawn(|| owed(Release::Debian13, "owed", "root", true)),
            scope.spawn(|| owed(Release::Debian11, "owes", "admin", true)),
            scope.spawn(|| owed(Release::Debian12, "failed", "root", false)),
        ];
        threads.into_iter().try_for_each(|thread| thread.join().expect("no panic"))
    })
}

/// The run is killed, or a later task fails.
fn owed(release: Release, name: &str, user: &str, kill: bool) -> Result<()> {
    let host = Host::up(release, &Options::named(name))?;
    let controller = Controller::through(&[(&host, host.ssh())], user)?;
    let home = if user == "root" { "/etc".to_owned() } else { format!("/home/{user}") };
    let play = SLOW.replace("HOME", &home);
    let play = if kill { play } else { play.replace("exec sleep 60", "exit 1") };
    controller.write("site.yml", &play)?;
    controller.write("other.yml", OTHER)?;
    let told = || host.run(&format!("cat {home}/mx-told 2>/dev/null | wc -l"));

    let mut running = controller.start("run", "site.yml", &["--yes"])?;
    let at = format!("test -e {home}/mx-at");
    wait_for("the slow task", SOON, || Ok(host.exec(&at)?.success()))?;
    if kill {
        running.child.kill()?;
    }
    running.end()?;
    ensure!(told()? == "0" && host.run(NOTED)? == "1", "{name}: {}", host.run(NOTED)?);
    host.run(&format!("touch {home}/mx-go"))?;

    let check = controller.start("check", "site.yml", &["--check"])?.end()?.expect(0)?;
    ensure!(check.out.contains("tell (handler, owed by an earlier run)"), "{name}: {check:#?}");
    let other = controller.apply("other.yml", &[])?.expect(0)?;
    let why = "an earlier run did not come to the handler `tell`";
    ensure!(other.said().contains(why), "{name}: {other:#?}");
    ensure!(told()? == "0" && host.run(NOTED)? == "1", "{name}: looking has changed something");

    let second = controller.apply("site.yml", &["-f", "1"])?.expect(0)?;
    ensure!(second.count(name, "changed")? == 1, "{name}: {second:#?}");
    ensure!(told()? == "1" && host.run(NOTED)? == "0", "{name}: {}", host.run(NOTED)?);
    let third = controller.apply("site.yml", &[])?.expect(0)?;
    ensure!(third.count(name, "changed")? == 0 && told()? == "1", "{name}: {third:#?}");
    ensure!(!third.said().contains("earlier run"), "{name}: {third:#?}");
    host.run(&format!("! test -e {home}/mx-never"))?;
    Ok(())
}

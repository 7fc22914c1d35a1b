//! Many hosts at once: who fails does not hold up the others, and the end says what happened.

use anyhow::{Result, ensure};

use crate::controller::{Controller, Run};
use crate::lab::{Host, Options, Release, lab_or_skip};

const TEN: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - name: first
      copy: {dest: /etc/mx-first, content: "{{ inventory_hostname }}\n"}
    - name: middle
      shell: test ! -e /etc/mx-broken && touch /etc/mx-middle
      args: {creates: /etc/mx-middle}
    - name: last
      copy: {dest: /etc/mx-last, content: "done\n"}
"#;

/// Nothing listens there.
const NOBODY: &str = "    nobody: {ansible_host: 127.0.0.1, ansible_port: 9}\n";

fn names(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("n{number}")).collect()
}

#[test]
fn a_fleet_goes_on_without_those_who_fail() -> Result<()> {
    if !lab_or_skip("a_fleet_goes_on_without_those_who_fail") {
        return Ok(());
    }
    let up = |name: &String| Host::up(Release::Debian13, &Options::named(name));
    let mut hosts = Vec::new();
    for three in names(0..9).chunks(3) {
        let three: Vec<Result<Host>> = std::thread::scope(|scope| {
            let threads: Vec<_> = three.iter().map(|name| scope.spawn(move || up(name))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        for host in three {
            hosts.push(host?);
        }
    }
    ten_hosts(&hosts)?;
    let four: Vec<&Host> = hosts.iter().take(4).collect();
    let controller = Controller::of(&four)?;
    hosts_meet_where_the_language_says(&controller, &four)?;
    a_rollout_stops_where_it_should(&controller, &four)
}

/// Seven are well, `n7` fails in the middle, `n8` has a changed key, `nobody` is not there.
fn ten_hosts(hosts: &[Host]) -> Result<()> {
    let controller = Controller::of(&hosts.iter().collect::<Vec<_>>())?;
    let inventory = std::fs::read_to_string(controller.path("inventory.yml"))?;
    controller.write(
        "inventory.yml",
        &inventory.replacen("  vars:\n", &format!("{NOBODY}  vars:\n"), 1),
    )?;
    let known = std::fs::read_to_string(controller.path("known_hosts"))?;
    let changed = hosts[0].known_hosts_lines_at(&hosts[8].v4().to_string())?;
    controller.write("known_hosts", &known.replace(&hosts[8].known_hosts_lines()?, &changed))?;
    controller.write("site.yml", TEN)?;
    hosts[7].run("touch /etc/mx-broken")?;

    let run = controller.apply("site.yml", &[])?.expect(2)?;
    for (name, host) in names(0..7).iter().zip(hosts) {
        let counts = ["changed", "failed", "unreachable"].map(|what| run.count(name, what));
        let [changed, failed, unreachable] = counts;
        ensure!((changed?, failed?, unreachable?) == (3, 0, 0), "{name}: {run:#?}");
        ensure!(host.run("cat /etc/mx-last")? == "done" && host.run("cat /etc/mx-first")? == *name);
    }
    ensure!(run.count("n7", "failed")? == 1 && run.count("n7", "changed")? == 1, "{run:#?}");
    hosts[7].run("test -e /etc/mx-first && ! test -e /etc/mx-last")?;
    for lost in ["n8", "nobody"] {
        ensure!(
            run.count(lost, "unreachable")? == 1 && run.count(lost, "failed")? == 0,
            "{run:#?}"
        );
        ensure!(run.err.contains(&format!("{lost}: unreachable:")), "{run:#?}");
    }
    let why = run.err.lines().find(|line| line.starts_with("n8: unreachable")).unwrap_or_default();
    ensure!(why.contains("host key has CHANGED"), "{why}");
    hosts[8].run("! test -e /etc/mx-first")?;

    hosts[7].run("rm /etc/mx-broken")?;
    let run = controller.apply("site.yml", &[])?.expect(4)?;
    ensure!(run.count("n7", "changed")? == 2 && run.count("n7", "failed")? == 0, "{run:#?}");
    let run = controller.apply("site.yml", &["--limit", "all:!nobody:!n8"])?.expect(0)?;
    for name in names(0..8) {
        ensure!(run.count(&name, "changed")? == 0, "{name}: {run:#?}");
    }
    Ok(())
}

const MEET: &str = r#"
- hosts: all
  gather_facts: false
  serial: [1, 2]
  tasks:
    - copy: {dest: /etc/mx-batch, content: "{{ ansible_play_batch | join(',') }}\n"}
- hosts: all
  gather_facts: false
  tasks:
    - set_fact: {me: "I am {{ inventory_hostname }}"}
    - copy: {dest: /etc/mx-other, content: "{{ hostvars['n1'].me }}\n"}
    - shell: echo once >>/etc/mx-once; hostname
      run_once: true
      register: once
    - copy: {dest: /etc/mx-seen, content: "{{ once.stdout }}\n"}
    - shell: echo {{ inventory_hostname }} >>{{ playbook_dir }}/local
      delegate_to: localhost
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - name: fails on one
          shell: test "$(hostname)" != n2
        - copy: {dest: /etc/mx-block, content: "whole\n"}
      rescue:
        - copy: {dest: /etc/mx-rescue, content: "{{ ansible_failed_task.name }}\n"}
      always:
        - copy: {dest: /etc/mx-always, content: "always\n"}
- hosts: all
  gather_facts: false
  tasks:
    - shell: echo task 1 >>/etc/mx-order
      notify: [later, earlier]
    - shell: echo task 2 >>/etc/mx-order
      notify: later
    - shell: echo task 3 >>/etc/mx-order
  handlers:
    - name: earlier
      shell: echo earlier >>/etc/mx-order
    - name: later
      shell: echo later >>/etc/mx-order
    - name: never
      shell: echo never >>/etc/mx-order
"#;

fn hosts_meet_where_the_language_says(controller: &Controller, hosts: &[&Host]) -> Result<()> {
    controller.write("meet.yml", MEET)?;
    let run = controller.apply("meet.yml", &[])?.expect(0)?;
    let batches = ["n0", "n1,n2", "n1,n2", "n3"];
    for (host, batch) in hosts.iter().zip(batches) {
        let name = host.name();
        let read = |file: &str| host.run(&format!("cat /etc/mx-{file} 2>/dev/null || echo none"));
        ensure!(read("batch")? == batch, "{name}: {}", read("batch")?);
        ensure!(read("other")? == "I am n1", "{name}: {}", read("other")?);
        // It runs on the first host only; its result is everybody's.
        ensure!(read("once")? == if name == "n0" { "once" } else { "none" }, "{name}");
        ensure!(read("seen")? == "n0", "{name}: {}", read("seen")?);
        let failed = name == "n2";
        ensure!(read("block")? == if failed { "none" } else { "whole" }, "{name}");
        ensure!(read("rescue")? == if failed { "fails on one" } else { "none" }, "{name}");
        ensure!(read("always")? == "always", "{name}");
        ensure!(
            run.count(name, "rescued")? == u32::from(failed) && run.count(name, "failed")? == 0
        );
        // Handlers run once each, at the end, in the order in which they are written.
        let order = "task 1\ntask 2\ntask 3\nearlier\nlater";
        ensure!(read("order")? == order, "{name}: {}", read("order")?);
        ensure!(host.run("! test -e /etc/mx-never").is_ok());
    }
    let local = std::fs::read_to_string(controller.path("local"))?;
    let mut local: Vec<&str> = local.lines().collect();
    local.sort_unstable();
    ensure!(local == ["n0", "n1", "n2", "n3"], "{local:?}");
    Ok(())
}

/// A play with `n0` failing late at its second task, and a play behind it.
fn rollout(keywords: &str, mark: &str) -> String {
    format!(
        "- hosts: all\n  gather_facts: false\n{keywords}  tasks:\n    \
         - shell: touch /etc/mx-{mark}-before\n    \
         - shell: if [ \"$(hostname)\" = n0 ]; then sleep 1; exit 1; fi; touch /etc/mx-{mark}-at\n    \
         - shell: touch /etc/mx-{mark}-after\n\
         - hosts: all\n  gather_facts: false\n  tasks:\n    - shell: touch /etc/mx-{mark}-next\n"
    )
}

fn a_rollout_stops_where_it_should(controller: &Controller, hosts: &[&Host]) -> Result<()> {
    // Keywords, and the steps that `n0` and the others are to reach.
    let cases: [(&str, &str, &str, &str); 5] = [
        ("plain", "", "before", "before at after next"),
        ("equal", "  max_fail_percentage: 25\n", "before", "before at after next"),
        ("above", "  max_fail_percentage: 24\n", "before", "before at"),
        ("fatal", "  any_errors_fatal: true\n", "before", "before at"),
        ("serial", "  serial: 1\n", "before", ""),
    ];
    for (mark, keywords, first, others) in cases {
        controller.write("rollout.yml", &rollout(keywords, mark))?;
        let run: Run = controller.apply("rollout.yml", &[])?.expect(2)?;
        ensure!(run.count("n0", "failed")? == 1, "{mark}: {run:#?}");
        for host in hosts {
            let script = format!(
                "for at in before at after next; do ! test -e /etc/mx-{mark}-$at || echo $at; done"
            );
            let reached = host.run(&script)?.lines().collect::<Vec<_>>().join(" ");
            let expected = if host.name() == "n0" { first } else { others };
            ensure!(reached == expected, "{mark}, {}: {reached}: {run:#?}", host.name());
        }
    }
    Ok(())
}

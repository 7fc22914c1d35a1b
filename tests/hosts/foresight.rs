//! A plan goes to its end where only applying can tell, and ends early where applying would fail.

use anyhow::{Result, ensure};

use crate::controller::{Controller, Run};
use crate::lab::{Host, Options, Release, Sudo, image, lab_or_skip};

/// Fields that no module promises, and lists whose length nobody knows.
const PENDING: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - name: answer
      uri: {url: "http://127.0.0.1:9/"}
      register: answer
    - name: banner
      wait_for: {path: /etc/mx-banner, search_regex: "v([0-9]+)", timeout: 1}
      register: banner
    - name: field
      copy: {dest: /etc/mx-field, content: "{{ answer.location }}{{ answer.json.name }}\n"}
    - name: groups
      copy: {dest: /etc/mx-groups, content: "{{ banner.match_groups[0] }}\n"}
    - name: fallback
      copy: {dest: /etc/mx-fallback, content: "{{ answer.location | default('none') }}\n"}
    - name: whether
      copy: {dest: /etc/mx-whether, content: "there\n"}
      when: answer.location is defined
    - name: each
      command: echo {{ item }}
      loop: [a, b]
      register: each
    - name: of each
      copy: {dest: "/etc/mx-{{ item.nobody_knows }}", content: "x\n"}
      loop: "{{ each.results }}"
      register: nested
    - name: of those
      copy: {dest: /etc/mx-those, content: "{{ nested.results | length }}\n"}
    - name: perhaps
      command: echo perhaps
      when: answer.json.wanted
      register: perhaps
    - name: skips
      copy: {dest: /etc/mx-skips, content: "x\n"}
      when: perhaps is skipped
    - name: nothing
      command: echo {{ item }}
      loop: []
      register: nothing
    - name: certain
      copy: {dest: /etc/mx-certain, content: "{{ each.results | length }}{{ nothing.results | length }}\n"}
      when:
        - answer is defined and answer is not skipped and answer.changed is defined
        - each is changed and each.results[1] is changed and perhaps is defined
"#;

#[test]
fn what_nobody_promised_is_known_after_apply() -> Result<()> {
    if !lab_or_skip("what_nobody_promised_is_known_after_apply") {
        return Ok(());
    }
    let host = Host::up(Release::Debian13, &Options::named("pending"))?;
    let controller = Controller::of(&[&host])?;
    controller.write("site.yml", PENDING)?;
    let run = check(&controller, "site.yml", &["--diff"])?.expect(0)?;
    let is_shown = |line: String| run.out.lines().any(|it| it == line);
    for title in ["field", "groups", "fallback", "whether", "of each", "of those", "skips"] {
        ensure!(is_shown(format!("? {title} [copy] pending")), "{title}: {run:#?}");
    }
    ensure!(is_shown("~ certain [copy] pending".into()), "{run:#?}");
    ensure!(is_shown("      +20".into()), "{run:#?}");
    Ok(())
}

/// No question is asked before the first command.
const COMMANDS: &str = r"
- hosts: all
  gather_facts: false
  tasks:
    - name: ours
      command: touch /tmp/mx-ours
    - name: roots
      command: touch /etc/mx-roots
      become: true
";

/// The first users are not there before this is applied, the last never is.
const USERS: &str = r"
- hosts: all
  gather_facts: false
  become: true
  tasks:
    - name: user
      user: {name: mxapp, create_home: true}
    - name: file
      file: {path: /home/mxapp/made, state: directory, mode: '0755'}
      become_user: mxapp
    - name: command
      command: touch /home/mxapp/touched
      become_user: mxapp
";

const NOBODY: &str = r"
- hosts: all
  gather_facts: false
  become: true
  become_user: mxnobody
  tasks:
    - name: nobody
      command: touch /tmp/mx-nobody
";

#[test]
fn who_is_refused_is_known_before_anything_is_applied() -> Result<()> {
    if !lab_or_skip("who_is_refused_is_known_before_anything_is_applied") {
        return Ok(());
    }
    let options = Options { sudo: Sudo::Password, ..Options::named("refused") };
    let host = Host::up(Release::Debian12, &options)?;
    let controller = Controller::through(&[(&host, host.ssh())], "admin")?;
    controller.write("commands.yml", COMMANDS)?;
    controller.write("users.yml", USERS)?;
    controller.write("nobody.yml", NOBODY)?;
    controller.write("wrong.yml", "ansible_become_password: wrong\n")?;
    let password = image::ADMIN_PASSWORD;
    controller.write("right.yml", &format!("ansible_become_password: {password}\n"))?;
    let there = |path: &str| host.exec(&format!("test -e {path}")).map(|output| output.success());

    let refused = "refused the become password for user `root`";
    for run in [
        check(&controller, "commands.yml", &["-e", "@wrong.yml"])?,
        controller.apply("commands.yml", &["-e", "@wrong.yml"])?,
    ] {
        let run = run.expect(2)?;
        ensure!(run.said().contains(refused) && run.said().contains("roots"), "{run:#?}");
        ensure!(!there("/tmp/mx-ours")?, "something was applied: {run:#?}");
    }
    let run = check(&controller, "commands.yml", &[])?.expect(2)?;
    ensure!(run.said().contains("asks for a password to become `root`"), "{run:#?}");
    let run = check(&controller, "nobody.yml", &["-e", "@right.yml"])?.expect(2)?;
    ensure!(run.said().contains("there is no user `mxnobody`"), "{run:#?}");

    let run = check(&controller, "users.yml", &["-e", "@right.yml"])?.expect(0)?;
    ensure!(run.said().contains("known after apply: there is no user `mxapp`"), "{run:#?}");
    controller.apply("users.yml", &["-e", "@right.yml"])?.expect(0)?;
    for path in ["made", "touched"] {
        let owner = host.run(&format!("stat -c %U /home/mxapp/{path}"))?;
        ensure!(owner.trim() == "mxapp", "{path}: {owner}");
    }
    let run = controller.apply("commands.yml", &["-e", "@right.yml"])?.expect(0)?;
    ensure!(there("/tmp/mx-ours")? && there("/etc/mx-roots")?, "{run:#?}");
    Ok(())
}

fn check(controller: &Controller, playbook: &str, more: &[&str]) -> Result<Run> {
    let mut arguments = vec!["--check"];
    arguments.extend(more);
    controller.start("check", playbook, &arguments)?.end()
}

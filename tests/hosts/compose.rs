//! A project of Docker Compose: the plan names what happens to each container, and only that
//! happens.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

use crate::controller::{Controller, Run};
use crate::lab::{Host, Options, Release, Watch, container_image, lab_or_skip};

/// Brings Docker, an image, the project's files and the project, on a bare host in one run.
const SITE: &str = r#"
- hosts: all
  gather_facts: false
  vars:
    image_web: lab/busybox:1
    greeting: hello
    label_db: one
    workers: [a]
    files: [base.yml, db.yml, web.yml, worker.yml]
    scale: 1
  tasks:
    - name: docker
      ansible.builtin.apt: {name: [docker.io, docker-cli, docker-compose], install_recommends: false, update_cache: true, cache_valid_time: 86400}
    - name: the image
      ansible.builtin.shell: docker import - lab/busybox:1 </srv/image.tar && touch /srv/imported
      args: {creates: /srv/imported}
    - name: folder
      ansible.builtin.file: {path: /opt/app/compose.d, state: directory, mode: "0750"}
    - name: configuration
      ansible.builtin.copy: {dest: /opt/app/web.conf, content: "{{ greeting }}\n", mode: "0640"}
      register: conf
    - name: base
      ansible.builtin.copy: {dest: /opt/app/compose.d/base.yml, mode: "0640", content: "networks: {edge: {}, inside: {internal: true}}\n"}
    - name: db
      ansible.builtin.copy:
        dest: /opt/app/compose.d/db.yml
        mode: "0640"
        content: |
          services:
            db:
              image: lab/busybox:1
              container_name: app-db
              init: true
              pull_policy: never
              command: [sleep, infinity]
              networks: [inside]
              labels: {note: "{{ label_db }}"}
              healthcheck: {test: [CMD, "true"], interval: 1h, start_period: 60s, start_interval: 1s}
    - name: web
      ansible.builtin.copy:
        dest: /opt/app/compose.d/web.yml
        mode: "0640"
        content: |
          services:
            web:
              image: {{ image_web }}
              container_name: app-web
              init: true
              pull_policy: never
              command: [sh, -c, "cat /web.conf; exec sleep 9999"]
              networks: [inside, edge]
              volumes: ["/opt/app/web.conf:/web.conf:ro"]
              labels: {mxprov.file.web.conf: "{{ conf.checksum }}"}
              depends_on: {db: {condition: service_healthy}}
              healthcheck: {test: [CMD, grep, -q, hello, /web.conf], interval: 1h, start_period: 6s, start_interval: 1s, timeout: 2s}
    - name: worker
      ansible.builtin.copy:
        dest: /opt/app/compose.d/worker.yml
        mode: "0640"
        content: |
          services:
            worker:
              image: lab/busybox:1
              init: true
              pull_policy: never
              command: [sleep, "9999"]
              networks: [inside]
              scale: {{ scale }}
              depends_on: {web: {condition: service_started}}
    - name: up
      community.docker.docker_compose_v2:
        project_name: app
        project_src: /opt/app
        files: "{{ ['compose.d/'] | product(files) | map('join') | list }}"
        remove_orphans: true
        timeout: 1
        wait: true
        wait_timeout: 40
"#;

/// Ids by names.
fn ids(host: &Host) -> Result<BTreeMap<String, String>> {
    let lines = host.run("docker ps -a --no-trunc --format '{{.Names}} {{.ID}}'")?;
    let pair = |line: &str| line.split_once(' ').map(|(name, id)| (name.to_owned(), id.to_owned()));
    Ok(lines.lines().filter_map(pair).collect())
}

struct Bench<'a> {
    host: &'a Host,
    controller: Controller,
}

impl Bench<'_> {
    /// The plan, for which nothing is written.
    fn check(&self, vars: &[&str]) -> Result<Run> {
        let watch = Watch::start(self.host)?;
        let run = self.controller.apply("site.yml", &[&["--check"], vars].concat())?;
        let changes: Vec<String> = watch.changes()?.iter().map(ToString::to_string).collect();
        ensure!(changes.is_empty(), "planning wrote {changes:?}\n{run:#?}");
        Ok(run)
    }

    /// Plans and applies: the plan has `lines`, the containers `renewed` are others afterwards
    /// and all else is the same, and then there is nothing to do.
    fn change(&self, vars: &[&str], lines: &[&str], renewed: &[&str]) -> Result<()> {
        let before = ids(self.host)?;
        let plan = self.check(vars)?.expect(0)?;
        for line in lines {
            ensure!(plan.out.contains(line), "no `{line}` in {plan:#?}");
        }
        let starts =
            plan.out.lines().filter(|line| line.trim_start().starts_with("compose project"));
        ensure!(starts.count() <= 1, "{plan:#?}");
        self.controller.apply("site.yml", vars)?.expect(0)?;
        let after = ids(self.host)?;
        let names: Vec<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let same = before.get(name) == after.get(name);
            ensure!(same != renewed.contains(&name.as_str()), "{name}: {before:#?} {after:#?}");
        }
        let again = self.check(vars)?.expect(0)?;
        ensure!(again.out.contains("nothing to do"), "{again:#?}");
        Ok(())
    }
}

#[test]
fn a_project_changes_as_its_plan_says() -> Result<()> {
    if !lab_or_skip("a_project_changes_as_its_plan_says") {
        return Ok(());
    }
    let host = Host::up(Release::Debian13, &Options::named("composer"))?;
    host.write_file("/srv/image.tar", &std::fs::read(container_image::tarball()?)?)?;
    let controller = Controller::of(&[&host])?;
    controller.write("site.yml", SITE)?;
    let bench = Bench { host: &host, controller };
    bare(&bench).context("on a bare host")?;
    host.run("docker tag lab/busybox:1 lab/busybox:2")?;
    changes(&bench)?;
    sick(&bench)
}

/// No Docker yet, no file yet: the plan has every container all the same.
fn bare(bench: &Bench<'_>) -> Result<()> {
    let plan = bench.check(&[])?.expect(0)?;
    for line in ["app-db", "app-web", "app-worker-1", "network app_edge", "network app_inside"] {
        ensure!(plan.out.contains(line), "no `{line}` in {plan:#?}");
    }
    ensure!(plan.out.contains(", 0 known after apply"), "{plan:#?}");
    bench.controller.apply("site.yml", &[])?.expect(0)?;
    ensure!(ids(bench.host)?.len() == 3);
    let healthy = "docker inspect -f '{{.State.Health.Status}}' app-db app-web";
    ensure!(bench.host.run(healthy)? == "healthy\nhealthy");
    let again = bench.check(&[])?.expect(0)?;
    ensure!(again.out.contains("nothing to do"), "{again:#?}");
    Ok(())
}

fn changes(bench: &Bench<'_>) -> Result<()> {
    // One label, one file, one image: those containers alone, not who depends on them.
    bench.change(&["-e", "label_db=two"], &["app-db", "label note", "one", "two"], &["app-db"])?;
    let base = ["-e", "label_db=two", "-e", "greeting=hello!"];
    bench.change(&base, &["app-web", "configuration file web.conf"], &["app-web"])?;
    let base = [&base[..], &["-e", "image_web=lab/busybox:2"]].concat();
    bench.change(&base, &["app-web image", "lab/busybox:2"], &["app-web"])?;
    // More, fewer, gone, back.
    let more = [&base[..], &["-e", "scale=3"]].concat();
    bench.change(&more, &["app-worker-2", "app-worker-3"], &["app-worker-2", "app-worker-3"])?;
    bench.change(&base, &["there are to be fewer"], &["app-worker-2", "app-worker-3"])?;
    let less = [&base[..], &["-e", r#"{"files": ["base.yml", "db.yml", "web.yml"]}"#]].concat();
    bench.change(&less, &["app-worker-1", "no file names its service"], &["app-worker-1"])?;
    bench.change(&base, &["app-worker-1"], &["app-worker-1"])?;
    // What was killed is started, and is the same container.
    bench.host.run("docker kill app-web")?;
    bench.change(&base, &["app-web", "started"], &[])
}

/// One that never gets healthy says why, and leaves the others running.
fn sick(bench: &Bench<'_>) -> Result<()> {
    let vars = ["-e", "label_db=two", "-e", "image_web=lab/busybox:2", "-e", "greeting=ouch"];
    let before = ids(bench.host)?;
    let run = bench.controller.apply("site.yml", &vars)?.expect(2)?;
    let said = [run.out.as_str(), run.err.as_str()].concat();
    for part in ["app-web is running, starting", "health check, status 1", "| ouch"] {
        ensure!(said.contains(part), "no `{part}` in {run:#?}");
    }
    let after = ids(bench.host)?;
    ensure!(before["app-db"] == after["app-db"] && before["app-worker-1"] == after["app-worker-1"]);
    ensure!(bench.host.run("docker ps -q | wc -l")? == "3", "the others do not run any more");
    Ok(())
}

//! An image keeps the digest that its tag had at first, whatever the registry does with the tag.

use anyhow::{Result, ensure};

use crate::controller::Controller;
use crate::lab::{Host, Options, Release, container_image, lab_or_skip};

/// What a role of the stack does with its image.
const SITE: &str = r#"
- hosts: all
  gather_facts: false
  vars: {tag: "1", renew: false}
  tasks:
    - name: folder
      ansible.builtin.file: {path: /opt/app, state: directory, mode: "0755"}
    - name: image
      mxprov_image:
        names: ["127.0.0.1:5000/app:{{ tag }}"]
        lock: /opt/app/images.lock
        renew: "{{ renew | bool }}"
    - name: part
      ansible.builtin.copy:
        dest: /opt/app/compose.yml
        mode: "0644"
        content: |
          services:
            app:
              image: 127.0.0.1:5000/app:{{ tag }}
              init: true
              command: [sleep, infinity]
    - name: up
      community.docker.docker_compose_v2: {project_src: /opt/app, timeout: 0}
"#;

const PROGRAMS: &str = "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y \
    --no-install-recommends docker.io docker-cli docker-buildx docker-compose docker-registry \
    && sed -i '/^auth:/,/path:/d' /etc/docker/registry/config.yml \
    && systemctl restart docker-registry";

/// Puts an image that says `word` into the registry under a tag, and takes it from the host.
fn publish(host: &Host, tag: &str, word: &str) -> Result<()> {
    host.run(&format!(
        "set -e; name=127.0.0.1:5000/app:{tag}
        echo {word} | docker run -i --name made lab/busybox:1 sh -c 'cat >/word' >/dev/null
        docker commit made made:1 >/dev/null; docker rm made >/dev/null
        kept=$(docker image inspect -f '{{{{.Id}}}}' \"$name\" 2>/dev/null || true)
        docker tag made:1 \"$name\"
        for try in $(seq 50); do docker push -q \"$name\" >/dev/null && break; sleep 0.2; done
        if [ -n \"$kept\" ]; then docker tag \"$kept\" \"$name\"; else docker rmi \"$name\" >/dev/null; fi"
    ))?;
    Ok(())
}

/// The digest that the registry has under a tag.
fn published(host: &Host, tag: &str) -> Result<String> {
    let name = format!("127.0.0.1:5000/app:{tag}");
    let sum = host.run(&format!("docker buildx imagetools inspect --raw {name} | sha256sum"))?;
    Ok(format!("sha256:{}", sum.split(' ').next().unwrap_or_default()))
}

fn word(host: &Host) -> Result<String> {
    Ok(host.run("docker exec app-app-1 cat /word")?.trim().to_owned())
}

#[test]
fn an_image_stays_the_same_until_another_one_is_asked_for() -> Result<()> {
    if !lab_or_skip("an_image_stays_the_same_until_another_one_is_asked_for") {
        return Ok(());
    }
    let host = Host::up(Release::Debian13, &Options::named("pinning"))?;
    host.run(PROGRAMS)?;
    container_image::import(&host)?;
    let controller = Controller::of(&[&host])?;
    controller.write("site.yml", SITE)?;
    publish(&host, "1", "old")?;
    let old = published(&host, "1")?;

    let plan = controller.apply("site.yml", &["--check"])?.expect(0)?;
    ensure!(
        plan.out.contains("pull 127.0.0.1:5000/app:1 (") && plan.out.contains(&old),
        "{plan:#?}"
    );
    controller.apply("site.yml", &[])?.expect(0)?;
    ensure!(word(&host)? == "old", "the first deploy");

    publish(&host, "1", "new")?;
    let new = published(&host, "1")?;
    ensure!(old != new, "the registry has the same image still");
    let again = controller.apply("site.yml", &[])?.expect(0)?;
    ensure!(again.out.contains("nothing to do"), "the tag moved: {again:#?}");

    let renew = ["-e", "renew=true"];
    let plan = controller.apply("site.yml", &["--check", "-e", "renew=true"])?.expect(0)?;
    ensure!(plan.out.contains(&format!("digest: {old} → {new}")), "{plan:#?}");
    ensure!(plan.out.contains("recreate app-app-1"), "{plan:#?}");
    controller.apply("site.yml", &renew)?.expect(0)?;
    ensure!(word(&host)? == "new", "after the renewal");
    let again = controller.apply("site.yml", &renew)?.expect(0)?;
    ensure!(again.out.contains("nothing to do"), "renewed twice: {again:#?}");

    // Another tag is another image, and the way back leads to the very one that was there.
    publish(&host, "2", "next")?;
    controller.apply("site.yml", &["-e", "tag=2"])?.expect(0)?;
    ensure!(word(&host)? == "next", "another tag");
    publish(&host, "1", "later")?;
    host.run("docker rmi 127.0.0.1:5000/app:1")?;
    controller.apply("site.yml", &[])?.expect(0)?;
    ensure!(word(&host)? == "new", "back at the first tag");
    Ok(())
}

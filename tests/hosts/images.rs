//! The stand-in images keep the contracts of those whose names they have.

use anyhow::{Context as _, Result, ensure};

use crate::lab::{DockerRepository, Host, Options, Release, images, lab_or_skip};

/// A host with Docker and all images, and a network on which containers find each other by name.
fn harbour() -> Result<Option<Host>> {
    if !lab_or_skip("the stand-in images") {
        return Ok(None);
    }
    let host = Host::up(Release::Debian13, &Options::named("harbour"))?;
    // Before Docker is there: it finds them when it starts.
    images::give(&host, &[])?;
    DockerRepository::serve()?.install_on(&host)?;
    host.run("docker network create stack")?;
    Ok(Some(host))
}

/// Starts a container in the background, named as it says.
fn start(host: &Host, name: &str, rest: &str) -> Result<()> {
    host.run(&format!("docker run -d --name {name} --network stack {rest}"))?;
    Ok(())
}

/// Runs a command until it succeeds and says `expected`.
fn wait_for(host: &Host, command: &str, expected: &str) -> Result<()> {
    let script = r#"timeout 60 sh -c 'until eval "$1" 2>&1 | grep -qF -- "$2"; do sleep 0.2; done' \
                 sh "$command" "$expected""#;
    let script = format!("command=$(cat)\nexpected={}\n{script}", quoted(expected));
    let output = host.exec_with_input(&script, command.as_bytes())?;
    if !output.success() {
        let said =
            host.exec(&format!("{command}; docker ps -a; docker logs -n 20 $(docker ps -aql)"))?;
        anyhow::bail!("`{command}` does not say `{expected}`: {}{}", said.stdout, said.stderr);
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Runs a container that has to refuse its environment or files; what it says has this in it.
fn refuses(host: &Host, rest: &str, reason: &str) -> Result<()> {
    let output = host.exec(&format!("timeout 30 docker run --rm {rest}"))?;
    let said = format!("{}{}", output.stdout, output.stderr);
    ensure!(!output.success() && said.contains(reason), "`{rest}` said: {said}");
    Ok(())
}

#[test]
fn databases_and_synapse_behind_the_proxy() -> Result<()> {
    let Some(host) = harbour()? else { return Ok(()) };
    host.run("mkdir -p /s/init /s/data /s/dynamic /s/acme /s/pg; echo geheim >/s/password")?;
    host.write_file("/s/init/app.sql", b"CREATE TABLE made_at_first AS SELECT 1 AS one;\n")?;
    start(
        &host,
        "postgres",
        "-e POSTGRES_PASSWORD_FILE=/s/password -e POSTGRES_DB=synapse -v /s:/s:ro \
         -e POSTGRES_INITDB_ARGS='--encoding=UTF8 --locale=C' \
         -v /s/init:/docker-entrypoint-initdb.d:ro -v /s/pg:/var/lib/postgresql/data \
         postgres:15.20-bookworm",
    )?;
    host.write_file("/s/redis.conf", b"requirepass geheim\nsave \"\"\n")?;
    start(&host, "redis", "-v /s/redis.conf:/redis.conf:ro redis:7.4-alpine /redis.conf")?;
    synapse(&host)?;
    postgres(&host).context("postgres")?;
    redis(&host).context("redis")?;
    proxy(&host).context("traefik")?;
    exporters(&host).context("exporters")
}

fn synapse(host: &Host) -> Result<()> {
    let image = "ghcr.io/element-hq/synapse:v1.163.2";
    host.run(&format!(
        "docker run --rm -v /s/data:/data -e SYNAPSE_SERVER_NAME=example.org \
         -e SYNAPSE_REPORT_STATS=no {image} generate"
    ))?;
    let owner = host.run("stat -c %u:%g /s/data/example.org.signing.key")?;
    ensure!(owner == "991:991", "the signing key is {owner}'s");
    host.run(
        "sed -i 's/bind_addresses:.*/bind_addresses: [\"0.0.0.0\"]/' /s/data/homeserver.yaml",
    )?;
    start(host, "synapse", &format!("-v /s/data:/data {image}"))?;
    let versions = "python -c 'import psycopg2, txredisapi, hiredis, lxml; \
                    from importlib.metadata import version; print(version(\"matrix-synapse\"))'";
    for known in ["1.163.2", "1.157.2"] {
        let image = format!("ghcr.io/element-hq/synapse:v{known}");
        let said =
            host.run(&format!("docker run --rm --entrypoint sh {image} -c {}", quoted(versions)))?;
        ensure!(said == known, "{said}");
    }
    Ok(())
}

fn postgres(host: &Host) -> Result<()> {
    let query = "docker run --rm --network stack -e PGPASSWORD=geheim postgres:15.20-bookworm \
                 psql -h postgres -U postgres synapse -Atc \"SELECT one, \
                 current_setting('lc_collate'), current_setting('server_encoding') \
                 FROM made_at_first\"";
    wait_for(host, query, "1|C|UTF8")?;
    ensure!(host.run("docker exec postgres pg_isready")?.contains("accepting connections"));
    ensure!(host.run("stat -c %u /s/pg/PG_VERSION")? == "999");
    // What is there already is left alone.
    host.run("docker stop postgres && echo anders >/s/password && docker start postgres")?;
    wait_for(host, query, "1|C|UTF8")?;
    refuses(host, "postgres:15.20-bookworm", "POSTGRES_PASSWORD is not given")
}

fn redis(host: &Host) -> Result<()> {
    wait_for(host, "docker exec redis redis-cli ping", "NOAUTH")?;
    wait_for(host, "docker exec -e REDISCLI_AUTH=geheim redis redis-cli ping", "PONG")?;
    let who = host.run("docker exec redis ps -o uid=,gid= -p 1")?;
    ensure!(who.split_whitespace().eq(["999", "1000"]), "{who}");
    Ok(())
}

const STATIC: &[u8] = b"
entryPoints:
  web: {address: ':80', http: {redirections: {entryPoint: {to: websecure, scheme: https}}}}
  websecure: {address: ':443'}
  admin: {address: ':8081'}
ping: {}
metrics: {prometheus: {entryPoint: admin}}
accessLog: {filePath: /acme/access.log, format: json}
providers: {file: {directory: /etc/traefik/dynamic, watch: true}}
certificatesResolvers:
  letsencrypt: {acme: {email: a@example.org, storage: /acme/acme.json, httpChallenge: {entryPoint: web}}}
";

const DYNAMIC: &[u8] = b"
http:
  routers:
    synapse:
      rule: Host(`m.example.org`) && PathPrefix(`/_matrix`)
      entryPoints: [websecure]
      service: synapse
      middlewares: [hardening]
      tls: {certResolver: letsencrypt}
    two-values: {rule: 'PathPrefix(`/a`, `/b`)', entryPoints: [websecure], service: synapse}
  services:
    synapse:
      loadBalancer:
        servers: [{url: 'http://synapse:8008'}]
        healthCheck: {path: /health, interval: 1s}
  middlewares:
    hardening: {headers: {stsSeconds: 1000}}
";

fn proxy(host: &Host) -> Result<()> {
    host.write_file("/s/traefik.yml", STATIC)?;
    host.write_file("/s/dynamic/synapse.yml", DYNAMIC)?;
    start(host, "traefik", "-v /s:/etc/traefik:ro -v /s/acme:/acme traefik:v3.7.11")?;
    let curl = "docker exec traefik curl -si --resolve m.example.org:443:127.0.0.1 \
                --cacert /usr/local/share/lab-ca/ca.pem";
    let versions = format!("{curl} https://m.example.org/_matrix/client/versions");
    wait_for(host, &versions, "\"versions\":[\"r0.0.1\"")?;
    wait_for(host, &versions, "strict-transport-security: max-age=1000")?;
    let outside = host.run(&format!("{curl} https://m.example.org/_synapse/admin/v1/register"))?;
    ensure!(outside.starts_with("HTTP/1.1 404"), "{outside}");
    let redirect = host.run("docker exec traefik curl -si http://localhost/x?y=1")?;
    ensure!(redirect.contains("location: https://localhost/x?y=1"), "{redirect}");
    host.run("docker exec traefik traefik healthcheck --ping")?;
    ensure!(host.run("docker logs traefik 2>&1")?.contains("got 2, expected one of [1]"));
    ensure!(host.run("stat -c %a /s/acme/acme.json")? == "600");
    let log = host.run("grep -h RouterName /s/acme/access.log | tail -n 1")?;
    ensure!(log.contains("\"ClientHost\":") && log.contains("\"DownstreamStatus\":"), "{log}");
    // A file that is added counts at once.
    host.write_file(
        "/s/dynamic/more.yml",
        b"http:\n  routers:\n    more: {rule: Path(`/more`), entryPoints: [admin], service: synapse, \
          middlewares: [moved]}\n  middlewares:\n    moved: {replacePath: {path: /health}}\n",
    )?;
    wait_for(host, "docker exec traefik curl -s http://localhost:8081/more", "OK")?;
    host.write_file("/s/wrong.yml", b"entryPoints: {web: {adress: ':80'}}\n")?;
    let rest = "-v /s:/etc/traefik:ro traefik:v3.7.11 --configFile=/etc/traefik/wrong.yml";
    refuses(host, rest, "unknown field `adress`")
}

fn exporters(host: &Host) -> Result<()> {
    host.write_file("/s/prometheus.yml", b"
scrape_configs:
  - job_name: node
    scrape_interval: 1s
    static_configs: [{targets: ['node-exporter:9100', 'postgres-exporter:9187', 'redis-exporter:9121']}]
")?;
    host.write_file(
        "/s/alertmanager.yml",
        b"route: {receiver: none}\nreceivers: [{name: none}]\n",
    )?;
    start(host, "node-exporter", "prom/node-exporter:v1.12.1")?;
    start(
        host,
        "postgres-exporter",
        "-e DATA_SOURCE_URI='postgres:5432/synapse?sslmode=disable' -e DATA_SOURCE_USER=postgres \
         -e DATA_SOURCE_PASS=geheim quay.io/prometheuscommunity/postgres-exporter:v0.20.1",
    )?;
    start(
        host,
        "redis-exporter",
        "-e REDIS_ADDR=redis://redis:6379 -e REDIS_PASSWORD=geheim \
         oliver006/redis_exporter:v1.88.0-alpine",
    )?;
    start(
        host,
        "prometheus",
        "-v /s/prometheus.yml:/etc/prometheus/prometheus.yml:ro prom/prometheus:v3.14.0",
    )?;
    start(
        host,
        "alertmanager",
        "-v /s/alertmanager.yml:/etc/alertmanager/alertmanager.yml:ro prom/alertmanager:v0.34.0",
    )?;
    host.run("docker exec prometheus promtool check config /etc/prometheus/prometheus.yml")?;
    host.run("docker exec alertmanager amtool check-config /etc/alertmanager/alertmanager.yml")?;
    let ask = "docker exec prometheus wget -qO- 'http://localhost:9090/api/v1/query?query";
    wait_for(host, &format!("{ask}=sum(up)'"), "\"3\"]")?;
    wait_for(host, &format!("{ask}=pg_up'"), "\"1\"]")?;
    wait_for(host, &format!("{ask}=redis_up'"), "\"1\"]")?;
    wait_for(host, "docker exec alertmanager wget -qO- http://localhost:9093/-/ready", "OK")
}

#[test]
fn media_pages_and_panels() -> Result<()> {
    let Some(host) = harbour()? else { return Ok(()) };
    pages(&host)?;
    conferences(&host).context("jitsi")?;
    panels(&host).context("grafana and pgadmin")?;
    turn(&host).context("coturn")
}

fn pages(host: &Host) -> Result<()> {
    host.run("mkdir -p /p/web/.well-known/matrix")?;
    host.write_file("/p/config.json", b"{\"brand\": \"lab\"}\n")?;
    host.write_file("/p/broken.json", b"{\"brand\": \n")?;
    host.write_file(
        "/p/web/.well-known/matrix/server",
        b"{\"m.server\": \"m.example.org:443\"}\n",
    )?;
    let safe = "--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges";
    let element = "-v /p/config.json:/app/config.json:ro -e ELEMENT_WEB_PORT=8080";
    start(host, "element", &format!("{safe} {element} ghcr.io/element-hq/element-web:v1.12.26"))?;
    let ketesa = "-v /p/config.json:/var/public/config.json:ro ghcr.io/etkecc/ketesa:v1.4.0";
    start(host, "ketesa", &format!("{safe} {ketesa}"))?;
    let classic = "-v /p/config.json:/app/config.json:ro awesometechnologies/synapse-admin:0.11.4";
    start(host, "synapse-admin", classic)?;
    let files = "-v /p/web:/usr/share/nginx/html:ro nginxinc/nginx-unprivileged:1.29-alpine";
    start(host, "well-known", &format!("{safe} {files}"))?;
    for at in ["element:8080", "ketesa:8080", "synapse-admin:80"] {
        let get =
            format!("docker run --rm --network stack lab/tools:1 curl -s http://{at}/config.json");
        wait_for(host, &get, "\"brand\": \"lab\"")?;
    }
    let get = "docker exec well-known wget -qO- http://localhost:8080/.well-known/matrix/server";
    wait_for(host, get, "m.example.org:443")?;
    let broken = "-v /p/broken.json:/app/config.json:ro ghcr.io/element-hq/element-web:v1.12.26";
    refuses(host, broken, "is no JSON")
}

fn conferences(host: &Host) -> Result<()> {
    refuses(host, "ghcr.io/jitsi/prosody:stable-11146-2", "JICOFO_AUTH_PASSWORD must be set")?;
    refuses(host, "ghcr.io/jitsi/jvb:stable-11146-2", "JVB_AUTH_PASSWORD must be set")?;
    let secrets = "-e JICOFO_AUTH_PASSWORD=a -e JVB_AUTH_PASSWORD=b -e XMPP_SERVER=prosody";
    for (name, rest) in [("jicofo", ""), ("jvb", ""), ("jitsi-web", "-e DISABLE_HTTPS=1")] {
        let image = name.trim_start_matches("jitsi-");
        start(host, name, &format!("{secrets} {rest} ghcr.io/jitsi/{image}:stable-11146-2"))?;
    }
    ensure!(!host.exec("docker exec jicofo healthcheck.sh")?.success(), "well without prosody");
    start(host, "prosody", &format!("{secrets} ghcr.io/jitsi/prosody:stable-11146-2"))?;
    for name in ["prosody", "jicofo", "jvb"] {
        wait_for(host, &format!("docker exec {name} healthcheck.sh && echo well"), "well")?;
    }
    let accounts = host.run("docker exec prosody find /var/lib/prosody -name '*.dat'")?;
    ensure!(accounts.contains("focus.dat") && accounts.contains("jvb.dat"), "{accounts}");
    wait_for(host, "docker exec jitsi-web curl -s http://127.0.0.1:8000/config.js", "meet.jitsi")
}

fn panels(host: &Host) -> Result<()> {
    host.run("mkdir -p /g/datasources /g/dashboards /g/boards && echo geheim >/g/password")?;
    host.write_file("/g/datasources/p.yml", b"datasources: [{name: P, type: prometheus}]\n")?;
    host.write_file(
        "/g/dashboards/p.yml",
        b"providers: [{name: p, options: {path: /etc/grafana/provisioning/boards}}]\n",
    )?;
    host.write_file("/g/boards/one.json", b"{\"title\": \"One\"}\n")?;
    let grafana = "-v /g:/etc/grafana/provisioning:ro \
                   -e GF_SECURITY_ADMIN_PASSWORD__FILE=/etc/grafana/provisioning/password \
                   grafana/grafana:13.0.2";
    start(host, "grafana", grafana)?;
    let get = "docker exec grafana wget -qO- http://localhost:3000/api/health";
    wait_for(host, get, "\"database\": \"ok\"")?;
    let boards = "docker exec grafana curl -su admin:geheim http://localhost:3000/api/search";
    ensure!(host.run(boards)?.contains("\"One\""));
    host.write_file("/g/boards/one.json", b"{\"title\": \n")?;
    refuses(host, grafana, "one.json")?;
    refuses(host, "dpage/pgadmin4:9.18", "PGADMIN_DEFAULT_EMAIL must be set")?;
    start(
        host,
        "pgadmin",
        "-v /g:/g:ro -e PGADMIN_DEFAULT_EMAIL=a@example.org -e PGADMIN_LISTEN_PORT=8080 \
         -e PGADMIN_DEFAULT_PASSWORD_FILE=/g/password dpage/pgadmin4:9.18",
    )?;
    wait_for(host, "docker exec pgadmin wget -qO- http://localhost:8080/misc/ping", "PING")
}

fn turn(host: &Host) -> Result<()> {
    let config = "use-auth-secret\nstatic-auth-secret=geheim\nrealm=example.org\nlistening-port=3478\n\
                  min-port=49160\nmax-port=49200\nlog-file=stdout\n";
    host.write_file("/g/turnserver.conf", config.as_bytes())?;
    let rest = "--network host -v /g/turnserver.conf:/etc/coturn/turnserver.conf:ro \
                coturn/coturn:4.17.0-r0 -c /etc/coturn/turnserver.conf";
    host.run(&format!("docker run -d --name coturn {rest}"))?;
    let address = host.v4();
    let stun = format!("docker exec coturn timeout 5 turnutils_stunclient -p 3478 {address}");
    wait_for(host, &stun, &format!("UDP reflexive addr: {address}:"))?;
    let allocate = format!(
        "docker exec coturn timeout 20 turnutils_uclient -y -n 1 -u someone -W geheim -p 3478 {address}"
    );
    wait_for(host, &allocate, "Total lost packets 0")?;
    let other = allocate.replace("-W geheim", "-W falsch");
    ensure!(!host.exec(&other)?.success(), "a wrong secret is taken");
    Ok(())
}

//! A connection that is cut, and ctrl-C: nothing is claimed that is not so, nothing is left
//! half-way, and the next run makes up for it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::controller::{Controller, Run, wait_for};
use crate::lab::relay::Options as To;
use crate::lab::{Cut, Direction, Door, Host, Options, Relay, Release, Trigger, lab_or_skip};

const PLAY: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - name: small
      copy: {dest: /etc/mx-cut/small, content: "new\n"}
    - name: big
      copy: {src: big, dest: /etc/mx-cut/big}
    - name: mark
      shell: sleep 0.2; mkdir /etc/mx-cut/mark
      args: {creates: /etc/mx-cut/mark}
    - name: package
      apt: {name: hello}
      tags: apt
    - name: account
      user: {name: mxcut, shell: /usr/sbin/nologin, create_home: false}
    - name: again
      copy: {src: big, dest: /etc/mx-cut/again}
    - name: end
      copy: {dest: /etc/mx-cut/end, content: "new\n"}
"#;

/// Puts the host back to where nothing was applied.
const RESET: &str = "set -e
rm -rf /etc/mx-cut; mkdir /etc/mx-cut
for name in small big again end; do echo old >/etc/mx-cut/$name; done
! dpkg-query -W hello 2>/dev/null || DEBIAN_FRONTEND=noninteractive apt-get purge -y hello
! getent passwd mxcut >/dev/null || userdel mxcut";

/// How the host shows that a task is done.
fn shown(task: &str) -> String {
    match task {
        "small" | "end" => format!("test \"$(cat /etc/mx-cut/{task})\" = new"),
        "big" | "again" => format!("test $(wc -c </etc/mx-cut/{task}) = {SIZE}"),
        "mark" => "test -d /etc/mx-cut/mark".to_owned(),
        "package" => "dpkg-query -W -f '${Status}' hello | grep -q 'ok installed'".to_owned(),
        _ => "getent passwd mxcut >/dev/null".to_owned(),
    }
}

const TASKS: [&str; 7] = ["small", "big", "mark", "package", "account", "again", "end"];
const SIZE: usize = 300_000;
/// The installation, not its simulation.
const APT_RUNS: &str = "pgrep -f '^apt-get -y .*install hello' >/dev/null";

struct Stage {
    host: Host,
    relay: Relay,
    controller: Controller,
    /// Whether the package takes part: apt takes most of a run's time.
    apt: std::cell::Cell<bool>,
}

impl Stage {
    fn arguments(&self) -> &[&'static str] {
        if self.apt.get() { &["--yes"] } else { &["--yes", "--skip-tags", "apt"] }
    }

    fn tasks(&self) -> impl Iterator<Item = &'static str> {
        TASKS.into_iter().filter(|task| self.apt.get() || *task != "package")
    }

    fn apply(&self) -> Result<Run> {
        self.controller.start("run", "site.yml", self.arguments())?.end()
    }

    fn new(release: Release, name: &str) -> Result<Self> {
        let host = Host::up(release, &Options::named(name))?;
        let relay = Relay::start(To::to(host.ssh()))?;
        let controller = Controller::through(&[(&host, relay.address())], "root")?;
        controller.write("site.yml", PLAY)?;
        let line = "every line of the big file says something else: ";
        let text: String = (0..).map(|n| format!("{line}{n}\n")).take(9000).collect();
        controller.write("big", &text[..SIZE])?;
        host.run("apt-get install -y --download-only hello >/dev/null 2>&1 || { apt-get update && apt-get install -y --download-only hello; }")?;
        Ok(Self { host, relay, controller, apt: std::cell::Cell::new(false) })
    }

    /// No task is claimed that the host does not show, and no file is neither old nor new.
    fn is_true(&self, run: &Run, code: &[i32]) -> Result<()> {
        ensure!(run.code.is_some_and(|it| code.contains(&it)), "{code:?} expected: {run:#?}");
        let applied = run.out.split("applying").last().unwrap_or_default();
        for task in self.tasks() {
            let claimed = ["changed", "ok"]
                .iter()
                .any(|word| applied.contains(&format!("{}: {word} {task}", self.host.name())));
            let done = self.host.exec(&shown(task))?.success();
            ensure!(done || !claimed, "`{task}` is claimed: {run:#?}");
            ensure!(done || run.code != Some(0), "`{task}` is not done: {run:#?}");
        }
        for (name, size) in [("small", 4), ("big", SIZE), ("again", SIZE), ("end", 4)] {
            let found = self.host.run(&format!("wc -c </etc/mx-cut/{name}"))?;
            ensure!(found == "4" || found == size.to_string(), "{name}: {found} bytes");
        }
        Ok(())
    }

    /// The next run converges, the third has nothing to do, and nothing is left behind.
    fn recovers(&self) -> Result<()> {
        let name = self.host.name();
        self.apply()?.expect(0)?;
        for task in self.tasks() {
            ensure!(self.host.exec(&shown(task))?.success(), "`{task}` is not done");
        }
        let third = self.apply()?.expect(0)?;
        ensure!(third.count(name, "changed")? == 0, "{third:#?}");
        let files = self.host.run("ls -A /etc/mx-cut | sort | tr '\\n' ' '")?;
        ensure!(files.trim() == "again big end mark small", "{files}");
        let left = self.host.run(
            "find / -xdev -name '*mxprov*' ! -path '/run/mxprov/lock' ! -path /run/mxprov; \
             find /run /tmp /var/tmp /dev/shm -xdev -name '*mxprov*' ! -path /run/mxprov",
        )?;
        ensure!(left.is_empty(), "left: {left}");
        // Nobody holds mxprov's lock, nor dpkg's.
        self.host.run("[ ! -e /run/mxprov/lock ] || flock -w 5 /run/mxprov/lock true")?;
        self.host.run("test -z \"$(dpkg --audit)\"")?;
        if self.apt.get() {
            self.host.run("DEBIAN_FRONTEND=noninteractive apt-get install -y hello")?;
        }
        Ok(())
    }

    fn case(&self, what: &str, cut: impl FnOnce() -> Result<(Run, &'static [i32])>) -> Result<()> {
        self.host.run(RESET)?;
        cut()
            .and_then(|(run, codes)| self.is_true(&run, codes))
            .and_then(|()| self.recovers())
            .with_context(|| format!("{what} on {}", self.host.release()))?;
        Ok(())
    }

    /// Cuts when the trigger says so; that much has passed already does not count.
    fn cut_at(&self, trigger: Trigger, cut: Cut) -> Result<(Run, &'static [i32])> {
        let count = self.relay.count();
        let trigger = match trigger {
            Trigger::Bytes(Direction::ToServer, n) => {
                Trigger::Bytes(Direction::ToServer, count.bytes_to_server + n)
            }
            Trigger::Bytes(Direction::ToClient, n) => {
                Trigger::Bytes(Direction::ToClient, count.bytes_to_client + n)
            }
            Trigger::RoundTrips(n) => Trigger::RoundTrips(count.round_trips + n),
            Trigger::After(time) => Trigger::After(time),
        };
        self.relay.cut_when(trigger, cut);
        let run = self.apply()?;
        ensure!(self.relay.has_cut(), "the cut was never reached: {run:#?}");
        // How often the line turns differs from run to run: the cut may come when all is done.
        let codes: &[i32] = if matches!(trigger, Trigger::RoundTrips(_)) { &[0, 4] } else { &[4] };
        Ok((run, codes))
    }

    /// Cuts while apt is at work; `door` is shut for a while behind it.
    fn cut_apt(
        &self,
        cut: Cut,
        door: Door,
        codes: &'static [i32],
    ) -> Result<(Run, &'static [i32])> {
        let running = self.controller.start("run", "site.yml", self.arguments())?;
        wait_for("apt", Duration::from_secs(60), || Ok(self.host.exec(APT_RUNS)?.success()))?;
        self.relay.set_door(door);
        self.relay.cut(cut);
        let run = running.end();
        self.relay.set_door(Door::Open);
        Ok((run?, codes))
    }

    /// Sends SIGINT at an instant, and again.
    fn interrupt(&self, at: &str, twice: bool) -> Result<(Run, &'static [i32])> {
        let running = self.controller.start("run", "site.yml", self.arguments())?;
        match at {
            "plan" => {
                let seen = self.relay.count().bytes_to_client;
                wait_for("the login", Duration::from_secs(20), || {
                    Ok(self.relay.count().bytes_to_client > seen + 2000)
                })?;
            }
            "apt" => wait_for("apt", Duration::from_secs(60), || {
                Ok(self.host.exec(APT_RUNS)?.success())
            })?,
            _ => wait_for("the shell task", Duration::from_secs(60), || {
                Ok(running.said()?.contains("changed big"))
            })?,
        }
        running.signal("INT")?;
        if twice {
            std::thread::sleep(Duration::from_millis(100));
            // It may have come to its end already.
            let _ = running.signal("INT");
        }
        let run = running.end()?;
        // The second ctrl-C leaves at once: whole lines are there all the same.
        let events = self.controller.journal()?;
        let last = events.last().context("the journal is empty")?;
        let orderly = last["event"] == "run_done" && last["interrupted"] == true;
        ensure!(orderly || twice, "the journal ends with {last}");
        Ok((run, &[130]))
    }
}

#[test]
fn a_cut_connection_loses_nothing() -> Result<()> {
    if !lab_or_skip("a_cut_connection_loses_nothing") {
        return Ok(());
    }
    let stage = Stage::new(Release::Debian12, "cut")?;
    stage.host.run(RESET)?;
    // How much a plan and a whole run pass.
    let start = stage.relay.count();
    stage
        .controller
        .start("plan", "site.yml", &["--check", "--skip-tags", "apt"])?
        .end()?
        .expect(0)?;
    let planned = stage.relay.count();
    stage.apply()?.expect(0)?;
    let applied = stage.relay.count();
    let between = |of: fn(&crate::lab::traffic::Count) -> u64, percent: u64| {
        let plan = of(&planned) - of(&start);
        let whole = of(&applied) - of(&planned);
        plan + (whole - plan) * percent / 100
    };
    let to_server = |percent| between(|count| count.bytes_to_server, percent);
    let to_client = |percent| between(|count| count.bytes_to_client, percent);
    let trips = |percent| between(|count| count.round_trips, percent);
    let points = [
        ("in the first file", Trigger::Bytes(Direction::ToServer, to_server(15)), Cut::Reset),
        ("later in the first file", Trigger::Bytes(Direction::ToServer, to_server(40)), Cut::Close),
        ("in the second file", Trigger::Bytes(Direction::ToServer, to_server(75)), Cut::Reset),
        ("in its last bytes", Trigger::Bytes(Direction::ToServer, to_server(97)), Cut::Close),
        ("in an early answer", Trigger::Bytes(Direction::ToClient, to_client(10)), Cut::Reset),
        ("in a late answer", Trigger::Bytes(Direction::ToClient, to_client(90)), Cut::Close),
        ("before an answer is seen", Trigger::RoundTrips(trips(0) + 1), Cut::Reset),
    ];
    for (what, trigger, cut) in points {
        stage.case(what, || stage.cut_at(trigger, cut))?;
    }
    // apt goes on by itself: a new connection picks its result up, or the next run waits for it.
    stage.apt.set(true);
    stage.case("apt, and back", || stage.cut_apt(Cut::Reset, Door::Open, &[0]))?;
    stage.case("apt, and away", || stage.cut_apt(Cut::Close, Door::Refuse, &[4]))?;
    stage.apt.set(false);
    let silent = Trigger::Bytes(Direction::ToServer, to_server(50));
    stage.case("silence", || stage.cut_at(silent, Cut::Silence))
}

#[test]
fn ctrl_c_is_orderly() -> Result<()> {
    if !lab_or_skip("ctrl_c_is_orderly") {
        return Ok(());
    }
    let stage = Stage::new(Release::Debian13, "stop")?;
    for (at, twice) in
        [("plan", false), ("files", false), ("apt", false), ("files", true), ("apt", true)]
    {
        stage.apt.set(at == "apt");
        stage.case(&format!("ctrl-C, {at}, twice: {twice}"), || stage.interrupt(at, twice))?;
    }
    Ok(())
}

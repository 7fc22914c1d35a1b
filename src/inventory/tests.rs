//! Inventories as people write them, and as they get them wrong.
//!
//! What real Ansible makes of `tests/inventory/*` is stored there; `observe.py` renews it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::files::{Disk, Tree};
use crate::yaml::Sealed;

fn reader(files: impl Files + 'static) -> Reader {
    Reader { files: Arc::new(files), unseal: Arc::new(Sealed::default()) }
}

fn load(text: &str, name: &str) -> Result<Inventory, Diagnostics> {
    Inventory::load(reader(Tree::new([(name, text)])), &[name])
}

fn strings(json: &Json) -> Vec<String> {
    json.as_array()
        .map(|items| items.iter().filter_map(Json::as_str).map(ToString::to_string).collect())
        .unwrap_or_default()
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inventory");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("case.json").exists())
        .collect();
    cases.sort();
    cases
}

fn json(path: &Path) -> Json {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn inventories_are_read_as_ansible_reads_them() {
    let cases = cases();
    assert!(cases.len() >= 8, "the cases are not there");
    for case in cases {
        let (asked, expected) = (json(&case.join("case.json")), json(&case.join("expected.json")));
        let name = case.display();
        let inventory = Inventory::load(reader(Disk::new(&case)), &strings(&asked["sources"]))
            .unwrap_or_else(|problems| panic!("{name}: {problems}"));
        let playbook = asked["playbook_dir"].as_str().map(Path::new);
        let list = inventory.list(playbook).unwrap();
        for (host, vars) in expected["list"]["_meta"]["hostvars"].as_object().unwrap() {
            assert_eq!(&list["_meta"]["hostvars"][host], vars, "{name}: {host}");
        }
        assert_eq!(list, expected["list"], "{name}");
        assert_eq!(inventory.graph("all").unwrap(), expected["graph"].as_str().unwrap(), "{name}");
        for (pattern, hosts) in expected["patterns"].as_object().unwrap() {
            let selection = inventory.select(&Pattern::parse(pattern, None).unwrap());
            assert_eq!(selection.hosts, strings(hosts), "{name}: {pattern}");
        }
    }
}

/// The problem of a bad inventory with its hints: `line:col: message | hint`.
fn fails(text: &str, name: &str) -> String {
    let problems = load(text, name).err().map(|problems| problems.0).unwrap_or_default();
    let [problem] = problems.as_slice() else { panic!("one problem, not {problems:?} for {text}") };
    let hints: String = problem.hints.iter().map(|hint| format!(" | {hint}")).collect();
    format!("{problem}{hints}").replacen(&format!("{name}:"), "", 1)
}

#[test]
fn bad_ini_inventories_say_where_and_what() {
    for (text, expected) in [
        (
            "[web:children]\nbd\n[db]\n",
            "2:1: the child group `bd` is not defined | did you mean `db`? | add a section `[bd]`, even an empty one",
        ),
        (
            "[web:vars]\nx=1\n",
            "1:2: `[web:vars]` gives variables to the unknown group `web` | add a section `[web]`, even an empty one",
        ),
        (
            "[web:child]\nx\n",
            "1:6: `[web:child]` has the unknown kind `child` | a section is `[group]`, `[group:vars]` or `[group:children]`",
        ),
        (
            "[web:var]\nx\n",
            "1:6: `[web:var]` has the unknown kind `var` | did you mean `vars`? | a section is `[group]`, `[group:vars]` or `[group:children]`",
        ),
        ("[web\nx\n", "1:1: a section is opened with `[` and never closed"),
        ("[]\nx\n", "1:2: `` cannot be the name of a group | use letters, digits and underscores"),
        (
            "[a b]\nx\n",
            "1:2: `a b` cannot be the name of a group | use letters, digits and underscores",
        ),
        (
            "[web]\n  h x\n",
            "2:5: expected `key=value` after the host, found `x` | one host per line; a value with blanks needs quotes",
        ),
        ("h:\n", "1:1: a `:` at the end must be followed by a port"),
        (
            "h[1:x]\n",
            "1:1: `x` is no bound of a range: both must be numbers, or both single letters",
        ),
        ("h[3:1]\n", "1:1: the range `[3:1]` ends before it begins"),
        ("h x='y\n", "1:5: a quote is opened and not closed"),
        ("[a]\n[a:vars]\nnovalue\n", "3:1: expected `key=value` in a `:vars` section"),
        (
            "[a]\n[b:children]\na x=1\n",
            "3:1: a `:children` section holds one group name per line | variables of a group go into a `:vars` section",
        ),
        (
            "[a:children]\nb\n[b:children]\na\n",
            "4:1: the group `a` is its own ancestor | `a` → `b` → `a`: take one of these children out",
        ),
        ("[a:children]\nall\n", "2:1: the group `all` cannot be a child of `a`"),
        (
            "[a]\n[a:vars]\nansible_group_priority=high\n",
            "3:1: `ansible_group_priority` must be an integer",
        ),
        (
            "#!/usr/bin/python3\nprint()\n",
            "1:1: this inventory is a program, and programs are not run | keep what it prints: `./inventory --list > inventory.json`, as a static inventory",
        ),
    ] {
        assert_eq!(fails(text, "hosts.ini"), expected, "{text}");
    }
}

#[test]
fn bad_yaml_inventories_say_where_and_what() {
    for (text, expected) in [
        (
            "web:\n  host:\n    a:\n",
            "2:3: unknown key `host` in the group `web` | did you mean `hosts`? | a group holds `hosts`, `vars` and `children`; a group in a group goes under `children:`",
        ),
        (
            "web:\n  hosts:\n    - a\n",
            "3:5: `hosts` must be a mapping, not a list | write `a:` instead of `- a`",
        ),
        (
            "web:\n  hosts:\n    a: 5\n",
            "3:8: the variables of the host `a` must be a mapping | under a host stand its variables: `ansible_host: 192.0.2.1`",
        ),
        (
            "web:\n  hosts:\n    10:\n",
            "3:5: the name of a host must be a string, and `10` is none | put it in quotes: `\"10\":`",
        ),
        (
            "web: [a]\n",
            "1:6: the group `web` must be a mapping | under a group stand `hosts:`, `vars:` and `children:`",
        ),
        (
            "- web\n",
            "1:1: an inventory must be a mapping of groups | start with `all:` and under it `hosts:`",
        ),
        ("", "1:1: this inventory is empty | start with `all:` and under it `hosts:`"),
        (
            "plugin: aws_ec2\n",
            "1:1: the inventory plugin `aws_ec2` is not supported | write the hosts as a static inventory, as `ansible-inventory --list --yaml` prints it",
        ),
        (
            "a:\n  children:\n    b:\n      children:\n        a:\n",
            "5:9: the group `a` is its own ancestor | `a` → `b` → `a`: take one of these children out",
        ),
        ("web:\n  vars: [x]\n", "2:9: `vars` must be a mapping"),
        (
            "web:\n  vars:\n    on: 1\n",
            "3:5: the name of a variable must be a string, and `on` is none | put it in quotes: `\"on\":`",
        ),
        (
            "web:\n  hosts:\n    h1:\n      a: 1\n      a: 2\n",
            "5:7: the key `a` is defined twice | only one of them can count: remove the other",
        ),
        ("web:\n\thosts:\n", "2:1: a tab cannot indent YAML | replace the tab by spaces"),
        (
            "web:\n  hosts:\n    h1:\n      a: {{ b }}\n",
            "4:10: a value that starts with a template needs quotes | write `\"{{ b }}\"`",
        ),
    ] {
        assert_eq!(fails(text, "hosts.yml"), expected, "{text}");
    }
}

#[test]
fn bad_sources_are_named() {
    let problems = |sources: &[&str]| {
        let tree = Tree::new([("dir/a.yml", "- x\n"), ("dir/b.yml", "web: 1\n")]);
        let problems = Inventory::load(reader(tree), sources).err().map(|problems| problems.0);
        let text = |problem: &Diagnostic| format!("{problem} {}", problem.hints.join(" | "));
        problems.unwrap_or_default().iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(
        problems(&["web1"]),
        [
            "the inventory `web1` does not exist to name a host, end the list with a comma: `-i web1,`"
        ]
    );
    assert_eq!(problems(&["no/such.yml"]), ["the inventory `no/such.yml` does not exist "]);
    assert_eq!(problems(&["dir"]).len(), 2, "every bad file of a directory is told");
    assert!(problems(&["a b,"])[0].starts_with("<-i>:1:1: `a b` is not a host name"));
}

#[test]
fn odd_things_are_warned_about() {
    let inventory = load("[web]\nweb pw=p#w\n", "hosts").ok().unwrap();
    let told: Vec<String> = inventory.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "hosts:2:9: this `#` starts a comment, and the value ends before it",
            "hosts:2:1: `web` is the name of a group and of a host",
        ]
    );
}

#[test]
fn patterns_that_match_nothing_suggest_a_name() {
    let inventory = load("[web]\nweb1\n[db]\ndb1\n", "hosts").ok().unwrap();
    let selection = inventory.select(&Pattern::parse("wbe:db", None).unwrap());
    assert_eq!(selection.hosts, ["db1"]);
    assert_eq!(selection.unmatched[0].to_string(), "no host and no group matches `wbe`");
    assert_eq!(selection.unmatched[0].hints, ["did you mean `web`?"]);
    for (pattern, expected) in [
        ("~web(", "`~web(` is not a regular expression"),
        ("!", "`!` in a host pattern needs a name after it"),
        ("@hosts.retry", "`@hosts.retry` is only read in `--limit`"),
    ] {
        let problem = Pattern::parse(pattern, None).unwrap_err().to_string();
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[test]
fn a_host_with_the_name_of_a_group_is_meant_by_its_plain_name() {
    let inventory = load("web\n[web]\nw1\n", "hosts").ok().unwrap();
    let hosts = |pattern: &str| inventory.select(&Pattern::parse(pattern, None).unwrap()).hosts;
    assert_eq!(hosts("web"), ["web"]);
    assert_eq!(hosts("web*"), ["w1", "web"]);
}

#[test]
fn a_limit_reads_patterns_from_a_file() {
    let tree = Tree::new([("hosts", "web1\nweb2\ndb1\n"), ("failed.retry", "# c\nweb2\n\ndb*\n")]);
    let reader = reader(tree);
    let inventory = Inventory::load(reader.clone(), &["hosts"]).ok().unwrap();
    let limit = Pattern::limit(&reader, "@failed.retry").unwrap();
    assert_eq!(inventory.select(&limit).hosts, ["web2", "db1"]);
    assert!(Pattern::limit(&reader, "@none").unwrap_err().to_string().contains("no such file"));
}

#[test]
fn variables_know_their_place_and_are_templates() {
    let inventory = load("[web]\nw1 a='{{ b }}' c=5\n", "hosts").ok().unwrap();
    let Some(Value::Str(text)) = inventory.hosts["w1"].vars.get("a") else { panic!("a string") };
    assert!(text.is_template());
    let origin = text.origin().unwrap();
    assert_eq!((origin.to_string(), origin.text()), ("hosts:2:7".to_string(), "{{ b }}"));
}

#[test]
fn magic_variables_are_computed() {
    let tree = Tree::new([("inv/hosts", "[web]\nw1.example.com\n[b]\nw1.example.com\n")]);
    let inventory = Inventory::load(reader(tree), &["inv/hosts"]).ok().unwrap();
    let magic = inventory.magic(inventory.host("w1.example.com").unwrap());
    let shown = format!("{magic:?}");
    assert_eq!(
        shown,
        "{inventory_hostname: \"w1.example.com\", inventory_hostname_short: \"w1\", \
         inventory_file: \"/inv/hosts\", inventory_dir: \"/inv\", group_names: [\"b\", \"web\"], \
         groups: {all: [\"w1.example.com\"], ungrouped: [], web: [\"w1.example.com\"], b: [\"w1.example.com\"]}}"
    );
    assert_eq!(inventory.host("localhost").unwrap().groups, ["all"]);
}

#[test]
fn bad_files_of_variables_are_told_when_a_host_needs_them() {
    let layers = |files: &[(&str, &str)]| {
        let mut tree = Tree::new([("hosts", "h1\nh2\n")]);
        for (path, text) in files {
            tree.insert(path, *text);
        }
        let inventory = Inventory::load(reader(tree), &["hosts"]).ok().unwrap();
        let fine = inventory.layers(inventory.host("h2").unwrap(), None).is_ok();
        let host = inventory.host("h1").unwrap();
        (
            inventory
                .layers(host, None)
                .err()
                .map(|problem| problem.to_string())
                .unwrap_or_default(),
            fine,
        )
    };
    let (problem, fine) = layers(&[("host_vars/h1.yml", "- a\n")]);
    assert_eq!(
        (problem.as_str(), fine),
        ("host_vars/h1.yml:1:1: a file of variables must be a mapping", true)
    );
    let (problem, _) =
        layers(&[("group_vars/all.yml", "a: 1\n"), ("group_vars/all/x.yml", "b: 1\n")]);
    assert_eq!(
        problem,
        "both `group_vars/all` and `group_vars/all.yml` exist, and only the first would be read"
    );
    let (problem, _) = layers(&[("host_vars/h1/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n31\n")]);
    assert!(problem.starts_with("host_vars/h1/vault.yml:1:1: this file is vaulted"), "{problem}");
}

proptest! {
    /// Whatever the text, it is read or refused with a place; nothing panics.
    #[test]
    fn any_inventory_is_read_or_refused(
        text in prop_oneof![
            "[a-c0-9 \\n:=#;,'\"\\[\\]{}()\\\\é]{0,60}",
            "(\\[a\\]\n|\\[b:vars\\]\n|\\[a:children\\]\nb\n|h\\[1:3\\]|x='|y=\\[1, |\n| |é=é){0,12}",
            "(a|b|hosts|children|vars):(\n|\n  |\n    | \\{| 1\n){0,12}",
            any::<String>(),
        ]
    ) {
        for name in ["hosts", "hosts.ini", "hosts.yml"] {
            for problem in load(&text, name).err().map(|problems| problems.0).unwrap_or_default() {
                prop_assert!(problem.span.is_some(), "{:?}", problem);
            }
        }
    }

    #[test]
    fn any_pattern_is_read_or_refused(text in prop_oneof!["[a-c0-9:,&!~*?.\\[\\]\\-@ é(+]{0,20}", any::<String>()]) {
        let inventory = load("[a]\na1\nb1\n", "hosts").ok().unwrap();
        if let Ok(pattern) = Pattern::parse(&text, None) {
            let _ = inventory.select(&pattern);
        }
    }
}

//! A plan of `playbooks/matrix.yml` for made-up variables, and the files that it would create.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use serde_json::{Value, json};

/// A value that stands for each secret, long enough for all of them.
pub const SECRET: &str = "bxM2v9TqLz7RkWc4NdYs8FhGp3JuEa6XtQ1oVi5KmZrC0wDyPlUg";

/// Where the stack would lie: nowhere, so every file is new.
pub const FOLDER: &str = "/nonexistent/matrix";

/// How a plan ended, and what it showed.
#[derive(Debug, Clone)]
pub struct Plan {
    pub code: Option<i32>,
    pub said: String,
    /// The text of each file, by its path below [`FOLDER`] (or its whole path).
    pub files: BTreeMap<String, String>,
}

/// Plans that were made already, by what they were made for.
static MADE: LazyLock<Mutex<BTreeMap<String, Plan>>> = LazyLock::new(Mutex::default);

/// The plan of the roles with these tags; `variables` come over those that every plan has.
pub fn plan(tags: &str, variables: &Value) -> Plan {
    let mut made = MADE.lock().expect("no plan failed to start");
    let key = format!("{tags} {variables}");
    made.entry(key).or_insert_with(|| make(tags, variables)).clone()
}

/// The same, made anew.
pub fn make(tags: &str, variables: &Value) -> Plan {
    let folder = tempfile::tempdir().expect("a folder for the inventory");
    let inventory = folder.path().join("inventory.yml");
    let mut all = json!({
        "ansible_become": false,
        "mxprov_domain": "example.org",
        "dns_mode": "subdomain",
        "matrix_directory": FOLDER,
        "matrix_size": "8gb",
        "matrix_addresses": ["203.0.113.7"],
        // Nobody asks the Docker of this machine.
        "matrix_pull_policy": "never",
    });
    for name in secrets() {
        all[name] = SECRET.into();
    }
    for (name, value) in variables.as_object().expect("variables") {
        all[name] = value.clone();
    }
    let text = json!({"all": {"hosts": {"box": {"ansible_connection": "local"}}, "vars": all}});
    std::fs::write(&inventory, text.to_string()).expect("the inventory is written");
    let output = Command::new(env!("CARGO_BIN_EXE_mxprov"))
        // Packages are asked for at length, and none of these files depends on them.
        .args(["apply", "--check", "--tags", tags, "--skip-tags", "traefik_packages", "-i"])
        .args([&inventory, Path::new("playbooks/matrix.yml")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("HOME", folder.path())
        .output()
        .expect("mxprov runs");
    let out = String::from_utf8(output.stdout).expect("text");
    let files = created(&out);
    let said = out + &String::from_utf8_lossy(&output.stderr);
    Plan { code: output.status.code(), said, files }
}

/// The names in the table of secrets.
fn secrets() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/vars/secrets.yml");
    let table = yaml(&std::fs::read_to_string(path).expect("the table of secrets"));
    let rows = table["mxprov_secrets"].as_array().expect("a list");
    rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
}

/// A text as YAML.
pub fn yaml(text: &str) -> Value {
    let source = mxprov::diagnostic::Source::new("file", text);
    mxprov::yaml::parse_data(&source)
        .unwrap_or_else(|problem| panic!("{problem}\n{text}"))
        .to_json()
}

/// The files that a plan's text says it would create: `create PATH`, then a hunk of added lines.
fn created(out: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in out.lines() {
        if let Some(path) = line.strip_prefix("    create ") {
            let path = path.strip_prefix(FOLDER).map_or(path, |below| &below[1..]);
            files.insert(path.to_owned(), String::new());
            current = Some(path.to_owned());
        } else if let Some(added) = line.strip_prefix("      +") {
            let path = current.as_ref().expect("lines belong to a file");
            let text = files.get_mut(path).expect("was put there");
            text.push_str(added);
            text.push('\n');
        } else if !line.starts_with("      ") {
            current = None;
        }
    }
    files
}

impl Plan {
    /// The same, or a panic with all of it unless the plan is whole.
    pub fn whole(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.said);
        self
    }

    pub fn text(&self, path: &str) -> &str {
        let names = || self.files.keys().collect::<Vec<_>>();
        self.files.get(path).unwrap_or_else(|| panic!("`{path}` is not in {:?}", names()))
    }

    pub fn yaml(&self, path: &str) -> Value {
        yaml(self.text(path))
    }

    pub fn json(&self, path: &str) -> Value {
        let text = self.text(path);
        serde_json::from_str(text).unwrap_or_else(|problem| panic!("{path}: {problem}\n{text}"))
    }

    /// Every router of the dynamic files, by its name.
    pub fn routers(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for path in self.files.keys().filter(|path| path.starts_with("traefik/dynamic/")) {
            let file = self.yaml(path);
            for (name, router) in file["http"]["routers"].as_object().into_iter().flatten() {
                let earlier = all.insert(name.clone(), router.clone());
                assert!(earlier.is_none(), "the router `{name}` is there twice");
            }
        }
        all
    }
}

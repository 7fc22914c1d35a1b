//! The routes as the role writes them: its template with its variables, rendered by the program.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::lab::proxy::dynamic;
use crate::lab::proxy::fixed::Fixed;
use crate::lab::proxy::request::Request;
use crate::lab::proxy::table::Table;
use crate::requests::Door;

/// The entry points that the role counts on.
const FIXED: &str = "
entryPoints:
  websecure: { address: ':443' }
  federation: { address: ':8448' }
  admin: { address: ':8081' }
certificatesResolvers:
  letsencrypt: { acme: { email: a@example.org, storage: /acme.json } }
";

/// A host takes one run at a time, and this machine is the host.
static TURN: Mutex<()> = Mutex::new(());

/// Where Synapse answers.
#[derive(Debug, Clone, Copy)]
pub enum Mode {
    Root,
    Subdomain,
}

impl Mode {
    /// The names that are asked for at a door.
    pub fn hosts(self, door: Door) -> &'static [&'static str] {
        match (self, door) {
            (_, Door::Admin) => &["127.0.0.1:8081"],
            (Self::Root, _) => &["example.org"],
            (Self::Subdomain, Door::Public) => &["chat.example.org"],
            (Self::Subdomain, Door::Federation) => &["chat.example.org:8448", "example.org:8448"],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Subdomain => "subdomain",
        }
    }
}

pub struct Rendered {
    pub table: Table,
}

impl Rendered {
    pub fn new(size: &str, mode: Mode) -> Self {
        Self::with(size, mode, &["web", "federation", "synapse"])
    }

    pub fn with(size: &str, mode: Mode, components: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let routes = folder.path().join("synapse.yml");
        let playbook = folder.path().join("routes.yml");
        std::fs::write(&playbook, play(&routes)).expect("a playbook");
        let variables = serde_json::json!({
            "mxprov_domain": "example.org",
            "mxprov_components": components,
            "dns_mode": mode.name(),
            "matrix_size": size,
        });
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let output = Command::new(env!("CARGO_BIN_EXE_mxprov"))
            .args(["apply", "--yes", "-i", "here,", "-e", &variables.to_string()])
            .arg(&playbook)
            .current_dir(folder.path())
            .output()
            .expect("the program runs");
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
        let text = std::fs::read_to_string(&routes).expect("the routes were written");
        let fixed: Fixed =
            dynamic::read(Path::new("traefik.yml"), FIXED).expect("what Traefik has");
        let dynamic = dynamic::read(&routes, &text).expect("Traefik takes the routes");
        Self { table: Table::new(&fixed, &dynamic) }
    }

    /// The kind of process that gets a request, or `none`.
    pub fn backend(&self, door: Door, request: &Request) -> &'static str {
        let entry_point = match door {
            Door::Public => "websecure",
            Door::Federation => "federation",
            Door::Admin => "admin",
        };
        let Some(route) = self.table.find(entry_point, request) else { return "none" };
        match route.service.as_str() {
            "synapse-main" => "main",
            "synapse-media" => "media",
            "synapse-writer" => "stream_writer",
            "synapse-generic" | "synapse-sticky" => "generic",
            other => panic!("an unknown service {other}"),
        }
    }
}

fn play(routes: &Path) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let play = serde_json::json!([{
        "name": "Routes",
        "hosts": "all",
        "connection": "local",
        "gather_facts": false,
        "vars_files": [
            format!("{root}/playbooks/vars/components.yml"),
            format!("{root}/roles/matrix/defaults/main.yml"),
            format!("{root}/roles/matrix/vars/main.yml"),
            format!("{root}/roles/synapse/defaults/main.yml"),
            format!("{root}/roles/synapse/vars/main.yml"),
        ],
        "tasks": [{
            "name": "The routes",
            "ansible.builtin.template": {
                "src": format!("{root}/roles/synapse/templates/routes.yml.j2"),
                "dest": routes,
                "mode": "0640",
            },
        }],
    }]);
    play.to_string()
}

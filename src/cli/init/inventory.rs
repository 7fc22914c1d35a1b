//! The inventory that `init` writes, with what can be set beside what is set.

use std::path::Path;

use crate::value::Value;

use super::answers::{Answers, Backup};
use super::page::Page;

/// The text of the inventory.
pub fn page(answers: &Answers) -> String {
    let mut page = Page::begin(
        "---\n# Made by `mxprov init`. Everything that is not here has a secure default: see the README of\n\
         # each role. The secrets are in group_vars/all/vault.yml.\nall:\n",
    );
    page.at(1);
    page.open("hosts").open(&answers.host).set("ansible_host", text(&answers.address));
    page.set("ansible_user", text(&answers.user));
    if answers.port != 22 {
        page.set("ansible_port", Value::Int(answers.port.into()));
    }
    page.at(1).open("vars");
    page.say("What runs here; what it requires comes with it (playbooks/vars/components.yml).");
    page.set("mxprov_components", list(&answers.components));
    page.say(
        "The domain of the users' addresses. Synapse answers on it (root) or on chat.DOMAIN (subdomain).",
    );
    page.set("mxprov_domain", text(&answers.domain));
    page.set("dns_mode", text(answers.mode.word()));
    page.say("The public addresses that the names must lead to, if they are not the host's own.");
    page.offer("dns_addresses: [203.0.113.10, \"2001:db8::10\"]");
    page.say("Whom the certificates' authority writes to.");
    match &answers.email {
        Some(email) => page.set("traefik_acme_email", text(email)),
        None => page.offer("traefik_acme_email: admin@example.org"),
    };
    page.say("The first admin of the homeserver; the password is in the vault.");
    page.set("synapse_admin", text(&answers.admin));
    page.say(
        "Workers, caches and PostgreSQL follow the host's memory, unless this says otherwise.",
    );
    page.offer("matrix_size: 8gb");
    page.say("Accounts on the host, with their keys.");
    page.set("base_admins", Value::list([]));
    page.offer("  - name: alice\n    keys: [\"ssh-ed25519 AAAA… alice@laptop\"]");
    page.say("docker: Docker's own repository; distribution: the release's packages.");
    page.set("docker_source", text(&answers.docker_source));
    backup(&mut page, &answers.backup);
    page.say("Mail that the stack sends; the password is `matrix_secret_smtp` in the vault.");
    page.offer("matrix_smtp_host: mail.example.org\nmatrix_smtp_user: matrix@example.org");
    page.text()
}

fn backup(page: &mut Page, backup: &Backup) {
    page.say(
        "The OpenPGP key that backups are encrypted to. The private key has no business on the host.",
    );
    match backup {
        Backup::Key { fingerprint, file } => {
            let key = format!("{{{{ lookup('file', {}) }}}}", beside_the_inventory(file));
            let recipient = Value::map([("fingerprint", text(fingerprint)), ("key", text(&key))]);
            page.set("backup_recipients", Value::list([recipient]));
        }
        Backup::Plain => {
            page.set("backup_encrypt", Value::Bool(false));
        }
        Backup::Open => {
            page.offer(
                "backup_recipients:\n  - fingerprint: 0123456789ABCDEF0123456789ABCDEF01234567\n    \
                 key: \"{{ lookup('file', inventory_dir ~ '/backup-public-key.asc') }}\"",
            );
            page.offer("or, written out: backup_encrypt: false");
        }
    }
}

/// A file's path as an expression: a relative name alone would be looked for beside the playbook.
fn beside_the_inventory(file: &str) -> String {
    if Path::new(file).is_absolute() {
        format!("'{file}'")
    } else {
        format!("inventory_dir ~ '/{file}'")
    }
}

fn text(text: &str) -> Value {
    Value::data(text)
}

fn list(items: &[String]) -> Value {
    Value::list(items.iter().map(|item| text(item)))
}

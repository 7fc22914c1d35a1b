//! The example inventory is one that the program reads, with the site's playbook.

use std::process::Command;

use crate::sources::root;

#[test]
fn the_example_inventory_is_read() {
    for words in [
        &["inventory", "-i", "inventory.example", "--graph"][..],
        &["apply", "-i", "inventory.example", "--list-tasks"],
        &["lint"],
    ] {
        let mut mxprov = Command::new(env!("CARGO_BIN_EXE_mxprov"));
        let said = mxprov.args(words).current_dir(root()).output().expect("mxprov runs");
        let complaints = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success() && complaints.is_empty(), "{words:?}: {complaints}");
    }
}

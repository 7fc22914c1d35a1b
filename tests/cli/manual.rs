//! `docs/cli.md` is what clap knows of the commands.

use std::path::Path;

#[test]
fn the_reference_is_in_step_with_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    let found = mxprov::cli::reference();
    if std::env::var_os("MXPROV_BLESS").is_some() {
        std::fs::write(&path, &found).expect("the reference can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == written, "docs/cli.md is out of date: MXPROV_BLESS=1 cargo test --test cli");
}

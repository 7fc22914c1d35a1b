//! Tests that need more than every machine has.

/// Says that a test is skipped, and why. Where all that tests need is there
/// (`tests/in_image.sh` says so), nothing may be.
pub(in crate::remote) fn skipped(why: &str) {
    assert!(std::env::var_os("MXPROV_NO_SKIP").is_none(), "must not be skipped: {why}");
    eprintln!("skipped: {why}");
}

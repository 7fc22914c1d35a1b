//! Ctrl-C: the first ends the run in order, the second at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::report::Reporter;

use super::exit::Exit;

/// Watches for ctrl-C from now on: becomes true at the first one (or SIGTERM). `asking` is set while
/// a person is asked and nothing is under way: ctrl-C leaves at once then.
pub fn watch(reporter: &Arc<Reporter>, asking: &Arc<AtomicBool>) -> watch::Receiver<bool> {
    let (sender, pressed) = watch::channel(false);
    let (reporter, asked) = (Arc::clone(reporter), Arc::clone(asking));
    tokio::spawn(async move {
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
        loop {
            let terminated = async {
                match &mut terminate {
                    Some(signal) => signal.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                pressed = tokio::signal::ctrl_c() => if pressed.is_err() { return },
                _ = terminated => {}
            }
            if asked.load(Ordering::Acquire) {
                reporter.message("\ninterrupted: nothing was applied");
                leave(&reporter);
            }
            if *sender.borrow() {
                leave(&reporter);
            }
            reporter.message(
                "interrupted: what is under way is finished, nothing new is started; again to leave at once",
            );
            sender.send_replace(true);
        }
    });
    pressed
}

/// Ends the program in the middle of its work, because the person asked twice.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "cli/ is where the program ends")]
fn leave(reporter: &Reporter) -> ! {
    reporter.pause();
    std::process::exit(Exit::Interrupted.code().into())
}

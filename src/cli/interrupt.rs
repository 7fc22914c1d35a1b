//! Ctrl-C: the first ends the run in order, the second at once.

use std::sync::Arc;

use tokio::sync::watch;

use crate::report::Reporter;

use super::exit::Exit;

/// Becomes true at the first ctrl-C (or SIGTERM).
pub fn watch(reporter: Arc<Reporter>) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
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
            if *sender.borrow() {
                leave(&reporter);
            }
            reporter.message(
                "interrupted: what is under way is finished, nothing new is started; again to leave at once",
            );
            sender.send_replace(true);
        }
    });
    receiver
}

/// Ends the program in the middle of its work, because the person asked twice.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "cli/ is where the program ends")]
fn leave(reporter: &Reporter) -> ! {
    reporter.pause();
    std::process::exit(Exit::Interrupted.code().into())
}

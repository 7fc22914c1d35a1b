//! How and when a relay cuts connections.

use std::time::Duration;

use tokio::sync::watch;

use super::traffic::Direction;

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Cut {
    /// Both sides get a reset at once.
    Reset,
    /// Nothing passes any more, and nobody is told: a pulled cable.
    Silence,
    /// Both sides see an orderly end.
    Close,
}

/// When it ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Exactly so many bytes have passed in one direction, counted from the relay's start.
    Bytes(Direction, u64),
    /// So many round trips are complete: the answer has come, the client has not seen it.
    RoundTrips(u64),
    /// So much time has passed since the trigger was set.
    After(Duration),
}

/// What happens to new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Door {
    #[default]
    Open,
    /// They are reset when they come.
    Refuse,
    /// They are taken and nothing answers.
    Silent,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Position {
    /// The last cut and its number: a connection heeds those made after it was.
    pub cut: Option<Cut>,
    pub cuts: u64,
    pub door: Door,
    looks: u64,
}

/// What the test's side changes and every connection listens to.
#[derive(Debug, Clone)]
pub(super) struct Switch {
    sender: watch::Sender<Position>,
}

impl Switch {
    pub fn new() -> Self {
        Self { sender: watch::Sender::new(Position::default()) }
    }

    pub fn cut(&self, cut: Cut) {
        self.sender.send_modify(|position| {
            position.cut = Some(cut);
            position.cuts += 1;
        });
    }

    pub fn set_door(&self, door: Door) {
        self.sender.send_modify(|position| position.door = door);
    }

    /// Wakes whoever waits for a deadline that may be new.
    pub fn look_again(&self) {
        self.sender.send_modify(|position| position.looks += 1);
    }

    pub fn door(&self) -> Door {
        self.sender.borrow().door
    }

    pub fn listen(&self) -> watch::Receiver<Position> {
        self.sender.subscribe()
    }

    /// Waits for the next cut of a connection that has seen `cuts` of them.
    pub async fn next_cut(&self, cuts: u64) -> Cut {
        let mut receiver = self.listen();
        let position = receiver.wait_for(|position| position.cuts > cuts).await;
        position.ok().and_then(|position| position.cut).unwrap_or(Cut::Close)
    }
}

//! A port that counts who knocks: nothing is to be asked of a host before all else is right.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A listener on loopback that closes every connection at once.
pub struct Listener {
    /// Where it listens.
    pub port: u16,
    count: Arc<AtomicUsize>,
}

impl Listener {
    /// Listens until the test binary ends.
    pub fn start() -> Self {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback can be bound");
        let port = socket.local_addr().expect("has an address").port();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        std::thread::spawn(move || {
            for connection in socket.incoming() {
                counted.fetch_add(1, Ordering::AcqRel);
                // The client may be gone already.
                drop(connection.and_then(|mut stream| stream.write_all(b"not ssh\r\n")));
            }
        });
        Self { port, count }
    }

    /// How many connections were made so far.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }
}

/// A loopback port on which nobody listens.
pub fn closed_port() -> u16 {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback can be bound");
    socket.local_addr().expect("has an address").port()
}

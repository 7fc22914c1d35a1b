//! Finds the ends of parts in a stream of output: marks that carry a nonce that output cannot know.

use std::collections::VecDeque;

/// First byte of every mark (ASCII record separator): rare in text, so it is cheap to look for.
const START: u8 = 0x1e;
/// A mark after its nonce is `:p:4294967295:255\n` at most.
const LONGEST_TAIL: usize = 24;

/// Output of one part on one stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Capture {
    pub bytes: Vec<u8>,
    /// There was more than the cap; the rest was read and dropped.
    pub truncated: bool,
}

/// What a stream tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Part `index` ended; the status is on the standard output's mark only.
    Part { index: usize, status: Option<i32>, output: Capture },
    /// The batch is over on this stream.
    End,
}

/// Cuts one stream into frames. Batches are awaited in the order they were sent.
pub(super) struct Splitter<T> {
    awaited: VecDeque<(String, T)>,
    capture: Capture,
    /// Bytes from a `START` on that may turn out to be a mark.
    held: Vec<u8>,
    cap: usize,
    abandoned: bool,
}

impl<T> Splitter<T> {
    pub fn new(cap: usize) -> Self {
        Self {
            awaited: VecDeque::new(),
            capture: Capture::default(),
            held: Vec::new(),
            cap,
            abandoned: false,
        }
    }

    /// Expects the frames of a batch with this nonce; they are handed over with `tag`, which is
    /// dropped when the stream has been given up.
    pub fn expect(&mut self, nonce: String, tag: T) {
        if self.abandoned {
            return;
        }
        self.awaited.push_back((nonce, tag));
    }

    /// Gives up: the tags are dropped, so those who wait on them see the end.
    pub fn abandon(&mut self) {
        self.awaited.clear();
        self.abandoned = true;
    }

    /// What was received since the last frame, for the message of a lost session.
    pub fn unframed(&self) -> &[u8] {
        &self.capture.bytes
    }

    /// Takes what arrived and calls `deliver` for each frame that is complete.
    pub fn feed(&mut self, data: &[u8], deliver: &mut impl FnMut(&T, Frame)) {
        if self.held.is_empty() {
            self.split(data, deliver);
        } else {
            let mut joined = std::mem::take(&mut self.held);
            joined.extend_from_slice(data);
            self.split(&joined, deliver);
        }
    }

    fn split(&mut self, mut data: &[u8], deliver: &mut impl FnMut(&T, Frame)) {
        while let Some(start) = data.iter().position(|byte| *byte == START) {
            self.keep(&data[..start]);
            data = &data[start..];
            match self.mark(data) {
                Mark::Whole(length, body) => {
                    self.take_mark(&body, deliver);
                    data = &data[length..];
                }
                Mark::None => {
                    self.keep(&data[..1]);
                    data = &data[1..];
                }
                Mark::Partial => {
                    self.held = data.to_vec();
                    return;
                }
            }
        }
        self.keep(data);
    }

    fn keep(&mut self, data: &[u8]) {
        let room = self.cap.saturating_sub(self.capture.bytes.len());
        let kept = data.len().min(room);
        self.capture.bytes.extend_from_slice(&data[..kept]);
        self.capture.truncated |= kept < data.len();
    }

    /// Whether `data`, which begins with `START`, is a mark of the batch that is awaited.
    fn mark(&self, data: &[u8]) -> Mark {
        let Some((nonce, _)) = self.awaited.front() else {
            return Mark::None;
        };
        let nonce = nonce.as_bytes();
        let seen = &data[1..];
        let common = seen.len().min(nonce.len());
        if seen[..common] != nonce[..common] {
            return Mark::None;
        }
        let tail = &seen[common..];
        match tail.iter().position(|byte| *byte == b'\n') {
            Some(end) if end <= LONGEST_TAIL => {
                let body = String::from_utf8_lossy(&tail[..end]).into_owned();
                Mark::Whole(1 + common + end + 1, body)
            }
            None if tail.len() <= LONGEST_TAIL => Mark::Partial,
            _ => Mark::None,
        }
    }

    fn take_mark(&mut self, body: &str, deliver: &mut impl FnMut(&T, Frame)) {
        let mut fields = body.split(':').skip(1);
        let kind = fields.next();
        let index = fields.next().and_then(|field| field.parse().ok());
        let status = fields.next().and_then(|field| field.parse().ok());
        let output = std::mem::take(&mut self.capture);
        match (kind, index) {
            (Some("p"), Some(index)) => {
                if let Some((_, tag)) = self.awaited.front() {
                    deliver(tag, Frame::Part { index, status, output });
                }
            }
            _ => {
                if let Some((_, tag)) = self.awaited.pop_front() {
                    deliver(&tag, Frame::End);
                }
            }
        }
    }
}

enum Mark {
    Whole(usize, String),
    Partial,
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(cap: usize, chunks: &[&[u8]]) -> Vec<Frame> {
        let mut splitter = Splitter::new(cap);
        splitter.expect("abcd".into(), ());
        let mut found = Vec::new();
        for chunk in chunks {
            splitter.feed(chunk, &mut |(), frame| found.push(frame));
        }
        found
    }

    fn part(index: usize, status: i32, bytes: &[u8], truncated: bool) -> Frame {
        let output = Capture { bytes: bytes.to_vec(), truncated };
        Frame::Part { index, status: Some(status), output }
    }

    const STREAM: &[u8] = b"one\x1e\x1eabce\x1eabcd:p:0:0\ntwo\n\x1eabcd:p:1:7\n\x1eabcd:e\nrest";

    #[test]
    fn parts_are_found_however_the_stream_is_cut() {
        let expected =
            [part(0, 0, b"one\x1e\x1eabce", false), part(1, 7, b"two\n", false), Frame::End];
        for cut in 0..STREAM.len() {
            assert_eq!(frames(100, &[&STREAM[..cut], &STREAM[cut..]]), expected, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = STREAM.chunks(1).collect();
        assert_eq!(frames(100, &bytes), expected);
    }

    #[test]
    fn what_is_over_the_cap_is_dropped_and_said() {
        assert_eq!(frames(2, &[b"lots of it\x1eabcd:p:0:0\n"]), [part(0, 0, b"lo", true)]);
    }

    #[test]
    fn a_mark_with_another_nonce_is_output() {
        assert_eq!(
            frames(99, &[b"\x1eabce:p:0:0\n\x1eabcd:p:0:1\n"]),
            [part(0, 1, b"\x1eabce:p:0:0\n", false)]
        );
    }
}

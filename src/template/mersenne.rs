//! The Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), seeded as `CPython`'s `random` does.

use sha2::{Digest, Sha512};

const SIZE: usize = 624;
const SHIFT: usize = 397;

/// The generator.
pub(crate) struct Mersenne {
    state: [u32; SIZE],
    at: usize,
}

impl Mersenne {
    /// Seeded with a non-negative integer.
    pub fn from_integer(seed: u64) -> Self {
        let low = u32::try_from(seed & 0xffff_ffff).unwrap_or(0);
        let high = u32::try_from(seed >> 32).unwrap_or(0);
        let words = [low, high];
        Self::from_words(if high == 0 { &words[..1] } else { &words })
    }

    /// Seeded with a text: its bytes and their SHA-512 as one large integer.
    pub fn from_text(seed: &str) -> Self {
        let mut bytes = seed.as_bytes().to_vec();
        bytes.extend_from_slice(&Sha512::digest(seed.as_bytes()));
        bytes.reverse();
        let word = |chunk: &[u8]| {
            let mut word = [0u8; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            u32::from_le_bytes(word)
        };
        let mut words: Vec<u32> = bytes.chunks(4).map(word).collect();
        while words.len() > 1 && words.last() == Some(&0) {
            words.pop();
        }
        Self::from_words(&words)
    }

    fn from_number(seed: u32) -> Self {
        let mut state = [0u32; SIZE];
        state[0] = seed;
        for index in 1..SIZE {
            let last = state[index - 1];
            let step = u32::try_from(index).unwrap_or(0);
            state[index] = 1_812_433_253u32.wrapping_mul(last ^ (last >> 30)).wrapping_add(step);
        }
        Self { state, at: SIZE }
    }

    fn from_words(key: &[u32]) -> Self {
        let mut generator = Self::from_number(19_650_218);
        let state = &mut generator.state;
        let (mut i, mut j) = (1, 0);
        for _ in 0..SIZE.max(key.len()) {
            let last = state[i - 1];
            let mixed = state[i] ^ (last ^ (last >> 30)).wrapping_mul(1_664_525);
            let step = u32::try_from(j).unwrap_or(0);
            state[i] = mixed.wrapping_add(key[j]).wrapping_add(step);
            i += 1;
            j = (j + 1) % key.len();
            if i >= SIZE {
                state[0] = state[SIZE - 1];
                i = 1;
            }
        }
        for _ in 0..SIZE - 1 {
            let last = state[i - 1];
            let mixed = state[i] ^ (last ^ (last >> 30)).wrapping_mul(1_566_083_941);
            state[i] = mixed.wrapping_sub(u32::try_from(i).unwrap_or(0));
            i += 1;
            if i >= SIZE {
                state[0] = state[SIZE - 1];
                i = 1;
            }
        }
        state[0] = 0x8000_0000;
        generator
    }

    fn refill(&mut self) {
        for index in 0..SIZE {
            let next = self.state[(index + 1) % SIZE];
            let mixed = (self.state[index] & 0x8000_0000) | (next & 0x7fff_ffff);
            let twist = if mixed & 1 == 0 { 0 } else { 0x9908_b0df };
            self.state[index] = self.state[(index + SHIFT) % SIZE] ^ (mixed >> 1) ^ twist;
        }
        self.at = 0;
    }

    fn next(&mut self) -> u32 {
        if self.at >= SIZE {
            self.refill();
        }
        let mut word = self.state[self.at];
        self.at += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn bits(&mut self, count: u32) -> u64 {
        if count <= 32 {
            return u64::from(self.next() >> (32 - count.max(1)));
        }
        let low = u64::from(self.next());
        low | (u64::from(self.next() >> (64 - count)) << 32)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        let count = 64 - limit.leading_zeros();
        loop {
            let number = self.bits(count);
            if number < limit {
                return number;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Observed from `CPython` 3.11.
    #[test]
    fn gives_what_python_gives() {
        assert_eq!(Mersenne::from_text("x").below(10), 5);
        let mut seeded = Mersenne::from_integer(42);
        assert_eq!([seeded.below(100), seeded.below(100), seeded.below(100)], [81, 14, 3]);
    }
}

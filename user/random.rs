// SPDX-License-Identifier: GPL-2.0

//! Pseudo-random numbers for tests.

/// Generator of pseudo-random numbers, which the seed determines (xorshift64*).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        // The state must not be 0: its successor would be 0.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns a number below `bound`, which must not be 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;

        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;

        // CAST: 32 bits.
        high as usize % bound
    }

    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(4) {
            // CAST: 32 bits.
            let random = (self.below(1 << 32) as u32).to_le_bytes();

            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }
}

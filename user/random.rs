// SPDX-License-Identifier: GPL-2.0

//! Numbers for tests.

/// Numbers that look random and are the same for the same seed (xorshift64*).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `bound`, which is not 0.
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

// SPDX-License-Identifier: GPL-2.0

//! Time limits of programs.

use kernel::prelude::*;

/// Time beside that of the bursts, in milliseconds: the bus may be busy, and a board emulated.
const BASE_MS: u64 = 5000;

/// Clock cycles that a burst, read and written, may take.
///
/// An idle DRAM takes some 100, without others at the same time.
const BURST_CLOCKS: u64 = 1024;

/// Bytes of a full burst on the narrowest bus: 16 beats of 4 bytes.
const BURST_BYTES: u64 = 64;

/// Most bursts of a part beside the full ones: those before and after them.
const PART_BURSTS: u64 = 8;

/// Lowest rate of the clock in hertz that is believed.
const MIN_RATE: u64 = 1_000_000;

/// Returns the longest time in milliseconds that each program of a transfer may take.
///
/// The transfer has `bytes` bytes in `parts` parts, each contiguous on both sides. `rate` is that
/// of the controller's clock in hertz.
pub(super) fn timeout_ms(bytes: usize, parts: usize, rate: c_ulong) -> u32 {
    let (bytes, parts) = (bytes as u64, parts as u64);
    let bursts = (bytes / BURST_BYTES).saturating_add(parts.saturating_mul(PART_BURSTS));
    // The rate is that of Rockchip's clock driver: it fits into 64 bits on every machine.
    let clocks_per_ms = u64::max(rate as u64, MIN_RATE) / 1000;
    let ms = bursts.saturating_mul(BURST_CLOCKS) / clocks_per_ms + BASE_MS;

    u32::try_from(ms).unwrap_or(u32::MAX)
}

#[cfg(CONFIG_KUNIT = "y")]
#[kunit_tests(rk3588_dma_limit)]
mod tests {
    use super::*;

    const RATE: c_ulong = 375_000_000;

    #[test]
    fn a_short_copy_has_the_base() {
        assert_eq!(timeout_ms(1, 1, RATE), 5000);
        assert_eq!(timeout_ms(4096, 1, RATE), 5000);
    }

    #[test]
    fn the_limit_grows_with_bytes_and_parts() {
        // A burst takes 2.73 µs.
        assert_eq!(timeout_ms(64 << 20, 1, RATE), 5000 + 2863);
        // A part has 8 bursts more: a byte in each of a million rows.
        assert_eq!(timeout_ms(1 << 20, 1 << 20, RATE), 5000 + 22951);
    }

    #[test]
    fn a_slower_clock_has_a_longer_limit() {
        assert_eq!(timeout_ms(64 << 20, 1, RATE / 10), 5000 + 28633);
        // No clock is as slow as that.
        assert_eq!(
            timeout_ms(64 << 20, 1, 0),
            timeout_ms(64 << 20, 1, 1_000_000)
        );
    }

    #[test]
    fn the_longest_transfer_has_a_limit() {
        assert_eq!(timeout_ms(usize::MAX, usize::MAX, 0), u32::MAX);
    }
}

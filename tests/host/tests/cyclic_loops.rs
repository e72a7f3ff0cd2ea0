// SPDX-License-Identifier: GPL-2.0

//! Tests that a ring is accepted exactly if there are loops for it, by trying all of them.

use crate::cyclic_tests::{
    of,
    BUFFER, //
};
use crate::program::{
    RequestKind,
    SlaveConfig,
    SlaveDirection,
    SlaveError, //
};
use crate::slave_device::slave_config;

/// Returns the length of the shortest code for `count` iterations of a body of `len` bytes, of all
/// pairs of loops.
fn shortest(count: u32, len: u32) -> Option<u32> {
    let once = |times: u32, len: u32| match times {
        0 => 0,
        1 => len,
        _ => len + 4,
    };
    let mut best = None;

    for each in 1..=255 / len {
        for times in 1..=256 {
            if times * each > count {
                break;
            }

            let rest = count - times * each;

            if rest <= 256 {
                let len = once(times, each * len) + once(rest, len);

                best = Some(best.map_or(len, |best: u32| best.min(len)));
            }
        }
    }
    best
}

/// Returns true if some loops are a ring of `periods` periods of `bursts` bursts and `tail` beats.
fn can_be_encoded(periods: u32, bursts: u32, tail: u32, is_single: bool) -> bool {
    let set_address = 6;
    let signal = 3;
    let tail = match (tail, is_single) {
        (0, _) => 0,
        (1, true) => 7,
        (_, true) => 11,
        // With the control word for it and, if there are bursts, that for them.
        (_, false) if bursts != 0 => 7 + 2 * 8,
        (_, false) => 7,
    };
    let in_one_loop = match bursts {
        0 => Some(0),
        _ => shortest(bursts, 7),
    };
    let rest = match bursts % 256 {
        0 => 0,
        1 => 7,
        _ => 11,
    };
    let in_two_loops = match bursts / 256 {
        0 => Some(rest),
        full => shortest(full, 11).map(|it| it + rest),
    };
    let fits = |len: u32| set_address + len <= 255;
    let has_period_loop = in_one_loop
        .map(|it| it + tail + signal)
        .filter(|&it| it <= 255)
        .and_then(|it| shortest(periods, it))
        .is_some_and(fits);
    let has_burst_loops = in_two_loops
        .map(|it| it + tail + signal)
        .is_some_and(|it| fits(it.saturating_mul(periods)));

    has_period_loop || has_burst_loops
}

/// Each ring that the loops permit is accepted, and no other.
#[test]
fn all_rings_that_can_be_encoded() {
    let mut counts = [0, 0];

    for (burst, tail, kind) in [
        (1, 0, RequestKind::Burst),
        (4, 3, RequestKind::Burst),
        (4, 3, RequestKind::SingleAndBurst),
        (4, 1, RequestKind::SingleAndBurst),
    ] {
        let config = SlaveConfig {
            kind,
            ..slave_config(SlaveDirection::MemToDev, 1, burst)
        };
        let sizes = (0..1100)
            .chain((1100..9500).step_by(37))
            .chain([7680, 8448, 8449, 8500, 8501, 8704, 8705, 65_536, 65_537])
            .chain([1_000_000, 1_310_720, 1_400_000, 3_000_000]);

        for bursts in sizes {
            let beats = bursts * u32::from(burst) + tail;

            for periods in [1, 2, 3, 4, 7, 8, 9, 16, 200, 256, 257, 511, 512, 1000, 4000] {
                let Some(len) = beats.checked_mul(periods).filter(|&it| it != 0) else {
                    continue;
                };
                let mut case = of(config, 1, 1);

                (case.len, case.period) = (len, beats);

                // Which beats are in reach is another question.
                let is_high = u64::from(BUFFER) + u64::from(len) > 1 << 32;
                let expected =
                    can_be_encoded(periods, bursts, tail, kind == RequestKind::SingleAndBurst);

                if is_high {
                    continue;
                }
                counts[usize::from(expected)] += 1;
                assert_eq!(
                    case.ring().err(),
                    (!expected).then_some(SlaveError::TooManyBursts),
                    "{periods} periods of {bursts} bursts and {tail}"
                );
            }
        }
    }
    assert!(counts.iter().all(|&it| it > 1000), "{counts:?}");
}

// SPDX-License-Identifier: GPL-2.0

//! Pieces of memory, joined and cut as a device wants them.

use std::cell::RefCell;

use crate::split::{
    EntryBuilder,
    EntryLimits,
    Extent,
    Sink, //
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::select, //
};

/// Arguments of `EntryLimits::new`.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    max_len: usize,
    boundary_mask: u64,
    units: [usize; 2],
}

impl Wanted {
    const ANY: Self = Self {
        max_len: usize::MAX,
        boundary_mask: u64::MAX,
        units: [4096, 64],
    };

    fn unit(&self) -> u64 {
        let [large, small] = self.units;

        match self.max_len {
            max_len if max_len >= large => large as u64,
            max_len if max_len >= small => small as u64,
            _ => 1,
        }
    }

    /// Returns true if no entry may continue with the byte at `address`.
    fn is_boundary(&self, address: u64) -> bool {
        address & self.boundary_mask == 0
    }
}

fn extent(start: u64, len: usize) -> Extent {
    Extent { start, len }
}

impl Sink for &RefCell<Vec<Extent>> {
    type Origin = u64;

    fn begin(&mut self, start: u64, origin: Option<u64>) {
        assert!(origin.is_none_or(|origin| origin == start));
        self.borrow_mut().push(extent(start, 0));
    }

    fn end(&mut self, len: usize) {
        let mut entries = self.borrow_mut();
        let last = entries.last_mut().unwrap();

        // An entry ends once.
        assert!(last.len == 0 && len != 0);
        last.len = len;
    }
}

fn split(wanted: Wanted, pieces: &[Extent]) -> Vec<Extent> {
    let entries = RefCell::default();
    let limits = EntryLimits::new(wanted.max_len, wanted.boundary_mask, wanted.units);
    let mut builder = EntryBuilder::new(limits, &entries);

    for &piece in pieces {
        builder.push(piece, piece.start);
    }
    builder.finish();
    entries.take()
}

/// The address of each byte.
fn bytes(extents: &[Extent]) -> Vec<u64> {
    extents
        .iter()
        .flat_map(|it| (0..it.len as u64).map(|offset| it.start.wrapping_add(offset)))
        .collect()
}

/// Splits byte by byte.
///
/// Each byte goes to the last entry, if the rules allow it. If that entry is full, a new entry also
/// takes the bytes after its last unit.
fn model(wanted: Wanted, pieces: &[Extent]) -> Vec<Extent> {
    let mut entries: Vec<Vec<u64>> = vec![];

    for byte in bytes(pieces) {
        let last = match entries.last_mut() {
            Some(last)
                if last.last().unwrap().wrapping_add(1) == byte && !wanted.is_boundary(byte) =>
            {
                last
            }
            _ => {
                entries.push(vec![byte]);
                continue;
            }
        };

        last.push(byte);
        if last.len() > wanted.max_len {
            let keep = (1..last.len())
                .rev()
                .find(|&at| last[at] % wanted.unit() == 0)
                .unwrap();
            let rest = last.split_off(keep);

            entries.push(rest);
        }
    }
    entries
        .iter()
        .map(|entry| extent(entry[0], entry.len()))
        .collect()
}

/// The least number of entries for bytes that follow each other, if cuts are where they may be.
fn fewest(wanted: Wanted, run: Extent) -> usize {
    let addresses = bytes(&[run]);
    let may_cut =
        |at: usize| wanted.is_boundary(addresses[at]) || addresses[at] % wanted.unit() == 0;
    // Minimum number of entries for the bytes before each.
    let mut least = vec![0usize];

    for end in 1..=run.len {
        let mut best = usize::MAX;

        for start in (end.saturating_sub(wanted.max_len)..end).rev() {
            if start == 0 || may_cut(start) {
                best = best.min(least[start].saturating_add(1));
            }
            if wanted.is_boundary(addresses[start]) {
                break;
            }
        }
        least.push(best);
    }
    least[run.len]
}

/// Runs of bytes, as long as can be, however they were cut.
fn runs(extents: &[Extent]) -> Vec<(u64, u128)> {
    let mut runs: Vec<(u64, u128)> = vec![];

    for it in extents.iter().filter(|it| it.len != 0) {
        match runs.last_mut() {
            Some((start, len)) if start.wrapping_add(*len as u64) == it.start => {
                *len += it.len as u128;
            }
            _ => runs.push((it.start, it.len as u128)),
        }
    }
    runs
}

fn masks() -> impl Strategy<Value = u64> {
    (0u32..=64).prop_map(|bits| u64::MAX.checked_shr(64 - bits).unwrap_or(0))
}

/// Addresses, more often than not around a page or at one of the two ends.
fn starts() -> impl Strategy<Value = u64> {
    prop_oneof![
        0u64..300,
        (0u64..300).prop_map(|below| u64::MAX - below),
        (any::<u32>(), 0u64..128).prop_map(|(page, at)| u64::from(page) * 4096 + at),
        any::<u64>(),
    ]
}

/// Pieces of at most `longest` bytes, many of which follow each other.
fn pieces(longest: usize) -> impl Strategy<Value = Vec<Extent>> {
    let gap = prop_oneof![3 => Just(Some(0u64)), 1 => (1u64..200).prop_map(Some), 1 => Just(None)];

    vec((starts(), gap, 0..=longest), 0..8).prop_map(|drawn| {
        let mut next = 0u64;

        drawn
            .into_iter()
            .map(|(elsewhere, gap, len)| {
                let start = gap.map_or(elsewhere, |gap| next.wrapping_add(gap));

                next = start.wrapping_add(len as u64);
                extent(start, len)
            })
            .collect()
    })
}

fn small() -> impl Strategy<Value = Wanted> {
    let units = select(vec![[64, 16], [16, 4], [8, 1], [1, 1]]);

    (1usize..200, masks(), units).prop_map(|(max_len, boundary_mask, units)| Wanted {
        max_len,
        boundary_mask,
        units,
    })
}

/// Limits that do not make millions of entries of what is long.
fn large() -> impl Strategy<Value = Wanted> {
    let max_len = prop_oneof![
        1usize << 50..=usize::MAX,
        Just(usize::MAX),
        Just(u32::MAX as usize)
    ];

    (max_len, 40u32..=64).prop_map(|(max_len, bits)| Wanted {
        max_len,
        boundary_mask: u64::MAX >> (64 - bits),
        ..Wanted::ANY
    })
}

proptest! {
    #[test]
    fn entries_are_those_of_the_model(wanted in small(), pieces in pieces(300)) {
        prop_assert_eq!(split(wanted, &pieces), model(wanted, &pieces));
    }

    #[test]
    fn there_are_as_few_as_the_rules_allow(
        wanted in small(),
        start in starts(),
        len in 1usize..400,
    ) {
        let run = extent(start, len);

        prop_assert_eq!(split(wanted, &[run]).len(), fewest(wanted, run));
    }

    /// The same bytes in other pieces make the same entries.
    #[test]
    fn pieces_that_follow_each_other_are_one(
        wanted in small(),
        start in starts(),
        lens in vec(0usize..100, 0..8),
    ) {
        let mut next = start;
        let mut pieces = vec![];

        for &len in &lens {
            pieces.push(extent(next, len));
            next = next.wrapping_add(len as u64);
        }
        prop_assert_eq!(
            split(wanted, &pieces),
            split(wanted, &[extent(start, lens.iter().sum())])
        );
    }

    /// Pieces that are too long for a model of single bytes.
    #[test]
    fn long_pieces_keep_the_rules(
        wanted in large(),
        start in starts(),
        lens in vec(1usize << 30..1 << 44, 1..4),
    ) {
        let mut next = start;
        let mut pieces = vec![];

        // As little of it as makes some hundred entries.
        let longest = (wanted.max_len as u128)
            .min(u128::from(wanted.boundary_mask) + 1)
            .saturating_mul(100);

        for len in lens {
            let len = (len as u128).min(longest) as usize;

            pieces.push(extent(next, len));
            next = next.wrapping_add(len as u64);
        }

        let entries = split(wanted, &pieces);

        prop_assert_eq!(runs(&entries), runs(&pieces));
        for entry in entries {
            let last = entry.start.wrapping_add(entry.len as u64 - 1);

            prop_assert!(0 < entry.len && entry.len <= wanted.max_len);
            prop_assert_eq!((entry.start ^ last) & !wanted.boundary_mask, 0);
        }
    }
}

#[test]
fn nothing_makes_no_entry() {
    assert_eq!(split(Wanted::ANY, &[]), []);
    assert_eq!(split(Wanted::ANY, &[extent(5, 0), extent(5, 0)]), []);
}

#[test]
fn pieces_without_bytes_are_left_out() {
    let pieces = [extent(64, 0), extent(100, 5), extent(7, 0), extent(105, 5)];

    assert_eq!(split(Wanted::ANY, &pieces), [extent(100, 10)]);
}

#[test]
fn a_gap_of_a_byte_or_a_step_back_is_no_joint() {
    for other in [111, 109, 100, 90] {
        let pieces = [extent(100, 10), extent(other, 10)];

        assert_eq!(split(Wanted::ANY, &pieces), pieces);
    }
}

#[test]
fn what_is_just_long_enough_is_not_cut() {
    let wanted = Wanted {
        max_len: 8192,
        ..Wanted::ANY
    };

    for start in [0, 4096, 100, u64::MAX - 8191] {
        assert_eq!(
            split(wanted, &[extent(start, 8192)]),
            [extent(start, 8192)],
            "{start}"
        );
    }
}

/// A cut in the middle of a cache line would be in two entries, which the kernel syncs one by one.
#[test]
fn cuts_are_at_pages_or_at_cache_lines() {
    let wanted = |max_len| Wanted {
        max_len,
        ..Wanted::ANY
    };

    assert_eq!(
        split(wanted(8192), &[extent(100, 20_000)]),
        [
            extent(100, 8092),
            extent(8192, 8192),
            extent(16_384, 3716) //
        ]
    );
    assert_eq!(
        split(wanted(4096), &[extent(4000, 5000)]),
        [extent(4000, 96), extent(4096, 4096), extent(8192, 808)]
    );
    assert_eq!(
        split(wanted(10_000), &[extent(0, 10_001)]),
        [extent(0, 8192), extent(8192, 1809)]
    );
    assert_eq!(
        split(wanted(100), &[extent(60, 200)]),
        [extent(60, 68), extent(128, 64), extent(192, 68)]
    );
    // There is no way to keep to lines.
    assert_eq!(
        split(wanted(48), &[extent(0, 100)]),
        [extent(0, 48), extent(48, 48), extent(96, 4)]
    );
}

#[test]
fn the_shortest_entries_are_bytes() {
    let bytes_of_page: Vec<_> = (0..4096).map(|at| extent(8000 + at, 1)).collect();
    let of_one = Wanted {
        max_len: 1,
        ..Wanted::ANY
    };
    let of_no_mask = Wanted {
        boundary_mask: 0,
        ..Wanted::ANY
    };

    for wanted in [of_one, of_no_mask] {
        assert_eq!(split(wanted, &[extent(8000, 4096)]), bytes_of_page);
    }
}

#[test]
fn each_boundary_is_kept() {
    for bits in 0..64 {
        let boundary = 1u64 << bits;
        let wanted = Wanted {
            boundary_mask: boundary - 1,
            ..Wanted::ANY
        };
        // The longest that fits, to the byte, and one more.
        let len = boundary as usize;

        assert_eq!(
            split(wanted, &[extent(boundary, len)]),
            [extent(boundary, len)]
        );
        assert_eq!(
            split(wanted, &[extent(boundary, len + 1)]),
            [extent(boundary, len), extent(boundary.wrapping_mul(2), 1)]
        );
        assert_eq!(
            split(wanted, &[extent(boundary - 1, 2)]),
            [extent(boundary - 1, 1), extent(boundary, 1)]
        );
    }
}

/// No memory is there, but nothing overflows.
#[test]
fn the_end_of_all_addresses_is_a_boundary() {
    assert_eq!(
        split(Wanted::ANY, &[extent(u64::MAX - 4, 10)]),
        [extent(u64::MAX - 4, 5), extent(0, 5)]
    );
    assert_eq!(
        split(Wanted::ANY, &[extent(0, usize::MAX)]),
        [extent(0, usize::MAX)]
    );
    assert_eq!(
        split(Wanted::ANY, &[extent(1, usize::MAX), extent(0, 1)]),
        [extent(1, usize::MAX), extent(0, 1)]
    );
    // The end is not where this one begins.
    let pieces = [extent(u64::MAX - 4, 5), extent(u64::MAX, 1)];

    assert_eq!(split(Wanted::ANY, &pieces), pieces);
    // As long as no `usize` says.
    assert_eq!(
        split(Wanted::ANY, &[extent(0, usize::MAX), extent(u64::MAX, 1)]),
        [extent(0, usize::MAX), extent(u64::MAX, 1)]
    );
}

#[test]
fn what_is_flushed_is_not_joined() {
    let entries = RefCell::default();
    let limits = EntryLimits::new(usize::MAX, u64::MAX, [4096, 64]);
    let mut builder = EntryBuilder::new(limits, &entries);

    builder.flush();
    builder.push(extent(0, 10), 0);
    builder.flush();
    builder.push(extent(10, 10), 10);
    builder.push(extent(20, 10), 20);
    builder.finish();
    assert_eq!(entries.take(), [extent(0, 10), extent(10, 20)]);
}

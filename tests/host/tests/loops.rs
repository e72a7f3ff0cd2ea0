// SPDX-License-Identifier: GPL-2.0

//! Loops of programs: where they are shorter, and in one line of the instruction cache.

use crate::copy_tests::RK3588;
use crate::executed_tests::{
    copy,
    count,
    has_loop,
    program, //
};
use crate::program::insn::{
    Counter,
    Instruction, //
};
use crate::program::{
    Copy2d,
    Memset,
    Operation,
    Pattern,
    ProgramLimits, //
};

/// A loop stands only where its body, written out, would be longer: written out, it executes less.
#[test]
fn loops_are_where_they_are_shorter() {
    /// DMALP and DMALPEND.
    const LOOP: u32 = 4;

    // A load and a store, a byte each; a store of zeroes; DMAMOV with a load and a store.
    for bursts in 1..=8 {
        let len = 128 * bursts;
        let fill = |pattern: &[u8]| Memset::new(0x8000_0000, len, Pattern::new(pattern).unwrap());
        let is_loop = |body: u32| bursts * body > body + LOOP;

        assert_eq!(has_loop(copy(0, 0, len), RK3588), is_loop(2), "{bursts}");
        assert_eq!(has_loop(fill(&[0]), RK3588), is_loop(1), "{bursts}");
        assert_eq!(has_loop(fill(&[1]), RK3588), is_loop(8), "{bursts}");
    }
}

/// DMANOPs move a loop into one line of the instruction cache. None stands where the loop was in
/// one without it, or is too long for any.
fn expect_useful_padding<J: Operation>(job: J, cache_line: u8) -> usize {
    let bus = ProgramLimits {
        cache_line,
        ..RK3588
    };
    let line = usize::from(cache_line);
    let (_, instructions) = program(job, bus);
    let (mut padding, mut padded) = (0, 0);

    for (at, (_, instruction)) in instructions.iter().enumerate() {
        match instruction {
            Instruction::Nop => padding += 1,
            // The loop that was moved is that over rows, if it begins here, or the next one to end.
            _ if padding != 0 => {
                let is_over_rows = |counter| counter == Counter::Lc1;
                let begins_rows = instructions[at..].iter().find_map(|(_, it)| match it {
                    Instruction::Lp { counter, .. } => Some(is_over_rows(*counter)),
                    _ => None,
                });
                let adds = |it: &(usize, Instruction)| matches!(it.1, Instruction::AddH(..));
                let is_rows = begins_rows == Some(true) && instructions[at..].iter().any(adds);
                let ends = instructions[at..].iter().find_map(|(offset, it)| match it {
                    Instruction::LpEnd { counter, body_len }
                        if is_over_rows(*counter) || !is_rows =>
                    {
                        Some((*offset, *body_len))
                    }
                    _ => None,
                });
                let (end, body_len) = ends.expect("DMANOP without a loop");
                let start = end - usize::from(body_len) - padding;
                let last = end + 1 - padding;

                assert!(last + 1 - start <= line, "{instructions:?}");
                assert_ne!(start / line, last / line, "{instructions:?}");
                padded += 1;
                padding = 0;
            }
            _ => (),
        }
    }
    padded
}

#[test]
fn loops_are_moved_only_where_it_helps() {
    let mut padded = 0;

    for cache_line in [4, 8, 16, 32] {
        for from in 0..8 {
            for to in 0..8 {
                for len in [2_000, 33_000, 100_000] {
                    padded += expect_useful_padding(copy(from, to, len), cache_line);
                    for bytes in [&[0][..], &[1, 2]] {
                        let pattern = Pattern::new(bytes).unwrap();
                        let fill = Memset::new(0x8000_0000 + to, len, pattern);

                        padded += expect_useful_padding(fill, cache_line);
                    }
                }
            }
        }
    }
    assert!(padded > 100, "{padded}");
}

/// The same for a loop over rows, whose body is longer.
#[test]
fn row_loops_are_moved_only_where_it_helps() {
    let mut padded = 0;

    for cache_line in [4, 8, 16, 32] {
        for (from, to) in [(0, 0), (1, 1), (0, 3)] {
            for row_len in [1, 8, 128, 136, 256, 1000] {
                for gap in [8, 80_000] {
                    let stride = u32::next_multiple_of(row_len + gap, 8);
                    let rows = Copy2d {
                        source: 0x1000_0000 + from,
                        destination: 0x8000_0000 + to,
                        row_len,
                        rows: 9,
                        source_stride: stride,
                        destination_stride: stride,
                    };

                    padded += expect_useful_padding(rows, cache_line);
                }
            }
        }
    }
    assert!(padded > 10, "{padded}");
}

/// Three rows, which is a loop or is not, of `row_len` bytes.
fn rows(bus: ProgramLimits, row_len: u32, stride: u32) -> (Copy2d, ProgramLimits) {
    let rows = Copy2d {
        source: 0x1000_0000,
        destination: 0x8000_0000,
        row_len,
        rows: 3,
        source_stride: stride,
        destination_stride: stride,
    };

    (rows, bus)
}

/// Rows that lie alike to the bus are a loop, be the stride an odd multiple of the bus width or
/// not.
#[test]
fn rows_are_a_loop_at_any_multiple_of_the_bus() {
    for bytes in [4, 8, 16] {
        for multiple in [11, 12, 13, 1001] {
            let width = u32::from(bytes);
            let (rows, bus) = rows(
                ProgramLimits { bytes, ..RK3588 },
                10 * width,
                multiple * width,
            );

            assert!(has_loop(rows, bus), "{bytes} {multiple}");
        }
    }
}

/// From the end of a row to the next one in as few steps as there can be: DMAADDH adds up to 65535.
#[test]
fn gaps_are_added_in_few_steps() {
    for (row_len, gap, adds) in [
        (8, 65_528, 1),
        (1, 65_535, 1),
        (2, 131_070, 2),
        (4, 262_140, 4),
    ] {
        let (rows, bus) = rows(RK3588, row_len, row_len + gap);

        assert!(has_loop(rows, bus), "{gap}");
        assert_eq!(
            count(rows, bus, |it| matches!(it, Instruction::AddH(..))),
            2 * adds,
            "{gap}"
        );
    }
}

/// A loop over two rows is as short as one over three, and shorter than both rows.
#[test]
fn two_rows_are_a_loop() {
    let (three, bus) = rows(RK3588, 128, 4096);
    let two = Copy2d { rows: 2, ..three };
    let over_rows = |it| {
        matches!(
            it,
            Instruction::Lp {
                counter: Counter::Lc1,
                ..
            }
        )
    };

    assert_eq!(count(two, bus, over_rows), 1);
    assert_eq!(program(two, bus).1.len(), program(three, bus).1.len());
}

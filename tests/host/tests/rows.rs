// SPDX-License-Identifier: GPL-2.0

//! Tests of rows, run by the model.

use crate::copy_tests::{
    buses,
    pattern,
    proptest_config,
    RK3588, //
};
use crate::model::{
    Access,
    Memory, //
};
use crate::plan_tests::{
    run,
    Totals,
    ENOUGH, //
};
use crate::program::{
    Copy2d,
    ProgramLimits,
    ProgramWriter, //
};
use proptest::prelude::*;

/// Rows and all that is between them: what is read, and what is written.
fn copied_rows(bus: ProgramLimits, rows: Copy2d, room: usize) -> Totals {
    let address = |start: u32, stride: u32, row: u32| start + stride * row;
    let span = rows.source_stride * (rows.rows - 1) + rows.row_len;
    let source = pattern(span);
    let mut memory = Memory::default().with(rows.source, source.clone(), Access::Read);

    let whole = rows.destination_stride == rows.row_len;
    let (count, len) = match whole {
        true => (1, rows.row_len * rows.rows),
        false => (rows.rows, rows.row_len),
    };

    for row in 0..count {
        let at = address(rows.destination, rows.destination_stride, row);

        memory = memory.with(at, vec![0xee; len as usize], Access::Write);
    }

    let totals = run(ProgramWriter::new(rows).unwrap(), bus, &mut memory, room);
    let from_start = |at: u32| (at - rows.destination) as usize;

    for row in 0..rows.rows {
        let at = address(rows.destination, rows.destination_stride, row);
        let from = (rows.source_stride * row) as usize;

        let row = match whole {
            true => &memory.region(rows.destination)[from_start(at)..],
            false => memory.region(at),
        };

        assert!(row[..rows.row_len as usize] == source[from..from + rows.row_len as usize]);
    }
    assert_eq!(totals.loads.bytes, totals.stores.bytes);
    totals
}

/// Strides that may be multiples of the bus, with and without a gap.
fn strides() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(0),
        1..=40u32,
        (0..=20u32).prop_map(|n| 16 * n),
        60_000..=70_000u32
    ]
}

pub(crate) fn some_rows() -> impl Strategy<Value = Copy2d> {
    let row_lens = prop_oneof![1..=40u32, (1..=40u32).prop_map(|n| 16 * n), 1..=5000u32];

    (
        row_lens,
        1..=20u32,
        strides(),
        strides(),
        0..=40u32,
        0..=40u32,
        any::<bool>(),
    )
        .prop_map(
            |(row_len, rows, source_gap, gap, from, to, on_end)| Copy2d {
                source: 0x1000_0000 + from,
                destination: 0x8000_0000 + to,
                row_len,
                rows,
                // Or so that rows begin at multiples of 16.
                source_stride: match on_end {
                    true => row_len + source_gap,
                    false => (row_len + source_gap).next_multiple_of(16),
                },
                destination_stride: match on_end {
                    true => row_len + gap,
                    false => (row_len + gap).next_multiple_of(16),
                },
            },
        )
}

proptest! {
    #![proptest_config(proptest_config())]

    #[test]
    fn any_rows_are_copied(bus in buses(), rows in some_rows(), room in ENOUGH..700) {
        copied_rows(bus, rows, room);
    }
}

#[test]
fn rows_of_an_image_are_a_loop() {
    let rows = |rows, gap: u32| Copy2d {
        source: 0x1000_0000,
        destination: 0x8000_0003,
        row_len: 333,
        rows,
        source_stride: 4096,
        destination_stride: 336 + gap,
    };
    let code = |rows| copied_rows(RK3588, rows, ENOUGH).code;

    assert_eq!(code(rows(3, 0)), code(rows(256, 0)));
    assert!(code(rows(1000, 0)) <= 4 * code(rows(256, 0)));
    // Where the alignment is another one in each row, each needs a program of its own.
    assert!(code(rows(4, 1)) > code(rows(3, 1)) + 20);
}

/// Rows so long that the loop for one of them needs both counters, of which the loop over the rows
/// has taken one.
#[test]
fn long_rows_are_a_loop() {
    let bus = ProgramLimits {
        bytes: 4,
        lines: 2,
        ..RK3588
    };

    for (to, most) in [(0, 2048), (2, 1024)] {
        for row_len in [most, most + 1, 2 * most, 5 * most + 7] {
            let rows = |rows| Copy2d {
                source: 0x1000_0000,
                destination: 0x8000_0000 + to,
                row_len,
                rows,
                source_stride: row_len.next_multiple_of(4),
                destination_stride: row_len.next_multiple_of(4) + 8,
            };
            let code = |count| copied_rows(bus, rows(count), 400).code;

            assert_eq!(code(3), code(50), "{to} {row_len}");
        }
    }
}

/// Rows whose program is too long for the body of a loop, although there is room for it.
#[test]
fn rows_too_long_for_a_loop_stand_alone() {
    let bus = ProgramLimits {
        bytes: 4,
        lines: 2,
        ..RK3588
    };
    let rows = |rows| Copy2d {
        source: 0x1000_0000,
        destination: 0x8000_0000,
        row_len: 100 * 2048,
        rows,
        // So far that the address of each row is set.
        source_stride: 140 * 2048,
        destination_stride: 141 * 2048,
    };
    let code = |count| copied_rows(bus, rows(count), 2000).code;

    assert!(code(4) > code(3) + 20);
}

/// The same row again and again, and rows that overlap the one before.
#[test]
fn source_rows_may_overlap() {
    for source_stride in [0, 1, 8, 99] {
        for destination_stride in [100, 104, 108] {
            copied_rows(
                RK3588,
                Copy2d {
                    source: 0x1000_0003,
                    destination: 0x8000_0000,
                    row_len: 100,
                    rows: 20,
                    source_stride,
                    destination_stride,
                },
                300,
            );
        }
    }
}

/// The last byte that 32 bits can address is one like any other, read or written.
#[test]
fn the_end_of_the_address_space() {
    let end = |len: u32| 0u32.wrapping_sub(len);

    for stride in [64, 65, 72] {
        let (rows, row_len) = (50, 61);
        let span = stride * (rows - 1) + row_len;

        for (source, destination) in [(end(span), 0x1000_0003), (0x1000_0003, end(span))] {
            let rows = Copy2d {
                source,
                destination,
                row_len,
                rows,
                source_stride: stride,
                destination_stride: stride,
            };

            copied_rows(RK3588, rows, ENOUGH);
        }
    }
}

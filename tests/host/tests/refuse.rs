// SPDX-License-Identifier: GPL-2.0

//! Tests of requests that the planner rejects.

use crate::copy_tests::{
    proptest_config,
    RK3588, //
};
use crate::program::insn::{
    Assembler,
    Event,
    TooLong, //
};
use crate::program::{
    Copy,
    Copy2d,
    Memset,
    Operation,
    Pattern,
    PlanError,
    ProgramWriter,
    Segment,
    SgCopy,
    SgMemset, //
};
use proptest::prelude::*;

fn refusal<J: Operation>(job: J) -> Option<PlanError> {
    ProgramWriter::new(job).err()
}

fn copy(source: u32, destination: u32, len: u32) -> Copy {
    Copy {
        source,
        destination,
        len,
    }
}

#[test]
fn copies() {
    assert_eq!(refusal(copy(0, 100, 0)), Some(PlanError::Empty));
    assert_eq!(refusal(copy(0, 100, 100)), None);
    assert_eq!(refusal(copy(100, 0, 100)), None);
    assert_eq!(refusal(copy(u32::MAX, 0, 1)), None);
    assert_eq!(refusal(copy(u32::MAX, 0, 2)), Some(PlanError::Unreachable));
    assert_eq!(refusal(copy(0, u32::MAX, 2)), Some(PlanError::Unreachable));
}

#[test]
fn fills() {
    let fill = |at, len| refusal(Memset::new(at, len, Pattern::ZERO));

    assert_eq!(fill(0, 0), Some(PlanError::Empty));
    assert_eq!(fill(u32::MAX, 1), None);
    assert_eq!(fill(u32::MAX, 2), Some(PlanError::Unreachable));
    for len in [0, 3, 5, 6, 7, 9] {
        assert_eq!(Pattern::new(&[1; 9][..len]), None);
    }
}

/// A pattern is read from behind the program, so that must be somewhere.
#[test]
fn a_pattern_of_a_program_that_is_nowhere() {
    let mut plan = ProgramWriter::new(Memset::new(0, 9, Pattern::new(&[1]).unwrap())).unwrap();
    let mut memory = [0; 1024];
    let written = plan.write(
        &mut Assembler::new(&mut memory),
        RK3588,
        Event::new(0).unwrap(),
    );

    assert_eq!(written, Err(TooLong));
    assert_eq!(plan.done(), 0);
}

fn lists(from: &[(u32, u32)], to: &[(u32, u32)]) -> Option<PlanError> {
    let list = |list: &[(u32, u32)]| {
        list.iter()
            .map(|&(address, len)| Segment { address, len })
            .collect::<Vec<_>>()
            .into_iter()
    };

    refusal(SgCopy::new(list(from), list(to)))
}

#[test]
fn lists_that_do_not_match() {
    assert_eq!(lists(&[], &[]), Some(PlanError::Empty));
    assert_eq!(lists(&[(5, 0)], &[(5, 0)]), Some(PlanError::Empty));
    assert_eq!(lists(&[(0, 9)], &[(20, 8)]), Some(PlanError::Lengths));
    assert_eq!(lists(&[(0, 9)], &[(20, 4), (30, 5)]), None);
    assert_eq!(
        lists(&[(u32::MAX, 2)], &[(20, 2)]),
        Some(PlanError::Unreachable)
    );
}

#[test]
fn lists_to_fill() {
    let list = |list: &[(u32, u32)]| {
        let list: Vec<_> = list
            .iter()
            .map(|&(address, len)| Segment { address, len })
            .collect();

        refusal(SgMemset::new(list, Pattern::ZERO))
    };

    assert_eq!(list(&[]), Some(PlanError::Empty));
    assert_eq!(list(&[(5, 0)]), Some(PlanError::Empty));
    assert_eq!(list(&[(5, 0), (u32::MAX, 1)]), None);
    assert_eq!(list(&[(5, 1), (u32::MAX, 2)]), Some(PlanError::Unreachable));
}

#[test]
fn a_stride_that_is_too_short() {
    let rows = |stride| {
        refusal(Copy2d {
            source: 0,
            destination: 1000,
            row_len: 10,
            rows: 3,
            source_stride: 0,
            destination_stride: stride,
        })
    };

    assert_eq!(rows(10), None);
    assert_eq!(rows(9), Some(PlanError::Overlap));
}

fn rows(row_len: u32, rows: u32, source_stride: u32, destination_stride: u32) -> Copy2d {
    Copy2d {
        source: 0,
        destination: 1000,
        row_len,
        rows,
        source_stride,
        destination_stride,
    }
}

#[test]
fn rows_that_are_none_or_too_far() {
    assert_eq!(refusal(rows(0, 3, 10, 10)), Some(PlanError::Empty));
    assert_eq!(refusal(rows(10, 0, 10, 10)), Some(PlanError::Empty));
    // The last row may end at 4 GiB.
    assert_eq!(refusal(rows(6, 2, 0, u32::MAX - 1005)), None);
    assert_eq!(
        refusal(rows(7, 2, 0, u32::MAX - 1005)),
        Some(PlanError::Unreachable)
    );
    assert_eq!(
        refusal(rows(7, 2, u32::MAX - 5, 10)),
        Some(PlanError::Unreachable)
    );
    for far in [rows(7, 3, u32::MAX, 10), rows(7, u32::MAX, 0, u32::MAX)] {
        assert_eq!(refusal(far), Some(PlanError::Unreachable));
    }
    // One row has no stride.
    assert_eq!(refusal(rows(7, 1, u32::MAX, u32::MAX)), None);
}

/// The maximum number of rows on one side between those of the other.
///
/// The planner quickly finds that they do not overlap, or that only the last ones do.
#[test]
fn as_many_rows_as_there_can_be() {
    let interleaved = |destination, rows| Copy2d {
        destination,
        ..self::rows(1, rows, 2, 2)
    };

    assert_eq!(refusal(interleaved(1, 1 << 31)), None);
    assert_eq!(refusal(interleaved(0xffff_fff0, 8)), None);
    assert_eq!(
        refusal(interleaved(1 << 30, 1 << 30)),
        Some(PlanError::Overlap)
    );
}

/// All destination rows have the same source row, in the middle of them.
#[test]
fn a_source_row_between_destination_rows() {
    let around = |source| {
        refusal(Copy2d {
            source,
            destination: 0,
            row_len: 10,
            rows: 3,
            source_stride: 0,
            destination_stride: 40,
        })
    };

    assert_eq!(around(10), None);
    assert_eq!(around(30), None);
    assert_eq!(around(31), Some(PlanError::Overlap));
    assert_eq!(around(49), Some(PlanError::Overlap));
    assert_eq!(around(50), None);
}

/// An iterator whose clones do not yield what it did breaks its promise. That must not be paid for
/// with a planner that never comes back.
#[test]
fn a_list_that_becomes_shorter() {
    use std::cell::Cell;

    let is_there = Cell::new(true);
    let list = |address| {
        let is_there = &is_there;

        (0..2u32)
            .filter(move |n| *n == 0 || is_there.get())
            .map(move |n| Segment {
                address: address + 100 * n,
                len: 8,
            })
    };
    let mut plan = ProgramWriter::new(SgCopy::new(list(0), list(1000))).unwrap();
    let mut memory = [0; 256];
    let mut write = || {
        plan.write(
            &mut Assembler::new(&mut memory),
            RK3588,
            Event::new(0).unwrap(),
        )?;
        Ok(plan.done())
    };

    is_there.set(false);
    assert_eq!(write(), Ok(8));
    assert_eq!(write(), Err(TooLong));
}

/// Returns true if both have a byte in common; compares single bytes.
fn share(from: &[(u32, u32)], to: &[(u32, u32)]) -> bool {
    let has = |list: &[(u32, u32)], byte: u32| {
        list.iter()
            .any(|&(address, len)| (address..address + len).contains(&byte))
    };

    (0..400).any(|byte| has(from, byte) && has(to, byte))
}

proptest! {
    #![proptest_config(proptest_config())]

    /// Rows to write meet each other where the stride is shorter than a row.
    #[test]
    fn rows_that_overlap_each_other(row_len in 1..10u32, rows in 1..5u32, stride in 0..20u32) {
        let list: Vec<_> = (0..rows).map(|row| (row * stride, row_len)).collect();
        let meet = (1..list.len()).any(|row| share(&list[..row], &list[row..=row]));
        let job = Copy2d {
            source: 1000,
            destination: 0,
            row_len,
            rows,
            source_stride: row_len,
            destination_stride: stride,
        };

        prop_assert_eq!(refusal(job), meet.then_some(PlanError::Overlap));
    }

    #[test]
    fn rows_that_overlap(
        source in 0..100u32, destination in 0..100u32, row_len in 1..10u32, rows in 1..8u32,
        stride in 0..30u32, more in 0..30u32, alike in any::<bool>(),
    ) {
        let destination_stride = row_len + more;
        let source_stride = if alike { destination_stride } else { stride };
        let list = |start: u32, stride: u32| -> Vec<_> {
            (0..rows).map(|row| (start + row * stride, row_len)).collect()
        };
        let job = Copy2d { source, destination, row_len, rows, source_stride, destination_stride };

        prop_assert_eq!(
            refusal(job) == Some(PlanError::Overlap),
            share(&list(source, source_stride), &list(destination, destination_stride))
        );
    }
}

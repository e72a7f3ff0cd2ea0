// SPDX-License-Identifier: GPL-2.0

//! Instructions, barriers and loops that programs execute: no more than the work needs.

use crate::copy_tests::{
    pattern,
    RK3588, //
};
use crate::model::{
    Access,
    Channel,
    Memory,
    Stop, //
};
use crate::plan_tests::{
    config,
    memory_of_lists,
    BASE, //
};
use crate::program::disasm::listing;
use crate::program::insn::{
    Assembler,
    Counter,
    Event,
    Instruction,
    Register, //
};
use crate::program::{
    Copy,
    Copy2d,
    Memset,
    Operation,
    Pattern,
    ProgramLimits,
    ProgramWriter,
    Segment,
    SgCopy, //
};

/// Writes the one program of `job` and returns its instructions with their offsets.
fn program<J: Operation>(job: J, bus: ProgramLimits) -> (Vec<u8>, Vec<(usize, Instruction)>) {
    let mut bytes = vec![0xee; 4096];
    let mut asm = Assembler::at(&mut bytes, BASE);
    let mut plan = ProgramWriter::new(job).unwrap();

    plan.write(&mut asm, bus, Event::new(0).unwrap()).unwrap();
    assert!(plan.is_written());

    let len = asm.len();
    let instructions = listing(&bytes[..len])
        .map(|line| (line.offset, line.instruction.unwrap()))
        .collect();

    (bytes, instructions)
}

/// Number of instructions of a program that `is_counted`.
fn count<J: Operation>(
    job: J,
    bus: ProgramLimits,
    is_counted: impl Fn(Instruction) -> bool,
) -> usize {
    let (_, instructions) = program(job, bus);

    instructions
        .iter()
        .filter(|(_, it)| is_counted(*it))
        .count()
}

fn has_loop<J: Operation>(job: J, bus: ProgramLimits) -> bool {
    count(job, bus, |it| matches!(it, Instruction::Lp { .. })) != 0
}

/// Instructions executed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Executed {
    all: usize,
    loads: usize,
    stores: usize,
    read_barriers: usize,
    write_barriers: usize,
    /// Control words set.
    controls: usize,
    /// Source addresses set.
    source_moves: usize,
}

/// Runs the one program of `job` and counts.
fn execute<J: Operation>(job: J, bus: ProgramLimits, memory: &mut Memory) -> Executed {
    let (bytes, instructions) = program(job, bus);
    let mut executed = Executed::default();

    memory.replace(BASE, bytes.clone());

    let mut channel = Channel::new(config(bus), &bytes, memory);

    loop {
        let at = instructions.binary_search_by_key(&channel.pc(), |(offset, _)| *offset);

        executed.all += 1;
        match instructions[at.unwrap()].1 {
            Instruction::Ld => executed.loads += 1,
            Instruction::St | Instruction::Stz => executed.stores += 1,
            Instruction::Rmb => executed.read_barriers += 1,
            Instruction::Wmb => executed.write_barriers += 1,
            Instruction::Mov(Register::Ccr, _) => executed.controls += 1,
            Instruction::Mov(Register::Sar, _) => executed.source_moves += 1,
            _ => (),
        }
        if let Some(stop) = channel.step().unwrap() {
            assert_eq!(stop, Stop::Ended);
            return executed;
        }
    }
}

fn execute_copy(from: u32, to: u32, len: u32) -> Executed {
    let copy = copy(from, to, len);
    let mut memory = Memory::default()
        .with(copy.source, pattern(len), Access::Read)
        .with(copy.destination, vec![0; len as usize], Access::Write);

    execute(copy, RK3588, &mut memory)
}

fn execute_fill(to: u32, len: u32, pattern: &[u8]) -> Executed {
    let fill = Memset::new(0x8000_0000 + to, len, Pattern::new(pattern).unwrap());
    let mut memory =
        Memory::default().with(0x8000_0000 + to, vec![0xee; len as usize], Access::Write);

    execute(fill, RK3588, &mut memory)
}

fn copy(from: u32, to: u32, len: u32) -> Copy {
    Copy {
        source: 0x1000_0000 + from,
        destination: 0x8000_0000 + to,
        len,
    }
}

/// `count` segments of `len` bytes, each `stride` bytes behind the one before.
fn segments(start: u32, count: u32, stride: u32, len: u32) -> Vec<Segment> {
    (0..count)
        .map(|n| Segment {
            address: start + n * stride,
            len,
        })
        .collect()
}

fn lists(from: &[Segment], to: &[Segment]) -> impl Operation {
    SgCopy::new(from.to_vec(), to.to_vec())
}

/// A segment that begins where the one before ended needs no new address, on either side.
#[test]
fn an_address_is_set_where_it_changes() {
    let moves = |job, register| {
        count(
            job,
            RK3588,
            |it| matches!(it, Instruction::Mov(which, _) if which == register),
        )
    };
    let together = segments(0x1000_0000, 5, 4096, 4096);
    let apart = segments(0x8000_0000, 5, 8192, 4096);

    assert_eq!(moves(lists(&together, &apart), Register::Sar), 1);
    assert_eq!(moves(lists(&together, &apart), Register::Dar), 5);
    assert_eq!(moves(lists(&apart, &together), Register::Sar), 5);
    assert_eq!(moves(lists(&apart, &together), Register::Dar), 1);
}

/// Segments whose bursts are alike follow each other without a barrier and with one control word.
#[test]
fn segments_that_are_alike_wait_for_nothing() {
    let (from, to) = (
        segments(0x1000_0000, 20, 8192, 4096),
        segments(0x8000_0000, 20, 8192, 4096),
    );
    let mut memory = memory_of_lists(&from, &to, &pattern(20 * 4096));
    let executed = execute(lists(&from, &to), RK3588, &mut memory);

    assert_eq!((executed.read_barriers, executed.write_barriers), (0, 1));
}

/// The second of two segments executes no more barriers than the first, whatever the alignment:
/// none is left to it, and none is added.
#[test]
fn each_segment_waits_for_itself() {
    for from in 0..8 {
        for to in 0..8 {
            for len in (1..=40).chain([127, 128, 255, 300, 4095, 4096, 4160]) {
                let one = execute_copy(from, to, len);
                let (source, destination) = (
                    segments(0x1000_0000 + from, 2, 8192, len),
                    segments(0x8000_0000 + to, 2, 8192, len),
                );
                let mut memory = memory_of_lists(&source, &destination, &pattern(2 * len));
                let two = execute(lists(&source, &destination), RK3588, &mut memory);
                let what = format!("{len} bytes from {from} to {to}: {one:?}, {two:?}");

                assert_eq!(two.read_barriers, 2 * one.read_barriers, "{what}");
                assert!(two.write_barriers <= 2 * one.write_barriers, "{what}");
                assert_eq!(two.loads, 2 * one.loads, "{what}");
                assert_eq!(two.stores, 2 * one.stores, "{what}");
            }
        }
    }
}

/// Bytes that were stored need no barrier that waits for their loads. A barrier for stores stands
/// before a control word and before the event.
#[test]
fn nothing_waits_for_loads_that_were_stored() {
    for at in 0..8 {
        for len in (1..=40).chain([127, 128, 255, 300, 4095, 4096, 4160, 40_000]) {
            for executed in [
                execute_copy(at, at, len),
                execute_fill(at, len, &[0]),
                execute_fill(at, len, &[1, 2]),
            ] {
                let what = format!("{len} bytes at {at}: {executed:?}");

                assert_eq!(executed.read_barriers, 0, "{what}");
                assert_eq!(executed.write_barriers, executed.controls, "{what}");
            }
        }
    }
}

/// Each burst of a pattern begins at an address that is set for it, and no other address is set.
#[test]
fn a_pattern_is_found_once_a_burst() {
    for to in 0..8 {
        for len in (1..=300).chain([4096, 40_000]) {
            let executed = execute_fill(to, len, &[1, 2]);

            assert!(
                executed.source_moves <= executed.loads,
                "{len} bytes to {to}: {executed:?}"
            );
        }
    }
}

/// A copy of less than a full burst is not cut into single bytes.
#[test]
fn short_copies_take_few_bursts() {
    for from in 0..8 {
        for to in 0..8 {
            for len in 1..128 {
                let executed = execute_copy(from, to, len);
                // Whole beats, which may take another burst for the last, and single bytes at both
                // ends.
                let most = if from == to { 2 } else { 4 };

                for bursts in [executed.loads, executed.stores] {
                    assert!(
                        bursts <= most,
                        "{len} bytes from {from} to {to}: {executed:?}"
                    );
                }
            }
        }
    }
}

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
            // The loop that was moved is the next one to end.
            _ if padding != 0 => {
                let ends = instructions[at..].iter().find_map(|(offset, it)| match it {
                    Instruction::LpEnd { body_len, .. } => Some((*offset, *body_len)),
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

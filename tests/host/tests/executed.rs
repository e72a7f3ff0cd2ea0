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
    Address,
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
        let address = match register {
            Register::Sar => Address::Source,
            _ => Address::Destination,
        };

        count(job, RK3588, |it| match it {
            Instruction::Mov(which, _) => which == register,
            Instruction::AddH(which, _) => which == address,
            _ => false,
        })
    };
    let together = segments(0x1000_0000, 5, 4096, 4096);
    let apart = segments(0x8000_0000, 5, 8192, 4096);

    assert_eq!(moves(lists(&together, &apart), Register::Sar), 1);
    assert_eq!(moves(lists(&together, &apart), Register::Dar), 5);
    assert_eq!(moves(lists(&apart, &together), Register::Sar), 5);
    assert_eq!(moves(lists(&apart, &together), Register::Dar), 1);
}

/// An address up to 65535 bytes above the last one is added to, which is shorter; others are set.
#[test]
fn near_addresses_are_added_to() {
    for len in [100, 4096] {
        for (gap, is_near) in [(1, true), (32_769, true), (65_535, true), (65_536, false)] {
            let from = segments(0x1000_0000, 3, len + gap, len);
            let to = segments(0x8000_0000, 3, len + gap, len);
            let adds = count(lists(&from, &to), RK3588, |it| {
                matches!(it, Instruction::AddH(..))
            });

            assert_eq!(adds, if is_near { 4 } else { 0 }, "{len} {gap}");
        }
    }

    // Below the last one.
    let (mut from, mut to) = (
        segments(0x1000_0000, 3, 8192, 100),
        segments(0x8000_0000, 3, 8192, 100),
    );

    from.reverse();
    to.reverse();
    assert_eq!(
        count(lists(&from, &to), RK3588, |it| matches!(
            it,
            Instruction::AddH(..)
        )),
        0
    );
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

/// The second of two segments takes the bursts of the first, whatever the alignment, and no
/// segment waits: the one barrier is that before the event.
#[test]
fn segments_wait_for_nothing() {
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

                assert_eq!((one.read_barriers, one.write_barriers), (0, 1), "{what}");
                assert_eq!((two.read_barriers, two.write_barriers), (0, 1), "{what}");
                assert_eq!(two.loads, 2 * one.loads, "{what}");
                assert_eq!(two.stores, 2 * one.stores, "{what}");
            }
        }
    }
}

/// Programs have one barrier: for the stores, before the event.
///
/// The DMAC itself waits where a change of the control word or of an address needs that.
#[test]
fn nothing_waits_before_a_register_changes() {
    for at in 0..8 {
        for len in (1..=40).chain([127, 128, 255, 300, 4095, 4096, 4160, 40_000]) {
            let copies = (0..8).map(|from| execute_copy(from, at, len));
            let fills = [&[0][..], &[1, 2]].map(|pattern| execute_fill(at, len, pattern));

            for executed in copies.chain(fills) {
                let what = format!("{len} bytes at {at}: {executed:?}");

                assert_eq!(executed.read_barriers, 0, "{what}");
                assert_eq!(executed.write_barriers, 1, "{what}");
            }
        }
    }
}

/// A copy or a fill with zeroes of up to two beats is one burst on each side, whatever the
/// alignment: one control word, and for a copy one load.
#[test]
fn two_beats_are_one_burst() {
    for from in 0..8 {
        for to in 0..8 {
            for len in 1..=16 {
                let copied = execute_copy(from, to, len);
                let zeroed = execute_fill(to, len, &[0]);

                assert_eq!(
                    (copied.controls, copied.loads, copied.stores),
                    (1, 1, 1),
                    "{len} bytes from {from} to {to}"
                );
                assert_eq!((zeroed.controls, zeroed.stores), (1, 1), "{len} to {to}");
            }
        }
    }
}

/// Loads of a program before its first store, and the most lines of the MFIFO that it used.
fn loads_ahead(bus: ProgramLimits, from: u32, to: u32, len: u32) -> (usize, u64) {
    let copy = copy(from, to, len);
    let (bytes, instructions) = program(copy, bus);
    let mut memory = Memory::default()
        .with(copy.source, pattern(len), Access::Read)
        .with(copy.destination, vec![0; len as usize], Access::Write);
    let mut channel = Channel::new(config(bus), &bytes, &mut memory);
    let mut loads = 0;

    loop {
        let at = instructions.binary_search_by_key(&channel.pc(), |(offset, _)| *offset);

        match instructions[at.unwrap()].1 {
            Instruction::Ld => loads += 1,
            Instruction::St => break,
            _ => (),
        }
        channel.step().unwrap();
    }
    assert_eq!(channel.run(), Ok(Stop::Ended));

    let lines = channel.most_lines();

    assert!(memory.region(copy.destination) == pattern(len));
    (loads, lines)
}

/// The limits and the lines of the channel say how many loads precede the first store: none of the
/// lines could take another burst.
#[test]
fn loads_precede_the_first_store() {
    for (lines, loads, expected) in [
        (16, 8, 1),
        (17, 8, 1),
        (31, 8, 1),
        (32, 8, 2),
        (32, 1, 1),
        (64, 3, 3),
        (128, 8, 8),
        (129, 16, 8),
    ] {
        let bus = ProgramLimits {
            lines,
            loads,
            ..RK3588
        };
        let (ahead, used) = loads_ahead(bus, 3, 3, 10_000);

        assert_eq!((ahead, used), (expected, 16 * expected as u64), "{lines}");
        // A short copy has no more loads than it needs.
        assert_eq!(loads_ahead(bus, 0, 0, 256).0, expected.min(2));

        // To other lanes, one line is for the fragment.
        let bus = ProgramLimits {
            lines: lines + 1,
            ..bus
        };
        let (ahead, used) = loads_ahead(bus, 1, 3, 10_000);

        assert_eq!(
            (ahead, used),
            (expected, 16 * expected as u64 + 1),
            "{lines}"
        );
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

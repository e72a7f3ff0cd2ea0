// SPDX-License-Identifier: GPL-2.0

//! Instructions, bursts and barriers that programs execute: no more than the work needs.

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
    Event,
    Instruction,
    Register, //
};
use crate::program::{
    Copy,
    Memset,
    Operation,
    Pattern,
    ProgramLimits,
    ProgramWriter,
    Segment,
    SgCopy, //
};

/// Writes the one program of `job` and returns its instructions with their offsets.
pub(crate) fn program<J: Operation>(
    job: J,
    bus: ProgramLimits,
) -> (Vec<u8>, Vec<(usize, Instruction)>) {
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
pub(crate) fn count<J: Operation>(
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

pub(crate) fn has_loop<J: Operation>(job: J, bus: ProgramLimits) -> bool {
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

pub(crate) fn copy(from: u32, to: u32, len: u32) -> Copy {
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

// SPDX-License-Identifier: GPL-2.0

//! Tests that `ProgramWriter::locate` finds the segment or row that the model sees an instruction
//! access.

use crate::copy_tests::{
    buses,
    pattern,
    proptest_config,
    RK3588, //
};
use crate::model::{
    Access,
    Channel,
    Memory, //
};
use crate::plan_tests::{
    config,
    memory_of_lists,
    of_same_len,
    parts,
    segments,
    BASE,
    ENOUGH,
    ENOUGH_FOR_A_PATTERN, //
};
use crate::program::insn::{
    Assembler,
    Event, //
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
    SegmentIndices,
    SgCopy,
    SgMemset, //
};
use crate::rows_tests::some_rows;
use proptest::{
    prelude::*,
    sample::select, //
};
use std::{
    ops::Range,
    sync::Arc, //
};

/// Data of a burst, and the part that the planner returns for its instruction.
struct Burst {
    /// Of the program, the first of which is 0.
    program: u32,
    part: SegmentIndices,
    is_load: bool,
    bytes: Range<u64>,
}

/// Length in bytes of the end of a program, which belongs to no part.
const SIGNAL: usize = 4;

/// Runs all programs of `plan`, and says of each burst where it is said to belong.
fn trace<J: Operation + Clone>(
    mut plan: ProgramWriter<J>,
    bus: ProgramLimits,
    memory: &mut Memory,
    room: usize,
    mut seen: impl FnMut(Burst),
) {
    for program in 0.. {
        if plan.is_written() {
            break;
        }

        let before = plan.clone();
        let mut bytes = vec![0xee; room];
        let mut asm = Assembler::at(&mut bytes, BASE);

        plan.write(&mut asm, bus, Event::new(5).unwrap()).unwrap();

        let code = asm.len();
        let located: Vec<_> = (0..code + 9)
            .map(|offset| {
                let mut again = bytes.clone();
                let part = before
                    .clone()
                    .locate(&mut Assembler::at(&mut again, BASE), bus, offset);

                let steps = offset.min(code - SIGNAL);

                // It is the same program that is written anew.
                assert!(again[..steps] == bytes[..steps], "at {offset}");
                part
            })
            .collect();

        assert!(located[..code - SIGNAL].iter().all(Option::is_some));
        assert!(located[code - SIGNAL..].iter().all(Option::is_none));
        memory.replace(BASE, bytes.clone());

        let mut channel = Channel::new(config(bus), &bytes[..code], memory);
        let mut stopped = false;

        while !stopped {
            let at = channel.pc();
            let (from, to) = channel.addresses();

            stopped = channel.step().unwrap().is_some();

            let (is_load, start, end) = match bytes[at] {
                0x04 => (true, from, channel.addresses().0),
                0x08 | 0x0c => (false, to, channel.addresses().1),
                _ => continue,
            };

            seen(Burst {
                program,
                part: located[at].unwrap(),
                is_load,
                bytes: start.unwrap()..end.unwrap(),
            });
        }
    }
}

fn is_within(bytes: &Range<u64>, segment: Segment) -> bool {
    let start = u64::from(segment.address);

    start <= bytes.start && bytes.end <= start + u64::from(segment.len)
}

fn lists_are_located(bus: ProgramLimits, from: &[Segment], to: &[Segment], room: usize) {
    let total = from.iter().map(|segment| segment.len).sum();
    let mut memory = memory_of_lists(from, to, &pattern(total));
    let plan = ProgramWriter::new(SgCopy::new(from.iter().copied(), to.iter().copied())).unwrap();

    trace(plan, bus, &mut memory, room, |burst| {
        let segment = match burst.is_load {
            true => from[burst.part.source as usize],
            false => to[burst.part.destination as usize],
        };

        assert!(is_within(&burst.bytes, segment));
    });
}

fn filled_lists_are_located(bus: ProgramLimits, to: &[Segment], pattern: &[u8], room: usize) {
    let mut memory = memory_of_lists(&[], to, &[]);
    let fill = SgMemset::new(to.to_vec(), Pattern::new(pattern).unwrap());

    trace(
        ProgramWriter::new(fill).unwrap(),
        bus,
        &mut memory,
        room,
        |burst| {
            let segment = to[burst.part.destination as usize];

            assert!(burst.is_load || is_within(&burst.bytes, segment));
        },
    );
}

/// Whenever a step begins, it is with the row that it is said to begin with.
fn rows_are_located(bus: ProgramLimits, rows: Copy2d, room: usize) {
    let span = |stride: u32| stride * (rows.rows - 1) + rows.row_len;
    let mut memory = Memory::default()
        .with(rows.source, pattern(span(rows.source_stride)), Access::Read)
        .with(
            rows.destination,
            vec![0; span(rows.destination_stride) as usize],
            Access::Write,
        );
    let mut last = None;

    trace(
        ProgramWriter::new(rows).unwrap(),
        bus,
        &mut memory,
        room,
        |burst| {
            let SegmentIndices {
                source,
                destination,
            } = burst.part;
            let row = Segment {
                address: rows.source + rows.source_stride * source,
                len: rows.row_len,
            };

            assert_eq!(source, destination);
            if last != Some((burst.program, source)) {
                assert!(burst.is_load);
                assert!(is_within(&(burst.bytes.start..burst.bytes.start + 1), row));
                assert!(last.is_none_or(|(_, before)| before <= source));
                last = Some((burst.program, source));
            }
        },
    );
    assert!(last.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: proptest_config().cases / 4, ..proptest_config() })]

    #[test]
    fn each_instruction_of_lists(
        bus in buses(), from in parts(), to in parts(), room in ENOUGH..900,
    ) {
        let from = segments(0x1000_0001, &from);
        let to = of_same_len(&from, segments(0x8000_0001, &to));

        if from.iter().any(|segment| segment.len != 0) {
            lists_are_located(bus, &from, &to, room);
        }
    }

    #[test]
    fn each_instruction_of_filled_lists(
        bus in buses(), to in parts(), room in ENOUGH_FOR_A_PATTERN..900,
        pattern in select(vec![vec![0], vec![9], vec![1, 2], vec![1, 2, 3, 4, 5, 6, 7, 8]]),
    ) {
        let to = segments(0x8000_0001, &to);

        if to.iter().any(|segment| segment.len != 0) {
            filled_lists_are_located(bus, &to, &pattern, room);
        }
    }

    #[test]
    fn each_instruction_of_rows(bus in buses(), rows in some_rows(), room in ENOUGH..700) {
        rows_are_located(bus, rows, room);
    }
}

/// Segments without bytes count: what is said is an index into the caller's list.
#[test]
fn segments_without_bytes_have_a_number() {
    let segment = |address, len| Segment { address, len };
    let from = [(0, 0), (0x1000, 7), (0, 0), (0, 0), (0x2000, 9)].map(|(a, b)| segment(a, b));
    let to = [(0x8000, 10), (0, 0), (0x9000, 6)].map(|(a, b)| segment(a, b));
    let mut memory = memory_of_lists(&from, &to, &pattern(16));
    let mut seen = Vec::new();

    trace(
        ProgramWriter::new(SgCopy::new(from, to)).unwrap(),
        RK3588,
        &mut memory,
        ENOUGH,
        |Burst { part, .. }| seen.push((part.source, part.destination)),
    );
    seen.dedup();
    assert_eq!(seen, [(1, 0), (4, 0), (4, 2)]);
}

/// The owner of the program may own the lists, and share them with the code that locates.
#[test]
fn lists_may_be_owned() {
    #[derive(Clone)]
    struct Owned(Arc<[Segment]>, usize);

    impl Iterator for Owned {
        type Item = Segment;

        fn next(&mut self) -> Option<Segment> {
            self.1 += 1;
            self.0.get(self.1 - 1).copied()
        }
    }

    fn plan() -> ProgramWriter<SgCopy<Owned, Owned>> {
        let list = |start: u32| -> Arc<[Segment]> {
            (0..3)
                .map(|n| Segment {
                    address: start + n * 0x1000,
                    len: 8,
                })
                .collect()
        };

        ProgramWriter::new(SgCopy::new(
            Owned(list(0x1_0000), 0),
            Owned(list(0x8_0000), 0),
        ))
        .unwrap()
    }

    let mut memory = [0; 256];
    let at = |offset: usize, memory: &mut [u8]| {
        plan()
            .locate(&mut Assembler::new(memory), RK3588, offset)
            .map(|part| part.destination)
    };
    let mut asm = Assembler::new(&mut memory);

    plan()
        .write(&mut asm, RK3588, Event::new(0).unwrap())
        .unwrap();

    let len = asm.len();

    assert_eq!(at(0, &mut memory), Some(0));
    assert_eq!(at(len - SIGNAL - 1, &mut memory), Some(2));
    assert_eq!(at(len - 1, &mut memory), None);
}

#[test]
fn copies_and_fills_are_of_one_part() {
    let copy = Copy {
        source: 0x1000_0003,
        destination: 0x8000_0000,
        len: 5000,
    };
    let memory = || {
        Memory::default()
            .with(copy.source, pattern(copy.len), Access::Read)
            .with(copy.destination, vec![0; copy.len as usize], Access::Write)
    };
    let whole = |burst: Burst| {
        assert_eq!((burst.part.source, burst.part.destination), (0, 0));
    };

    trace(
        ProgramWriter::new(copy).unwrap(),
        RK3588,
        &mut memory(),
        ENOUGH,
        whole,
    );
    for pattern in [Pattern::ZERO, Pattern::new(&[1, 2]).unwrap()] {
        let fill = Memset::new(copy.destination, copy.len, pattern);

        trace(
            ProgramWriter::new(fill).unwrap(),
            RK3588,
            &mut memory(),
            ENOUGH_FOR_A_PATTERN,
            whole,
        );
    }
}

/// Instructions that the caller wrote before the plan's program belong to no part.
#[test]
fn what_stands_before_belongs_to_nothing() {
    let plan = ProgramWriter::new(Copy {
        source: 0,
        destination: 0x8000_0000,
        len: 100,
    })
    .unwrap();
    let located = |offset| {
        let mut memory = [0; 200];
        let mut asm = Assembler::new(&mut memory);

        crate::program::signal(&mut asm, Event::new(0).unwrap()).unwrap();
        plan.clone().locate(&mut asm, RK3588, offset)
    };

    assert_eq!(located(SIGNAL - 1), None);
    assert!(located(SIGNAL).is_some());
    // Where not even a step fits, there was no program.
    assert_eq!(
        plan.clone()
            .locate(&mut Assembler::new(&mut [0; 20]), RK3588, 0),
        None
    );
}

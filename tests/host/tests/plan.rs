// SPDX-License-Identifier: GPL-2.0

//! Tests of fills and lists, run by the model, in one or more programs.

use crate::copy_tests::{
    buses,
    pattern,
    proptest_config,
    RK3588, //
};
use crate::model::{
    stats::Traffic,
    Access,
    Channel,
    Config,
    Memory,
    Stop, //
};
use crate::program::disasm::listing;
use crate::program::insn::{
    Assembler,
    Event, //
};
use crate::program::{
    set_event,
    Copy,
    Memset,
    Operation,
    Pattern,
    ProgramLimits,
    ProgramWriter,
    Segment,
    SgCopy,
    SgMemset, //
};
use proptest::{
    prelude::*,
    sample::select, //
};

/// Address of programs.
pub(crate) const BASE: u32 = 0xe000_0000;

/// Bytes that a step may need, by `program/mod.rs`: without and with a pattern.
pub(crate) const ENOUGH: usize = 128;
pub(crate) const ENOUGH_FOR_A_PATTERN: usize = 256;

/// Totals of all programs of a plan.
#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) programs: u32,
    pub(crate) code: usize,
    pub(crate) loads: Traffic,
    pub(crate) stores: Traffic,
}

fn add(total: &mut Traffic, more: Traffic) {
    total.bursts += more.bursts;
    total.bytes += more.bytes;
    total.longest = total.longest.max(more.longest);
    total.on_the_bus += more.on_the_bus;
}

/// The controller that `bus` says.
pub(crate) fn config(bus: ProgramLimits) -> Config {
    Config {
        width: bus.bytes.into(),
        share: bus.lines.into(),
        non_secure: bus.non_secure,
        ..Config::RK3588
    }
}

/// Writes all programs of `plan`, each into `room` bytes, and runs them.
pub(crate) fn run<J: Operation>(
    mut plan: ProgramWriter<J>,
    bus: ProgramLimits,
    memory: &mut Memory,
    room: usize,
) -> Totals {
    let event = Event::new(5).unwrap();
    let mut totals = Totals::default();

    while !plan.is_written() {
        let before = plan.done();
        let mut bytes = vec![0xee; room];
        let mut asm = Assembler::at(&mut bytes, BASE);

        plan.write(&mut asm, bus, event).expect("not a single step");

        let code = asm.len();

        memory.replace(BASE, bytes.clone());

        let mut channel = Channel::new(config(bus), &bytes[..code], memory);
        let listed: Vec<_> = listing(&bytes[..code]).map(|l| l.to_string()).collect();

        assert_eq!(channel.run(), Ok(Stop::Ended), "{listed:#?}");
        assert!(channel.most_lines() <= plan.lines().into());
        assert!(plan.lines() <= bus.lines);

        let stats = channel.stats();

        assert_eq!(stats.raised.len(), 1);
        assert_eq!(stats.raised[0].stored, stats.stores.bytes);
        assert_eq!(stats.stores.bytes, plan.done() - before);
        assert!(stats.loads.longest.max(stats.stores.longest) <= bus.beats.into());
        add(&mut totals.loads, stats.loads);
        add(&mut totals.stores, stats.stores);
        totals.programs += 1;
        totals.code += code;
    }
    totals
}

fn patterns() -> impl Strategy<Value = Vec<u8>> {
    select(vec![1, 2, 4, 8])
        .prop_flat_map(|len| prop::collection::vec(any::<u8>(), len))
        .prop_map(|mut bytes| {
            // Zeroes are another case.
            bytes[0] |= 1;
            bytes
        })
}

fn short_lengths() -> impl Strategy<Value = u32> {
    prop_oneof![1..=20u32, 1..=300u32, 3900..=4300u32, 1..=40_000u32]
}

fn filled(bus: ProgramLimits, at: u32, len: u32, pattern: &[u8], room: usize) -> Totals {
    let expected: Vec<_> = pattern.iter().copied().cycle().take(len as usize).collect();
    let before = expected.iter().map(|byte| !byte).collect();
    let mut memory = Memory::default().with(at, before, Access::Write);
    let fill = Memset::new(at, len, Pattern::new(pattern).unwrap());
    let totals = run(ProgramWriter::new(fill).unwrap(), bus, &mut memory, room);

    assert!(memory.region(at) == expected, "wrong bytes");
    totals
}

fn filled_list(bus: ProgramLimits, to: &[Segment], pattern: &[u8], room: usize) -> Totals {
    let len = to.iter().map(|segment| segment.len).sum::<u32>() as usize;
    let expected: Vec<_> = pattern.iter().copied().cycle().take(len).collect();
    let mut memory = memory_of_lists(&[], to, &[]);
    let fill = SgMemset::new(to.to_vec(), Pattern::new(pattern).unwrap());
    let totals = run(ProgramWriter::new(fill).unwrap(), bus, &mut memory, room);
    let written: Vec<_> = to
        .iter()
        .filter(|segment| segment.len != 0)
        .flat_map(|segment| memory.region(segment.address).to_vec())
        .collect();

    assert!(written == expected, "wrong bytes");
    totals
}

/// Segments of these lengths, with holes between them.
pub(crate) fn segments(start: u32, parts: &[(u32, u32)]) -> Vec<Segment> {
    let mut next = start;

    parts
        .iter()
        .map(|&(hole, len)| {
            let address = next + hole;

            next = address + len;
            Segment { address, len }
        })
        .collect()
}

/// Cuts `other` to the number of bytes in `list`.
pub(crate) fn of_same_len(list: &[Segment], mut other: Vec<Segment>) -> Vec<Segment> {
    let mut left: u32 = list.iter().map(|segment| segment.len).sum();

    for segment in &mut other {
        segment.len = segment.len.min(left);
        left -= segment.len;
    }
    other.push(Segment {
        address: 0xd000_0001,
        len: left,
    });
    other
}

/// The memory of these segments and no other, with `data` to be copied.
pub(crate) fn memory_of_lists(from: &[Segment], to: &[Segment], data: &[u8]) -> Memory {
    let mut memory = Memory::default();
    let mut at = 0;

    for segment in from.iter().filter(|segment| segment.len != 0) {
        let end = at + segment.len as usize;

        memory = memory.with(segment.address, data[at..end].to_vec(), Access::Read);
        at = end;
    }
    for segment in to.iter().filter(|segment| segment.len != 0) {
        memory = memory.with(
            segment.address,
            vec![0xee; segment.len as usize],
            Access::Write,
        );
    }
    memory
}

fn copied_lists(bus: ProgramLimits, from: &[Segment], to: &[Segment], room: usize) -> Totals {
    let data = pattern(from.iter().map(|segment| segment.len).sum());
    let mut memory = memory_of_lists(from, to, &data);
    let lists = SgCopy::new(from.iter().copied(), to.iter().copied());
    let totals = run(ProgramWriter::new(lists).unwrap(), bus, &mut memory, room);
    let written: Vec<_> = to
        .iter()
        .filter(|segment| segment.len != 0)
        .flat_map(|segment| memory.region(segment.address).to_vec())
        .collect();

    assert!(written == data, "wrong bytes");
    totals
}

pub(crate) fn parts() -> impl Strategy<Value = Vec<(u32, u32)>> {
    let lens = prop_oneof![0..=20u32, 1..=300u32, Just(4096)];

    prop::collection::vec((prop_oneof![Just(0), 0..=40u32], lens), 1..20)
}

proptest! {
    #![proptest_config(proptest_config())]

    #[test]
    fn any_fill_is_one(
        bus in buses(), to in 0..=40u32, len in short_lengths(), pattern in patterns(),
        room in ENOUGH_FOR_A_PATTERN..600,
    ) {
        let totals = filled(bus, 0x1000_0000 + to, len, &pattern, room);

        prop_assert_eq!(totals.loads.bytes, u64::from(len));
    }

    /// Without a load, so also without a byte of the MFIFO.
    #[test]
    fn zeroes_are_not_loaded(bus in buses(), to in 0..=40u32, len in short_lengths()) {
        let totals = filled(bus, 0x1000_0000 + to, len, &[0, 0], ENOUGH);

        prop_assert_eq!(totals.loads.bursts, 0);
        prop_assert_eq!(totals.programs, 1);

        let width = u64::from(bus.bytes);
        // Whole bursts, whole beats, and single bytes before the first and after the last.
        let most = u64::from(len) / (width * u64::from(bus.beats)) + 1 + 2 * (width - 1);

        prop_assert!(totals.stores.bursts <= most);
    }

    #[test]
    fn any_lists_are_copied(
        bus in buses(), from in parts(), to in parts(), room in ENOUGH..900,
    ) {
        let from = segments(0x1000_0001, &from);
        let to = of_same_len(&from, segments(0x8000_0001, &to));

        if from.iter().any(|segment| segment.len != 0) {
            copied_lists(bus, &from, &to, room);
        }
    }

    #[test]
    fn any_list_is_filled(
        bus in buses(), to in parts(), pattern in patterns(), is_zero in any::<bool>(),
        room in ENOUGH_FOR_A_PATTERN..900,
    ) {
        let to = segments(0x8000_0001, &to);
        let pattern = if is_zero { vec![0; pattern.len()] } else { pattern };

        if to.iter().any(|segment| segment.len != 0) {
            filled_list(bus, &to, &pattern, room);
        }
    }

    /// However little fits into one program, all of them do what one would.
    #[test]
    fn long_copies_are_split(
        bus in buses(), from in 0..=20u32, to in 0..=20u32, len in 200_000..=600_000u32,
    ) {
        let bus = ProgramLimits { lines: bus.lines.min(2), bytes: 4, ..bus };
        let copy = Copy { source: 0x1000_0000 + from, destination: 0x8000_0000 + to, len };
        let data = pattern(len);
        let mut memory = Memory::default()
            .with(copy.source, data.clone(), Access::Read)
            .with(copy.destination, vec![0xee; len as usize], Access::Write);
        let totals = run(ProgramWriter::new(copy).unwrap(), bus, &mut memory, 80);

        prop_assert!(memory.region(copy.destination) == data);
        prop_assert_eq!(totals.stores.bytes, u64::from(len));
    }
}

/// Each short fill at each alignment.
#[test]
fn all_short_fills() {
    for to in 0..16 {
        for len in 1..=150 {
            for pattern in [&[0][..], &[1, 2], &[1, 2, 3, 4, 5, 6, 7, 8]] {
                filled(RK3588, 0x1000_0000 + to, len, pattern, ENOUGH_FOR_A_PATTERN);
            }
        }
    }
}

/// One program fills all pages of a list, whatever the pattern. Where the pattern begins anew at
/// other addresses, there is another program, except for zeroes and single bytes.
#[test]
fn lists_of_pages_are_filled_by_one_program() {
    let pages: Vec<_> = (0..20).map(|n| (4096 * (n % 3), 4096)).collect();
    let pages = segments(0x8000_0000, &pages);
    let odd = segments(0x8000_0000, &[(0, 3), (9, 3), (9, 3)]);

    for pattern in [
        &[0][..],
        &[0, 0, 0, 0],
        &[7],
        &[1, 2],
        &[1, 2, 3, 4, 5, 6, 7, 8],
    ] {
        let totals = filled_list(RK3588, &pages, pattern, 2048);

        assert_eq!((totals.programs, totals.stores.bursts), (1, 20 * 32));
        // The code for a page and the pattern.
        assert!(totals.code <= 20 * 20 + 16, "{}", totals.code);

        let programs = filled_list(RK3588, &odd, pattern, 2048).programs;

        assert_eq!(
            programs == 1,
            pattern.iter().all(|byte| *byte == pattern[0])
        );
    }
}

/// A pattern of two beats, in bursts of one.
#[test]
fn a_pattern_may_be_longer_than_a_burst() {
    let bus = ProgramLimits {
        bytes: 4,
        lines: 1,
        ..RK3588
    };

    for to in 0..8 {
        for len in 1..100 {
            filled(bus, 0x1000_0000 + to, len, &[1, 2, 3, 4, 5, 6, 7, 8], 256);
        }
    }
}

/// The last byte that 32 bits can address is one like any other, read or written, whatever the job.
#[test]
fn the_end_of_the_address_space() {
    let end = |len: u32| 0u32.wrapping_sub(len);

    for len in (1..40).chain([511, 512, 4096, 70_001]) {
        for pattern in [&[0][..], &[1, 2, 3, 4, 5, 6, 7, 8]] {
            filled(RK3588, end(len), len, pattern, ENOUGH_FOR_A_PATTERN);
        }
        for (source, destination) in [(end(len), 0x1000_0003), (0x1000_0003, end(len))] {
            let segment = |address| [Segment { address, len }];

            copied_lists(RK3588, &segment(source), &segment(destination), ENOUGH);
        }
    }

    // Behind the last byte is none, not the first.
    let around = [0xffff_fff0, 0].map(|address| Segment { address, len: 16 });
    let between = [Segment {
        address: 0x1000_0000,
        len: 32,
    }];

    copied_lists(RK3588, &around, &between, ENOUGH);
    copied_lists(RK3588, &between, &around, ENOUGH);
}

/// The end of a program falls at every possible place.
#[test]
fn any_room_will_do() {
    let parts: Vec<_> = (0..12).map(|n| (n % 5, 90 + 37 * n)).collect();
    let from = segments(0x1000_0003, &parts);
    let to = of_same_len(&from, segments(0x8000_0000, &parts[3..]));
    let most = copied_lists(RK3588, &from, &to, 4000);

    assert_eq!(most.programs, 1);
    for room in ENOUGH..=most.code {
        let totals = copied_lists(RK3588, &from, &to, room);

        assert_eq!(totals.programs == 1, room == most.code);
    }
}

#[test]
fn lists_of_pages_fit_into_any_memory() {
    // Some segments are far from the one before.
    let list = |start: u32, stride: u32, far: u32| -> Vec<_> {
        (0..100)
            .map(|at| Segment {
                address: start + at * stride + at / 7 * far,
                len: 4096,
            })
            .collect()
    };

    for cache_line in [4, 8, 16, 32] {
        let bus = ProgramLimits {
            cache_line,
            ..RK3588
        };

        let cases = [
            (8192, 0, 0),
            (0x2_0000, 0, 0),
            (8192, 0, 0x2_0000),
            (8192, 3, 0),
            (0x2_0000, 3, 0),
        ];

        for (stride, shift, far) in cases {
            for room in 128..=400 {
                let sources = list(0x1000_0000, stride, 0);
                let sides = SgCopy::new(sources, list(0x8000_0000 + shift, stride, far));
                let mut writer = ProgramWriter::new(sides).unwrap();

                while !writer.is_written() {
                    let mut bytes = vec![0; room];
                    let mut asm = Assembler::new(&mut bytes);
                    let written = writer.write(&mut asm, bus, Event::new(0).unwrap());

                    assert_eq!(
                        written,
                        Ok(()),
                        "{cache_line} {stride} {shift} {far} {room}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_event_can_be_set_later() {
    let program = |event| {
        let copy = Copy {
            source: 0x1000_0000,
            destination: 0x8000_0003,
            len: 1000,
        };
        let mut bytes = [0; 128];
        let mut asm = Assembler::new(&mut bytes);

        ProgramWriter::new(copy)
            .unwrap()
            .write(&mut asm, RK3588, event)
            .unwrap();

        let len = asm.len();

        bytes[..len].to_vec()
    };

    for event in (0..32).filter_map(Event::new) {
        let mut code = program(Event::new(0).unwrap());

        set_event(&mut code, event);
        assert_eq!(code, program(event));
    }
}

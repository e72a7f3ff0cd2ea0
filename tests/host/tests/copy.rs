// SPDX-License-Identifier: GPL-2.0

//! Copies of any length and alignment on any bus, run by the model.

use crate::model::{
    Access,
    Channel,
    Config,
    Memory,
    Raised,
    Stats,
    Stop, //
};
use crate::program::disasm::listing;
use crate::program::insn::{
    Assembler,
    Event,
    TooLong, //
};
use crate::program::{
    self,
    Copy,
    ProgramLimits,
    ProgramWriter, //
};
use proptest::{
    prelude::*,
    sample::select, //
};

/// Bytes that a step may need, by `ProgramWriter::write`. A copy here is one step.
const ENOUGH: usize = 128;

const KIB: u32 = 1 << 10;
const MIB: u32 = 1 << 20;

#[derive(Clone, Copy, Debug)]
struct Case {
    bus: ProgramLimits,
    copy: Copy,
    event: Event,
}

/// The program of a case, in `memory` bytes.
fn assemble(case: Case, memory: usize) -> Result<Vec<u8>, TooLong> {
    let mut bytes = vec![0xee; memory];
    let mut asm = Assembler::new(&mut bytes);
    let mut plan = ProgramWriter::new(case.copy).expect("refused");

    plan.write(&mut asm, case.bus, case.event)?;
    if !plan.is_written() {
        return Err(TooLong);
    }
    assert_eq!(plan.done(), case.copy.len.into());

    let len = asm.len();

    bytes.truncate(len);
    Ok(bytes)
}

/// No two stretches of it are alike, so that a byte from the wrong place shows.
pub(crate) fn pattern(len: u32) -> Vec<u8> {
    (0..len)
        .map(|at| (at.wrapping_mul(0x9e37_79b1) >> 24) as u8)
        .collect()
}

/// Runs the program of a case and looks at all that it did.
fn run(case: Case, program: &[u8]) -> Stats {
    let Case { bus, copy, event } = case;
    let expected = pattern(copy.len);
    // No byte of the destination is right by chance.
    let before = expected.iter().map(|byte| !byte).collect();
    // These regions are all there is: an access one byte off either end is an error.
    let mut memory = Memory::default()
        .with(copy.source, expected.clone(), Access::Read)
        .with(copy.destination, before, Access::Write);
    let config = Config {
        width: bus.bytes.into(),
        share: bus.lines.into(),
        non_secure: bus.non_secure,
        events: 32,
        non_secure_events: event.bit(),
        interrupts: event.bit(),
        ..Config::RK3588
    };
    let mut channel = Channel::new(config, program, &mut memory);

    assert_eq!(channel.run(), Ok(Stop::Ended), "{program:02x?}");
    assert!(channel.most_lines() <= bus.lines.into());

    let stats = channel.stats().clone();

    assert!(memory.region(copy.destination) == expected, "wrong bytes");
    assert!(memory.region(copy.source) == expected, "source changed");
    // The model lets no event overtake a store that has been issued. That all have been issued by
    // then is for the test to say.
    assert_eq!(
        stats.raised,
        [Raised {
            event: event.number(),
            stored: copy.len.into(),
        }]
    );
    assert_eq!(stats.loads.bytes, u64::from(copy.len));
    assert_eq!(stats.stores.bytes, u64::from(copy.len));
    assert!(stats.loads.longest <= bus.beats.into());
    assert!(stats.stores.longest <= bus.beats.into());
    stats
}

pub(crate) fn buses() -> impl Strategy<Value = ProgramLimits> {
    let widths = select(vec![4, 8, 16]);
    let cache_lines = select(vec![4, 8, 16, 32]);
    let bursts = prop_oneof![
        2 => (1..=20u16, 1..=16u8),
        2 => (15..=17u16, Just(16u8)),
        1 => (1..=70u16, 1..=16u8),
    ];

    (widths, bursts, cache_lines, any::<bool>(), 1..=8u8).prop_map(
        |(bytes, (lines, beats), cache_line, non_secure, loads)| ProgramLimits {
            bytes,
            lines,
            beats,
            cache_line,
            non_secure,
            loads,
        },
    )
}

/// Lengths shorter than a beat, and at and around what divides: beats, bursts, 256 bursts, pages.
fn lengths(bus: ProgramLimits) -> impl Strategy<Value = u32> {
    let beats = u32::from(bus.beats).min(bus.lines.into());
    let bursts = select(vec![1, 2, 255, 256, 257, 511, 512, 513]);

    prop_oneof![
        2 => 1..=20u32,
        3 => 1..=300u32,
        2 => 4 * KIB - 40..=4 * KIB + 40,
        2 => 32 * KIB - 300..=32 * KIB + 300,
        4 => (0..=4u32, bursts, 0..=40u32)
            .prop_map(move |(size, bursts, more)| (beats << size) * bursts + more),
        1 => 1..=300 * KIB,
    ]
}

/// Returns an address for `len` bytes. Addresses with different `place` do not overlap.
fn address(place: u8, offset: u32, len: u32) -> u32 {
    match place {
        0 => offset,
        1 => 0x7fff_f000 + offset,
        // The last byte can be the last one that 32 bits can address.
        _ => 0u32.wrapping_sub(len + offset),
    }
}

/// Offsets about a boundary of 4 KiB, too.
fn offsets() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 0..=40u32, 1 => 4 * KIB - 40..=4 * KIB + 40]
}

fn copies(bus: ProgramLimits) -> impl Strategy<Value = Copy> {
    let places = (0..=2u8, 1..=2u8).prop_map(|(first, other)| (first, (first + other) % 3));

    (lengths(bus), places, offsets(), offsets()).prop_map(|(len, places, from, to)| Copy {
        source: address(places.0, from, len),
        destination: address(places.1, to, len),
        len,
    })
}

fn cases() -> impl Strategy<Value = Case> {
    (buses(), 0..=31u8).prop_flat_map(|(bus, number)| {
        copies(bus).prop_map(move |copy| Case {
            bus,
            copy,
            event: Event::new(number).unwrap(),
        })
    })
}

/// Both addresses at the same distance from a multiple of the bus width.
fn congruent_cases() -> impl Strategy<Value = Case> {
    cases().prop_map(|mut case| {
        let width = u32::from(case.bus.bytes);
        let Copy {
            source,
            destination,
            len,
        } = case.copy;
        let moved = destination - destination % width + source % width;
        let last = moved.checked_add(len - 1);

        // That may have been upwards, past 4 GiB.
        case.copy.destination = if last.is_some() { moved } else { moved - width };
        case
    })
}

pub(crate) fn proptest_config() -> ProptestConfig {
    ProptestConfig {
        // A failure prints the least case that fails, which is worth a fixed test of its own. Files
        // with seeds would mean nothing after the next change of a strategy.
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(proptest_config())]

    #[test]
    fn any_copy_is_one(case in cases()) {
        let program = assemble(case, ENOUGH);

        prop_assert!(program.is_ok(), "more than {ENOUGH} bytes");
        run(case, &program.unwrap());
    }

    /// With congruent addresses, a copy moves whole beats of the bus between the ends.
    #[test]
    fn congruent_copies_use_the_whole_bus(case in congruent_cases()) {
        let stats = run(case, &assemble(case, ENOUGH).unwrap());
        let width = u64::from(case.bus.bytes);
        let beats = u64::from(case.bus.beats).min(case.bus.lines.into());
        let len = u64::from(case.copy.len);
        let ends = 2 * (width - 1);

        for traffic in [stats.loads, stats.stores] {
            prop_assert!(traffic.beats <= len / width + ends);
            prop_assert!(
                traffic.bursts <= len / (width * beats) + 1 + 2 * (width - 1).div_ceil(beats)
            );
        }
    }

    /// A program that does not fit is refused, wherever the memory ends.
    #[test]
    fn too_little_memory_is_refused(case in cases()) {
        let program = assemble(case, ENOUGH).unwrap();

        for memory in 0..program.len() {
            prop_assert_eq!(assemble(case, memory), Err(TooLong));
        }
        prop_assert_eq!(assemble(case, program.len()), Ok(program));
    }
}

/// One of eight channels of the controller that the driver is for.
pub(crate) const RK3588: ProgramLimits = ProgramLimits {
    bytes: 8,
    lines: 17,
    beats: 16,
    cache_line: 32,
    non_secure: true,
    loads: 8,
};

/// A case of that controller, by alignment and length.
fn rk3588(source: u32, destination: u32, len: u32) -> Case {
    Case {
        bus: RK3588,
        copy: Copy {
            source: 0x1000_0000 + source,
            destination: 0x2000_0000 + destination,
            len,
        },
        event: Event::new(3).unwrap(),
    }
}

#[test]
fn an_aligned_page_takes_32_bursts() {
    let case = rk3588(0, 0, 4096);
    let stats = run(case, &assemble(case, ENOUGH).unwrap());

    for traffic in [stats.loads, stats.stores] {
        assert_eq!(traffic.bursts, 32);
        assert_eq!(traffic.beats, 512);
        assert_eq!(traffic.longest, 16);
    }
}

/// Each short length with each pair of alignments: what a random choice could leave out.
#[test]
fn all_short_copies() {
    for source in 0..8 {
        for destination in 0..8 {
            for len in 1..=300 {
                let case = rk3588(source, destination, len);

                run(case, &assemble(case, ENOUGH).unwrap());
            }
        }
    }
}

/// Copies that need both loops and all ends.
#[test]
fn large_copies() {
    for (bytes, beats) in [(4, 16), (8, 8), (8, 16), (16, 16)] {
        for (source, destination) in [(0, 0), (3, 3), (0, 2), (5, 0)] {
            for len in [MIB + 1, 4 * MIB] {
                let mut case = rk3588(source, destination, len);

                case.bus.bytes = bytes;
                case.bus.lines = beats;
                run(case, &assemble(case, ENOUGH).unwrap());
            }
        }
    }
}

/// A small part of the MFIFO means short bursts, and many of them may need more loops than fit.
/// Then there is no program, never one that does less.
#[test]
fn large_copies_in_short_bursts_are_right_or_refused() {
    for beats in 1..8 {
        for (source, destination) in [(0, 0), (0, 4), (2, 0), (7, 0)] {
            let mut case = rk3588(source, destination, 4 * MIB - 1);

            case.bus.lines = beats;
            if let Ok(program) = assemble(case, ENOUGH) {
                run(case, &program);
            }
        }
    }
}

/// The protection bits of both sides are non-secure on a non-secure channel only.
///
/// A secure channel may have to reach memory that only secure accesses reach.
#[test]
fn accesses_are_as_secure_as_the_channel() {
    for (non_secure, protection) in [(true, 2), (false, 0)] {
        let mut case = rk3588(0, 0, 4096);

        case.bus.non_secure = non_secure;

        let program = assemble(case, ENOUGH).unwrap();
        let text: Vec<_> = listing(&program).map(|line| line.to_string()).collect();
        let control = format!(
            "DMAMOV CCR, SAI SS64 SB16 SP{protection} SC0 DAI DS64 DB16 DP{protection} DC0 ES8"
        );

        assert!(
            text.iter().any(|line| line.ends_with(&control)),
            "{text:#?}"
        );
    }
}

#[test]
fn a_signal_alone_is_a_barrier_an_event_and_the_end() {
    let mut bytes = [0xee; 16];
    let mut asm = Assembler::new(&mut bytes);

    program::signal(&mut asm, Event::new(9).unwrap()).unwrap();

    let len = asm.len();

    assert_eq!(bytes[..len], [0x13, 0x34, 0x48, 0x00]);
    assert!(bytes[len..].iter().all(|&byte| byte == 0xee));
}

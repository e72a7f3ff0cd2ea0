// SPDX-License-Identifier: GPL-2.0

//! Plans of any kind on any bus, their programs run by the model of `tests/host`.
//!
//! Whatever the request, it is refused, or its programs end without a fault and leave memory as it
//! should be. Needs a nightly compiler and cargo-fuzz; run in `tests/host`:
//!
//! ```sh
//! cargo +nightly fuzz run plan
//! ```

#![no_main]

#[allow(dead_code)]
#[path = "../../src/model/mod.rs"]
mod model;
#[allow(dead_code, unused_imports)]
#[path = "../../../../pl330/program/mod.rs"]
mod program;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use model::{
    Access,
    Channel,
    Config,
    Memory,
    Stop, //
};
use program::{
    insn::{
        Assembler,
        Event, //
    },
    Copy,
    Copy2d,
    Memset,
    Operation,
    Pattern,
    ProgramLimits,
    ProgramWriter,
    Segment,
    SgCopy,
    SgMemset, //
};

/// Addresses of programs, sources and destinations.
const CODE: u32 = 0xe000_0000;
const FROM: u32 = 0x1000_0000;
const TO: u32 = 0x8000_0000;

#[derive(Arbitrary, Debug)]
struct Input {
    /// Each modulo what there is.
    width: u8,
    lines: u8,
    beats: u8,
    cache_line: u8,
    non_secure: bool,
    loads: u8,
    room: u16,
    /// Byte of each program to locate.
    probe: u16,
    from: u8,
    to: u8,
    request: Request,
}

#[derive(Arbitrary, Debug)]
enum Request {
    Copy {
        len: u16,
    },
    Memset {
        len: u16,
        pattern: [u8; 8],
        size: u8,
    },
    Copy2d {
        len: u16,
        rows: u8,
        gaps: [u16; 2],
    },
    SgCopy {
        parts: [Vec<(u8, u16)>; 2],
    },
    SgMemset {
        parts: Vec<(u8, u16)>,
        pattern: [u8; 8],
        size: u8,
    },
}

/// From where to where a job copies, in order; what it is to write for a fill.
struct Expected {
    moves: Vec<(Segment, Segment)>,
    pattern: Option<Vec<u8>>,
}

fuzz_target!(|input: Input| {
    let bus = ProgramLimits {
        bytes: 4 << (input.width % 3),
        lines: u16::from(input.lines % 70) + 1,
        beats: input.beats % 16 + 1,
        cache_line: 4 << (input.cache_line % 4),
        non_secure: input.non_secure,
        loads: input.loads % 8 + 1,
    };
    let from = FROM + u32::from(input.from);
    let to = TO + u32::from(input.to);
    let room = 256 + usize::from(input.room % 1024);
    let moves = |moves| Expected {
        moves,
        pattern: None,
    };
    let segment = |address, len| Segment { address, len };

    match input.request {
        Request::Copy { len } => {
            let len = u32::from(len);
            let copy = Copy {
                source: from,
                destination: to,
                len,
            };

            check(
                copy,
                bus,
                room,
                input.probe,
                moves(vec![(segment(from, len), segment(to, len))]),
            );
        }
        Request::Memset { len, pattern, size } => {
            let pattern = pattern[..1 << (size % 4)].to_vec();
            let job = Memset::new(to, len.into(), Pattern::new(&pattern).unwrap());
            let expected = Expected {
                moves: vec![(segment(from, 0), segment(to, len.into()))],
                pattern: Some(pattern),
            };

            check(job, bus, room, input.probe, expected);
        }
        Request::Copy2d { len, rows, gaps } => {
            let (len, rows) = (u32::from(len % 2048), u32::from(rows % 32));
            let [source_stride, destination_stride] = gaps.map(|gap| len + u32::from(gap));
            let job = Copy2d {
                source: from,
                destination: to,
                row_len: len,
                rows,
                source_stride,
                destination_stride,
            };
            let row = |row| {
                (
                    segment(from + row * source_stride, len),
                    segment(to + row * destination_stride, len),
                )
            };

            check(
                job,
                bus,
                room,
                input.probe,
                moves((0..rows).map(row).collect()),
            );
        }
        Request::SgCopy { parts } => {
            let [sources, destinations] = [list(from, &parts[0]), list(to, &parts[1])];
            let expected = moves(pieces(&sources, &destinations));

            check(
                SgCopy::new(sources.into_iter(), destinations.into_iter()),
                bus,
                room,
                input.probe,
                expected,
            );
        }
        Request::SgMemset {
            parts,
            pattern,
            size,
        } => {
            let pattern = pattern[..1 << (size % 4)].to_vec();
            let destinations = list(to, &parts);
            let moves = destinations.iter().map(|&to| (segment(from, 0), to));
            let expected = Expected {
                moves: moves.collect(),
                pattern: Some(pattern.clone()),
            };
            let job = SgMemset::new(destinations, Pattern::new(&pattern).unwrap());

            check(job, bus, room, input.probe, expected);
        }
    }
});

/// Returns segments from `start` on, by the lengths of holes before them and of themselves.
fn list(start: u32, parts: &[(u8, u16)]) -> Vec<Segment> {
    let mut next = start;
    let segment = |&(hole, len): &(u8, u16)| {
        let address = next + u32::from(hole);
        let len = u32::from(len % 5000);

        next = address + len;
        Segment { address, len }
    };

    parts.iter().take(32).map(segment).collect()
}

/// Returns the pairs of longest pieces that are consecutive on both sides.
fn pieces(sources: &[Segment], destinations: &[Segment]) -> Vec<(Segment, Segment)> {
    let bytes = |list: &[Segment]| -> Vec<u32> {
        list.iter()
            .flat_map(|segment| (0..segment.len).map(|at| segment.address + at))
            .collect()
    };

    bytes(sources)
        .into_iter()
        .zip(bytes(destinations))
        .map(|(from, to)| {
            (
                Segment {
                    address: from,
                    len: 1,
                },
                Segment {
                    address: to,
                    len: 1,
                },
            )
        })
        .collect()
}

fn byte(address: u32) -> u8 {
    (address.wrapping_mul(0x9e37_79b1) >> 24) as u8
}

fn check<J: Operation + Clone>(
    job: J,
    bus: ProgramLimits,
    room: usize,
    probe: u16,
    expected: Expected,
) {
    let Ok(mut plan) = ProgramWriter::new(job) else {
        return;
    };
    let end = |start: u32, segments: Vec<Segment>| {
        let ends = segments.iter().map(|segment| segment.address + segment.len);

        ends.max().unwrap_or(start)
    };
    let from_end = end(FROM, expected.moves.iter().map(|pair| pair.0).collect());
    let to_end = end(TO, expected.moves.iter().map(|pair| pair.1).collect());
    let mut memory = Memory::default()
        .with(
            FROM,
            (FROM..from_end.max(FROM)).map(byte).collect(),
            Access::Read,
        )
        .with(TO, vec![0xee; (to_end - TO) as usize], Access::Write);
    let config = Config {
        width: bus.bytes.into(),
        share: bus.lines.into(),
        non_secure: bus.non_secure,
        ..Config::RK3588
    };

    while !plan.is_written() {
        let before = plan.clone();
        let mut code = vec![0xee; room];
        let mut asm = Assembler::at(&mut code, CODE);

        plan.write(&mut asm, bus, Event::new(5).unwrap()).unwrap();

        let len = asm.len();
        let done = plan.done() - before.done();

        memory.replace(CODE, code.clone());

        let mut channel = Channel::new(config, &code[..len], &mut memory);

        assert_eq!(channel.run(), Ok(Stop::Ended));

        let stats = channel.stats();

        assert!(stats.loads.longest.max(stats.stores.longest) <= bus.beats.into());
        assert_eq!(stats.stores.bytes, done);
        assert_eq!(stats.raised.len(), 1);
        assert_eq!(stats.raised[0].stored, done);

        // The end raises the event, and belongs to nothing.
        let offset = usize::from(probe) % (len + 1);
        let mut again = vec![0; room];
        let part = before.locate(&mut Assembler::at(&mut again, CODE), bus, offset);

        assert_eq!(part.is_some(), offset < len - 4);
        assert!(part.is_none() || again[..=offset] == code[..=offset]);
    }

    let mut wanted = vec![0xee; (to_end - TO) as usize];
    let mut filled = 0;

    for (from, to) in expected.moves {
        for at in 0..to.len {
            wanted[(to.address + at - TO) as usize] = match &expected.pattern {
                Some(pattern) => pattern[filled % pattern.len()],
                None => byte(from.address + at),
            };
            filled += 1;
        }
    }
    assert!(memory.region(TO) == wanted);
}

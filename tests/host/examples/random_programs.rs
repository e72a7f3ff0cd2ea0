// SPDX-License-Identifier: GPL-2.0

//! Runs programs of random operations in the interpreter, and compares every byte.
//!
//! ```sh
//! cargo run --release --example random_programs -- 2000000
//! cargo run --release --example random_programs -- 2000000 7
//! ```
//!
//! The second argument is the seed. Operations are of all kinds, for buses of all widths, shares of
//! the MFIFO, bursts and lines of the instruction cache, in program memory of any length. The
//! interpreter refuses each access outside the bytes of the operation, and everything else that its
//! documentation lists.

#[allow(dead_code, unused_imports)]
#[path = "../src/model/mod.rs"]
mod model;
#[allow(dead_code, unused_imports)]
#[path = "../../../pl330/program/mod.rs"]
mod program;

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

/// Addresses of programs, of bytes to read and of bytes to write.
const CODE: u32 = 0xe000_0000;
const FROM: u32 = 0x1000_0000;
const TO: u32 = 0x8000_0000;

/// Random numbers: xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// Returns a number below `end`.
    fn below(&mut self, end: u32) -> u32 {
        (self.next() % u64::from(end)) as u32
    }

    fn pick<T: core::marker::Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }

    /// Returns a length: mostly short, sometimes some bursts or about a page.
    fn len(&mut self) -> u32 {
        match self.below(16) {
            0..=4 => 1 + self.below(20),
            5..=9 => 1 + self.below(300),
            10..=11 => 128 * (1 + self.below(12)),
            12 => 120 * (1 + self.below(12)) + self.below(20),
            13 => 4096,
            14 => 4050 + self.below(90),
            _ => 1 + self.below(6000),
        }
    }

    fn bus(&mut self) -> ProgramLimits {
        let is_rk3588 = self.below(3) == 0;
        let (bytes, lines, beats) = if is_rk3588 {
            (8, 17, 16)
        } else {
            let (beats, few, many) = (self.below(16), self.below(20), self.below(80));
            let beats = self.pick(&[16, 16, 16, 1 + beats]) as u8;
            let lines = self.pick(&[16, 17, 1 + few, 1 + many]) as u16;

            (self.pick(&[4, 8, 16]), lines, beats)
        };

        ProgramLimits {
            bytes,
            lines,
            beats,
            cache_line: self.pick(&[4, 8, 16, 32]),
            non_secure: self.below(2) == 0,
            loads: 1 + self.below(8) as u8,
        }
    }

    /// Returns segments with holes, as offsets.
    fn segments(&mut self, start: u32) -> Vec<Segment> {
        let count = 1 + self.below(6);
        let is_in_pages = self.below(3) == 0;
        let mut next = start + self.below(40);

        (0..count)
            .map(|_| {
                let (hole, len) = if is_in_pages {
                    (
                        self.pick(&[0, 0, 4096, 70_000]),
                        self.pick(&[4096, 1024, 640, 512]),
                    )
                } else {
                    let hole = self.below(50);

                    (self.pick(&[0, 1, 8, hole]), self.len() - self.below(2))
                };
                let address = next + hole;

                next = address + len;
                Segment { address, len }
            })
            .collect()
    }
}

/// Returns the byte to be read at `address`.
fn byte(address: u32) -> u8 {
    (address.wrapping_mul(0x9e37_79b1) >> 24) as u8
}

/// Bytes that an operation is to write, by segments in no particular order.
type Expected = Vec<(u32, Vec<u8>)>;

/// Runs all programs of `job`; returns their number.
fn check<J: Operation>(
    random: &mut Random,
    job: J,
    bus: ProgramLimits,
    sources: &[Segment],
    expected: Expected,
) -> u32 {
    let has_bytes = |segment: &&Segment| segment.len != 0;
    let mut memory = Memory::default();

    for &Segment { address, len } in sources.iter().filter(has_bytes) {
        let bytes = (0..len).map(|at| byte(address.wrapping_add(at)));

        memory = memory.with(address, bytes.collect(), Access::Read);
    }
    for (address, bytes) in &expected {
        let before = bytes.iter().map(|byte| !byte).collect();

        memory = memory.with(*address, before, Access::Write);
    }

    let config = Config {
        width: bus.bytes.into(),
        share: bus.lines.into(),
        non_secure: bus.non_secure,
        ..Config::RK3588
    };
    let room = self::room(random);
    let mut writer = ProgramWriter::new(job).expect("rejected");
    let mut programs = 0;

    while !writer.is_written() {
        let before = writer.done();
        let mut code = vec![0xee; room];
        let mut asm = Assembler::at(&mut code, CODE);

        writer
            .write(&mut asm, bus, Event::new(5).unwrap())
            .expect("not a single step");

        let len = asm.len();

        memory.replace(CODE, code.clone());

        let mut channel = Channel::new(config, &code[..len], &mut memory);

        assert_eq!(
            channel.run(),
            Ok(Stop::Ended),
            "{bus:?} {:02x?}",
            &code[..len]
        );
        assert!(channel.most_lines() <= writer.lines().into());
        assert!(writer.lines() <= bus.lines);

        let stats = channel.stats();

        assert!(stats.loads.longest.max(stats.stores.longest) <= bus.beats.into());
        assert_eq!(stats.stores.bytes, writer.done() - before);
        assert_eq!(stats.raised.len(), 1);
        assert_eq!(stats.raised[0].stored, stats.stores.bytes);
        programs += 1;
    }
    for (address, bytes) in &expected {
        assert!(memory.region(*address) == bytes, "wrong bytes: {bus:?}");
    }
    programs
}

fn room(random: &mut Random) -> usize {
    match random.below(4) {
        0 => 256 + random.below(100) as usize,
        1 => 256 + random.below(1000) as usize,
        _ => 2048,
    }
}

/// Returns the bytes that a copy to `to` writes, if it reads `sources` one after the other.
fn copied(sources: &[Segment], to: &[Segment]) -> Expected {
    let mut bytes = sources
        .iter()
        .flat_map(|segment| (0..segment.len).map(|at| byte(segment.address.wrapping_add(at))));

    to.iter()
        .filter(|segment| segment.len != 0)
        .map(|segment| {
            (
                segment.address,
                bytes.by_ref().take(segment.len as usize).collect(),
            )
        })
        .collect()
}

/// Returns the bytes that a fill with `pattern` writes.
fn filled(pattern: &[u8], to: &[Segment]) -> Expected {
    let mut bytes = pattern.iter().copied().cycle();

    to.iter()
        .filter(|segment| segment.len != 0)
        .map(|segment| {
            (
                segment.address,
                bytes.by_ref().take(segment.len as usize).collect(),
            )
        })
        .collect()
}

fn pattern(random: &mut Random) -> Vec<u8> {
    let len = random.pick(&[1, 1, 2, 4, 8]);

    if random.below(3) == 0 {
        return vec![0; len];
    }
    (0..len).map(|_| random.next() as u8 | 1).collect()
}

/// Runs one operation; returns the number of its programs.
fn run(random: &mut Random) -> u32 {
    let bus = random.bus();
    let (from, to) = (FROM + random.below(48), TO + random.below(48));
    let len = random.len();
    let one = |address, len| [Segment { address, len }];

    match random.below(8) {
        0..=2 => {
            // The last byte that 32 bits address is one like any other.
            let (from, to) = match random.below(16) {
                0 => (0u32.wrapping_sub(len), to),
                1 => (from, 0u32.wrapping_sub(len)),
                _ => (from, to),
            };
            let copy = Copy {
                source: from,
                destination: to,
                len,
            };
            let expected = copied(&one(from, len), &one(to, len));

            check(random, copy, bus, &one(from, len), expected)
        }
        3 => {
            let bytes = pattern(random);
            let memset = Memset::new(to, len, Pattern::new(&bytes).unwrap());

            check(random, memset, bus, &[], filled(&bytes, &one(to, len)))
        }
        4 => {
            let bytes = pattern(random);
            let list = random.segments(TO);

            if list.iter().all(|segment| segment.len == 0) {
                return 0;
            }

            let memset = SgMemset::new(list.clone(), Pattern::new(&bytes).unwrap());

            check(random, memset, bus, &[], filled(&bytes, &list))
        }
        5 => {
            let row_len = 1 + len % 1500;
            let width = u32::from(bus.bytes);
            let gap = random.pick(&[0, 1, 8, 40, 3000, 65_535, 65_536, 70_000, 300_000]);
            let to_gap = random.pick(&[0, 1, 8, 40, 3000, 65_535, 65_536, 300_000]);
            let align = |stride: u32, random: &mut Random| match random.below(3) {
                0 => stride,
                _ => stride.next_multiple_of(width),
            };
            let rows = Copy2d {
                source: from,
                destination: to,
                row_len,
                rows: 1 + random.below(20),
                source_stride: align(row_len + gap, random),
                destination_stride: align(row_len + to_gap, random),
            };
            let list = |start: u32, stride: u32| -> Vec<_> {
                (0..rows.rows)
                    .map(|row| Segment {
                        address: start + row * stride,
                        len: row_len,
                    })
                    .collect()
            };
            let sources = list(from, rows.source_stride);
            let destinations = list(to, rows.destination_stride);
            let expected = copied(&sources, &destinations);

            check(random, rows, bus, &joined(sources), joined_bytes(expected))
        }
        _ => {
            let sources = random.segments(FROM);
            let mut left: u32 = sources.iter().map(|segment| segment.len).sum();
            let mut destinations = match random.below(2) {
                0 => random.segments(TO),
                _ => sources
                    .iter()
                    .map(|segment| Segment {
                        address: segment.address - FROM + to,
                        ..*segment
                    })
                    .collect(),
            };

            if left == 0 {
                return 0;
            }
            for segment in &mut destinations {
                segment.len = segment.len.min(left);
                left -= segment.len;
            }
            destinations.push(Segment {
                address: 0xc000_0001,
                len: left,
            });

            let expected = copied(&sources, &destinations);
            let job = SgCopy::new(sources.clone(), destinations);

            check(random, job, bus, &joined(sources), joined_bytes(expected))
        }
    }
}

/// Joins segments that follow each other, because a burst may cross from one to the next.
fn joined(list: Vec<Segment>) -> Vec<Segment> {
    let mut joined: Vec<Segment> = Vec::new();

    for segment in list.into_iter().filter(|segment| segment.len != 0) {
        match joined.last_mut() {
            Some(last) if last.address + last.len == segment.address => last.len += segment.len,
            _ => joined.push(segment),
        }
    }
    joined
}

fn joined_bytes(list: Expected) -> Expected {
    let mut joined: Expected = Vec::new();

    for (address, bytes) in list {
        match joined.last_mut() {
            Some((start, last)) if *start + last.len() as u32 == address => last.extend(bytes),
            _ => joined.push((address, bytes)),
        }
    }
    joined
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| {
        arguments
            .next()
            .map_or(default, |text| text.parse().expect("not a number"))
    };
    let (count, seed) = (number(2_000_000u64), number(1));
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let programs: u64 = (0..count).map(|_| u64::from(run(&mut random))).sum();

    println!("{count} operations, {programs} programs, no byte wrong");
}

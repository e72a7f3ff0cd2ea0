// SPDX-License-Identifier: GPL-2.0

//! Lists and rings for a peripheral, their programs run by the model of `tests/host`.
//!
//! Whatever the request, it is rejected, or each byte is moved once and in order, at the pace of
//! the device. Programs are killed where they wait, and the rest is resumed from their position.
//! Needs a nightly compiler and cargo-fuzz; run in `tests/host`:
//!
//! ```sh
//! cargo +nightly fuzz run peripheral
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
    Fifo,
    Memory,
    Stop, //
};
use program::{
    insn::{
        Assembler,
        Event,
        Peripheral, //
    },
    Cyclic,
    ProgramLimits,
    ProgramWriter,
    RequestKind,
    Segment,
    Slave,
    SlaveConfig,
    SlaveDirection,
    SlaveSg, //
};

const FIFO: u32 = 0xfe00_0000;
const MEMORY: u32 = 0x1000_0000;
const LINE: u8 = 7;

/// Largest number of bytes in memory.
const MOST: u32 = 8192;

const LIMITS: ProgramLimits = ProgramLimits {
    bytes: 8,
    lines: 16,
    beats: 16,
    cache_line: 32,
    non_secure: true,
    loads: 8,
};

#[derive(Arbitrary, Debug)]
struct Input {
    to_memory: bool,
    has_singles: bool,
    width: u8,
    burst: u8,
    depth: u8,
    room: u16,
    /// Address in memory that the registers have before the program.
    stale: u16,
    shape: Shape,
    pace: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
enum Shape {
    List(Vec<(u16, u16)>),
    Ring {
        period: u16,
        periods: u16,
        start: u16,
        has_event: bool,
    },
}

/// Effect of a program.
struct Moved {
    bytes: u64,
    events: usize,
    has_ended: bool,
}

/// Program and the device that it runs with.
struct Run<'a> {
    memory: Memory,
    fifo: Fifo,
    /// Beats that the device moves at each wait. The channel is killed at 0.
    pace: std::iter::Cycle<std::slice::Iter<'a, u8>>,
    to_memory: bool,
    stale: u32,
    /// Bytes that the device has received or sent.
    incoming: Vec<u8>,
    next: usize,
    sent: Vec<u8>,
}

impl Run<'_> {
    /// Runs a program until it ends, or is killed.
    ///
    /// At each instruction, `position` gets the program counter, the address in memory and the
    /// number of moved bytes.
    fn run(&mut self, code: &[u8], position: impl Fn(usize, u32, u64)) -> Moved {
        self.fifo.is_stale = true;

        let config = Config {
            share: LIMITS.lines.into(),
            ..Config::RK3588
        };
        let mut channel = Channel::new(config, code, &mut self.memory).with_fifo(&mut self.fifo);

        loop {
            let (source, destination) = channel.addresses();
            let stats = channel.stats();
            let events = stats.raised.len();
            let (address, moved) = if self.to_memory {
                (destination, stats.stores.bytes)
            } else {
                (source, stats.loads.bytes)
            };

            position(
                channel.pc(),
                address.map_or(self.stale, |it| it as u32),
                moved,
            );
            match channel.step().unwrap() {
                None => (),
                Some(Stop::WaitingForPeripheral { .. }) => {
                    let beats = self.pace.next().copied().unwrap_or(1);

                    if beats == 0 {
                        assert_eq!(channel.kill(), Ok(0));
                        return Moved {
                            bytes: moved,
                            events,
                            has_ended: false,
                        };
                    }

                    let fifo = channel.fifo();
                    let beats = u32::from(beats);

                    if self.to_memory {
                        let len = (beats.min(fifo.room()) * fifo.width) as usize;
                        let rest = &self.incoming[self.next..];

                        assert!(!rest.is_empty(), "waits for ever");
                        fifo.receive(&rest[..len.min(rest.len())]);
                        self.next += len.min(rest.len());
                    } else {
                        let sent = fifo.send(beats);

                        assert!(!sent.is_empty(), "waits for ever");
                        self.sent.extend(sent);
                    }
                }
                Some(Stop::Ended) => {
                    return Moved {
                        bytes: moved,
                        events,
                        has_ended: true,
                    }
                }
                Some(stop) => panic!("{stop:?}"),
            }
        }
    }

    /// Checks the bytes that were moved, with these addresses in memory.
    fn expect(&mut self, addresses: impl Iterator<Item = u32>, before: &[u8]) {
        assert_eq!((self.fifo.overruns, self.fifo.underruns), (0, 0));
        if self.to_memory {
            let mut expected = before.to_vec();

            for (at, address) in addresses.enumerate() {
                expected[(address - MEMORY) as usize] = self.incoming[at];
            }
            assert!(self.memory.region(MEMORY) == expected);
        } else {
            let rest = self.fifo.send(u32::MAX);

            self.sent.extend(rest);
            assert!(addresses
                .map(|it| before[(it - MEMORY) as usize])
                .eq(self.sent.iter().copied()));
        }
    }
}

fn byte(at: u32) -> u8 {
    (at.wrapping_mul(0x9e37_79b1) >> 24) as u8
}

fuzz_target!(|input: Input| {
    let config = SlaveConfig {
        request: Peripheral::new(LINE).unwrap(),
        kind: if input.has_singles {
            RequestKind::SingleAndBurst
        } else {
            RequestKind::Burst
        },
        direction: if input.to_memory {
            SlaveDirection::DevToMem
        } else {
            SlaveDirection::MemToDev
        },
        fifo: FIFO,
        width: 1 << (input.width % 4),
        burst: input.burst % 16 + 1,
    };
    let slave = Slave::new(config, LIMITS).unwrap();
    let (width, burst) = (u32::from(config.width), u32::from(config.burst));
    let mut fifo = Fifo::new(LINE, FIFO, width, burst);

    fifo.depth = burst * (u32::from(input.depth % 4) + 1);
    fifo.has_singles = input.has_singles;
    fifo.is_receiver = input.to_memory;

    // After a kill, the device moves something. A ring is killed at last.
    let pace = input.pace.iter().take(64).chain(&[0]);
    let pace: Vec<_> = pace
        .flat_map(|&beats| {
            if beats == 0 {
                vec![0, 255]
            } else {
                vec![beats]
            }
        })
        .collect();
    let before: Vec<_> = (0..MOST).map(byte).collect();
    let access = if input.to_memory {
        Access::Write
    } else {
        Access::Read
    };
    let mut run = Run {
        memory: Memory::default().with(MEMORY, before.clone(), access),
        fifo,
        pace: pace.iter().cycle(),
        to_memory: input.to_memory,
        stale: MEMORY + u32::from(input.stale) % MOST,
        // More than a ring or a list moves, with the burst that the last beats wait for.
        incoming: (0..1 << 18).map(|at| byte(at ^ 0x5555)).collect(),
        next: 0,
        sent: vec![],
    };

    match input.shape {
        Shape::List(parts) => {
            let list = parts.into_iter().take(24).map(|(at, len)| {
                let at = u32::from(at) % (MOST / width);
                let len = 1 + u32::from(len) % (MOST / width - at).min(600);

                Segment {
                    address: MEMORY + at * width,
                    len: len * width,
                }
            });
            let list: Vec<_> = list.collect();

            check_list(&mut run, slave, &list, input.room, &before);
        }
        Shape::Ring {
            period,
            periods,
            start,
            has_event,
        } => {
            let period = (u32::from(period) % (MOST / width) + 1) * width;
            let len = (u32::from(periods) % (MOST / period) + 1) * period;
            let buffer = Segment {
                address: MEMORY,
                len,
            };
            let event = Event::new(5).filter(|_| has_event);
            let start = u32::from(start) * width % len;

            if let Ok(ring) = Cyclic::new(slave, buffer, period, event) {
                check_ring(&mut run, ring, len, period, start, has_event, &before);
            }
        }
    }
});

fn check_list(run: &mut Run<'_>, slave: Slave, list: &[Segment], room: u16, before: &[u8]) {
    let Ok(job) = SlaveSg::new(slave, list.iter().copied()) else {
        return assert!(list.is_empty());
    };
    let mut writer = ProgramWriter::new(job.clone()).unwrap();

    while !writer.is_written() {
        let begun = writer.clone();
        let mut code = vec![0xee; 192 + usize::from(room) % 1024];
        let mut asm = Assembler::new(&mut code);

        writer
            .write(&mut asm, LIMITS, Event::new(5).unwrap())
            .unwrap();

        let len = asm.len();
        let moved = run.run(&code[..len], |offset, address, moved| {
            let position = u64::from(begun.position(offset, address));

            assert_eq!(position, begun.done() + moved);
        });

        assert_eq!(moved.events, usize::from(moved.has_ended));
        if !moved.has_ended {
            let done = begun.done() + moved.bytes;

            writer = ProgramWriter::resume(job.clone(), done as u32).unwrap();
        }
    }

    let addresses = |it: &Segment| it.address..it.address + it.len;

    run.expect(list.iter().flat_map(addresses), before);
}

fn check_ring(
    run: &mut Run<'_>,
    ring: Cyclic,
    len: u32,
    period: u32,
    start: u32,
    has_event: bool,
    before: &[u8],
) {
    let (mut total, mut at) = (0, u64::from(start));
    let len = u64::from(len);

    // The rounds that the device has bytes for.
    while total < 2 * len && total < 100_000 {
        let ring = ring.resume(at as u32).unwrap();
        let mut code = vec![0xee; 1024];
        let mut asm = Assembler::new(&mut code);

        ring.write(&mut asm).unwrap();

        let code_len = asm.len();
        let moved = run.run(&code[..code_len], |offset, address, moved| {
            assert_eq!(
                u64::from(ring.position(offset, address)),
                (at + moved) % len
            );
        });
        let end = at + moved.bytes;
        let periods = end / u64::from(period) - at / u64::from(period);

        assert_eq!(moved.events as u64, if has_event { periods } else { 0 });
        total += moved.bytes;
        at = end % len;
    }

    let addresses = (0..total).map(|it| MEMORY + ((u64::from(start) + it) % len) as u32);

    run.expect(addresses, before);
}

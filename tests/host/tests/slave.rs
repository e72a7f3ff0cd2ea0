// SPDX-License-Identifier: GPL-2.0

//! Lists for peripherals, run by the model: each byte arrives once and in order, at the pace of the
//! device, and the position is right at each instruction.

use crate::copy_tests::{
    pattern,
    proptest_config,
    RK3588, //
};
use crate::model::{
    Access,
    Memory, //
};
use crate::program::insn::{
    Assembler,
    Event, //
};
use crate::program::{
    ProgramLimits,
    ProgramWriter,
    RequestKind,
    Segment,
    Slave,
    SlaveConfig,
    SlaveDirection,
    SlaveSg, //
};
use crate::slave_device::{
    configs,
    counted,
    expect_barriers,
    run_channel,
    slave_config,
    Device,
    Next,
    Random,
    DIRECTIONS,
    KINDS, //
};
use proptest::{
    prelude::*,
    sample::select, //
};

/// Bytes that any step needs, with the beginning and the end of the program.
const ENOUGH: usize = 192;

/// Length in bytes of the end of a program.
const SIGNAL: usize = 4;

/// List and its device.
#[derive(Clone, Debug)]
struct Case {
    bus: ProgramLimits,
    config: SlaveConfig,
    list: Vec<Segment>,
    /// Memory for each program.
    room: usize,
    /// Length of the FIFO in bursts.
    depth: u32,
    seed: u64,
    /// Average number of waits before the channel is killed, and the rest resumed; 0 for no kills.
    kills: u32,
}

/// Totals of all programs.
#[derive(Debug, PartialEq, Eq)]
struct Totals {
    programs: u32,
    code: usize,
    answered: u64,
    sent: Vec<u8>,
}

impl Case {
    fn len(&self) -> u32 {
        self.list.iter().map(|it| it.len).sum()
    }

    fn job(&self) -> SlaveSg<std::vec::IntoIter<Segment>> {
        let slave = Slave::new(self.config, self.bus).unwrap();

        SlaveSg::new(slave, self.list.clone()).unwrap()
    }

    /// The memory of the segments, those with the same address once, and no other.
    fn memory(&self, data: &[u8]) -> Memory {
        let is_read = self.config.direction == SlaveDirection::MemToDev;
        let mut memory = Memory::default();
        let mut regions: Vec<(u32, Vec<u8>)> = vec![];
        let mut at = 0;

        for segment in &self.list {
            let end = at + segment.len as usize;
            let bytes = if is_read {
                data[at..end].to_vec()
            } else {
                vec![0xee; segment.len as usize]
            };

            match regions.iter_mut().find(|it| it.0 == segment.address) {
                Some((_, region)) if region.len() < bytes.len() => *region = bytes,
                Some(_) => (),
                None => regions.push((segment.address, bytes)),
            }
            at = end;
        }
        for (address, bytes) in regions {
            let access = if is_read { Access::Read } else { Access::Write };

            memory = memory.with(address, bytes, access);
        }
        memory
    }

    /// Returns the bytes of the list in `memory`.
    fn bytes(&self, memory: &Memory) -> Vec<u8> {
        let bytes = |it: &Segment| memory.region(it.address)[..it.len as usize].to_vec();

        self.list.iter().flat_map(bytes).collect()
    }

    /// Runs all programs from byte `done` on, and checks what they have done.
    fn run(&self, done: u32) -> Totals {
        let mut random = Random(self.seed);
        let len = self.len() as usize;
        let data = pattern(self.len());
        let mut memory = self.memory(&data);
        let expected = self.bytes(&memory)[done as usize..].to_vec();
        let mut incoming = data[done as usize..].to_vec();

        if self.config.kind == RequestKind::Burst {
            // A device asks for the last beats only if it has a whole burst.
            let tail = incoming.len() % (self.burst_bytes() as usize);

            incoming.resize(incoming.len() + (self.burst_bytes() as usize - tail), 0xcc);
        }

        let filler = incoming.len() + done as usize - len;
        let mut device = Device::new(self.config, self.depth, incoming);
        let mut writer = match done {
            0 => ProgramWriter::new(self.job()).unwrap(),
            _ => ProgramWriter::resume(self.job(), done).unwrap(),
        };
        let mut totals = Totals {
            programs: 0,
            code: 0,
            answered: 0,
            sent: vec![],
        };

        while !writer.is_written() {
            let begun = writer.clone();
            let mut code = vec![0xee; self.room];
            let mut asm = Assembler::new(&mut code);

            writer
                .write(&mut asm, self.bus, Event::new(5).unwrap())
                .unwrap();

            let code_len = asm.len();

            code.truncate(code_len);
            if writer.is_written() {
                assert_eq!(begun.program_len(), code_len);
            }
            assert_eq!(writer.lines(), self.config.burst.into());
            expect_barriers(&code);
            totals.programs += 1;
            totals.code += code_len;

            let stopped_at = self.run_program(&begun, &code, &mut memory, &mut device, &mut random);

            if let Some(position) = stopped_at {
                writer = ProgramWriter::resume(self.job(), position).unwrap();
            }
        }
        if self.config.direction == SlaveDirection::MemToDev {
            let fifo = &mut device.fifo;

            device.sent.extend(fifo.send(u32::MAX));
            assert!(device.sent == expected, "wrong bytes");
        } else {
            assert_eq!(device.unread(), filler);

            let mut model = self.memory(&data);
            let mut at = done as usize;
            let mut skipped = done;

            for segment in &self.list {
                let skip = skipped.min(segment.len);
                let count = (segment.len - skip) as usize;

                skipped -= skip;
                model.write_bytes(segment.address + skip, &data[at..at + count]);
                at += count;
            }
            assert!(self.bytes(&memory) == self.bytes(&model), "wrong bytes");
        }
        totals.answered = device.fifo.answered;
        totals.sent = device.sent;
        totals
    }

    /// Runs a program, and returns its position if it was killed.
    fn run_program(
        &self,
        begun: &ProgramWriter<SlaveSg<std::vec::IntoIter<Segment>>>,
        code: &[u8],
        memory: &mut Memory,
        device: &mut Device,
        random: &mut Random,
    ) -> Option<u32> {
        // An address of the list, as if a program for it had run before.
        let any = self.list[random.below(self.list.len() as u32) as usize];
        let stale = any.address + random.below(any.len + 1);
        let mut kills = Random(self.seed ^ begun.done());
        let mut position = begun.done() as u32;
        let mut last_pc = 0;
        let has_ended = run_channel(
            self.bus,
            code,
            memory,
            device,
            random,
            |channel, is_waiting| {
                let (address, moved) = counted(channel, self.config.direction, stale);
                let stats = channel.stats();

                // The counter may be that of the instruction that has just set the address.
                let early = begun.position(last_pc, address);
                let before = position;

                position = begun.position(channel.pc(), address);
                assert!((before..=position).contains(&early), "after {last_pc}");
                last_pc = channel.pc();
                assert_eq!(
                    u64::from(position),
                    begun.done() + moved,
                    "at {} with {address:#x}",
                    channel.pc()
                );
                // All that was loaded is stored.
                assert!(!is_waiting || stats.loads.bytes == stats.stores.bytes);
                if is_waiting && self.kills != 0 && kills.below(self.kills) == 0 {
                    Next::Kill
                } else {
                    Next::Run
                }
            },
        );

        assert!(!has_ended || code[code.len() - SIGNAL..] == [0x13, 0x34, 5 << 3, 0]);
        (!has_ended).then_some(position)
    }

    fn burst_bytes(&self) -> u32 {
        u32::from(self.config.width) * u32::from(self.config.burst)
    }

    /// Number of requests for all of it.
    fn requests(&self) -> u64 {
        let beats = self.len() / u32::from(self.config.width);
        let burst = u32::from(self.config.burst);

        u64::from(match self.config.kind {
            RequestKind::Burst => beats.div_ceil(burst),
            RequestKind::SingleAndBurst => beats / burst + beats % burst,
        })
    }
}

/// Segments by the beats in them and before them.
fn segments(width: u8, start: u32, parts: &[(u32, u32)]) -> Vec<Segment> {
    let parts: Vec<_> = parts
        .iter()
        .map(|&(hole, len)| (hole * u32::from(width), len * u32::from(width)))
        .collect();

    crate::plan_tests::segments(start, &parts)
}

fn parts() -> impl Strategy<Value = Vec<(u32, u32)>> {
    let lens = prop_oneof![3 => 1..=5u32, 2 => 1..=40u32, 1 => 1..=1000u32];

    prop::collection::vec(
        (prop_oneof![Just(0), 0..=40u32, Just(100_000)], lens),
        1..20,
    )
}

fn cases() -> impl Strategy<Value = Case> {
    (
        crate::copy_tests::buses(),
        configs(),
        parts(),
        ENOUGH..900,
        1..=4u32,
        any::<u64>(),
        select(vec![0, 0, 3, 40]),
    )
        .prop_map(|(bus, config, parts, room, depth, seed, kills)| {
            let burst = config.burst.min(bus.beats).min(bus.lines.min(16) as u8);
            let width = config.width.min(bus.bytes);

            Case {
                bus,
                config: SlaveConfig {
                    burst,
                    width,
                    ..config
                },
                list: segments(width, 0x1000_0000, &parts),
                room,
                depth,
                seed,
                kills,
            }
        })
}

proptest! {
    #![proptest_config(proptest_config())]

    #[test]
    fn any_list(case in cases()) {
        let totals = case.run(0);

        if case.kills == 0 {
            prop_assert_eq!(totals.answered, case.requests());
        }
    }

    /// Segments with the same address are told apart by the program counter.
    #[test]
    fn lists_with_segments_again(
        case in cases(), again in prop::collection::vec(0..20usize, 1..20),
    ) {
        let list = again.iter().map(|&it| case.list[it % case.list.len()]);

        (Case { list: list.collect(), ..case.clone() }).run(0);
    }

    #[test]
    fn the_rest_of_any_list(case in cases(), at in any::<u32>()) {
        let width = u32::from(case.config.width);
        let done = at % (case.len() / width) * width;

        case.run(done);
    }
}

fn of(config: SlaveConfig, list: Vec<Segment>) -> Case {
    Case {
        bus: RK3588,
        config,
        list,
        room: 4096,
        depth: 4,
        seed: 1,
        kills: 0,
    }
}

/// The rest of a list after each of its beats.
#[test]
fn each_rest_of_a_list() {
    for direction in DIRECTIONS {
        for kind in KINDS {
            for width in [1, 4] {
                let list = segments(width, 0x2000, &[(0, 3), (0, 1), (5, 9), (1, 30), (2, 2)]);
                let config = SlaveConfig {
                    kind,
                    ..slave_config(direction, width, 4)
                };
                let case = of(config, list);

                for beat in 0..case.len() / u32::from(width) {
                    case.run(beat * u32::from(width));
                }
            }
        }
    }
}

/// The end of a program falls at every possible place.
#[test]
fn any_room_will_do() {
    for direction in DIRECTIONS {
        let list = segments(
            2,
            0x1000,
            &[(0, 3), (70_000, 1), (9, 40), (3, 7), (1, 300), (2, 5)],
        );
        let case = of(slave_config(direction, 2, 8), list);
        let whole = case.run(0).code;

        for room in 80..=whole {
            let totals = (Case {
                room,
                ..case.clone()
            })
            .run(0);

            assert_eq!(totals.programs == 1, room == whole);
            assert_eq!(totals.answered, case.requests());
        }
    }
}

/// A burst of single beats in sixteen segments, and a list of such bursts.
#[test]
fn each_beat_in_a_segment_of_its_own() {
    for direction in DIRECTIONS {
        let list = segments(4, 0x1000, &[(100_000, 1); 40]);
        let case = of(slave_config(direction, 4, 16), list);

        (Case {
            room: ENOUGH,
            ..case.clone()
        })
        .run(0);
    }
}

/// A list of many bursts is two nested loops.
#[test]
fn long_segments_are_two_loops() {
    for direction in DIRECTIONS {
        for beats in [
            255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 140_000,
        ] {
            let case = of(
                slave_config(direction, 1, 1),
                segments(1, 0x1000, &[(0, beats)]),
            );

            assert!(case.run(0).code < 80);
        }
    }
}

/// The last byte that 32 bits can address is one like any other.
#[test]
fn the_end_of_the_address_space() {
    for direction in DIRECTIONS {
        for len in [4, 60, 64, 68, 640] {
            let last = Segment {
                address: 0u32.wrapping_sub(len),
                len,
            };
            let first = Segment { address: 0, len: 8 };

            of(slave_config(direction, 4, 16), vec![last, first]).run(0);
        }
    }
}

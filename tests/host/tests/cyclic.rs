// SPDX-License-Identifier: GPL-2.0

//! Rings, run by the model for some rounds: each byte in order, an event after each period, and the
//! position at each instruction.

use crate::copy_tests::{
    pattern,
    proptest_config,
    RK3588, //
};
use crate::model::{
    Access,
    Memory, //
};
use crate::program::disasm::listing;
use crate::program::insn::{
    Assembler,
    Event, //
};
use crate::program::{
    Cyclic,
    ProgramLimits,
    Segment,
    Slave,
    SlaveConfig,
    SlaveDirection,
    SlaveError, //
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
use proptest::prelude::*;

/// Bytes that any program needs.
const ENOUGH: usize = 1024;

pub(crate) const BUFFER: u32 = 0x1000_0000;
const EVENT: u8 = 3;

pub(crate) fn event() -> Option<Event> {
    Event::new(EVENT)
}

/// Ring and its device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    bus: ProgramLimits,
    config: SlaveConfig,
    /// Lengths in bytes.
    pub(crate) period: u32,
    pub(crate) len: u32,
    event: Option<Event>,
    /// Byte of the buffer to begin with.
    start: u32,
    /// Bytes to transfer until the ring is killed, at least.
    most: u64,
    depth: u32,
    seed: u64,
}

impl Case {
    pub(crate) fn ring(&self) -> Result<Cyclic, SlaveError> {
        let buffer = Segment {
            address: BUFFER,
            len: self.len,
        };

        Cyclic::new(
            Slave::new(self.config, self.bus).unwrap(),
            buffer,
            self.period,
            self.event,
        )
    }

    /// Returns the program of `ring`.
    fn code(&self, ring: &Cyclic) -> Vec<u8> {
        let mut code = vec![0xee; ENOUGH];
        let mut asm = Assembler::new(&mut code);

        ring.write(&mut asm).unwrap();

        let len = asm.len();

        code.truncate(len);
        code
    }

    /// Runs the ring until it waits after `most` bytes, kills it, and runs the rest of the round.
    ///
    /// Returns the length of the program.
    fn run(&self) -> usize {
        let whole = self.ring().unwrap();
        let ring = whole.resume(self.start).unwrap();
        let is_read = self.config.direction == SlaveDirection::MemToDev;
        let access = if is_read { Access::Read } else { Access::Write };
        let bytes = if is_read {
            pattern(self.len)
        } else {
            vec![0xee; self.len as usize]
        };
        let mut memory = Memory::default().with(BUFFER, bytes, access);
        // The rest of the round, and a burst for a device that asks for no less.
        let rounds = self.most + u64::from(self.len) + 2 * 16 * 8;
        let mut device = Device::new(self.config, self.depth, pattern(2 * rounds as u32));
        let mut random = Random(self.seed);
        let code = self.code(&ring);
        let moved = self.run_ring(
            &ring,
            &code,
            self.most,
            &mut memory,
            &mut device,
            &mut random,
        );
        let position = ((u64::from(self.start) + moved) % u64::from(self.len)) as u32;

        self.expect(moved, &memory, &mut device);

        // The position of the killed ring is where another one goes on.
        let resumed = whole.resume(position).unwrap();
        let more = self.run_ring(
            &resumed,
            &self.code(&resumed),
            u64::from(self.len - position),
            &mut memory,
            &mut device,
            &mut random,
        );

        self.expect(moved + more, &memory, &mut device);
        code.len()
    }

    /// Runs a ring until it waits after `most` bytes, and returns the number of bytes.
    fn run_ring(
        &self,
        ring: &Cyclic,
        code: &[u8],
        most: u64,
        memory: &mut Memory,
        device: &mut Device,
        random: &mut Random,
    ) -> u64 {
        let start = u64::from(ring.position(0, 0));
        let (len, period) = (u64::from(self.len), u64::from(self.period));
        // Registers have the values of the program before.
        let stale = BUFFER + random.below(self.len + 1);
        let mut total = 0;
        let mut events = 0;
        let (mut last_pc, mut last) = (0, start);

        expect_barriers(code);
        run_channel(
            self.bus,
            code,
            memory,
            device,
            random,
            |channel, is_waiting| {
                let (address, moved) = counted(channel, self.config.direction, stale);
                let stats = channel.stats();

                let position = u64::from(ring.position(channel.pc(), address));
                // The counter may be that of the instruction that has just set the address.
                let early = u64::from(ring.position(last_pc, address));

                assert!(early == last || early == position, "after {last_pc}");
                (last_pc, last) = (channel.pc(), position);
                assert_eq!(
                    position,
                    (start + moved) % len,
                    "at {} with {address:#x}",
                    channel.pc()
                );
                if let Some(last) = stats.raised.get(events) {
                    events += 1;
                    assert_eq!(last.event, EVENT);
                    assert_eq!(
                        start + last.stored,
                        (start / period + events as u64) * period
                    );
                }
                assert_eq!(events, stats.raised.len());
                if is_waiting {
                    let periods = (start + moved) / period - start / period;

                    assert_eq!(stats.loads.bytes, stats.stores.bytes);
                    assert_eq!(
                        events as u64,
                        if self.event.is_some() { periods } else { 0 }
                    );
                }
                total = moved;
                match moved >= most {
                    true if is_waiting => Next::Kill,
                    true => Next::Hold,
                    false => Next::Run,
                }
            },
        );
        total
    }

    /// Checks what `moved` bytes have left.
    fn expect(&self, moved: u64, memory: &Memory, device: &mut Device) {
        let start = self.start as usize;
        let len = self.len as usize;
        let moved = moved as usize;

        if self.config.direction == SlaveDirection::MemToDev {
            let bytes = pattern(self.len);
            let expected = bytes.iter().cycle().skip(start).take(moved);
            let rest = device.fifo.send(u32::MAX);

            device.sent.extend(rest);
            assert!(device.sent.iter().eq(expected), "wrong bytes");
        } else {
            let incoming = pattern(moved as u32);
            let mut expected = vec![0xee; len];

            for (at, byte) in incoming.into_iter().enumerate() {
                expected[(start + at) % len] = byte;
            }
            assert!(memory.region(BUFFER) == expected, "wrong bytes");
        }
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let periods = prop_oneof![3 => 1..=20u32, 1 => 1..=300u32];
    let beats = prop_oneof![3 => 1..=100u32, 1 => 1..=5000u32];

    (
        configs(),
        periods,
        beats,
        any::<bool>(),
        any::<u32>(),
        1..=4u32,
        any::<u64>(),
    )
        .prop_map(|(config, periods, beats, has_event, start, depth, seed)| {
            // Not longer than the test has time for.
            let beats = beats.min(20_000 / periods).max(1);
            let width = u32::from(config.width);
            let period = beats * width;
            let len = periods * period;

            Case {
                bus: RK3588,
                config,
                period,
                len,
                event: event().filter(|_| has_event),
                start: start % (len / width) * width,
                most: u64::from(len) * (seed % 3) + u64::from(start % len),
                depth,
                seed,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: proptest_config().cases / 4, ..proptest_config() })]

    #[test]
    fn any_ring(case in cases()) {
        if case.ring().is_ok() {
            prop_assert!(case.run() <= ENOUGH);
        }
    }
}

/// Two rounds of `periods` periods of `beats` beats, each of a byte.
pub(crate) fn of(config: SlaveConfig, periods: u32, beats: u32) -> Case {
    Case {
        bus: RK3588,
        config,
        period: beats,
        len: periods * beats,
        event: event(),
        start: 0,
        most: 2 * u64::from(periods * beats),
        depth: 4,
        seed: 1,
    }
}

/// A ring from each of its beats.
#[test]
fn each_rest_of_a_ring() {
    for direction in DIRECTIONS {
        for kind in KINDS {
            for event in [event(), None] {
                for (periods, beats) in [(3, 8), (2, 11), (3, 3), (1, 4), (4, 1)] {
                    let config = SlaveConfig {
                        kind,
                        ..slave_config(direction, 1, 4)
                    };
                    let case = Case {
                        event,
                        ..of(config, periods, beats)
                    };

                    for start in 0..case.len {
                        (Case { start, ..case }).run();
                    }
                }
            }
        }
    }
}

/// The longest periods and the most periods, in either form.
#[test]
fn rings_of_the_largest_size() {
    for direction in DIRECTIONS {
        let config = slave_config(direction, 1, 1);

        for (periods, beats) in [
            (1, 8704),
            (1, 66_000),
            (2, 8704),
            (3, 66_000),
            (256, 256),
            (257, 16),
            (3000, 1),
            (5, 70_000),
        ] {
            let case = Case {
                start: 5,
                ..of(config, periods, beats)
            };

            assert!(case.run() <= ENOUGH);
        }
    }
}

/// The program of a ring for sound: 4 periods of 1 KiB, in bursts of 8 words.
#[test]
fn a_ring_for_sound() {
    let config = slave_config(SlaveDirection::MemToDev, 4, 8);
    let case = Case {
        period: 1024,
        len: 4096,
        ..of(config, 4, 1)
    };
    let code = case.code(&case.ring().unwrap());
    let lines: Vec<_> = listing(&code).map(|it| it.to_string()).collect();

    assert_eq!(
        lines,
        [
            "  0  DMAMOV DAR, 0xfe000040",
            "  6  DMAMOV CCR, SAI SS32 SB8 SP2 SC0 DAF DS32 DB8 DP2 DC0 ES8",
            " 12  DMAMOV SAR, 0x10000000",
            " 18  DMALP lc1, 4",
            " 20  DMALP lc0, 32",
            " 22  DMAFLUSHP P13",
            " 24  DMAWFP P13, burst",
            " 26  DMALD",
            " 27  DMASTPB P13",
            " 29  DMALPEND lc0, 22",
            " 31  DMAWMB",
            " 32  DMASEV E3",
            " 34  DMALPEND lc1, 20",
            " 36  DMALPEND 12",
        ]
    );
}

/// A resumed ring always has a program, and it fits.
#[test]
fn each_ring_can_be_resumed() {
    let config = slave_config(SlaveDirection::DevToMem, 1, 1);

    for (periods, beats) in [
        (1, 8704),
        (2, 66_000),
        (257, 256),
        (511, 3),
        (4000, 1),
        (7, 700),
    ] {
        let case = of(config, periods, beats);
        let ring = case.ring().unwrap();
        let step = (case.len as usize / 500).max(1);

        for start in (0..case.len).step_by(step) {
            assert!(case.code(&ring.resume(start).unwrap()).len() <= ENOUGH);
        }
    }
}

#[test]
fn memory_that_is_too_small() {
    let ring = of(slave_config(SlaveDirection::MemToDev, 1, 4), 4, 100)
        .ring()
        .unwrap()
        .resume(7)
        .unwrap();
    let len = {
        let mut code = [0; ENOUGH];
        let mut asm = Assembler::new(&mut code);

        ring.write(&mut asm).unwrap();
        asm.len()
    };

    for room in 0..len {
        let mut code = vec![0; room];

        assert!(ring.write(&mut Assembler::new(&mut code)).is_err());
    }
}

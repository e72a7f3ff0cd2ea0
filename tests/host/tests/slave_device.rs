// SPDX-License-Identifier: GPL-2.0

//! A device of any configuration, at a random pace, and channels that run for it.

use crate::model::{
    Channel,
    Fifo,
    Memory,
    Stop, //
};
use crate::plan_tests::config;
use crate::program::disasm::{
    listing,
    Line, //
};
use crate::program::insn::{
    Instruction,
    Peripheral,
    Register, //
};
use crate::program::{
    ProgramLimits,
    RequestKind,
    SlaveConfig,
    SlaveDirection, //
};
use proptest::{
    prelude::*,
    sample::select, //
};

/// Address of the FIFO, and its request line.
pub(crate) const FIFO: u32 = 0xfe00_0040;
pub(crate) const LINE: u8 = 13;

/// All directions and kinds of requests.
pub(crate) const DIRECTIONS: [SlaveDirection; 2] =
    [SlaveDirection::MemToDev, SlaveDirection::DevToMem];
pub(crate) const KINDS: [RequestKind; 2] = [RequestKind::Burst, RequestKind::SingleAndBurst];

/// Random numbers of a test, from a seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        ((self.0 >> 33) % u64::from(end)) as u32
    }
}

pub(crate) fn slave_config(direction: SlaveDirection, width: u8, burst: u8) -> SlaveConfig {
    SlaveConfig {
        request: Peripheral::new(LINE).unwrap(),
        kind: RequestKind::Burst,
        direction,
        fifo: FIFO,
        width,
        burst,
    }
}

pub(crate) fn configs() -> impl Strategy<Value = SlaveConfig> {
    let directions = select(vec![SlaveDirection::MemToDev, SlaveDirection::DevToMem]);
    let kinds = select(vec![RequestKind::Burst, RequestKind::SingleAndBurst]);
    let bursts = prop_oneof![1..=16u8, select(vec![1, 4, 8, 16])];

    (directions, kinds, select(vec![1, 2, 4, 8]), bursts).prop_map(
        |(direction, kind, width, burst)| SlaveConfig {
            kind,
            ..slave_config(direction, width, burst)
        },
    )
}

/// Device of a configuration, and the stream that it receives or has sent.
pub(crate) struct Device {
    pub(crate) config: SlaveConfig,
    pub(crate) fifo: Fifo,
    /// Bytes that it has not received yet.
    incoming: Vec<u8>,
    next: usize,
    /// Bytes that it has sent.
    pub(crate) sent: Vec<u8>,
}

impl Device {
    pub(crate) fn new(config: SlaveConfig, bursts: u32, incoming: Vec<u8>) -> Self {
        let burst = u32::from(config.burst);
        let mut fifo = Fifo::new(LINE, FIFO, config.width.into(), burst);

        fifo.depth = bursts * burst;
        fifo.has_singles = config.kind == RequestKind::SingleAndBurst;
        fifo.is_receiver = config.direction == SlaveDirection::DevToMem;

        Self {
            config,
            fifo,
            incoming,
            next: 0,
            sent: vec![],
        }
    }

    /// Sends or receives at most `beats` beats. Returns false if it could not.
    fn run(&mut self, fifo: &mut Fifo, beats: u32) -> bool {
        if fifo.is_receiver {
            let rest = &self.incoming[self.next..];
            let len = (beats.min(fifo.room()) * fifo.width) as usize;
            let len = len.min(rest.len());

            fifo.receive(&rest[..len]);
            self.next += len;
            len != 0
        } else {
            let sent = fifo.send(beats);

            self.sent.extend(&sent);
            !sent.is_empty()
        }
    }

    /// Returns the number of bytes that it has received, and the channel has not taken.
    pub(crate) fn unread(&self) -> usize {
        self.incoming.len() - self.next + (self.fifo.level() * self.fifo.width) as usize
    }
}

/// Next action of a test.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Run,
    /// Runs the channel, but not the device.
    Hold,
    /// Kills the channel.
    Kill,
}

/// Returns the address register that counts bytes of memory, or `stale` before it is set, and the
/// number of bytes that the channel has loaded or stored in memory.
pub(crate) fn counted(channel: &Channel<'_>, direction: SlaveDirection, stale: u32) -> (u32, u64) {
    let (source, destination) = channel.addresses();
    let stats = channel.stats();
    let (address, moved) = match direction {
        SlaveDirection::MemToDev => (source, stats.loads.bytes),
        SlaveDirection::DevToMem => (destination, stats.stores.bytes),
    };

    (address.map_or(stale, |it| it as u32), moved)
}

/// Runs a program until it ends, or until `observe` kills it. Returns true if it has ended.
///
/// Before each instruction, `observe` gets the channel, and whether it waits for the device.
pub(crate) fn run_channel(
    bus: ProgramLimits,
    code: &[u8],
    memory: &mut Memory,
    device: &mut Device,
    random: &mut Random,
    mut observe: impl FnMut(&Channel<'_>, bool) -> Next,
) -> bool {
    let mut fifo = device.fifo.clone();
    let mut channel = Channel::new(config(bus), code, memory).with_fifo(&mut fifo);
    let text = || listing(code).map(|it| it.to_string()).collect::<Vec<_>>();
    let mut is_waiting = false;

    let has_ended = loop {
        let next = observe(&channel, is_waiting);

        if next == Next::Kill {
            assert_eq!(channel.kill(), Ok(0));
            break false;
        }
        if next == Next::Run && random.below(4) == 0 {
            let beats = random.below(20);

            device.run(channel.fifo(), beats);
        }

        let at = channel.pc();
        let stop = channel
            .step()
            .unwrap_or_else(|error| panic!("{error:?} at {at}: {:#?}", text()));

        is_waiting = matches!(stop, Some(Stop::WaitingForPeripheral { .. }));
        if is_waiting && next == Next::Run {
            let beats = 1 + random.below(3);

            assert!(
                device.run(channel.fifo(), beats),
                "waits for ever at {at}: {:#?}",
                text()
            );
        }
        if stop == Some(Stop::Ended) {
            break true;
        }
    };

    assert!(channel.most_lines() <= device.config.burst.into());
    drop(channel);
    assert_eq!((fifo.overruns, fifo.underruns), (0, 0));
    // Each program begins with a request that holds no longer.
    fifo.is_stale = true;
    device.fifo = fifo;
    has_ended
}

/// Barriers stand before each change of the control word.
pub(crate) fn expect_barriers(code: &[u8]) {
    let lines: Vec<_> = listing(code).collect();
    let mut changes = 0;

    for (at, Line { instruction, .. }) in lines.iter().enumerate() {
        if let Ok(Instruction::Mov(Register::Ccr, _)) = instruction {
            if changes != 0 {
                assert_eq!(lines[at - 2].instruction, Ok(Instruction::Rmb));
                assert_eq!(lines[at - 1].instruction, Ok(Instruction::Wmb));
            }
            changes += 1;
        }
    }
}

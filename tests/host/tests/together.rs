// SPDX-License-Identifier: GPL-2.0

//! Eight channels at once, which share the MFIFO.

use crate::copy_tests::{
    buses,
    pattern,
    proptest_config,
    RK3588, //
};
use crate::model::{
    Access,
    Channel,
    Config,
    Memory, //
};
use crate::plan_tests::{
    config,
    BASE, //
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
    ProgramWriter, //
};
use proptest::prelude::*;

/// A program and the memory that it works on.
type Work = (Vec<u8>, Memory);

/// Returns the work of one of several channels, chosen by a random number.
fn work(bus: ProgramLimits, channel: u8, choice: u32) -> Work {
    let from = 0x1000_0000 + (choice & 15);
    let to = 0x8000_0000 + (choice >> 4 & 15);
    let len = 300 + (choice >> 8) % 3000;
    let data = pattern(2 * len);
    let memory = Memory::default().with(from, data, Access::Read).with(
        to,
        vec![0; 2 * len as usize],
        Access::Write,
    );

    match choice >> 30 {
        0 | 1 => write(
            Copy {
                source: from,
                destination: to,
                len,
            },
            bus,
            channel,
            memory,
        ),
        2 => write(
            Copy2d {
                source: from,
                destination: to,
                row_len: len / 8,
                rows: 7,
                source_stride: len / 8 + 5,
                destination_stride: len / 8 + 3,
            },
            bus,
            channel,
            memory,
        ),
        _ => write(
            Memset::new(to, len, Pattern::new(&[1, 2, 3, 4]).unwrap()),
            bus,
            channel,
            memory,
        ),
    }
}

fn write<J: Operation>(job: J, bus: ProgramLimits, channel: u8, memory: Memory) -> Work {
    let mut bytes = vec![0xee; 2048];
    let mut asm = Assembler::at(&mut bytes, BASE);
    let mut plan = ProgramWriter::new(job).unwrap();

    plan.write(&mut asm, bus, Event::new(channel).unwrap())
        .unwrap();
    assert!(plan.is_written());

    let memory = memory.with(BASE, bytes.clone(), Access::Read);

    (bytes, memory)
}

/// Runs all channels, a few instructions of one and a few of another as `random` says, and returns
/// the most lines of the MFIFO that they ever needed together.
fn run_together(bus: ProgramLimits, mut work: Vec<Work>, mut random: u32) -> u64 {
    // Each could take all of it.
    let config = Config {
        share: 8 * u32::from(bus.lines),
        ..config(bus)
    };
    let mut channels: Vec<_> = work
        .iter_mut()
        .map(|(program, memory)| Some(Channel::new(config, program, memory)))
        .collect();
    let mut most = 0;

    while channels.iter().any(Option::is_some) {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);

        let turn = &mut channels[(random >> 29) as usize];

        if let Some(channel) = turn {
            if channel.step().unwrap().is_some() {
                *turn = None;
            }
        }
        most = most.max(channels.iter().flatten().map(Channel::lines).sum());
    }
    most
}

proptest! {
    #![proptest_config(proptest_config())]

    /// Eight channels with any programs never need more than the MFIFO.
    #[test]
    fn eight_channels_share_the_mfifo(
        bus in buses(), choices in prop::array::uniform8(any::<u32>()), random in any::<u32>(),
    ) {
        let work = (0..8).zip(choices).map(|(channel, choice)| work(bus, channel, choice));
        let most = run_together(bus, work.collect(), random);

        prop_assert!(most <= 8 * u64::from(bus.lines), "{}", most);
    }
}

/// Eight channels sometimes need most of the MFIFO, so the test above can fail.
#[test]
fn eight_channels_meet() {
    let work = (0..8).map(|channel| work(RK3588, channel, 0x0f_1230 + u32::from(channel)));

    assert!(run_together(RK3588, work.collect(), 1) > 8 * u64::from(RK3588.lines) / 2);
}

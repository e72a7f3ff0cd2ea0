// SPDX-License-Identifier: GPL-2.0

//! How many bursts and how many bytes of program it takes, and eight channels at once.

use crate::copy_tests::{
    pattern,
    RK3588, //
};
use crate::insn::{
    Assembler,
    Event, //
};
use crate::model::{
    Access,
    Channel,
    Memory, //
};
use crate::plan_tests::{
    config,
    run,
    Totals, //
};
use crate::program::{
    Bus,
    Copy,
    Fill,
    Lists,
    Pattern,
    Plan,
    Segment, //
};

fn copied(from: u32, to: u32, len: u32) -> Totals {
    let copy = Copy {
        source: 0x1000_0000 + from,
        destination: 0x8000_0000 + to,
        len,
    };
    let mut memory = Memory::default()
        .with(copy.source, pattern(len), Access::Read)
        .with(copy.destination, vec![0; len as usize], Access::Write);

    run(Plan::new(copy).unwrap(), RK3588, &mut memory, 128)
}

/// The table of the documentation, at all alignments. `cargo test -- --nocapture` prints it.
#[test]
fn a_page_takes_few_bursts() {
    // Also where a page of either side ends in the middle.
    for from in (0..8).chain(1000..1008).chain(4088..4096) {
        let row: Vec<_> = (0..8)
            .map(|to| {
                let totals = copied(from, to, 4096);

                for traffic in [totals.loads, totals.stores] {
                    assert!(traffic.on_the_bus <= 40, "{from} {to}: {traffic:?}");
                    assert!(from % 8 != to || traffic.bursts <= 33);
                }
                let (loads, stores) = (totals.loads, totals.stores);

                assert!((from, to) != (0, 0) || (loads.on_the_bus, stores.on_the_bus) == (32, 32));
                format!(
                    "{}/{} ({})",
                    loads.on_the_bus, stores.on_the_bus, totals.code
                )
            })
            .collect();

        println!("source + {from}: {}", row.join("  "));
    }
}

/// A loop of a copy and its end stand in one line of the instruction cache, of whatever length.
#[test]
fn loops_stay_in_a_cache_line() {
    for cache_line in [4, 8, 16, 32] {
        for from in 0..8 {
            for to in 0..8 {
                let bus = Bus {
                    cache_line,
                    ..RK3588
                };
                let mut bytes = [0xee; 128];
                let mut asm = Assembler::new(&mut bytes);
                let copy = Copy {
                    source: from,
                    destination: 0x8000_0000 + to,
                    len: 100_000,
                };

                Plan::new(copy)
                    .unwrap()
                    .write(&mut asm, bus, Event::new(0).unwrap())
                    .unwrap();

                let len = asm.len();
                let ends = (0..len - 1).filter(|&at| bytes[at..at + 2] == [0x38, 2]);

                for end in ends {
                    let line = usize::from(cache_line);

                    assert_eq!((end - 2) / line, (end + 1) / line, "{:02x?}", &bytes[..len]);
                }
            }
        }
    }
}

/// `count` segments of `len` bytes, `from` and `to` bytes off a page.
fn code_of_list(count: u32, len: u32, from: u32, to: u32) -> usize {
    let list = |start: u32| {
        (0..count).map(move |n| Segment {
            address: start + n * 8192,
            len,
        })
    };
    let lists = Lists::new(list(0x1000_0000 + from), list(0x8000_0000 + to));
    let mut bytes = vec![0; 100 * count as usize + 128];
    let mut asm = Assembler::new(&mut bytes);
    let mut plan = Plan::new(lists).unwrap();

    plan.write(&mut asm, RK3588, Event::new(0).unwrap())
        .unwrap();
    assert!(plan.is_written());
    asm.len()
}

#[test]
fn programs_grow_by_the_same_for_each_segment() {
    for (len, from, to, most) in [
        (4096, 0, 0, 20),
        (4096, 1, 3, 70),
        (4096, 3, 1, 75),
        (100, 0, 0, 40),
    ] {
        let sizes: Vec<_> = (0..=12)
            .map(|n| code_of_list(1 << n, len, from, to))
            .collect();

        println!("{len} bytes from {from} to {to}, 1..4096 segments: {sizes:?}");
        for (n, size) in sizes.iter().enumerate() {
            assert!(*size <= (most << n) + 40, "{n}: {size}");
        }
    }
}

#[test]
fn a_large_fill_takes_a_small_program() {
    for (pattern, bursts) in [(&[0][..], 1 << 13), (&[1, 2, 3, 4], 1 << 13)] {
        let fill = Fill::new(0x1000_0000, 1 << 20, Pattern::new(pattern).unwrap());
        let mut memory = Memory::default().with(0x1000_0000, vec![7; 1 << 20], Access::Write);
        let totals = run(Plan::new(fill).unwrap(), RK3588, &mut memory, 512);

        assert_eq!(totals.programs, 1);
        assert_eq!(totals.stores.bursts, bursts);
        assert!(totals.code <= 64);
    }
}

/// All channels at work, a few instructions of one and a few of another: together they never need
/// more of the MFIFO than there is.
#[test]
fn eight_channels_share_the_mfifo() {
    const LINES: u64 = 128;

    let bus = Bus {
        lines: LINES as u16 / 8,
        ..RK3588
    };
    let mut programs = Vec::new();
    let mut memories = Vec::new();

    for channel in 0..8u32 {
        let copy = Copy {
            source: 0x1000_0000 + channel,
            destination: 0x8000_0000 + channel * 3 % 8,
            len: 3000 + 77 * channel,
        };
        let mut bytes = [0; 128];
        let mut asm = Assembler::new(&mut bytes);

        Plan::new(copy)
            .unwrap()
            .write(&mut asm, bus, Event::new(channel as u8).unwrap())
            .unwrap();
        programs.push(bytes);
        memories.push(
            Memory::default()
                .with(copy.source, pattern(copy.len), Access::Read)
                .with(copy.destination, vec![0; copy.len as usize], Access::Write),
        );
    }

    let mut channels: Vec<_> = programs
        .iter()
        .zip(&mut memories)
        .map(|(program, memory)| Some(Channel::new(config(bus), program, memory)))
        .collect();
    let mut random = 1u32;
    let mut most = 0;

    while channels.iter().any(Option::is_some) {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);

        let turn = &mut channels[(random >> 29) as usize];

        if let Some(channel) = turn {
            if channel.step().unwrap().is_some() {
                *turn = None;
            }
        }

        let lines = channels.iter().flatten().map(Channel::lines).sum();

        assert!(lines <= LINES, "{lines}");
        most = most.max(lines);
    }
    // They did meet.
    assert!(most > LINES / 2, "{most}");
}

// SPDX-License-Identifier: GPL-2.0

//! How many bursts and how many bytes of program it takes, and eight channels at once.

use crate::copy_tests::{
    buses,
    pattern,
    proptest_config,
    RK3588, //
};
use crate::disasm::{
    listing,
    Line, //
};
use crate::insn::{
    Assembler,
    Counter,
    Event,
    Instruction, //
};
use crate::model::{
    Access,
    Channel,
    Config,
    Memory, //
};
use crate::plan_tests::{
    config,
    run,
    Totals,
    BASE,
    ENOUGH,
    ENOUGH_FOR_A_PATTERN, //
};
use crate::program::{
    Bus,
    Copy,
    Fill,
    Job,
    Lists,
    Pattern,
    Plan,
    Rows,
    Segment, //
};
use proptest::prelude::*;

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

/// A loop that goes over bursts stands in one line of the instruction cache with its end, if it can be
/// in one at all, so that it is not fetched again each time.
fn expect_loops_in_lines<J: Job>(job: J, cache_line: u8) {
    let bus = Bus {
        cache_line,
        ..RK3588
    };
    let line = usize::from(cache_line);
    let mut bytes = [0xee; 1024];
    let mut asm = Assembler::at(&mut bytes, BASE);
    let mut loops = 0;

    Plan::new(job)
        .unwrap()
        .write(&mut asm, bus, Event::new(0).unwrap())
        .unwrap();

    let len = asm.len();

    for Line {
        offset,
        instruction,
    } in listing(&bytes[..len])
    {
        if let Ok(Instruction::LpEnd {
            counter: Counter::Lc0,
            body_len,
        }) = instruction
        {
            let start = offset - usize::from(body_len);
            let end = offset + 2;

            assert!(
                end - start > line || start / line == (end - 1) / line,
                "{:02x?}",
                &bytes[..len]
            );
            loops += 1;
        }
    }
    assert!(loops > 0);
}

#[test]
fn loops_stay_in_a_cache_line() {
    for cache_line in [4, 8, 16, 32] {
        for from in 0..8 {
            for to in 0..8 {
                let (source, destination) = (from, 0x8000_0000 + to);

                for len in [100_000, 2_000, 33_000] {
                    let job = Copy {
                        source,
                        destination,
                        len,
                    };

                    expect_loops_in_lines(job, cache_line);
                    for pattern in [&[0][..], &[1, 2]] {
                        let pattern = Pattern::new(pattern).unwrap();

                        expect_loops_in_lines(Fill::new(destination, len, pattern), cache_line);
                    }
                }

                let job = Rows {
                    source,
                    destination,
                    row_len: 2_000,
                    rows: 9,
                    source_stride: 4096,
                    destination_stride: 2048,
                };

                expect_loops_in_lines(job, cache_line);
            }
        }
    }
}

/// No step is longer than `Plan::write` says, however narrow, unaligned and awkwardly long.
#[test]
fn a_step_fits_where_it_should() {
    let mut tried = 0;
    let mut fits = |bus: Bus, from: u32, to: u32, len: u32| {
        let destination = 0x8000_0000 + to;
        let copy = Copy {
            source: 0x1000_0000 + from,
            destination,
            len,
        };

        self::fits(copy, bus, ENOUGH);
        if from == 0 {
            self::fits(Fill::new(destination, len, Pattern::ZERO), bus, ENOUGH);
            for pattern in [&[1][..], &[1, 2, 3, 4, 5, 6, 7, 8]] {
                let fill = Fill::new(destination, len, Pattern::new(pattern).unwrap());

                self::fits(fill, bus, ENOUGH_FOR_A_PATTERN);
            }
        }
        tried += 1;
    };

    for bytes in [4, 8, 16] {
        for (lines, beats, cache_line) in [
            (1, 1, 4),
            (2, 2, 8),
            (3, 3, 4),
            (16, 7, 16),
            (17, 16, 32),
            (16, 16, 4),
        ] {
            let bus = Bus {
                bytes,
                lines,
                beats,
                cache_line,
                non_secure: true,
            };
            let width = u32::from(bytes);
            let burst = width * u32::from(beats);
            let short = width * u32::from(lines.saturating_sub(1).max(1)).min(beats.into());

            for from in 0..width {
                for to in 0..width {
                    for burst in [burst, short] {
                        for bursts in [0, 1, 3, 256, 257, 300, 511, 513, 65_535] {
                            for more in [1, width - 1, width + 1, 2 * width - 1, burst - 1] {
                                fits(bus, from, to, bursts * burst + more);
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(tried > 100_000);
}

fn fits<J: Job>(job: J, bus: Bus, room: usize) {
    let mut bytes = [0; ENOUGH_FOR_A_PATTERN];
    // Not aligned, which costs data a few bytes.
    let mut asm = Assembler::at(&mut bytes[..room], BASE + 1);
    let mut plan = Plan::new(job).unwrap();
    let written = plan.write(&mut asm, bus, Event::new(0).unwrap());

    assert_eq!(written, Ok(()), "{bus:?}");
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

/// A program and the memory that it works on.
type Work = (Vec<u8>, Memory);

/// What one of several channels is given to do, by a random number.
fn work(bus: Bus, channel: u8, choice: u32) -> Work {
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
            Rows {
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
            Fill::new(to, len, Pattern::new(&[1, 2, 3, 4]).unwrap()),
            bus,
            channel,
            memory,
        ),
    }
}

fn write<J: Job>(job: J, bus: Bus, channel: u8, memory: Memory) -> Work {
    let mut bytes = vec![0xee; 2048];
    let mut asm = Assembler::at(&mut bytes, BASE);
    let mut plan = Plan::new(job).unwrap();

    plan.write(&mut asm, bus, Event::new(channel).unwrap())
        .unwrap();
    assert!(plan.is_written());

    let memory = memory.with(BASE, bytes.clone(), Access::Read);

    (bytes, memory)
}

/// Runs all channels, a few instructions of one and a few of another as `random` says, and returns
/// the most lines of the MFIFO that they ever needed together.
fn run_together(bus: Bus, mut work: Vec<Work>, mut random: u32) -> u64 {
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

    /// Whatever eight channels are at, together they never need more of the MFIFO than there is.
    #[test]
    fn eight_channels_share_the_mfifo(
        bus in buses(), choices in prop::array::uniform8(any::<u32>()), random in any::<u32>(),
    ) {
        let work = (0..8).zip(choices).map(|(channel, choice)| work(bus, channel, choice));
        let most = run_together(bus, work.collect(), random);

        prop_assert!(most <= 8 * u64::from(bus.lines), "{}", most);
    }
}

/// They do need most of it at times, so that the one above is a test.
#[test]
fn eight_channels_meet() {
    let work = (0..8).map(|channel| work(RK3588, channel, 0x0f_1230 + u32::from(channel)));

    assert!(run_together(RK3588, work.collect(), 1) > 8 * u64::from(RK3588.lines) / 2);
}

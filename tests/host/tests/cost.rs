// SPDX-License-Identifier: GPL-2.0

//! Tests of the numbers of bursts and of program bytes.

use crate::copy_tests::{
    pattern,
    RK3588, //
};
use crate::model::{
    Access,
    Memory, //
};
use crate::plan_tests::{
    run,
    Totals,
    BASE,
    ENOUGH,
    ENOUGH_FOR_A_PATTERN, //
};
use crate::program::disasm::{
    listing,
    Line, //
};
use crate::program::insn::{
    Assembler,
    Counter,
    Event,
    Instruction, //
};
use crate::program::{
    Copy,
    Copy2d,
    Memset,
    Operation,
    Pattern,
    ProgramLimits,
    ProgramWriter,
    Segment,
    SgCopy, //
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

    run(ProgramWriter::new(copy).unwrap(), RK3588, &mut memory, 128)
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
                    // Two of them may cross a multiple of 4 KiB.
                    assert!(traffic.bursts <= 33, "{from} {to}: {traffic:?}");
                    assert!(traffic.on_the_bus <= 35, "{from} {to}: {traffic:?}");
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

/// Checks that each loop over bursts or rows is in one line of the instruction cache, if it fits.
///
/// Such a loop is fetched once.
fn expect_loops_in_lines<J: Operation>(job: J, cache_line: u8, is_over_rows: bool) {
    let bus = ProgramLimits {
        cache_line,
        ..RK3588
    };
    let line = usize::from(cache_line);
    let mut bytes = [0xee; 1024];
    let mut asm = Assembler::at(&mut bytes, BASE);
    let mut loops = 0;

    ProgramWriter::new(job)
        .unwrap()
        .write(&mut asm, bus, Event::new(0).unwrap())
        .unwrap();

    let len = asm.len();

    for Line {
        offset,
        instruction,
    } in listing(&bytes[..len])
    {
        let is_inner = |counter| counter == Counter::Lc0;

        if let Ok(Instruction::LpEnd { counter, body_len }) = instruction {
            // Of two nested loops over bursts, the outer one runs its own instructions rarely.
            if !is_inner(counter) && !is_over_rows {
                continue;
            }

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

                    expect_loops_in_lines(job, cache_line, false);
                    for pattern in [&[0][..], &[1, 2]] {
                        let pattern = Pattern::new(pattern).unwrap();

                        let fill = Memset::new(destination, len, pattern);

                        expect_loops_in_lines(fill, cache_line, false);
                    }
                }

                for row_len in [1, 8, 128, 136, 256, 2_000] {
                    let job = Copy2d {
                        source,
                        destination,
                        row_len,
                        rows: 9,
                        source_stride: 4096,
                        destination_stride: 2048,
                    };

                    expect_loops_in_lines(job, cache_line, true);
                }
            }
        }
    }
}

/// No step is longer than `ProgramWriter::write` says, however narrow, unaligned and awkwardly
/// long.
#[test]
fn a_step_fits_where_it_should() {
    let mut tried = 0;
    let mut fits = |bus: ProgramLimits, from: u32, to: u32, len: u32| {
        let destination = 0x8000_0000 + to;
        let copy = Copy {
            source: 0x1000_0000 + from,
            destination,
            len,
        };

        self::fits(copy, bus, ENOUGH);
        if from == 0 {
            self::fits(Memset::new(destination, len, Pattern::ZERO), bus, ENOUGH);
            for pattern in [&[1][..], &[1, 2, 3, 4, 5, 6, 7, 8]] {
                let fill = Memset::new(destination, len, Pattern::new(pattern).unwrap());

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
            let bus = ProgramLimits {
                bytes,
                lines,
                beats,
                cache_line,
                non_secure: true,
                loads: 1,
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

fn fits<J: Operation>(job: J, bus: ProgramLimits, room: usize) {
    let mut bytes = [0; ENOUGH_FOR_A_PATTERN];
    // Not aligned, which costs data a few bytes.
    let mut asm = Assembler::at(&mut bytes[..room], BASE + 1);
    let mut plan = ProgramWriter::new(job).unwrap();
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
    let lists = SgCopy::new(list(0x1000_0000 + from), list(0x8000_0000 + to));
    let mut bytes = vec![0; 100 * count as usize + 128];
    let mut asm = Assembler::new(&mut bytes);
    let mut plan = ProgramWriter::new(lists).unwrap();

    plan.write(&mut asm, RK3588, Event::new(0).unwrap())
        .unwrap();
    assert!(plan.is_written());
    asm.len()
}

#[test]
fn programs_grow_by_the_same_for_each_segment() {
    for (len, from, to, most) in [
        (4096, 0, 0, 18),
        (4096, 1, 3, 40),
        (4096, 3, 1, 40),
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

/// Returns the words of a copy. For a burst: the bits of a beat, and the number of beats.
fn words_of_copy(source: u32, destination: u32, len: u32) -> Vec<String> {
    let copy = Copy {
        source: 0x1000_0000 + source,
        destination: 0x8000_0000 + destination,
        len,
    };
    let mut bytes = [0; ENOUGH];
    let mut asm = Assembler::new(&mut bytes);

    ProgramWriter::new(copy)
        .unwrap()
        .write(&mut asm, RK3588, Event::new(0).unwrap())
        .unwrap();

    let len = asm.len();

    listing(&bytes[..len])
        .map(|line| {
            line.to_string()[5..]
                .split_whitespace()
                .filter(|word| !["SP2", "SC0", "DP2", "DC0", "ES8"].contains(word))
                .map(|word| word.trim_start_matches("DMA"))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

/// Copies have no unnecessary wait, control word, peeled burst or loop.
#[test]
fn copies_do_no_more_than_they_must() {
    assert_eq!(
        words_of_copy(1, 3, 300),
        [
            "MOV SAR, 0x10000001",
            "MOV DAR, 0x80000003",
            "MOV CCR, SAI SS64 SB16 DAI DS64 DB16",
            "LD",
            "ST",
            "LD",
            "ST",
            "MOV CCR, SAI SS64 SB5 DAI DS64 DB5",
            "LD",
            "ST",
            "MOV CCR, SAI SS8 SB5 DAI DS8 DB7",
            "LD",
            "ST",
            "WMB",
            "SEV E0",
            "END",
        ]
    );
    assert_eq!(
        words_of_copy(3, 1, 4160),
        [
            "MOV SAR, 0x10000003",
            "MOV DAR, 0x80000001",
            // The first store is a beat shorter than the first load.
            "MOV CCR, SAI SS64 SB16 DAI DS64 DB15",
            "LD",
            "ST",
            "MOV CCR, SAI SS64 SB16 DAI DS64 DB16",
            "LP lc0, 31",
            "LD",
            "ST",
            "LPEND lc0, 28",
            "MOV CCR, SAI SS64 SB8 DAI DS64 DB8",
            "LD",
            "ST",
            "MOV CCR, SAI SS8 SB3 DAI DS8 DB9",
            "LD",
            "ST",
            "WMB",
            "SEV E0",
            "END",
        ]
    );
}

/// Rows without gaps are one copy, whose bursts do not end where rows do.
#[test]
fn rows_without_gaps_take_long_bursts() {
    let rows = Copy2d {
        source: 0x1000_0000,
        destination: 0x8000_0000,
        row_len: 24,
        rows: 160,
        source_stride: 24,
        destination_stride: 24,
    };
    let mut memory = Memory::default()
        .with(rows.source, pattern(3840), Access::Read)
        .with(rows.destination, vec![0; 3840], Access::Write);
    let totals = run(
        ProgramWriter::new(rows).unwrap(),
        RK3588,
        &mut memory,
        ENOUGH,
    );

    assert_eq!((totals.loads.bursts, totals.stores.bursts), (30, 30));
}

/// Both counters together reach as far as they can in one step.
#[test]
fn eight_mebibytes_are_as_short_as_little_more_than_a_loop() {
    let words = |len| words_of_copy(0, 0, len).len();

    assert_eq!(words(2 * 256 * 128), words(8 << 20));
    assert!(words((8 << 20) + 128) > words(8 << 20));
}

/// A channel with one line has none for a fragment, and uses the widest beats that fit.
#[test]
fn one_line_takes_the_widest_beats_that_fit() {
    for (to, beats) in [(0, 512), (4, 1024), (2, 2048), (6, 2048), (1, 4096)] {
        let copy = Copy {
            source: 0x1000_0000,
            destination: 0x8000_0000 + to,
            len: 4096,
        };
        let bus = ProgramLimits { lines: 1, ..RK3588 };
        let mut memory = Memory::default()
            .with(copy.source, pattern(copy.len), Access::Read)
            .with(copy.destination, vec![0; 4096], Access::Write);
        let totals = run(ProgramWriter::new(copy).unwrap(), bus, &mut memory, ENOUGH);

        assert_eq!(totals.loads.bursts, beats);
        assert_eq!(totals.stores.bursts, beats);
    }
}

/// A row behind a loop over rows has both counters for itself again.
#[test]
fn a_row_behind_a_loop_is_as_short_as_any() {
    let bus = ProgramLimits {
        bytes: 4,
        lines: 2,
        ..RK3588
    };
    let code = |count| {
        let rows = Copy2d {
            source: 0x1000_0000,
            destination: 0x8000_0000,
            row_len: 30 * 2048,
            rows: count,
            source_stride: 0x1_0000,
            destination_stride: 0x1_0000,
        };
        let mut bytes = [0; 1024];
        let mut asm = Assembler::new(&mut bytes);
        let mut plan = ProgramWriter::new(rows).unwrap();

        plan.write(&mut asm, bus, Event::new(0).unwrap()).unwrap();
        assert!(plan.is_written());
        asm.len()
    };

    assert!(code(257) <= code(256) + 16, "{} {}", code(256), code(257));
}

/// The instructions of the program for rows of `row_len` bytes, without offsets and operands.
fn code_of_rows(row_len: u32) -> String {
    let rows = Copy2d {
        source: 0x1000_0000,
        destination: 0x8000_0000,
        row_len,
        rows: 100,
        source_stride: 4096,
        destination_stride: 1024,
    };
    let mut bytes = [0; 256];
    let mut asm = Assembler::new(&mut bytes);

    ProgramWriter::new(rows)
        .unwrap()
        .write(&mut asm, RK3588, Event::new(0).unwrap())
        .unwrap();

    let len = asm.len();
    let words: Vec<_> = listing(&bytes[..len])
        .filter(|line| line.instruction != Ok(Instruction::Nop))
        .map(|line| match line.instruction.unwrap() {
            Instruction::Mov(register, _) => format!("{register:?}"),
            _ => line.to_string()[5..].split(' ').next().unwrap().to_string(),
        })
        .collect();

    words.join(" ")
}

/// Rows do not wait for one another. The control word is set only when it changes.
#[test]
fn loops_over_rows_set_what_changes() {
    assert_eq!(
        code_of_rows(128),
        "Sar Dar Ccr DMALP DMALD DMAST DMAADDH DMAADDH DMALPEND DMAWMB DMASEV DMAEND"
    );
    assert_eq!(
        code_of_rows(136),
        "Sar Dar DMALP Ccr DMALD DMAST Ccr DMALD DMAST DMAADDH DMAADDH DMALPEND \
         DMAWMB DMASEV DMAEND"
    );
}

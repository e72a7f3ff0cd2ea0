// SPDX-License-Identifier: GPL-2.0

//! Code of programs for peripherals, compared with that of C, and its length.

use crate::copy_tests::RK3588;
use crate::program::disasm::listing;
use crate::program::insn::{
    Address,
    Assembler,
    Counter,
    Event,
    Instruction,
    Peripheral,
    Register,
    Request,
    TooLong,
    WaitFor, //
};
use crate::program::{
    ProgramWriter,
    RequestKind,
    Segment,
    SegmentIndices,
    Slave,
    SlaveConfig,
    SlaveDirection,
    SlaveSg, //
};
use crate::slave_device::{
    slave_config,
    DIRECTIONS,
    FIFO,
    LINE, //
};

pub(crate) fn segment(address: u32, len: u32) -> Segment {
    Segment { address, len }
}

pub(crate) fn words() -> SlaveConfig {
    slave_config(SlaveDirection::MemToDev, 4, 8)
}

fn slave(config: SlaveConfig) -> Slave {
    Slave::new(config, RK3588).unwrap()
}

/// Returns the code of a list in one program.
fn code(config: SlaveConfig, list: &[Segment]) -> Vec<u8> {
    let job = SlaveSg::new(slave(config), list.iter().copied()).unwrap();
    let mut writer = ProgramWriter::new(job).unwrap();
    let mut code = vec![0; 8192];
    let mut asm = Assembler::new(&mut code);

    writer
        .write(&mut asm, RK3588, Event::new(3).unwrap())
        .unwrap();
    assert!(writer.is_written());

    let len = asm.len();

    code.truncate(len);
    code
}

fn instructions(code: &[u8]) -> Vec<Instruction> {
    listing(code).map(|it| it.instruction.unwrap()).collect()
}

/// Returns the program that `pl330.c` writes for one segment of full bursts, at most 256, with
/// `PL330_QUIRK_PERIPH_BURST`.
///
/// `_setup_req()`, `_setup_xfer()`, `_loop()`, `_ldst_peripheral()`.
fn of_c(direction: SlaveDirection, control: u32, [sar, dar]: [u32; 2], bursts: u32) -> Vec<u8> {
    let line = Peripheral::new(LINE).unwrap();
    let burst = Request::Burst;
    let [load, store] = match direction {
        SlaveDirection::MemToDev => [Instruction::LdIf(burst), Instruction::StP(burst, line)],
        SlaveDirection::DevToMem => [Instruction::LdP(burst, line), Instruction::StIf(burst)],
    };
    let mut bytes = vec![0; 256];
    let mut asm = Assembler::new(&mut bytes);
    let mut write = || {
        asm.emit(Instruction::Mov(Register::Ccr, control))?;
        asm.emit(Instruction::Mov(Register::Sar, sar))?;
        asm.emit(Instruction::Mov(Register::Dar, dar))?;
        asm.repeat(Counter::Lc1, bursts, |asm| {
            asm.emit(Instruction::FlushP(line))?;
            asm.emit(Instruction::Wfp(WaitFor::Burst, line))?;
            asm.emit(load)?;
            asm.emit(store)
        })?;
        asm.emit(Instruction::Sev(Event::new(3).unwrap()))?;
        asm.emit(Instruction::End)
    };

    write().unwrap();

    let len = asm.len();

    bytes.truncate(len);
    bytes
}

/// Four things differ: the order of DMAMOV, the loop counter, the conditions of accesses to memory,
/// and the barrier before the event.
#[test]
fn a_segment_of_full_bursts_as_in_c() {
    // SRC_INC or DST_INC, 8 beats of 4 bytes on both sides, non-secure.
    let both = 2 << 1 | 7 << 4 | 1 << 9;
    let both = both | both << 14;

    for (direction, increment, addresses) in [
        (SlaveDirection::MemToDev, 1, [0x1000, FIFO]),
        (SlaveDirection::DevToMem, 1 << 14, [FIFO, 0x1000]),
    ] {
        let c = instructions(&of_c(direction, both | increment, addresses, 100));
        let mut ours = instructions(&code(
            SlaveConfig {
                direction,
                ..words()
            },
            &[segment(0x1000, 3200)],
        ));
        let in_c = c.iter().map(|it| match *it {
            Instruction::LdIf(Request::Burst) => Instruction::Ld,
            Instruction::StIf(Request::Burst) => Instruction::St,
            Instruction::Lp {
                iterations_minus_1, ..
            } => Instruction::Lp {
                counter: Counter::Lc0,
                iterations_minus_1,
            },
            Instruction::LpEnd { body_len, .. } => Instruction::LpEnd {
                counter: Counter::Lc0,
                body_len,
            },
            other => other,
        });
        let in_c: Vec<_> = in_c.collect();

        ours.retain(|it| *it != Instruction::Wmb);
        ours[..3].sort_by_key(|it| match it {
            Instruction::Mov(register, _) => [1, 0, 2][*register as usize],
            _ => 3,
        });
        assert_eq!(ours, in_c);
    }
}

/// The tail, with the control word of its length: once the code of a burst, as in C.
#[test]
fn a_tail_as_in_c() {
    let text = |config, len| {
        let code = code(config, &[segment(0x1000, len)]);
        let lines: Vec<_> = listing(&code)
            .skip(3)
            .map(|it| it.to_string()[5..].to_string())
            .collect();

        lines.join("; ")
    };
    let of = |direction, kind| SlaveConfig {
        direction,
        kind,
        ..words()
    };
    let end = "DMAWMB; DMASEV E3; DMAEND";

    assert_eq!(
        text(of(SlaveDirection::MemToDev, RequestKind::Burst), 44),
        format!(
            "DMAFLUSHP P13; DMAWFP P13, burst; DMALD; DMASTPB P13; DMARMB; DMAWMB; \
             DMAMOV CCR, SAI SS32 SB3 SP2 SC0 DAF DS32 DB3 DP2 DC0 ES8; \
             DMAFLUSHP P13; DMAWFP P13, burst; DMALD; DMASTPB P13; {end}"
        )
    );
    assert_eq!(
        text(of(SlaveDirection::DevToMem, RequestKind::Burst), 12),
        format!("DMAFLUSHP P13; DMAWFP P13, burst; DMALDPB P13; DMAST; {end}")
    );
    assert_eq!(
        text(
            of(SlaveDirection::MemToDev, RequestKind::SingleAndBurst),
            44
        ),
        format!(
            "DMAFLUSHP P13; DMAWFP P13, burst; DMALD; DMASTPB P13; DMALP lc0, 3; \
             DMAFLUSHP P13; DMAWFP P13, single; DMALDS; DMASTPS P13; DMALPEND lc0, 27; {end}"
        )
    );
    assert_eq!(
        text(of(SlaveDirection::DevToMem, RequestKind::SingleAndBurst), 4),
        format!("DMAFLUSHP P13; DMAWFP P13, single; DMALDPS P13; DMASTS; {end}")
    );
}

/// A burst in two segments: one request, one acknowledgement.
#[test]
fn a_burst_in_two_segments() {
    for (direction, last) in [
        (SlaveDirection::MemToDev, "DMALD; DMASTPB P13"),
        (SlaveDirection::DevToMem, "DMALDPB P13; DMAST"),
    ] {
        let config = SlaveConfig {
            direction,
            ..words()
        };
        let code = code(config, &[segment(0x1000, 12), segment(0x100c + 16, 20)]);
        let lines: Vec<_> = listing(&code)
            .skip(3)
            .map(|it| it.to_string()[5..].to_string())
            .filter(|it| !it.starts_with("DMAMOV CCR"))
            .collect();
        let register = match direction {
            SlaveDirection::MemToDev => "SAR",
            SlaveDirection::DevToMem => "DAR",
        };

        assert_eq!(
            lines.join("; "),
            format!(
                "DMAFLUSHP P13; DMAWFP P13, burst; DMALD; DMAST; DMAADDH {register}, 0x0010; \
                 DMARMB; DMAWMB; {last}; DMAWMB; DMASEV E3; DMAEND"
            )
        );
    }
}

/// Segments of 4 KiB that are far from each other, or near.
fn pages(count: u32, distance: u32) -> Vec<Segment> {
    (0..count)
        .map(|n| segment(0x1000_0000 + n * distance, 4096))
        .collect()
}

/// Lengths in bytes of programs for 1, 16 and 256 segments.
#[test]
fn lengths_of_programs() {
    for direction in DIRECTIONS {
        // The FIFO of a UART, that of an SPI controller and that of sound.
        for (width, burst) in [(1, 16), (2, 8), (4, 8)] {
            let config = slave_config(direction, width, burst);
            let len = |count, distance| code(config, &pages(count, distance)).len();

            assert_eq!(
                [1, 16, 256].map(|count| len(count, 1 << 17)),
                [33, 288, 4368]
            );
            assert_eq!(
                [1, 16, 256].map(|count| len(count, 1 << 13)),
                [33, 243, 3603]
            );
            // Segments that follow each other.
            assert_eq!([1, 16, 256].map(|count| len(count, 4096)), [33, 198, 2838]);
        }
    }
}

/// Each page ends within a burst.
#[test]
fn lengths_of_programs_with_bursts_in_two_segments() {
    let config = slave_config(SlaveDirection::DevToMem, 1, 16);
    let list: Vec<_> = pages(16, 1 << 17)
        .into_iter()
        .map(|page| segment(page.address, page.len - 4))
        .collect();

    assert_eq!(code(config, &list).len(), 652);
}

/// The longest step: a burst whose parts differ in length from one to the next.
#[test]
fn the_longest_step() {
    let config = slave_config(SlaveDirection::DevToMem, 1, 16);
    let list: Vec<_> = (0..11)
        .map(|n| segment(0x1000_0000 + n * 0x2_0000, 1 + n % 2))
        .collect();
    let job = SlaveSg::new(slave(config), list.iter().copied()).unwrap();
    let whole = code(config, &list);

    assert_eq!(whole.len(), 189);
    for room in 0..=whole.len() {
        let mut writer = ProgramWriter::new(job.clone()).unwrap();
        let mut bytes = vec![0; room];
        let written = writer.write(
            &mut Assembler::new(&mut bytes),
            RK3588,
            Event::new(3).unwrap(),
        );

        if room == whole.len() {
            assert_eq!((written, &bytes), (Ok(()), &whole));
            continue;
        }
        assert_eq!((written, writer.done()), (Err(TooLong), 0));

        // Nothing has changed.
        let mut bytes = vec![0; whole.len()];
        let written = writer.write(
            &mut Assembler::new(&mut bytes),
            RK3588,
            Event::new(3).unwrap(),
        );

        assert_eq!((written, &bytes), (Ok(()), &whole));
    }
}

/// Each instruction belongs to the segment in which its step begins.
#[test]
fn instructions_are_located() {
    for direction in DIRECTIONS {
        let config = slave_config(direction, 1, 4);
        let list = [(0x1000, 8), (0x3000, 3), (0x5000, 1), (0x7000, 6)].map(|(a, b)| segment(a, b));
        let job = SlaveSg::new(slave(config), list).unwrap();
        let code = code(config, &list);
        let steps: Vec<_> = (0..code.len())
            .filter_map(|offset| {
                let mut memory = vec![0; code.len()];
                let writer = ProgramWriter::new(job.clone()).unwrap();

                writer.locate(&mut Assembler::new(&mut memory), RK3588, offset)
            })
            .collect();
        let index = |it: &SegmentIndices| match direction {
            SlaveDirection::MemToDev => (it.source, it.destination),
            SlaveDirection::DevToMem => (it.destination, it.source),
        };
        let mut found: Vec<_> = steps.iter().map(index).collect();

        // The address of the FIFO belongs to none.
        assert_eq!(steps.len(), code.len() - 6 - 4);
        found.dedup();
        assert_eq!(found, [(0, 0), (1, 0), (3, 0)]);
    }
}

/// DMAADDH adds what is between two segments; any other distance is a new address.
#[test]
fn near_segments_are_added_to() {
    for (gap, is_near) in [(0, false), (4, true), (0xfffc, true), (0x1_0000, false)] {
        let code = code(words(), &[segment(0x1000, 64), segment(0x1040 + gap, 64)]);
        let adds = instructions(&code)
            .into_iter()
            .filter(|it| matches!(it, Instruction::AddH(Address::Source, _)))
            .count();

        assert_eq!(adds == 1, is_near);
    }
}

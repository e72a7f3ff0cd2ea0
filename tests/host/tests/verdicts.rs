// SPDX-License-Identifier: GPL-2.0

//! Each rule broken once: the model can fail, and for the right reason, at the right instruction.
//!
//! A test that runs a good program proves nothing if the model would have let a bad one pass.

use crate::model::{
    Config,
    Error,
    Fault,
    Register,
    Stop, //
};
use crate::support::*;

/// Offset of a test's own program, after the instructions that set the registers.
const BODY: usize = 18;

#[track_caller]
fn refused_by(config: Config, program: &[u8], pc: usize, error: Error) {
    assert_eq!(
        run_with(config, program).result,
        Err(Fault { pc, error }),
        "{program:02x?}"
    );
}

#[track_caller]
fn refused(program: &[u8], pc: usize, error: Error) {
    refused_by(Config::RK3588, program, pc, error);
}

/// `rest` fails `at` bytes in, after the registers are set; at -6 it is CCR that is refused.
#[track_caller]
fn refused_after(control: u32, rest: &[&[u8]], at: isize, error: Error) {
    let pc = BODY.checked_add_signed(at).unwrap();

    refused(&with_registers(control, rest), pc, error);
}

#[track_caller]
fn accepted(program: &[u8]) {
    assert_eq!(run(program).result, Ok(Stop::Ended), "{program:02x?}");
}

#[test]
fn an_event_that_overtakes_data() {
    let overtaken = |stores| Error::Overtaken { event: 1, stores };

    refused_after(FULL, &[LD, ST, &sev(1), WMB, END], 2, overtaken(1));
    refused_after(FULL, &[LD, ST, RMB, &sev(1), END], 3, overtaken(1));
    refused_after(FULL, &[STZ, STZ, &sev(1), END], 2, overtaken(2));
    refused_after(FULL, &[LD, ST, WMB, STZ, &sev(1), END], 4, overtaken(1));
    accepted(&with_registers(FULL, &[LD, ST, WMB, &sev(1), END]));
}

#[test]
fn more_than_the_share_of_the_mfifo() {
    let full = |lines, share| Error::MfifoFull { lines, share };

    // Two bursts at once.
    refused_after(FULL, &[LD, LD, ST, ST, END], 1, full(17, 16));

    // One, but the destination makes it a line longer. In bytes it would fit.
    let misaligned = [
        ccr(FULL).as_slice(),
        &sar(SOURCE),
        &dar(TARGET + 1),
        LD,
        ST,
        END,
    ]
    .concat();

    refused(&misaligned, BODY, full(17, 16));

    // One, for a channel that has less.
    let config = Config {
        share: 15,
        ..Config::RK3588
    };

    refused_by(
        config,
        &with_registers(FULL, &[LD, ST, END]),
        BODY,
        full(16, 15),
    );

    // Bytes for a fixed address do not share a line.
    let config = Config {
        share: 1,
        ..Config::RK3588
    };
    let to_one = with_registers(side(1, 2) | (side(1, 2) & !1) << 14, &[LD, ST, END]);
    let from_one = with_registers((side(1, 2) & !1) | side(1, 2) << 14, &[LD, ST, END]);
    let counting = with_registers(side(1, 2) | side(1, 2) << 14, &[LD, ST, END]);

    refused_by(config, &to_one, BODY, full(2, 1));
    refused_by(config, &from_one, BODY, full(2, 1));
    assert_eq!(run_with(config, &counting).result, Ok(Stop::Ended));
}

#[test]
fn a_store_without_data() {
    let no_data = |needed, available| Error::NoData { needed, available };

    refused_after(FULL, &[ST, END], 0, no_data(128, 0));
    refused_after(FULL, &[LD, ST, ST, END], 2, no_data(128, 0));
    refused_after(
        side(4, 1) | side(8, 1) << 14,
        &[LD, ST, END],
        1,
        no_data(8, 4),
    );
}

#[test]
fn data_left_at_the_end() {
    refused_after(FULL, &[LD, END], 1, Error::Leftover { bytes: 128 });
    refused_after(
        side(8, 1) | side(4, 1) << 14,
        &[LD, ST, WMB, END],
        3,
        Error::Leftover { bytes: 4 },
    );
}

#[test]
fn data_in_the_wrong_lanes() {
    let half = side(8, 1) | side(4, 1) << 14;

    // Zeroes move the destination on to the lane after the one of the bytes that wait.
    refused_after(BYTE, &[LD, STZ, ST, END], 2, Error::WrongLane);
    // The second load does not go on where the first has stopped.
    refused_after(
        half,
        &[LD, ST, &ccr(BYTE), STZ, LD, END],
        9,
        Error::WrongLane,
    );
    accepted(&with_registers(half, &[LD, ST, LD, ST, ST, ST, END]));
}

#[test]
fn secure_accesses_of_a_non_secure_channel() {
    for control in [FULL & !(1 << 9), FULL & !(1 << 23)] {
        let program = with_registers(control, &[LD, ST, END]);
        let secure = Config {
            non_secure: false,
            ..Config::RK3588
        };

        refused(&program, 12, Error::SecureAccess);
        assert_eq!(run_with(secure, &program).result, Ok(Stop::Ended));
    }
}

#[test]
fn secure_and_missing_events_of_a_non_secure_channel() {
    let config = Config {
        non_secure_events: !(1 << 4),
        ..Config::RK3588
    };
    let secure = Config {
        non_secure: false,
        ..config
    };
    let program = [sev(4).as_slice(), END].concat();

    refused_by(config, &program, 0, Error::SecureEvent { event: 4 });
    assert_eq!(run_with(secure, &program).result, Ok(Stop::Ended));
    refused(&sev(16), 0, Error::NoSuchEvent { event: 16 });
    refused(&[0x36, 0xf8], 0, Error::NoSuchEvent { event: 31 });
    refused(&[0x36, 0x08], 0, Error::WaitForInterrupt { event: 1 });
}

/// Changes of the control word and of addresses need no barrier, but bytes in the MFIFO do not
/// survive another destination stream.
#[test]
fn a_broken_destination_stream() {
    let discarded = |bytes| Error::Discarded { bytes };
    let fixed = |control| ccr(control & !(1 << 14));
    let half = side(8, 1) | side(4, 1) << 14;
    let byte = side(1, 1) | side(1, 4) << 14;

    // Another lane, by either instruction; the same lane of another line.
    refused_after(half, &[LD, &dar(TARGET + 1), END], 1, discarded(8));
    refused_after(half, &[LD, &[0x56, 1, 0], END], 1, discarded(8));
    refused_after(
        half,
        &[LD, ST, RMB, WMB, &dar(TARGET), END],
        4,
        discarded(4),
    );
    accepted(&with_registers(half, &[LD, &dar(TARGET + 8), ST, ST, END]));
    // A fixed address where there was none, and the other way round.
    refused_after(half, &[LD, &fixed(half), END], 1, discarded(8));
    // Another beat of a fixed address.
    let to_one = [&fixed(half)[..], LD, &fixed(side(8, 1) | side(8, 1) << 14)].concat();

    refused_after(half, &[&to_one, END], 7, discarded(8));
    // Burst lengths, the beat of an incrementing destination, all of the source.
    accepted(&with_registers(
        half,
        &[LD, &sar(SOURCE + 1), &ccr(byte), ST, ST, END],
    ));
    // What was stored is not lost.
    accepted(&with_registers(
        FULL,
        &[LD, ST, &ccr(BYTE), &dar(TARGET + 3), LD, ST, END],
    ));
    accepted(&with_registers(FULL, &[STZ, &ccr(BYTE), LD, ST, END]));
}

#[test]
fn zeroes_at_an_unaligned_address() {
    let at = |control, address| [ccr(control), sar(SOURCE), dar(address)].concat();

    for past in 1..8 {
        let program = [&at(FULL, TARGET + past), STZ].concat();

        refused(&program, BODY, Error::ZeroesUnaligned);
        accepted(&[&at(BYTE, TARGET + past), STZ, END].concat());
    }
    refused(&[&at(FULL, TARGET + 8), STZ].concat(), 19, Error::Fetch);
}

#[test]
fn control_that_says_too_much() {
    let wide = |size| Error::BeatTooWide { size };

    refused_after(FULL | 1 << 31, &[END], -6, Error::ReservedControl);
    refused_after(FULL | 1 << 28, &[END], -6, Error::ByteSwap);
    refused_after(side(16, 1) | side(8, 1) << 14, &[END], -6, wide(16));
    refused_after(side(8, 1) | side(128, 1) << 14, &[END], -6, wide(128));
}

#[test]
fn a_fixed_address_between_beats() {
    let fixed = side(8, 1) & !1;
    let from = [ccr(fixed | side(8, 1) << 14), sar(SOURCE + 4), dar(TARGET)].concat();
    let to = [ccr(side(4, 1) | fixed << 14), sar(SOURCE), dar(TARGET + 4)].concat();

    refused(&[&from, LD].concat(), BODY, Error::FixedUnaligned);
    refused(&[&to, LD, ST].concat(), BODY + 1, Error::FixedUnaligned);
}

#[test]
fn past_4_gib() {
    let program = [ccr(FULL), sar(0xffff_ff88), dar(TARGET)].concat();

    refused(&[&program, LD].concat(), BODY, Error::AddressWrap);

    let program = [ccr(FULL), sar(SOURCE), dar(0xffff_fff8)].concat();

    refused(&[&program, LD, ST].concat(), BODY + 1, Error::AddressWrap);
}

#[test]
fn memory_that_is_not_there() {
    let bus = |address| Error::ProgramLimits { address };
    let at = |from, to| [ccr(FULL), sar(from), dar(to)].concat();

    refused(
        &[&at(SOURCE + 136, TARGET), LD].concat(),
        BODY,
        bus(SOURCE + 256),
    );
    refused(
        &[&at(SOURCE - 8, TARGET), LD].concat(),
        BODY,
        bus(SOURCE - 8),
    );
    refused(&[&at(TARGET, TARGET), LD].concat(), BODY, bus(TARGET));
    // A store is posted: it fails where it reaches memory.
    refused(
        &[&at(SOURCE, SOURCE), LD, ST, NOP, WMB].concat(),
        BODY + 3,
        bus(SOURCE),
    );
    refused(
        &[&at(SOURCE, TARGET + 136), LD, ST, END].concat(),
        BODY + 2,
        bus(TARGET + 256),
    );
}

#[test]
fn registers_that_are_not_set() {
    let not_set = Error::NotSet;

    refused(LD, 0, not_set(Register::Control));
    refused(
        &[&ccr(FULL), STZ].concat(),
        6,
        not_set(Register::Destination),
    );
    refused(
        &[ccr(FULL).as_slice(), &dar(TARGET), LD].concat(),
        12,
        not_set(Register::Source),
    );
    refused(&[0x54, 1, 0], 0, not_set(Register::Source));
    refused(&[0x5e, 1, 0], 0, not_set(Register::Destination));
}

#[test]
fn jumps_to_elsewhere() {
    let nop = [0x18; 4];

    // Over the loop's start, into its body, into an instruction, to before the program.
    refused(
        &[&[0x20, 3], &nop[..], &[0x38, 6], END].concat(),
        6,
        Error::BadJump,
    );
    refused(
        &[&[0x20, 3], &nop[..], &[0x38, 3], END].concat(),
        6,
        Error::BadJump,
    );
    refused(&[0x20, 3, 0xbc, 0, 0, 0, 0, 0, 0x38, 5], 8, Error::BadJump);
    refused(&[0x20, 3, 0x38, 3], 2, Error::BadJump);
    // Without a loop, of the wrong counter, of the outer loop in the inner one.
    refused(&[0x18, 0x38, 1], 1, Error::BadJump);
    refused(&[0x20, 3, 0x18, 0x3c, 1], 3, Error::BadJump);
    refused(&[0x20, 3, 0x22, 3, 0x18, 0x38, 3], 5, Error::BadJump);
    // After it has ended.
    refused(&[0x20, 0, 0x38, 0, 0x38, 2], 4, Error::BadJump);
    refused(&[0x20, 1, 0x20, 1], 2, Error::CounterInUse { counter: 0 });
    // An endless loop into an instruction, and out of a counted one.
    refused(&[0xbc, 0, 0, 0, 0, 0, 0x2c, 5], 6, Error::BadJump);
    refused(&[0x18, 0x20, 1, 0x2c, 3], 3, Error::BadJump);
    accepted(&[&[0x20, 3], &nop[..], &[0x38, 4], END].concat());
}

#[test]
fn programs_without_an_end() {
    refused(&[], 0, Error::Fetch);
    refused(&[0x18], 1, Error::Fetch);
    refused(&[0x34], 0, Error::Fetch);
    refused(&[0x54, 1], 0, Error::Fetch);
    refused(&[0xbc, 0, 0, 0, 0], 0, Error::Fetch);

    let config = Config {
        steps: 1000,
        ..Config::RK3588
    };

    refused_by(config, &[0x18, 0x2c, 1], 0, Error::StepLimit);
}

#[test]
fn stray_bits() {
    for stray in [0, 1, 2] {
        refused(&[0x34, 1 << stray], 0, Error::Operand);
        refused(&[0x35, 1 << stray], 0, Error::Operand);
    }
    refused(&[0x36, 0x01], 0, Error::Operand);
    refused(&[0x36, 0x04], 0, Error::Operand);
    refused(&[0xbc, 3, 0, 0, 0, 0], 0, Error::Operand);
    refused(&[0xa0, 8, 0, 0, 0, 0], 0, Error::Operand);
}

#[test]
fn instructions_that_are_not_for_a_channel() {
    refused(&[0x01], 0, Error::Kill);
    refused(&[0xa2, 1, 0, 0, 0, 0], 0, Error::ManagerOnly);
    for opcode in [0x25, 0x27, 0x29, 0x2b, 0x30, 0x31, 0x32, 0x35] {
        refused(&[opcode, 0xf8], 0, Error::NoPeripheral);
    }
}

/// Every opcode that the architecture does not list.
#[test]
fn instructions_that_are_none() {
    let listed = [
        0x00, 0x01, 0x04, 0x05, 0x07, 0x08, 0x09, 0x0b, 0x0c, 0x12, 0x13, 0x18, 0x20, 0x22, 0x25,
        0x27, 0x29, 0x2b, 0x2c, 0x2d, 0x2f, 0x30, 0x31, 0x32, 0x34, 0x35, 0x36, 0x38, 0x39, 0x3b,
        0x3c, 0x3d, 0x3f, 0x54, 0x56, 0x5c, 0x5e, 0xa0, 0xa2, 0xbc,
    ];

    for opcode in 0..=255 {
        let refused = run(&[opcode, 0, 0, 0, 0, 0, 0]).result;
        let undefined = Err(Fault {
            pc: 0,
            error: Error::Undefined { opcode },
        });

        assert_eq!(
            refused == undefined,
            !listed.contains(&opcode),
            "{opcode:02x}"
        );
    }
}

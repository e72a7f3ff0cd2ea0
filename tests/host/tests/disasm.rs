// SPDX-License-Identifier: GPL-2.0

//! The disassembler: all instructions, back and forth, and the text of each.

use crate::model;
use crate::program::disasm::{
    decode,
    executed_upto,
    listing,
    Line,
    Malformed, //
};
use crate::program::insn::{
    Address,
    Assembler,
    Channel,
    Counter,
    Event,
    Instruction,
    Peripheral,
    Register,
    Request,
    WaitFor, //
};
use proptest::{
    prelude::*,
    sample::select, //
};

fn requests() -> impl Strategy<Value = Request> {
    select(vec![Request::Single, Request::Burst])
}

fn events() -> impl Strategy<Value = Event> {
    (0..=31u8).prop_map(|number| Event::new(number).unwrap())
}

fn lines() -> impl Strategy<Value = Peripheral> {
    (0..=31u8).prop_map(|number| Peripheral::new(number).unwrap())
}

fn addresses() -> impl Strategy<Value = Address> {
    select(vec![Address::Source, Address::Destination])
}

fn loops() -> impl Strategy<Value = Instruction> {
    let counters = select(vec![Counter::Lc0, Counter::Lc1]);

    (0..5, counters, any::<u8>(), requests()).prop_map(|(form, counter, byte, request)| {
        let body_len = byte;

        match form {
            0 => Instruction::Lp {
                counter,
                iterations_minus_1: byte,
            },
            1 => Instruction::LpEnd { counter, body_len },
            2 => Instruction::LpEndIf {
                request,
                counter,
                body_len,
            },
            3 => Instruction::LpFe { body_len },
            _ => Instruction::LpFeIf { request, body_len },
        }
    })
}

fn instructions() -> impl Strategy<Value = Instruction> {
    use Instruction::*;

    let waits = select(vec![WaitFor::Single, WaitFor::Either, WaitFor::Burst]);
    let registers = select(vec![Register::Sar, Register::Ccr, Register::Dar]);

    prop_oneof![
        8 => select(vec![End, Kill, Ld, St, Stz, Rmb, Wmb, Nop]),
        1 => requests().prop_map(LdIf),
        1 => requests().prop_map(StIf),
        1 => (requests(), lines()).prop_map(|(request, line)| LdP(request, line)),
        1 => (requests(), lines()).prop_map(|(request, line)| StP(request, line)),
        1 => events().prop_map(Sev),
        1 => (events(), any::<bool>()).prop_map(|(event, invalidate)| Wfe { event, invalidate }),
        1 => (waits, lines()).prop_map(|(what, line)| Wfp(what, line)),
        1 => lines().prop_map(FlushP),
        3 => (registers, any::<u32>()).prop_map(|(register, value)| Mov(register, value)),
        1 => (addresses(), any::<u16>()).prop_map(|(address, amount)| AddH(address, amount)),
        1 => (addresses(), any::<u16>()).prop_map(|(address, amount)| AdNH(address, amount)),
        5 => loops(),
        1 => (0..=7u8, any::<bool>(), any::<u32>()).prop_map(|(channel, non_secure, address)| Go {
            channel: Channel::new(channel).unwrap(),
            non_secure,
            address,
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_assembled_is_read_back(
        program in prop::collection::vec(instructions(), 0..40),
    ) {
        let mut memory = [0xff; 240];
        let mut asm = Assembler::new(&mut memory);
        let mut offsets = Vec::new();

        for &instruction in &program {
            offsets.push(asm.len());
            asm.emit(instruction).unwrap();
        }

        let len = asm.len();
        let lines: Vec<_> = listing(&memory[..len]).collect();

        prop_assert_eq!(lines.len(), program.len());
        for (at, line) in lines.iter().enumerate() {
            prop_assert_eq!(line.offset, offsets[at]);
            prop_assert_eq!(line.instruction, Ok(program[at]));
            prop_assert_eq!(line.to_string().lines().count(), 1);
        }
    }

    /// Any bytes at all: what is read is what would be assembled again, and what the model, which
    /// has a decoder of its own, takes for an instruction as well.
    #[test]
    fn bytes_are_read_as_they_are(code in prop::collection::vec(any::<u8>(), 1..7)) {
        match decode(&code).unwrap() {
            Ok((instruction, len)) => {
                let again = instruction.encode();

                prop_assert_eq!(again.as_bytes(), &code[..len]);
                prop_assert_eq!(model::decode(&code).map(|(_, len)| len), Ok(len));
            }
            Err(_) => prop_assert!(model::decode(&code).is_err()),
        }
    }
}

#[track_caller]
fn reads(code: &[u8], text: &[&str]) {
    let lines: Vec<_> = listing(code).map(|line| line.to_string()).collect();

    assert_eq!(lines, text, "{code:02x?}");
}

#[test]
fn worked_copy() {
    let program = [
        0xbc, 0x01, 0xf7, 0xc2, 0xbd, 0x00, 0xbc, 0x00, 0x21, 0x43, 0x65, 0x87, 0xbc, 0x02, 0x98,
        0xba, 0xdc, 0xfe, 0x20, 0x1f, 0x04, 0x08, 0x38, 0x02, 0x13, 0x34, 0x18, 0x00,
    ];

    reads(
        &program,
        &[
            "  0  DMAMOV CCR, SAI SS64 SB16 SP2 SC0 DAI DS64 DB16 DP2 DC0 ES8",
            "  6  DMAMOV SAR, 0x87654321",
            " 12  DMAMOV DAR, 0xfedcba98",
            " 18  DMALP lc0, 32",
            " 20  DMALD",
            " 21  DMAST",
            " 22  DMALPEND lc0, 20",
            " 24  DMAWMB",
            " 25  DMASEV E3",
            " 27  DMAEND",
        ],
    );
}

/// Each line of the reference's table, with the highest operand that it may have.
#[test]
fn each_form_has_its_own_text() {
    for (code, text) in [
        (&[0x00][..], "DMAEND"),
        (&[0x01], "DMAKILL"),
        (&[0x04], "DMALD"),
        (&[0x05], "DMALDS"),
        (&[0x07], "DMALDB"),
        (&[0x08], "DMAST"),
        (&[0x09], "DMASTS"),
        (&[0x0b], "DMASTB"),
        (&[0x0c], "DMASTZ"),
        (&[0x12], "DMARMB"),
        (&[0x13], "DMAWMB"),
        (&[0x18], "DMANOP"),
        (&[0x20, 0xff], "DMALP lc0, 256"),
        (&[0x22, 0x00], "DMALP lc1, 1"),
        (&[0x25, 0xf8], "DMALDPS P31"),
        (&[0x27, 0x08], "DMALDPB P1"),
        (&[0x29, 0xf8], "DMASTPS P31"),
        (&[0x2b, 0x08], "DMASTPB P1"),
        (&[0x2c, 0x00], "DMALPEND 0"),
        (&[0x2d, 0x00], "DMALPENDS 0"),
        (&[0x2f, 0x07], "DMALPENDB -7"),
        (&[0x30, 0xf8], "DMAWFP P31, single"),
        (&[0x31, 0x08], "DMAWFP P1, periph"),
        (&[0x32, 0x00], "DMAWFP P0, burst"),
        (&[0x34, 0xf8], "DMASEV E31"),
        (&[0x35, 0xf8], "DMAFLUSHP P31"),
        (&[0x36, 0xf8], "DMAWFE E31"),
        (&[0x36, 0x0a], "DMAWFE E1, invalid"),
        (&[0x38, 0x00], "DMALPEND lc0, 0"),
        (&[0x39, 0x00], "DMALPENDS lc0, 0"),
        (&[0x3b, 0x00], "DMALPENDB lc0, 0"),
        (&[0x3c, 0x00], "DMALPEND lc1, 0"),
        (&[0x3d, 0x00], "DMALPENDS lc1, 0"),
        (&[0x3f, 0x00], "DMALPENDB lc1, 0"),
        (&[0x54, 0x34, 0x12], "DMAADDH SAR, 0x1234"),
        (&[0x56, 0xff, 0xff], "DMAADDH DAR, 0xffff"),
        (&[0x5c, 0xff, 0xff], "DMAADNH SAR, 0xffff"),
        (&[0x5e, 0x01, 0x00], "DMAADNH DAR, 0x0001"),
        (&[0xa0, 7, 0x10, 0, 0, 0], "DMAGO C7, 0x00000010"),
        (
            &[0xa2, 2, 0x00, 0x10, 0x00, 0x80],
            "DMAGO C2, 0x80001000, ns",
        ),
        (&[0xbc, 2, 1, 0, 0, 0], "DMAMOV DAR, 0x00000001"),
        (
            &[0xbc, 1, 0, 0, 0, 0],
            "DMAMOV CCR, SAF SS8 SB1 SP0 SC0 DAF DS8 DB1 DP0 DC0 ES8",
        ),
        (
            &[0xbc, 1, 0xff, 0xff, 0xff, 0xff],
            "DMAMOV CCR, SAI SS1024 SB16 SP7 SC7 DAI DS1024 DB16 DP7 DC11 ES1024 and bit 31",
        ),
    ] {
        reads(code, &[&format!("  0  {text}")]);
    }
}

#[test]
fn what_is_no_instruction_is_named() {
    reads(
        &[0x18, 0xff, 0x00],
        &["  0  DMANOP", "  1  undefined opcode 0xff"],
    );
    // Without the bit that tells an endless loop, this is none.
    reads(&[0x28, 0x00], &["  0  undefined opcode 0x28"]);
    reads(
        &[0x34, 0x19, 0x00],
        &["  0  invalid operand 0x19 of opcode 0x34"],
    );
    reads(
        &[0xbc, 3, 0, 0, 0, 0],
        &["  0  invalid operand 0x03 of opcode 0xbc"],
    );
    reads(
        &[0xa0, 8, 0, 0, 0, 0],
        &["  0  invalid operand 0x08 of opcode 0xa0"],
    );
    reads(
        &[0x13, 0xbc, 0, 0, 0, 0],
        &["  0  DMAWMB", "  1  truncated after opcode 0xbc"],
    );
    reads(&[], &[]);
    assert_eq!(decode(&[]), None);
    assert_eq!(decode(&[0x54, 1]), Some(Err(Malformed::Truncated(0x54))));
}

#[test]
fn no_peripheral_32() {
    for number in 0..=31 {
        assert_eq!(Peripheral::new(number).unwrap().number(), number);
    }
    for number in 32..=255 {
        assert_eq!(Peripheral::new(number), None);
    }
}

/// Every opcode with every operand: the two decoders agree on what is an instruction, and it is
/// assembled as it was.
#[test]
fn both_decoders_agree() {
    for opcode in 0..=255 {
        for operand in 0..=255 {
            let code = [opcode, operand, 0x43, 0x65, 0x87, 0xa9];
            let read = decode(&code).unwrap().ok();

            assert_eq!(
                read.map(|(_, len)| len),
                model::decode(&code).ok().map(|(_, len)| len),
                "{code:02x?}"
            );
            if let Some((instruction, len)) = read {
                assert_eq!(instruction.encode().as_bytes(), &code[..len]);
            }
        }
    }
}

/// The instruction that is none, as text: who emits it does so on purpose.
#[test]
fn the_undefined_one() {
    let code = Instruction::Undefined.encode();
    let line = Line {
        offset: 7,
        instruction: Ok(Instruction::Undefined),
    };

    reads(code.as_bytes(), &["  0  undefined opcode 0xff"]);
    assert_eq!(line.to_string(), "  7  undefined opcode");
}

/// A thread in a loop may have executed all of the loop in an earlier iteration.
#[test]
fn in_a_loop_all_of_it_may_have_been_executed() {
    let mut memory = [0; 64];
    let mut asm = Assembler::at(&mut memory, 0);

    asm.emit(Instruction::Ld).unwrap(); // 0
    asm.emit(Instruction::St).unwrap(); // 1
    asm.repeat(Counter::Lc1, 3, |asm| {
        // 2: DMALP
        asm.emit(Instruction::Ld)?; // 4
        asm.repeat(Counter::Lc0, 2, |asm| {
            // 5: DMALP
            asm.emit(Instruction::Nop)?; // 7
            asm.emit(Instruction::St) // 8
        })?; // 9: DMALPEND
        asm.emit(Instruction::Ld) // 11
    })
    .unwrap(); // 12: DMALPEND
    asm.emit(Instruction::St).unwrap(); // 14

    let code = &memory[..15];
    let upto = |at| executed_upto(code, at);

    // Before the loops, and the instruction that begins one, which is not part of it.
    assert_eq!([upto(0), upto(1), upto(2)], [0, 1, 2]);
    // In the outer one, and in the one in it.
    assert_eq!([upto(4), upto(5), upto(7), upto(8), upto(9)], [12; 5]);
    assert_eq!(upto(11), 12);
    // At its end, and behind it.
    assert_eq!([upto(12), upto(14), upto(40)], [12, 14, 40]);
}

// SPDX-License-Identifier: GPL-2.0

//! Encoding of each instruction, byte for byte.
//!
//! The bytes are written out from the architecture. Nothing here computes what it expects.

use crate::model::{
    self,
    decode,
    Error, //
};
use crate::program::insn::{
    Address,
    Assembler,
    Channel,
    Counter::{
        self,
        Lc0,
        Lc1, //
    },
    Event,
    Instruction::{
        self,
        *, //
    },
    Peripheral,
    Register::{
        Ccr,
        Dar,
        Sar, //
    },
    Request,
    TooLong,
    WaitFor, //
};

fn event(number: u8) -> Event {
    Event::new(number).unwrap()
}

fn channel(number: u8) -> Channel {
    Channel::new(number).unwrap()
}

/// The program that `emit` writes into plenty of memory.
fn assemble(emit: impl FnOnce(&mut Assembler<'_>) -> Result<(), TooLong>) -> Vec<u8> {
    // Not zeroes, which would look like DMAEND.
    let mut memory = [0xee; 1024];
    let mut asm = Assembler::new(&mut memory);

    emit(&mut asm).unwrap();

    let len = asm.len();

    assert!(memory[len..].iter().all(|&byte| byte == 0xee));
    memory[..len].to_vec()
}

#[track_caller]
fn encodes(instruction: Instruction, bytes: &[u8]) {
    let code = instruction.encode();
    let padded = code.padded();
    let (head, rest) = padded.split_at(bytes.len());
    let emitted = assemble(|asm| asm.emit(instruction));

    assert_eq!(code.as_bytes(), bytes, "{instruction:?}");
    assert_eq!(head, bytes, "{instruction:?} padded");
    assert!(rest.iter().all(|&byte| byte == 0), "{instruction:?} padded");
    assert_eq!(emitted, bytes, "{instruction:?} emitted");
}

#[test]
fn of_one_byte() {
    encodes(End, &[0x00]);
    encodes(Kill, &[0x01]);
    encodes(Ld, &[0x04]);
    encodes(LdIf(Request::Single), &[0x05]);
    encodes(LdIf(Request::Burst), &[0x07]);
    encodes(St, &[0x08]);
    encodes(StIf(Request::Single), &[0x09]);
    encodes(StIf(Request::Burst), &[0x0b]);
    encodes(Stz, &[0x0c]);
    encodes(Rmb, &[0x12]);
    encodes(Wmb, &[0x13]);
    encodes(Nop, &[0x18]);
}

#[test]
fn for_peripherals() {
    let line = |number| Peripheral::new(number).unwrap();

    encodes(LdP(Request::Single, line(31)), &[0x25, 0xf8]);
    encodes(LdP(Request::Burst, line(1)), &[0x27, 0x08]);
    encodes(StP(Request::Single, line(31)), &[0x29, 0xf8]);
    encodes(StP(Request::Burst, line(1)), &[0x2b, 0x08]);
    encodes(Wfp(WaitFor::Single, line(31)), &[0x30, 0xf8]);
    encodes(Wfp(WaitFor::Either, line(1)), &[0x31, 0x08]);
    encodes(Wfp(WaitFor::Burst, line(0)), &[0x32, 0x00]);
    encodes(FlushP(line(31)), &[0x35, 0xf8]);
}

#[test]
fn additions() {
    encodes(AddH(Address::Source, 0x1234), &[0x54, 0x34, 0x12]);
    encodes(AddH(Address::Destination, 0xffff), &[0x56, 0xff, 0xff]);
    encodes(AdNH(Address::Source, 0xffff), &[0x5c, 0xff, 0xff]);
    encodes(AdNH(Address::Destination, 1), &[0x5e, 0x01, 0x00]);
}

#[test]
fn moves() {
    encodes(Mov(Sar, 0x8765_4321), &[0xbc, 0, 0x21, 0x43, 0x65, 0x87]);
    encodes(Mov(Ccr, 0x00bd_c2f7), &[0xbc, 1, 0xf7, 0xc2, 0xbd, 0x00]);
    encodes(Mov(Dar, 0xfedc_ba98), &[0xbc, 2, 0x98, 0xba, 0xdc, 0xfe]);
}

#[test]
fn an_endless_loop() {
    let mut memory = [0xee; 3];
    let mut asm = Assembler::new(&mut memory);

    encodes(LpFe { body_len: 7 }, &[0x2c, 0x07]);
    assert_eq!(asm.repeat_forever(|asm| asm.emit(Wmb)), Ok(()));
    assert_eq!(memory, [0x13, 0x2c, 0x01]);
}

#[test]
fn events() {
    encodes(Sev(event(0)), &[0x34, 0x00]);
    encodes(Sev(event(1)), &[0x34, 0x08]);
    encodes(Sev(event(3)), &[0x34, 0x18]);
    encodes(Sev(event(15)), &[0x34, 0x78]);
    encodes(Sev(event(31)), &[0x34, 0xf8]);

    let wait = |number, invalidate| Wfe {
        event: event(number),
        invalidate,
    };

    encodes(wait(31, false), &[0x36, 0xf8]);
    encodes(wait(1, true), &[0x36, 0x0a]);
}

#[test]
fn loops() {
    let lp = |counter, iterations_minus_1| Lp {
        counter,
        iterations_minus_1,
    };
    let end = |counter, body_len| LpEnd { counter, body_len };

    encodes(lp(Lc0, 0), &[0x20, 0]);
    encodes(lp(Lc0, 31), &[0x20, 0x1f]);
    encodes(lp(Lc0, 255), &[0x20, 0xff]);
    encodes(lp(Lc1, 0), &[0x22, 0]);
    encodes(lp(Lc1, 255), &[0x22, 0xff]);
    encodes(end(Lc0, 2), &[0x38, 2]);
    encodes(end(Lc0, 255), &[0x38, 0xff]);
    encodes(end(Lc1, 0), &[0x3c, 0]);
    encodes(end(Lc1, 6), &[0x3c, 6]);

    for (request, counter, opcode) in [
        (Request::Single, Lc0, 0x39),
        (Request::Burst, Lc0, 0x3b),
        (Request::Single, Lc1, 0x3d),
        (Request::Burst, Lc1, 0x3f),
    ] {
        let end = LpEndIf {
            request,
            counter,
            body_len: 9,
        };

        encodes(end, &[opcode, 9]);
    }
    for (request, opcode) in [(Request::Single, 0x2d), (Request::Burst, 0x2f)] {
        let body_len = 255;

        encodes(LpFeIf { request, body_len }, &[opcode, 255]);
    }
}

#[test]
fn go() {
    let go = |number, non_secure, address| Go {
        channel: channel(number),
        non_secure,
        address,
    };

    encodes(go(0, false, 0x10), &[0xa0, 0, 0x10, 0, 0, 0]);
    encodes(
        go(7, false, 0xfff0_0ff0),
        &[0xa0, 7, 0xf0, 0x0f, 0xf0, 0xff],
    );
    encodes(go(2, true, 0x8000_1000), &[0xa2, 2, 0x00, 0x10, 0x00, 0x80]);
}

/// Debug instructions go into DBGINST0 and DBGINST1: the first two bytes above the target, then
/// four.
#[test]
fn through_the_debug_registers() {
    let registers = |instruction: Instruction, target: u32| {
        let [a, b, c, d, e, f] = instruction.encode().padded();
        let first = u32::from(b) << 24 | u32::from(a) << 16 | target;

        (first, u32::from_le_bytes([c, d, e, f]))
    };
    let go = Go {
        channel: channel(2),
        non_secure: true,
        address: 0x8000_1000,
    };

    assert_eq!(registers(go, 0), (0x02a2_0000, 0x8000_1000));
    assert_eq!(registers(Kill, 0x0201), (0x0001_0201, 0));
    assert_eq!(registers(Kill, 0), (0x0001_0000, 0));
    assert_eq!(registers(Sev(event(3)), 0), (0x1834_0000, 0));
}

#[test]
fn no_controller_knows_the_undefined_one() {
    let code = Undefined.encode();
    let [opcode] = code.as_bytes() else {
        panic!("{code:?}")
    };

    assert_eq!(
        decode(code.as_bytes()),
        Err(Error::Undefined { opcode: *opcode })
    );
}

/// 4096 bytes over a 64-bit bus in bursts of 16 beats, not secure, then event 3.
#[test]
fn worked_copy() {
    let program = assemble(|asm| {
        asm.emit(Mov(Ccr, 0x00bd_c2f7))?;
        asm.emit(Mov(Sar, 0x8765_4321))?;
        asm.emit(Mov(Dar, 0xfedc_ba98))?;
        asm.repeat(Lc0, 32, |asm| {
            asm.emit(Ld)?;
            asm.emit(St)
        })?;
        asm.emit(Wmb)?;
        asm.emit(Sev(event(3)))?;
        asm.emit(End)
    });

    assert_eq!(
        program,
        [
            0xbc, 0x01, 0xf7, 0xc2, 0xbd, 0x00, // MOV CCR
            0xbc, 0x00, 0x21, 0x43, 0x65, 0x87, // MOV SAR
            0xbc, 0x02, 0x98, 0xba, 0xdc, 0xfe, // MOV DAR
            0x20, 0x1f, // LP0 32
            0x04, // LD
            0x08, // ST
            0x38, 0x02, // LPEND0
            0x13, // WMB
            0x34, 0x18, // SEV 3
            0x00, // END
        ]
    );
}

#[test]
fn nested_loops_jump_to_their_own_bodies() {
    let program = assemble(|asm| {
        asm.repeat(Lc1, 3, |asm| {
            asm.emit(Wmb)?;
            asm.repeat(Lc0, 256, |asm| asm.emit(Ld))?;
            asm.emit(St)
        })
    });

    assert_eq!(
        program,
        [0x22, 2, 0x13, 0x20, 255, 0x04, 0x38, 1, 0x08, 0x3c, 7]
    );
}

#[test]
fn no_event_32_and_no_channel_8() {
    for number in 0..=31 {
        let event = event(number);

        assert_eq!(event.number(), number);
        assert_eq!(event.bit(), 2u32.pow(number.into()));
    }
    for number in 0..=7 {
        let channel = channel(number);

        assert_eq!(channel.number(), number);
        assert_eq!(channel.bit(), 2u32.pow(number.into()));
    }
    for number in 32..=255 {
        assert_eq!(Event::new(number), None);
    }
    for number in 8..=255 {
        assert_eq!(Channel::new(number), None);
    }
}

/// The interpreter has a decoder of its own. It reads back what was meant, whatever the operands.
#[test]
fn the_model_reads_what_the_assembler_writes() {
    use model::{
        Condition::Always,
        Instruction as Read,
        Register, //
    };

    let reads = |written: Instruction, read: Read| {
        let code = written.encode();

        assert_eq!(
            decode(code.as_bytes()),
            Ok((read, code.as_bytes().len())),
            "{written:?}"
        );
    };
    let counters: [(Counter, usize); 2] = [(Lc0, 0), (Lc1, 1)];

    reads(End, Read::End);
    reads(Kill, Read::Kill);
    reads(Ld, Read::Load(Always));
    reads(St, Read::Store(Always));
    reads(Stz, Read::StoreZeroes);
    reads(Rmb, Read::ReadBarrier);
    reads(Wmb, Read::WriteBarrier);
    reads(Nop, Read::Nop);
    for (address, register) in [
        (Address::Source, Register::Source),
        (Address::Destination, Register::Destination),
    ] {
        for (written, amount) in [(AddH(address, 0x1234), 0x1234), (AdNH(address, 0xfffe), !1)] {
            reads(written, Read::Add { register, amount });
        }
    }
    for number in 0..=31 {
        reads(Sev(event(number)), Read::SendEvent(number));
    }
    for byte in 0..=255 {
        reads(
            LpFe { body_len: byte },
            Read::LoopEnd {
                counter: None,
                condition: Always,
                back: byte,
            },
        );
        for (counter, index) in counters {
            let start = Lp {
                counter,
                iterations_minus_1: byte,
            };
            let end = LpEnd {
                counter,
                body_len: byte,
            };

            reads(
                start,
                Read::Loop {
                    counter: index,
                    iterations_minus_1: byte,
                },
            );
            reads(
                end,
                Read::LoopEnd {
                    counter: Some(index),
                    condition: Always,
                    back: byte,
                },
            );
        }
    }
    for bit in 0..32 {
        let value = 1 << bit;

        for (written, register) in [
            (Sar, Register::Source),
            (Ccr, Register::Control),
            (Dar, Register::Destination),
        ] {
            reads(Mov(written, value), Read::Move { register, value });
        }
        for number in 0..=7 {
            for non_secure in [false, true] {
                let go = Go {
                    channel: channel(number),
                    non_secure,
                    address: value,
                };

                reads(
                    go,
                    Read::Go {
                        channel: number,
                        non_secure,
                        address: value,
                    },
                );
            }
        }
    }
}

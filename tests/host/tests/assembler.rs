// SPDX-License-Identifier: GPL-2.0

//! Limits of the assembler: of its memory, and of loops.

use crate::program::insn::{
    Assembler,
    Counter::{
        Lc0,
        Lc1, //
    },
    Event,
    Instruction::{
        self,
        *, //
    },
    Register::Ccr,
    TooLong,
    MAX_ITERATIONS, //
};

#[test]
fn loops_run_1_to_256_times() {
    let repeat = |iterations| {
        let mut memory = [0; 16];

        Assembler::new(&mut memory).repeat(Lc0, iterations, |asm| asm.emit(Ld))?;
        Ok(memory[1])
    };

    assert_eq!(MAX_ITERATIONS, 256);
    assert_eq!(repeat(1), Ok(0));
    assert_eq!(repeat(2), Ok(1));
    assert_eq!(repeat(256), Ok(255));
    assert_eq!(repeat(0), Err(TooLong));
    assert_eq!(repeat(257), Err(TooLong));
    assert_eq!(repeat(512), Err(TooLong));
    assert_eq!(repeat(u32::MAX), Err(TooLong));
}

#[test]
fn loops_have_bodies_of_up_to_255_bytes() {
    let repeat = |len| {
        let mut memory = [0; 512];

        Assembler::new(&mut memory)
            .repeat(Lc1, 2, |asm| (0..len).try_for_each(|_| asm.emit(Ld)))?;
        Ok([memory[2 + len], memory[2 + len + 1]])
    };

    assert_eq!(repeat(0), Ok([0x3c, 0]));
    assert_eq!(repeat(1), Ok([0x3c, 1]));
    assert_eq!(repeat(255), Ok([0x3c, 255]));
    assert_eq!(repeat(256), Err(TooLong));
    assert_eq!(repeat(257), Err(TooLong));
}

/// One of each that the assembler can emit, with operands that have most bits set.
fn samples() -> [Instruction; 9] {
    [
        End,
        Ld,
        St,
        Wmb,
        Sev(Event::new(31).unwrap()),
        LpFe { body_len: 255 },
        Mov(Ccr, u32::MAX),
        Lp {
            counter: Lc1,
            iterations_minus_1: 255,
        },
        LpEnd {
            counter: Lc1,
            body_len: 255,
        },
    ]
}

#[test]
fn what_does_not_fit_changes_nothing() {
    for instruction in samples() {
        let len = instruction.encode().as_bytes().len();

        for before in [0, 1, 7] {
            let mut memory = vec![0xee; before + len - 1];
            let mut asm = Assembler::new(&mut memory);

            for _ in 0..before {
                asm.emit(Wmb).unwrap();
            }
            assert_eq!(asm.emit(instruction), Err(TooLong), "{instruction:?}");
            assert_eq!(asm.len(), before, "{instruction:?}");

            // A refusal is not the end: what is shorter may still fit.
            for _ in before..before + len - 1 {
                assert_eq!(asm.emit(Ld), Ok(()));
            }
            assert_eq!(asm.emit(Ld), Err(TooLong));
            assert!(memory[..before].iter().all(|&byte| byte == 0x13));
            assert!(memory[before..].iter().all(|&byte| byte == 0x04));

            // The memory itself, too, not only the length.
            let mut memory = vec![0xee; len - 1];

            assert_eq!(Assembler::new(&mut memory).emit(instruction), Err(TooLong));
            assert!(memory.iter().all(|&byte| byte == 0xee), "{instruction:?}");
        }
    }
}

#[test]
fn data_stands_behind_the_program() {
    let mut memory = [0xee; 16];
    let mut asm = Assembler::at(&mut memory, 0x8000_0003);

    // 13 bytes in, the last multiple of 4 with 2 bytes from there on.
    assert_eq!(asm.data(4, 2, |at| at as u8), Ok(0x8000_0010));
    assert_eq!(asm.room(), 13);
    assert_eq!(asm.data(1, 14, |_| 0), Err(TooLong));
    while asm.emit(Ld).is_ok() {}
    assert_eq!(asm.len(), 13);
    assert_eq!(asm.data(1, 1, |_| 0), Err(TooLong));
    assert!(memory[..13].iter().all(|&byte| byte == 0x04));
    assert_eq!(memory[13..], [0, 1, 0xee]);

    // Who does not know where it runs cannot say where its data is.
    assert_eq!(Assembler::new(&mut memory).data(1, 1, |_| 0), Err(TooLong));
}

#[test]
fn what_just_fits_is_emitted() {
    for instruction in samples() {
        let code = instruction.encode();
        let mut memory = vec![0xee; code.as_bytes().len()];

        assert_eq!(Assembler::new(&mut memory).emit(instruction), Ok(()));
        assert_eq!(memory, code.as_bytes());
    }
}

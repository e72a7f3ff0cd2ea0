// SPDX-License-Identifier: GPL-2.0

//! Bursts and bytes of program that fills take.

use crate::copy_tests::RK3588;
use crate::model::{
    Access,
    Memory, //
};
use crate::plan_tests::{
    run,
    Totals,
    ENOUGH_FOR_A_PATTERN, //
};
use crate::program::insn::{
    Assembler,
    Event, //
};
use crate::program::{
    Memset,
    Pattern,
    ProgramWriter, //
};

/// Bytes in a beat and in a burst of RK3588's controllers.
const BEAT: u32 = 8;
const BURST: u32 = 128;

fn fill(to: u32, len: u32, pattern: &[u8]) -> Memset {
    Memset::new(0x8000_0000 + to, len, Pattern::new(pattern).unwrap())
}

fn filled(to: u32, len: u32, pattern: &[u8], room: usize) -> Totals {
    let mut memory = Memory::default().with(0x8000_0000 + to, vec![7; len as usize], Access::Write);

    run(
        ProgramWriter::new(fill(to, len, pattern)).unwrap(),
        RK3588,
        &mut memory,
        room,
    )
}

/// Full bursts, then a shorter one of whole beats, then one of single bytes: each only if there are
/// bytes for it. Beats begin at the boundary before the first byte; those of zeroes at the next
/// one, after a burst of single bytes. Up to two beats of zeroes are one burst.
#[test]
fn fills_take_as_few_bursts_as_there_can_be() {
    for to in 0..BEAT {
        for len in 1..=3 * BURST {
            let from_boundary = to + len;
            let is_in_bytes = from_boundary < BEAT;
            let beats = from_boundary % BURST / BEAT;
            let tail = from_boundary % BEAT;
            let loaded =
                from_boundary / BURST + u32::from(beats != 0) + u32::from(is_in_bytes || tail != 0);
            let rest = len.saturating_sub((BEAT - to) % BEAT);
            let zeroes = match len <= 2 * BEAT {
                true => 1,
                false => [to, rest % BURST / BEAT, rest % BEAT]
                    .iter()
                    .fold(rest / BURST, |bursts, part| bursts + u32::from(*part != 0)),
            };

            for (pattern, expected) in [(&[0][..], zeroes), (&[1, 2], loaded)] {
                let bursts = filled(to, len, pattern, 2 * ENOUGH_FOR_A_PATTERN)
                    .stores
                    .bursts;

                assert_eq!(bursts, expected.into(), "{len} to {to}: {pattern:?}");
            }
        }
    }
}

/// A pattern may take half of the memory for full bursts.
#[test]
fn patterns_use_half_of_the_memory() {
    for pattern in [&[1][..], &[1, 2, 3, 4, 5, 6, 7, 8]] {
        let bursts = |room| filled(0, 64 * BURST, pattern, room).stores.bursts;

        assert_eq!(bursts(2 * BURST as usize + 16), 64);
        assert!(bursts(ENOUGH_FOR_A_PATTERN) <= 70);
    }
}

/// Both counters together reach as far as they can in one step.
#[test]
fn eight_mebibytes_are_as_short_as_little_more_than_a_loop() {
    for pattern in [&[0][..], &[1, 2]] {
        let code = |len| {
            let mut bytes = [0; 1024];
            let mut asm = Assembler::at(&mut bytes, 0xe000_0000);
            let mut plan = ProgramWriter::new(fill(0, len, pattern)).unwrap();

            plan.write(&mut asm, RK3588, Event::new(0).unwrap())
                .unwrap();
            assert!(plan.is_written());
            asm.len()
        };

        assert_eq!(code(2 * 256 * BURST), code(8 << 20));
    }
}

#[test]
fn a_large_fill_takes_a_small_program() {
    for (pattern, bursts) in [(&[0][..], 1 << 13), (&[1, 2, 3, 4], 1 << 13)] {
        let fill = Memset::new(0x1000_0000, 1 << 20, Pattern::new(pattern).unwrap());
        let mut memory = Memory::default().with(0x1000_0000, vec![7; 1 << 20], Access::Write);
        let totals = run(ProgramWriter::new(fill).unwrap(), RK3588, &mut memory, 512);

        assert_eq!(totals.programs, 1);
        assert_eq!(totals.stores.bursts, bursts);
        assert!(totals.code <= 64);
    }
}

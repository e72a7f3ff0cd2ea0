// SPDX-License-Identifier: GPL-2.0

//! Programs written by hand: bytes with names, from the architecture and not from the assembler.

use crate::model::{
    Access,
    Channel,
    Config,
    Fault,
    Memory,
    Stats,
    Stop, //
};

pub(crate) const END: &[u8] = &[0x00];
pub(crate) const LD: &[u8] = &[0x04];
pub(crate) const ST: &[u8] = &[0x08];
pub(crate) const STZ: &[u8] = &[0x0c];
pub(crate) const RMB: &[u8] = &[0x12];
pub(crate) const WMB: &[u8] = &[0x13];
pub(crate) const NOP: &[u8] = &[0x18];

/// Address of 256 bytes for [`run`] to read, each equal to its offset.
pub(crate) const SOURCE: u32 = 0x1000;

/// Address of 256 bytes of 0xee for [`run`] to write.
pub(crate) const TARGET: u32 = 0x2000;

/// 16 beats of 8 bytes, both sides counting up, non-secure.
pub(crate) const FULL: u32 = side(8, 16) | side(8, 16) << 14;

/// One beat of one byte, both sides counting up, non-secure.
pub(crate) const BYTE: u32 = side(1, 1) | side(1, 1) << 14;

/// Bits of CCR that are 0 where the source or the destination is fixed.
pub(crate) const SAR_FIXED: u32 = 1;
pub(crate) const DAR_FIXED: u32 = 1 << 14;

/// A side of CCR that counts up and is non-secure.
pub(crate) const fn side(size: u32, beats: u32) -> u32 {
    1 | size.trailing_zeros() << 1 | (beats - 1) << 4 | 1 << 9
}

fn mov(register: u8, value: u32) -> [u8; 6] {
    let [a, b, c, d] = value.to_le_bytes();

    [0xbc, register, a, b, c, d]
}

pub(crate) fn sar(value: u32) -> [u8; 6] {
    mov(0, value)
}

pub(crate) fn ccr(value: u32) -> [u8; 6] {
    mov(1, value)
}

pub(crate) fn dar(value: u32) -> [u8; 6] {
    mov(2, value)
}

pub(crate) fn sev(event: u8) -> [u8; 2] {
    [0x34, event << 3]
}

/// A program that sets all registers, then does `rest`, which begins at byte 18.
pub(crate) fn with_registers(control: u32, rest: &[&[u8]]) -> Vec<u8> {
    let setup = [sar(SOURCE), dar(TARGET), ccr(control)].concat();

    [&setup, rest.concat().as_slice()].concat()
}

/// Result of a program.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) result: Result<Stop, Fault>,
    pub(crate) stats: Stats,
    pub(crate) lines: u64,
    /// The 256 bytes at [`TARGET`].
    pub(crate) target: Vec<u8>,
}

/// Returns the bytes at [`SOURCE`].
pub(crate) fn source() -> Vec<u8> {
    (0..=255).collect()
}

pub(crate) fn memory() -> Memory {
    Memory::default().with(SOURCE, source(), Access::Read).with(
        TARGET,
        vec![0xee; 256],
        Access::Write,
    )
}

pub(crate) fn run_with(config: Config, program: &[u8]) -> Outcome {
    let mut memory = memory();
    let mut channel = Channel::new(config, program, &mut memory);
    let result = channel.run();
    let stats = channel.stats().clone();
    let lines = channel.most_lines();

    Outcome {
        result,
        stats,
        lines,
        target: memory.region(TARGET).to_vec(),
    }
}

pub(crate) fn run(program: &[u8]) -> Outcome {
    run_with(Config::RK3588, program)
}

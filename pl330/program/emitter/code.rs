// SPDX-License-Identifier: GPL-2.0

//! Code of instructions of known length.

use super::super::insn::{
    Address,
    Counter,
    Instruction,
    Register,
    LP_LEN, //
};

/// Length in bytes of DMAMOV.
pub(in super::super) const MOV_LEN: usize = 6;

/// Opcodes in the bodies of loops.
pub(super) const LD: u8 = Instruction::Ld.encode().padded()[0];
pub(super) const ST: u8 = Instruction::St.encode().padded()[0];
pub(super) const STZ: u8 = Instruction::Stz.encode().padded()[0];
pub(super) const NOP: u8 = Instruction::Nop.encode().padded()[0];

#[inline(always)]
pub(in super::super) fn mov(register: Register, value: u32) -> [u8; MOV_LEN] {
    Instruction::Mov(register, value).encode().padded()
}

/// DMAADDH, and three bytes that do not belong to it.
#[inline(always)]
pub(in super::super) fn add_high(address: Address, amount: u16) -> [u8; 6] {
    Instruction::AddH(address, amount).encode().padded()
}

/// DMALP for `count` iterations: 1 to 256.
#[inline(always)]
pub(in super::super) const fn lp(counter: Counter, count: u32) -> [u8; LP_LEN] {
    let [a, b, ..] = Instruction::Lp {
        counter,
        // CAST: Less than that.
        iterations_minus_1: count.wrapping_sub(1) as u8,
    }
    .encode()
    .padded();

    [a, b]
}

/// DMALPEND after a body of `len` bytes, at most 255.
#[inline(always)]
pub(in super::super) const fn lp_end(counter: Counter, len: usize) -> [u8; LP_LEN] {
    let [a, b, ..] = Instruction::LpEnd {
        counter,
        // CAST: At most that.
        body_len: len as u8,
    }
    .encode()
    .padded();

    [a, b]
}

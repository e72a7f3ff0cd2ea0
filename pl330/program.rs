// SPDX-License-Identifier: GPL-2.0

//! Programs for a channel thread.
//!
//! Uses `core` alone, so that it also compiles on the host, where it is tested.

use super::insn::{
    Assembler,
    Counter,
    Event,
    Instruction,
    Register,
    TooLong,
    MAX_ITERATIONS, //
};

/// What a program has to know of the data path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bus {
    /// The width in bytes, which is the size of the largest beat: 4, 8 or 16.
    pub(crate) bytes: u8,
    /// The most beats that a burst may have, so that the channel keeps to its part of the MFIFO: 1
    /// to 16.
    pub(crate) beats: u8,
    /// Whether accesses must be marked non-secure.
    pub(crate) non_secure: bool,
}

/// Bytes to copy, by their addresses on the bus. Source and destination must not overlap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Copy {
    /// The first byte to read.
    pub(crate) source: u32,
    /// The first byte to write.
    pub(crate) destination: u32,
    /// How many.
    pub(crate) len: u32,
}

/// Appends a program that does `copy`, then raises `event`.
///
/// The copy is made of bytes up to an address that is a multiple of a beat, the longest possible
/// bursts of beats, one shorter burst, and the bytes that are left. The beat is the largest on
/// whose boundaries source and destination can be at the same time.
///
/// The event is raised when all bytes have reached memory: stores are posted, and an interrupt
/// without the barrier in front of it could be handled before the last of them.
///
/// # Errors
///
/// [`TooLong`] if the assembler's memory is too small. 128 bytes are enough for 4 MiB in bursts of 8
/// beats or more.
pub(crate) fn copy(
    asm: &mut Assembler<'_>,
    bus: Bus,
    copy: Copy,
    event: Event,
) -> Result<(), TooLong> {
    let beat = beat_bytes(bus, copy);
    let head = (copy.source.wrapping_neg() % beat).min(copy.len);
    let beats = (copy.len - head) / beat;
    let tail = (copy.len - head) % beat;

    asm.emit(Instruction::Mov(Register::Sar, copy.source))?;
    asm.emit(Instruction::Mov(Register::Dar, copy.destination))?;
    run(asm, bus, 1, head)?;
    run(asm, bus, beat, beats)?;
    run(asm, bus, 1, tail)?;
    signal(asm, event)
}

/// Appends a program that does nothing but raise `event`, or the end of one that did.
///
/// # Errors
///
/// [`TooLong`] if the assembler's memory is too small.
pub(crate) fn signal(asm: &mut Assembler<'_>, event: Event) -> Result<(), TooLong> {
    asm.emit(Instruction::Wmb)?;
    asm.emit(Instruction::Sev(event))?;
    asm.emit(Instruction::End)
}

/// The largest beat that both addresses are multiples of, if need be after the same few bytes.
fn beat_bytes(bus: Bus, copy: Copy) -> u32 {
    let widest = u32::from(bus.bytes);

    match (copy.source ^ copy.destination).trailing_zeros() {
        same @ 0..=4 => widest.min(1 << same),
        _ => widest,
    }
}

/// Appends the copy of `beats` beats of `beat` bytes, in bursts as long as may be.
fn run(asm: &mut Assembler<'_>, bus: Bus, beat: u32, beats: u32) -> Result<(), TooLong> {
    let longest = u32::from(bus.beats);

    bursts(asm, bus, (beat, longest), beats / longest)?;
    bursts(
        asm,
        bus,
        (beat, beats % longest),
        u32::from(beats % longest != 0),
    )
}

/// Appends the copy of `count` bursts of `shape`: bytes in a beat and beats in a burst.
fn bursts(
    asm: &mut Assembler<'_>,
    bus: Bus,
    shape: (u32, u32),
    mut count: u32,
) -> Result<(), TooLong> {
    if count == 0 {
        return Ok(());
    }

    // The control word must not change under bursts that are still on their way.
    asm.emit(Instruction::Wmb)?;
    asm.emit(Instruction::Mov(Register::Ccr, control(bus, shape)))?;
    while count >= MAX_ITERATIONS {
        let rounds = (count / MAX_ITERATIONS).min(MAX_ITERATIONS);

        asm.repeat(Counter::Lc1, rounds, |asm| {
            asm.repeat(Counter::Lc0, MAX_ITERATIONS, burst)
        })?;
        count -= rounds * MAX_ITERATIONS;
    }
    match count {
        0 => Ok(()),
        1 => burst(asm),
        _ => asm.repeat(Counter::Lc0, count, burst),
    }
}

fn burst(asm: &mut Assembler<'_>) -> Result<(), TooLong> {
    asm.emit(Instruction::Ld)?;
    asm.emit(Instruction::St)
}

/// The channel control word for bursts of `shape`, both addresses counting up, uncached (TRM,
/// "Channel Control Registers").
fn control(bus: Bus, (beat, beats): (u32, u32)) -> u32 {
    const INCREMENT: u32 = 1;
    const NON_SECURE: u32 = 1 << 9;

    /// From a field of the source to that of the destination.
    const DESTINATION: u32 = 14;

    let side = INCREMENT
        | beat.trailing_zeros() << 1
        | (beats - 1) << 4
        | if bus.non_secure { NON_SECURE } else { 0 };

    side | side << DESTINATION
}

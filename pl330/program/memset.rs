// SPDX-License-Identifier: GPL-2.0

//! Fills.
//!
//! The hardware can store zeroes by itself (DMASTZ). Anything else has to be loaded from somewhere: from
//! behind the program, where the pattern stands as often as a burst is long. The source address goes
//! back there before each load.

use super::{
    copy::bytes,
    emitter::{
        Emitter,
        Shape,
        MAX_BURSTS,
        NOWHERE, //
    },
    insn::TooLong,
    reachable,
    Operation,
    PlanError,
    ProgramLimits, //
};

/// What to fill with: 1, 2, 4 or 8 bytes, again and again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pattern {
    bytes: [u8; 8],
    len: u32,
}

impl Pattern {
    /// Zeroes.
    pub(crate) const ZERO: Self = Self {
        bytes: [0; 8],
        len: 1,
    };

    /// The pattern of these bytes, if there are 1, 2, 4 or 8.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        if !matches!(bytes.len(), 1 | 2 | 4 | 8) {
            return None;
        }
        Some(Self {
            bytes: core::array::from_fn(|at| bytes[at % bytes.len()]),
            // CAST: At most 8.
            len: bytes.len() as u32,
        })
    }

    fn is_zero(self) -> bool {
        self.bytes == [0; 8]
    }
}

/// Bytes to fill, by their addresses on the bus, beginning with the first byte of a pattern.
///
/// A fill reads nothing but its own program, so it does not overlap anything. Of course its program must
/// not be in there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Memset {
    destination: u32,
    len: u32,
    pattern: Pattern,
    /// Where the pattern stands, in the program that is being written.
    block: Block,
}

/// A pattern behind a program, from which bursts are loaded.
///
/// # Invariants
///
/// Its first byte is the one for addresses that are multiples of `period`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Block {
    address: u32,
    /// After as many bytes it repeats; a multiple of a beat.
    period: u32,
    shape: Shape,
    /// How many bursts end where the pattern does: 1 or 2.
    bursts: u32,
}

impl Memset {
    /// Fills `len` bytes from `destination` on with `pattern`.
    pub(crate) fn new(destination: u32, len: u32, pattern: Pattern) -> Self {
        Self {
            destination,
            len,
            pattern,
            block: Block {
                address: 0,
                period: 1,
                shape: Shape { beat: 1, beats: 1 },
                bursts: 1,
            },
        }
    }
}

impl Operation for Memset {
    fn len(&self) -> Result<u64, PlanError> {
        reachable(self.destination, self.len.into())?;
        Ok(self.len.into())
    }

    fn overlaps(&self) -> bool {
        false
    }

    fn begin(&mut self, program: &mut Emitter<'_>) -> Result<(), TooLong> {
        if !self.pattern.is_zero() {
            self.block = self.write_block(program)?;
        }
        Ok(())
    }

    fn step(&mut self, done: u64, program: &mut Emitter<'_>) -> Result<u64, TooLong> {
        // CAST: There are more bytes.
        let done = done as u32;
        let start = self.destination.wrapping_add(done);
        let shape = match self.pattern.is_zero() {
            true => zeroes(program.bus()),
            false => self.block.shape,
        };
        let len = (self.len - done).min(shape.bytes() * MAX_BURSTS - start % shape.beat);

        program.seek_destination(start)?;
        match self.pattern.is_zero() {
            true => write_zeroes(program, shape, start, len)?,
            false => self.block.write(program, start, len)?,
        }
        program.end_step(NOWHERE, u64::from(start) + u64::from(len))?;
        Ok(len.into())
    }
}

impl Memset {
    /// Puts the pattern behind the program, for bursts as long as may be, but not into more than half
    /// of the room.
    fn write_block(&self, program: &mut Emitter<'_>) -> Result<Block, TooLong> {
        let bus = program.bus();
        let beat = u32::from(bus.bytes);
        let period = beat.max(self.pattern.len);
        let more = period - beat;
        // CAST: At most that, which is more than a burst takes.
        let room = (program.room() / 2).min(u16::MAX.into()) as u32;
        let beats = u32::from(bus.beats)
            .min(bus.lines.into())
            .min(room.saturating_sub(more) / beat)
            .max(1);
        // Bursts of whole periods, if there are beats enough.
        let beats = match beats % (period / beat) {
            odd if odd < beats => beats - odd,
            _ => beats,
        };
        let shape = Shape { beat, beats };
        let bursts = period.div_ceil(shape.bytes());
        let phase = self.destination % self.pattern.len;
        let address = program.data(period, (more + shape.bytes() * bursts) as usize, |at| {
            let at = at as u32 + self.pattern.len - phase;

            self.pattern.bytes[(at % self.pattern.len) as usize]
        })?;

        // INVARIANT: `phase` bytes behind such an address is the first byte of the pattern.
        Ok(Block {
            address,
            period,
            shape,
            bursts,
        })
    }
}

impl Block {
    /// Where the bytes for `destination` on are.
    fn source(&self, destination: u32) -> u32 {
        self.address + destination % self.period
    }

    /// Appends the fill of `len` bytes from `start` on, where the destination address is.
    fn write(&self, program: &mut Emitter<'_>, start: u32, len: u32) -> Result<(), TooLong> {
        let Shape { beat, .. } = self.shape;
        // From the boundary before.
        let before = start - start % beat;
        let len_before = start % beat + len;
        let mut bursts = len_before / self.shape.bytes();
        let mut at = start;

        if len_before < beat {
            return self.write_bytes(program, start, len);
        }
        if bursts != 0 {
            program.shape(self.shape, self.shape)?;
        }
        if bursts != 0 && at != before {
            program.pass_on_from(1, self.source(at), 1)?;
            at = before.wrapping_add(self.shape.bytes());
            bursts -= 1;
        }
        program.pass_on_from(bursts / self.bursts, self.source(at), self.bursts)?;
        program.pass_on_from(bursts % self.bursts, self.source(at), 1)?;

        let rest = len_before % self.shape.bytes();
        let end = start.wrapping_add(len);
        let last = end.wrapping_sub(len_before % beat);

        if rest >= beat {
            let shape = Shape {
                beat,
                beats: rest / beat,
            };
            let from = match len_before < self.shape.bytes() {
                true => start,
                false => last.wrapping_sub(shape.bytes()),
            };

            program.shape(shape, shape)?;
            program.pass_on_from(1, self.source(from), 1)?;
        }
        match len_before % beat {
            0 => Ok(()),
            tail => self.write_bytes(program, last, tail),
        }
    }

    fn write_bytes(&self, program: &mut Emitter<'_>, start: u32, len: u32) -> Result<(), TooLong> {
        program.seek_source(self.source(start))?;
        bytes(program, len)
    }
}

/// Bursts of zeroes. They do not pass through the MFIFO.
fn zeroes(bus: ProgramLimits) -> Shape {
    Shape {
        beat: bus.bytes.into(),
        beats: bus.beats.into(),
    }
}

/// Appends stores of `len` zeroes from `start` on, where the destination address is.
fn write_zeroes(
    program: &mut Emitter<'_>,
    shape: Shape,
    start: u32,
    len: u32,
) -> Result<(), TooLong> {
    let Shape { beat, .. } = shape;
    let len_before = start % beat + len;
    let bursts = len_before / shape.bytes();
    let beats = len_before % shape.bytes() / beat;
    let tail = match len_before < beat {
        true => len,
        false => len_before % beat,
    };

    if bursts != 0 {
        program.shape(shape, shape)?;
        program.store_zeroes(bursts)?;
    }
    if beats != 0 {
        let shape = Shape { beat, beats };

        program.shape(shape, shape)?;
        program.store_zeroes(1)?;
    }
    if tail != 0 {
        let (shape, count) = super::copy::run(program.bus(), tail);

        program.shape(shape, shape)?;
        program.store_zeroes(count)?;
    }
    Ok(())
}

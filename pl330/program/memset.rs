// SPDX-License-Identifier: GPL-2.0

//! Fills of consecutive bytes.
//!
//! The hardware can store zeroes by itself (DMASTZ). Anything else has to be loaded from somewhere:
//! from behind the program, where the pattern stands as often as a burst is long. The source
//! address goes back there before each load.

use super::{
    copy::bytes,
    emitter::{
        Emitter,
        Shape,
        MAX_BURSTS,
        UNKNOWN_ADDRESS, //
    },
    insn::TooLong,
    reachable,
    Operation,
    PlanError,
    ProgramLimits, //
};

/// Pattern of a fill: 1, 2, 4 or 8 bytes, which repeat.
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

    /// Creates the pattern in which each byte is `value`.
    pub(crate) fn of_byte(value: u8) -> Self {
        Self {
            bytes: [value; 8],
            len: 1,
        }
    }

    /// Creates the pattern of these bytes, if there are 1, 2, 4 or 8.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        if !matches!(bytes.len(), 1 | 2 | 4 | 8) {
            return None;
        }

        let all: [u8; 8] = core::array::from_fn(|at| bytes[at % bytes.len()]);
        let repeats = |len: &u32| (0..all.len()).all(|at| all[at] == all[at % *len as usize]);

        Some(Self {
            bytes: all,
            // The shortest one that is the same. The last one always is.
            len: [1, 2, 4, 8].into_iter().find(repeats)?,
        })
    }

    /// Returns the offset in the pattern of the byte for addresses that are multiples of its
    /// length, where the byte for `address` is the one at offset `done`, modulo its length.
    pub(super) fn phase(self, address: u32, done: u64) -> u32 {
        // CAST: The length is a power of two, so the upper bits do not matter.
        (done as u32).wrapping_sub(address) % self.len
    }

    fn is_zero(self) -> bool {
        self.bytes == [0; 8]
    }
}

/// Bytes to fill, by their addresses on the bus, beginning with the first byte of a pattern.
///
/// A fill reads nothing but its own program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Memset {
    destination: u32,
    len: u32,
    fill: Fill,
}

impl Memset {
    /// Creates a fill of `len` bytes from `destination` on with `pattern`.
    pub(crate) fn new(destination: u32, len: u32, pattern: Pattern) -> Self {
        Self {
            destination,
            len,
            fill: Fill::new(pattern),
        }
    }
}

impl Operation for Memset {
    fn check(&self) -> Result<u64, PlanError> {
        reachable(self.destination, self.len.into())?;
        Ok(self.len.into())
    }

    fn begin(&mut self, program: &mut Emitter<'_>) -> Result<(), TooLong> {
        let phase = self.fill.pattern.phase(self.destination, 0);

        self.fill.begin(phase, program)
    }

    fn step(&mut self, done: u64, program: &mut Emitter<'_>) -> Result<u64, TooLong> {
        // CAST: There are more bytes.
        let done = done as u32;
        let start = self.destination.wrapping_add(done);
        let len = self.fill.step(start, self.len - done, program)?;

        Ok(len.into())
    }
}

/// Pattern of a fill, and its copy behind the program that is being written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fill {
    pattern: Pattern,
    block: Block,
}

/// Pattern behind a program, from which bursts are loaded.
///
/// # Invariants
///
/// Its first byte is the one for addresses that are multiples of `period`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Block {
    address: u32,
    /// Distance in bytes after which the pattern repeats: a multiple of a beat.
    period: u32,
    shape: Shape,
    /// Number of bursts that end where the pattern does: 1 or 2.
    bursts: u32,
}

impl Fill {
    pub(super) fn new(pattern: Pattern) -> Self {
        Self {
            pattern,
            block: Block {
                address: 0,
                period: 1,
                shape: Shape { beat: 1, beats: 1 },
                bursts: 1,
            },
        }
    }

    pub(super) fn pattern(&self) -> Pattern {
        self.pattern
    }

    /// Begins a program whose addresses have the [phase](Pattern::phase) `phase`.
    pub(super) fn begin(&mut self, phase: u32, program: &mut Emitter<'_>) -> Result<(), TooLong> {
        if !self.pattern.is_zero() {
            self.block = self.write_block(phase, program)?;
        }
        Ok(())
    }

    /// Appends a step that fills up to `len` bytes from `start` on; returns their number.
    pub(super) fn step(
        &self,
        start: u32,
        len: u32,
        program: &mut Emitter<'_>,
    ) -> Result<u32, TooLong> {
        let is_zero = self.pattern.is_zero();
        let shape = if is_zero {
            zeroes(program.bus())
        } else {
            self.block.shape
        };
        let len = len.min(shape.bytes() * MAX_BURSTS - start % shape.beat);

        program.begin_step();
        program.seek_destination(start);
        if is_zero {
            write_zeroes(program, shape, start, len);
        } else {
            self.block.write(program, start, len);
        }
        program.end_step(UNKNOWN_ADDRESS, u64::from(start) + u64::from(len))?;
        Ok(len)
    }

    /// Puts the pattern behind the program, for bursts as long as may be, but not into more than
    /// half of the room.
    fn write_block(&self, phase: u32, program: &mut Emitter<'_>) -> Result<Block, TooLong> {
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
        let address = program.data(period, (more + shape.bytes() * bursts) as usize, |at| {
            // CAST: As in `beats`, it is short.
            let at = at as u32 + phase;

            self.pattern.bytes[(at % self.pattern.len) as usize]
        })?;

        // INVARIANT: The byte for such an address is the one at `phase` in the pattern.
        Ok(Block {
            address,
            period,
            shape,
            bursts,
        })
    }
}

impl Block {
    /// Returns the address of the bytes for `destination` and on.
    fn source(&self, destination: u32) -> u32 {
        self.address + destination % self.period
    }

    /// Appends the fill of `len` bytes from `start` on, where the destination address is.
    fn write(&self, program: &mut Emitter<'_>, start: u32, len: u32) {
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
            program.shape(self.shape, self.shape);
        }
        if bursts != 0 && at != before {
            program.pass_on_from(1, self.source(at), 1);
            at = before.wrapping_add(self.shape.bytes());
            bursts -= 1;
        }
        program.pass_on_from(bursts / self.bursts, self.source(at), self.bursts);
        program.pass_on_from(bursts % self.bursts, self.source(at), 1);

        let rest = len_before % self.shape.bytes();
        let end = start.wrapping_add(len);
        let last = end.wrapping_sub(len_before % beat);

        if rest >= beat {
            let shape = Shape {
                beat,
                beats: rest / beat,
            };
            let from = if len_before < self.shape.bytes() {
                start
            } else {
                last.wrapping_sub(shape.bytes())
            };

            program.shape(shape, shape);
            program.pass_on_from(1, self.source(from), 1);
        }
        match len_before % beat {
            0 => (),
            tail => self.write_bytes(program, last, tail),
        }
    }

    fn write_bytes(&self, program: &mut Emitter<'_>, start: u32, len: u32) {
        program.seek_source(self.source(start));
        bytes(program, len);
    }
}

/// Returns full bursts of zeroes, which do not pass through the MFIFO.
fn zeroes(bus: ProgramLimits) -> Shape {
    Shape {
        beat: bus.bytes.into(),
        beats: bus.beats.into(),
    }
}

/// Appends stores of `len` zeroes from `start` on, where the destination address is.
///
/// All are from a multiple of their beat. From other addresses DMASTZ may store another number of
/// bytes than DMAST: QEMU and VCML add the whole burst to DAR, Altera's `alt_dma_zero_to_memory`
/// stores single bytes up to a boundary first.
fn write_zeroes(program: &mut Emitter<'_>, full: Shape, start: u32, len: u32) {
    let Shape { beat, .. } = full;
    // The largest beat that divides the fill.
    let common = 1 << (start | len | beat).trailing_zeros();
    let one = Shape {
        beat: common,
        beats: len / common,
    };

    if len <= 2 * beat && one.beats <= full.beats {
        return store_zeroes(program, one, 1);
    }

    let peel = (beat - start % beat) % beat;
    let peel = peel.min(len);
    let len = len - peel;
    let (bursts, rest) = (len / full.bytes(), len % full.bytes());

    zero_bytes(program, peel);
    store_zeroes(program, full, bursts);
    store_zeroes(
        program,
        Shape {
            beat,
            beats: rest / beat,
        },
        (rest >= beat).into(),
    );
    zero_bytes(program, rest % beat);
}

/// Appends stores of `len` single bytes, less than a beat.
fn zero_bytes(program: &mut Emitter<'_>, len: u32) {
    let most = u32::from(program.bus().beats);

    for (beats, count) in [(most, len / most), (len % most, (len % most != 0).into())] {
        store_zeroes(program, Shape { beat: 1, beats }, count);
    }
}

fn store_zeroes(program: &mut Emitter<'_>, shape: Shape, count: u32) {
    if count != 0 {
        program.shape(shape, shape);
        program.store_zeroes(count);
    }
}

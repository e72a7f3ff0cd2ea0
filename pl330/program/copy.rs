// SPDX-License-Identifier: GPL-2.0

//! Copies, whatever the alignment.
//!
//! A burst from an address that is not a multiple of its beats has a short first beat. So where source
//! and destination are aligned alike, only the last bytes need bursts of their own.
//!
//! Where they are not, loads are full beats all the same, and the MFIFO shifts them: it holds each byte
//! in the lane of the destination. A store can only use whole beats of its own, which leaves a fragment
//! behind that the next load completes:
//!
//! ```text
//!   source        |0 1 2 3 4 5 6 7|8 9 a b c d e f|...
//!   MFIFO, 1      |      0 1 2 3 4|5 6 7 8 9 a b c|d e f          a load of 16 bytes
//!   MFIFO, 2                                      |d e f          after the store of 13
//! ```
//!
//! The fragment takes a line of its own, so bursts are a beat shorter than the channel's part of the
//! MFIFO. There must be a fragment: were the destination the one that is further from the next
//! boundary, the first store would want more than the first load brings. Then single bytes are copied
//! up to the next boundary of the source.

use super::{
    emitter::{
        Emitter,
        Shape,
        MAX_BURSTS, //
    },
    insn::TooLong,
    meet,
    reachable,
    Operation,
    PlanError,
    ProgramLimits, //
};

/// Bytes to copy, by their addresses on the bus.
///
/// Source and destination overlap if they have a byte in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Copy {
    /// The first byte to read.
    pub(crate) source: u32,
    /// The first byte to write.
    pub(crate) destination: u32,
    /// How many.
    pub(crate) len: u32,
}

impl Operation for Copy {
    fn len(&self) -> Result<u64, PlanError> {
        let len = u64::from(self.len);

        reachable(self.source, len)?;
        reachable(self.destination, len)?;
        Ok(len)
    }

    fn overlaps(&self) -> bool {
        let len = u64::from(self.len);

        meet(self.source, len, self.destination, len)
    }

    fn step(&mut self, done: u64, program: &mut Emitter<'_>) -> Result<u64, TooLong> {
        // CAST: There are more bytes.
        let len = self.behind(done as u32).write_step(program)?;

        Ok(len.into())
    }
}

/// How a copy is cut into bursts.
struct Cut {
    /// Bytes to copy one by one before anything else.
    peel: u32,
    /// The bursts.
    shape: Shape,
}

impl Cut {
    fn of(copy: Copy, bus: ProgramLimits) -> Self {
        let beat = u32::from(bus.bytes);
        let lines = u32::from(bus.lines);
        let beats = u32::from(bus.beats);
        let (from, to) = (copy.source % beat, copy.destination % beat);

        match (from == to, lines) {
            (true, _) => Self {
                peel: 0,
                shape: Shape {
                    beat,
                    beats: beats.min(lines),
                },
            },
            // There is no line for a fragment: the largest beat that does not leave any.
            (false, 0..=1) => Self {
                peel: 0,
                shape: Shape {
                    beat: 1 << (from ^ to).trailing_zeros(),
                    beats: 1,
                },
            },
            (false, _) => Self {
                peel: if from > to { beat - from } else { 0 },
                shape: Shape {
                    beat,
                    beats: beats.min(lines - 1),
                },
            },
        }
    }

    /// As many bytes from `source` on as two nested loops copy. Their end is a boundary of the source.
    fn most(&self, source: u32) -> u32 {
        let Self { peel, shape } = self;

        peel + shape.bytes() * MAX_BURSTS - source.wrapping_add(*peel) % shape.beat
    }
}

impl Copy {
    /// What is left of it after `done` bytes, of which there are more.
    pub(super) fn behind(self, done: u32) -> Self {
        Self {
            source: self.source.wrapping_add(done),
            destination: self.destination.wrapping_add(done),
            len: self.len - done,
        }
    }

    /// Appends as much of it as one step may be, and says how much that is.
    pub(super) fn write_step(self, program: &mut Emitter<'_>) -> Result<u32, TooLong> {
        let cut = Cut::of(self, program.bus());
        let len = self.len.min(cut.most(self.source));
        let part = Self { len, ..self };

        program.seek_source(part.source)?;
        program.seek_destination(part.destination)?;
        part.write(cut, program)?;
        program.end_step(
            u64::from(part.source) + u64::from(len),
            u64::from(part.destination) + u64::from(len),
        )?;
        Ok(len)
    }

    /// Whether it is no more than one step may be.
    pub(super) fn is_step(self, bus: ProgramLimits) -> bool {
        self.len <= Cut::of(self, bus).most(self.source)
    }

    /// Appends the copy, which must be one step, where the addresses are set already.
    pub(super) fn write_here(self, program: &mut Emitter<'_>) -> Result<(), TooLong> {
        self.write(Cut::of(self, program.bus()), program)
    }

    /// Appends the copy, cut so. Inlined: to hand all of that over takes longer than a short copy.
    #[inline(always)]
    fn write(self, cut: Cut, program: &mut Emitter<'_>) -> Result<(), TooLong> {
        let Cut { peel, shape } = cut;

        if peel >= self.len {
            return bytes(program, self.len);
        }
        if peel != 0 {
            bytes(program, peel)?;
        }

        let rest = self.behind(peel);
        // Each side from the boundary before it.
        let from = rest.source % shape.beat + rest.len;
        let to = rest.destination % shape.beat + rest.len;
        let bursts = from / shape.bytes();

        if bursts == 0 && (from < shape.beat || to < shape.beat) {
            return bytes(program, rest.len);
        }
        if bursts != 0 {
            program.shape(shape, shape)?;
            program.pass_on(bursts, from != to)?;
        }

        // Behind the bursts.
        let left = from % shape.bytes();

        match (left, to - (from - left)) {
            (0, 0) => Ok(()),
            (from, to) => finish(program, shape.beat, from, to),
        }
    }
}

/// Appends the end of a copy: `from` bytes to load and `to` bytes to store, each from a boundary of
/// `beat` bytes. Those of them that are not to be loaded are in the MFIFO.
fn finish(program: &mut Emitter<'_>, beat: u32, from: u32, to: u32) -> Result<(), TooLong> {
    let whole = |len: u32| Shape {
        beat,
        beats: (len / beat).max(1),
    };
    let (loads, stores) = (from / beat, to / beat);
    let (bytes_in, bytes_out) = (from % beat, to % beat);

    if loads == stores {
        if loads != 0 {
            program.shape(whole(from), whole(to))?;
            program.pass_on(1, from != to)?;
        }
        return ends(program, bytes_in, bytes_out);
    }

    // The last bytes complete another beat.
    let (tail, tails) = run(program.bus(), bytes_in);

    if loads != 0 {
        program.shape(whole(from), whole(to))?;
        program.load(1)?;
    }
    program.shape(tail, whole(to))?;
    program.load(tails)?;
    program.store(1, bytes_out != 0)?;
    ends(program, 0, bytes_out)
}

/// Appends loads of `bytes_in` single bytes, then stores of `bytes_out`, after which the MFIFO is
/// empty.
fn ends(program: &mut Emitter<'_>, bytes_in: u32, bytes_out: u32) -> Result<(), TooLong> {
    if bytes_in == bytes_out {
        return bytes(program, bytes_out);
    }

    let (out, outs) = run(program.bus(), bytes_out);

    if bytes_in == 0 {
        program.shape(out, out)?;
    } else {
        let (tail, tails) = run(program.bus(), bytes_in);

        program.shape(tail, out)?;
        program.load(tails)?;
    }
    program.store(outs, false)
}

/// Appends the copy of `len` single bytes, fewer than a beat.
pub(super) fn bytes(program: &mut Emitter<'_>, len: u32) -> Result<(), TooLong> {
    let most = u32::from(program.bus().beats);
    let (bursts, rest) = (len / most, len % most);

    if bursts != 0 {
        pass_on_bytes(program, most, bursts)?;
    }
    if rest != 0 {
        pass_on_bytes(program, rest, 1)?;
    }
    Ok(())
}

fn pass_on_bytes(program: &mut Emitter<'_>, beats: u32, count: u32) -> Result<(), TooLong> {
    let shape = Shape { beat: 1, beats };

    program.shape(shape, shape)?;
    program.pass_on(count, false)
}

/// `len` single bytes, fewer than a beat, as bursts, and how many: one if it may be as long.
pub(super) fn run(bus: ProgramLimits, len: u32) -> (Shape, u32) {
    match len <= bus.beats.into() {
        true => (
            Shape {
                beat: 1,
                beats: len.max(1),
            },
            1,
        ),
        false => (Shape { beat: 1, beats: 1 }, len),
    }
}

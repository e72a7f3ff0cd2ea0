// SPDX-License-Identifier: GPL-2.0

//! Copies of any alignment.
//!
//! A burst from an address that is not a multiple of its beat has a short first beat. So if source
//! and destination are in the same byte lane, only the last bytes need bursts of their own.
//!
//! If they are not, loads and stores are full bursts all the same, and the MFIFO shifts the bytes:
//! it holds each in the lane of the destination. A store leaves a fragment of less than a beat,
//! which the next load completes (manual, "MFIFO usage"; Altera's `alt_dma_memory_to_memory` copies
//! in the same way):
//!
//! ```text
//!   source        |0 1 2 3 4 5 6 7|8 9 a b c d e f|...
//!   MFIFO, 1      |      0 1 2 3 4|5 6 7 8 9 a b c|d e f          a load of 16 bytes
//!   MFIFO, 2                                      |d e f          after the store of 13
//! ```
//!
//! The fragment takes a line of its own, so a burst is a beat shorter than the MFIFO of the channel
//! at most. If the destination is the side further from the next boundary, the first load has too
//! few bytes for the first store, which is a beat shorter then:
//!
//! ```text
//!   source        |      3 4 5 6 7|8 9 a b c d e f|
//!   MFIFO, 1      |  3 4 5 6 7 8 9|a b c d e f                    the first load
//!   MFIFO, 2                      |a b c d e f                    after a store of one beat
//! ```

use super::{
    emitter::{
        Emitter,
        Shape,
        MAX_BURSTS, //
    },
    insn::TooLong,
    progress::Divisible,
    reachable,
    Operation,
    PlanError,
    ProgramLimits, //
};

/// Bytes to copy, by their addresses on the bus.
///
/// Source and destination must not overlap. If they do, the bytes that arrive are undefined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Copy {
    /// Address of the first byte to read.
    pub(crate) source: u32,
    /// Address of the first byte to write.
    pub(crate) destination: u32,
    /// Number of bytes.
    pub(crate) len: u32,
}

impl Operation for Copy {
    fn check(&self) -> Result<u64, PlanError> {
        let len = u64::from(self.len);

        reachable(self.source, len)?;
        reachable(self.destination, len)?;
        Ok(len)
    }

    fn step(&mut self, done: u64, program: &mut Emitter<'_>) -> Result<u64, TooLong> {
        // CAST: Less than `len`.
        let len = self.skip(done as u32).write_step(program)?;

        Ok(len.into())
    }
}

impl Divisible for Copy {
    fn step_within(
        &mut self,
        done: u64,
        most: u64,
        program: &mut Emitter<'_>,
    ) -> Result<u64, TooLong> {
        // CAST: Less than `len`.
        let rest = self.skip(done as u32);
        // CAST: At most that of `rest`.
        let len = most.min(rest.len.into()) as u32;
        let len = (Self { len, ..rest }).write_step(program)?;

        Ok(len.into())
    }
}

impl Copy {
    /// Returns the copy without its first `done` bytes.
    pub(super) fn skip(self, done: u32) -> Self {
        Self {
            source: self.source.wrapping_add(done),
            destination: self.destination.wrapping_add(done),
            len: self.len - done,
        }
    }

    /// Appends the longest part that a step can have, and returns its length in bytes.
    pub(super) fn write_step(self, program: &mut Emitter<'_>) -> Result<u32, TooLong> {
        if program.try_template(self.source, self.destination, self.len) {
            return Ok(self.len);
        }
        self.write_any(program)
    }

    /// As [`write_step`](Self::write_step), for copies without a template.
    #[inline(never)]
    pub(super) fn write_any(self, program: &mut Emitter<'_>) -> Result<u32, TooLong> {
        let len = self.len.min(self.most(program));

        program.begin_step();
        program.seek_source(self.source);
        program.seek_destination(self.destination);
        Self { len, ..self }.write_here(program);
        program.end_step(
            u64::from(self.source) + u64::from(len),
            u64::from(self.destination) + u64::from(len),
        )?;
        Ok(len)
    }

    /// Returns the largest length in bytes of a copy between these addresses in two nested loops.
    ///
    /// It ends at a boundary of the source.
    fn most(self, program: &Emitter<'_>) -> u32 {
        let shape = match self.kind(program.bus()) {
            Kind::Straight => program.straight().shape,
            Kind::Shifted => program.shifted().shape,
            Kind::Narrow(beat) => Shape { beat, beats: 1 },
        };

        shape.bytes() * MAX_BURSTS - self.source % shape.beat
    }

    #[inline(always)]
    fn kind(self, bus: ProgramLimits) -> Kind {
        let lanes = (self.source ^ self.destination) & (u32::from(bus.bytes) - 1);

        if lanes == 0 {
            Kind::Straight
        } else if bus.lines > 1 {
            Kind::Shifted
        } else {
            // There is no line for a fragment: the largest beat that leaves none.
            Kind::Narrow(1 << lanes.trailing_zeros())
        }
    }

    /// Returns true if it fits into one step.
    pub(super) fn is_step(self, program: &Emitter<'_>) -> bool {
        self.len <= self.most(program)
    }

    /// Appends the copy, which must fit into one step, where the addresses are set already.
    #[inline(always)]
    pub(super) fn write_here(self, program: &mut Emitter<'_>) {
        let beat = u32::from(program.bus().bytes);

        if self.len <= 2 * beat && self.write_short(program) {
            return;
        }
        match self.kind(program.bus()) {
            Kind::Straight => self.write_straight(program),
            Kind::Shifted => self.write_shifted(program),
            Kind::Narrow(beat) => self.write_narrow(beat, program),
        }
    }

    /// Appends a copy of at most two beats as one burst on each side, if it can be one.
    fn write_short(self, program: &mut Emitter<'_>) -> bool {
        let bus = program.bus();
        let width = u32::from(bus.bytes);
        let lane = self.destination % width;
        // Whole beats, of which the first may be short.
        let is_whole = lane == self.source % width && (lane + self.len) % width == 0;
        // The largest beat that divides the copy.
        let beat = 1 << (self.source | self.destination | self.len | width).trailing_zeros();
        let beats = self.len / beat;

        if is_whole || beats > bus.beats.into() || lane + self.len > u32::from(bus.lines) * width {
            return false;
        }
        pass_on(program, Shape { beat, beats }, 1);
        true
    }

    /// Appends a copy between equal byte lanes.
    #[inline(always)]
    fn write_straight(self, program: &mut Emitter<'_>) {
        let bursts = *program.straight();
        let beat = bursts.shape.beat;
        // From the boundary before.
        let from = self.source % beat + self.len;
        let (count, rest) = (from / bursts.bytes, from % bursts.bytes);

        if from < beat {
            return bytes(program, self.len);
        }
        if count != 0 {
            program.pass_on(count, bursts);
        }
        finish_straight(program, beat, rest);
    }

    /// Appends a copy in beats of `beat` bytes, one to a burst.
    fn write_narrow(self, beat: u32, program: &mut Emitter<'_>) {
        let from = self.source % beat + self.len;

        if from < beat {
            return bytes(program, self.len);
        }
        pass_on(program, Shape { beat, beats: 1 }, from / beat);
        finish_straight(program, beat, from % beat);
    }

    /// Appends a copy whose bytes the MFIFO shifts to other lanes.
    fn write_shifted(self, program: &mut Emitter<'_>) {
        let bursts = *program.shifted();

        program.set_shifted();

        let Shape { beat, beats } = bursts.shape;
        let (lane, to_lane) = (self.source % beat, self.destination % beat);
        // The first store is a beat shorter than the first load.
        let is_late = to_lane < lane;
        let from = lane + self.len;
        let count = from / bursts.bytes;
        let loaded = count * bursts.bytes;
        let mut stored = loaded;

        if count != 0 && is_late {
            stored -= beat;
            if beats > 1 {
                let shorter = Shape {
                    beat,
                    beats: beats - 1,
                };

                program.shape(bursts.shape, shorter);
                program.pass_on_singly(1);
            } else {
                program.shape(bursts.shape, bursts.shape);
                program.load(1);
            }
            if count > 1 {
                program.pass_on(count - 1, bursts);
            }
        } else if count != 0 {
            program.pass_on(count, bursts);
        }

        let rest = Rest {
            beat,
            lane: if loaded == 0 { lane } else { 0 },
            from: from - loaded,
            to_lane: if stored == 0 { to_lane } else { 0 },
            to: to_lane + self.len - stored,
        };

        rest.write(program);
    }
}

/// Kind of bursts for the longest part of a copy.
enum Kind {
    /// Full bursts between equal byte lanes.
    Straight,
    /// Full bursts between different byte lanes.
    Shifted,
    /// Bursts of one beat of this number of bytes.
    Narrow(u32),
}

/// Rest of a shifted copy: less than a burst to load, and up to a beat more to store.
struct Rest {
    /// Bytes in a beat of the bus.
    beat: u32,
    /// Lane of the source address.
    lane: u32,
    /// Bytes to load, with those of the beat before `lane`.
    from: u32,
    /// Lane of the destination address.
    to_lane: u32,
    /// Bytes to store, with those of the beat before `to_lane`.
    to: u32,
}

impl Rest {
    #[inline(always)]
    fn write(self, program: &mut Emitter<'_>) {
        let Self {
            beat,
            lane,
            from,
            to_lane,
            to,
        } = self;
        let most = program.bus().beats.into();
        let is_short = to <= 2 * beat && from - lane <= most && to - to_lane <= most;

        if from / beat == 0 || is_short {
            return self.write_bytes(program);
        }

        let tail = from % beat;
        let whole = |beats: u32| Shape {
            beat,
            beats: beats.max(1),
        };
        // Beats that are complete after the load.
        let stores = (to - tail) / beat;

        program.shape(whole(from / beat), whole(stores));
        program.load(1);
        if stores != 0 {
            program.store(1);
        }
        Self {
            beat,
            lane: 0,
            from: tail,
            to_lane: if stores == 0 { to_lane } else { 0 },
            to: to - stores * beat,
        }
        .write_bytes(program);
    }

    /// Appends the last bytes: at most two beats, of which some may be in the MFIFO.
    fn write_bytes(self, program: &mut Emitter<'_>) {
        let (bytes_in, bytes_out) = (self.from - self.lane, self.to - self.to_lane);
        let (source, loads) = self.run(program.bus(), self.lane, bytes_in);
        let (destination, stores) = self.run(program.bus(), self.to_lane, bytes_out);

        if stores > 1 && self.to > self.beat {
            // More bytes than a burst may have beats.
            let whole = Shape {
                beat: self.beat,
                beats: 1,
            };
            let (rest, stores) = run(program.bus(), self.to - self.beat);

            program.shape(source, whole);
            program.load(loads);
            program.store(1);
            program.shape(source, rest);
            return program.store(stores);
        }
        program.shape(source, destination);
        program.load(loads);
        program.store(stores);
    }

    /// Returns the bursts of `len` bytes from `lane` on, and their number.
    fn run(&self, bus: ProgramLimits, lane: u32, len: u32) -> (Shape, u32) {
        if len != 0 && (lane | len) % self.beat == 0 {
            let beats = (len / self.beat).min(bus.beats.into());
            let shape = Shape {
                beat: self.beat,
                beats,
            };

            return (shape, len / shape.bytes());
        }
        run(bus, len)
    }
}

/// Appends the end of a copy in the same lanes: `rest` bytes from a boundary, or from the boundary
/// before.
fn finish_straight(program: &mut Emitter<'_>, beat: u32, rest: u32) {
    let (beats, tail) = (rest / beat, rest % beat);

    if beats != 0 {
        pass_on(program, Shape { beat, beats }, 1);
    }
    if tail != 0 {
        bytes(program, tail);
    }
}

/// Appends the copy of `len` single bytes, less than a beat.
pub(super) fn bytes(program: &mut Emitter<'_>, len: u32) {
    let most = u32::from(program.bus().beats);
    let (bursts, rest) = (len / most, len % most);

    if bursts != 0 {
        let shape = Shape {
            beat: 1,
            beats: most,
        };

        pass_on(program, shape, bursts);
    }
    if rest != 0 {
        let shape = Shape {
            beat: 1,
            beats: rest,
        };

        pass_on(program, shape, 1);
    }
}

fn pass_on(program: &mut Emitter<'_>, shape: Shape, count: u32) {
    program.shape(shape, shape);
    program.pass_on_singly(count);
}

/// Returns the bursts of `len` single bytes, and their number: 1 if a burst may be that long.
pub(super) fn run(bus: ProgramLimits, len: u32) -> (Shape, u32) {
    if len <= bus.beats.into() {
        let shape = Shape {
            beat: 1,
            beats: len.max(1),
        };

        (shape, (len != 0).into())
    } else {
        (Shape { beat: 1, beats: 1 }, len)
    }
}

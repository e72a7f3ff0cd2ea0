// SPDX-License-Identifier: GPL-2.0

//! Transfers between a list of segments and a FIFO.
//!
//! A device requests a burst while the list has more segments to come, so bursts go on from one
//! segment to the next. With a program for each segment, the last bytes of each would be less than
//! a burst, for which a device that only requests bursts never asks.
//!
//! ```text
//!   segments   |  0  1  2  3  4  5  |  6  7  |  8  9 10 11 12 13 |
//!   bursts     |  a  a  a  a  b  b  |  b  b  |  c  c  c  c  d  d |
//! ```
//!
//! A burst in several segments is moved in parts: each load is stored before the next part is
//! loaded. If the parts of a burst from the FIFO were loaded at a time, the DMAC would discard some
//! of them when the destination moves to another byte lane.

use super::{
    super::{
        emitter::{
            Emitter,
            UNKNOWN_ADDRESS, //
        },
        insn::{
            Request,
            TooLong,
            MAX_ITERATIONS, //
        },
        sg_copy::Side,
        Operation,
        PlanError,
        ProgramWriter,
        Segment,
        SegmentIndices,
        SIGNAL_LEN, //
    },
    code::{
        repeat,
        set_fifo,
        Code,
        Counted,
        Registers, //
    },
    Slave,
    SlaveDirection,
    SlaveError,
    PART, //
};

/// Transfer between a list of segments and the FIFO of a device.
///
/// The list is iterated over more than once, by clones of the iterator, which must yield the same
/// segments each time.
///
/// C function: `device_prep_slave_sg`.
///
/// # Examples
///
/// Write the program, and, when its channel was paused, one for the rest:
///
/// ```
/// # use crate::pl330::program::Segment;
/// # fn send(
/// #     slave: Slave,
/// #     list: [Segment; 2],
/// #     write: impl Fn(ProgramWriter<SlaveSg<core::array::IntoIter<Segment, 2>>>),
/// #     pause: impl Fn() -> (usize, u32),
/// # ) -> Result<(), SlaveError> {
/// let job = SlaveSg::new(slave, list)?;
/// let writer = ProgramWriter::resume(job.clone(), 0)?;
///
/// write(writer.clone());
///
/// let (offset, address) = pause();
/// let done = writer.position(offset, address);
///
/// write(ProgramWriter::resume(job, done)?);
/// # Ok(())
/// # }
/// ```
///
/// # Invariants
///
/// - `len` is the number of bytes in the list, which is not 0.
/// - Each segment has at least one beat, and consists of whole beats.
#[derive(Clone)]
pub(crate) struct SlaveSg<I> {
    slave: Slave,
    memory: Side<I>,
    len: u32,
    registers: Registers,
}

/// Consecutive bytes in memory, and the code that moves them.
#[derive(Clone, Copy)]
struct Block {
    address: u32,
    len: u32,
    kind: Kind,
}

/// Kind of code.
#[derive(Clone, Copy)]
enum Kind {
    /// Full bursts, of this number.
    Bursts(u32),
    /// Beats for single requests, of this number.
    Singles(u32),
    /// Beats of a burst, of this number.
    Part {
        beats: u32,
        /// True if it waits for the request.
        is_first: bool,
        /// Number of beats of the burst that are left.
        rest: u32,
    },
}

impl Block {
    /// Returns the number of beats of its burst that other blocks move.
    fn rest(&self) -> u32 {
        match self.kind {
            Kind::Part { rest, .. } => rest,
            _ => 0,
        }
    }

    /// Appends its code, and returns the length of the code when the address in memory is set.
    #[inline(always)]
    fn write(&self, slave: &Slave, registers: &mut Registers, code: &mut impl Code) -> usize {
        let beats = match self.kind {
            Kind::Part { beats, .. } => beats,
            _ => slave.burst(),
        };

        registers.seek(slave, self.address, code);

        let set = code.len();

        registers.set_control(slave, beats, code);
        match self.kind {
            Kind::Bursts(count) => repeat(code, count, slave.full_burst),
            Kind::Singles(count) => repeat(code, count, slave.transfer(Request::Single)),
            Kind::Part { is_first, rest, .. } => {
                if is_first {
                    code.push(slave.wait(Request::Burst));
                }
                if rest == 0 {
                    code.push(slave.last_part());
                } else {
                    code.push(PART);
                }
            }
        }
        registers.advance(self.len);
        set
    }
}

impl<I: Iterator<Item = Segment> + Clone> SlaveSg<I> {
    /// Checks a list of segments to transfer to or from `slave`, in this order.
    ///
    /// # Errors
    ///
    /// [`SlaveError::Empty`], [`Misaligned`](SlaveError::Misaligned),
    /// [`Indivisible`](SlaveError::Indivisible), [`Unreachable`](SlaveError::Unreachable) and
    /// [`TooManyBytes`](SlaveError::TooManyBytes).
    pub(crate) fn new(
        slave: Slave,
        list: impl IntoIterator<IntoIter = I>,
    ) -> Result<Self, SlaveError> {
        let memory = Side::new(list);
        let mut len = 0u32;

        for segment in memory.list() {
            slave.check(segment.address, segment.len)?;
            len = len
                .checked_add(segment.len)
                .ok_or(SlaveError::TooManyBytes)?;
        }
        if len == 0 {
            return Err(SlaveError::Empty);
        }
        // INVARIANT: Summed up and checked above.
        Ok(Self {
            slave,
            memory,
            len,
            registers: Registers::UNKNOWN,
        })
    }

    /// Returns the next block, after the first `done` bytes of the list.
    ///
    /// The last block has left `rest` beats of its burst. Returns `None` at the end of the list.
    fn next_block(&mut self, done: u64, rest: u32) -> Option<Block> {
        let slave = &self.slave;
        let segment = self.memory.begin();
        // CAST: Less than `len`.
        let left = slave.beats((u64::from(self.len) - done) as u32);
        let here = slave.beats(segment.len);
        let burst = slave.burst();

        if here == 0 {
            return None;
        }

        let (beats, kind) = if rest == 0 && slave.is_single(left) {
            let beats = here.min(MAX_ITERATIONS * MAX_ITERATIONS);

            (beats, Kind::Singles(beats))
        } else if rest == 0 && here >= burst {
            let count = (here / burst).min(MAX_ITERATIONS * MAX_ITERATIONS);

            (count * burst, Kind::Bursts(count))
        } else {
            let is_first = rest == 0;
            let wanted = if is_first { left.min(burst) } else { rest };
            let beats = wanted.min(here);
            let rest = wanted - beats;

            (
                beats,
                Kind::Part {
                    beats,
                    is_first,
                    rest,
                },
            )
        };

        Some(Block {
            address: segment.address,
            len: beats * slave.width(),
            kind,
        })
    }

    /// Returns an iterator over the blocks after the first `done` bytes, in one program.
    fn places(mut self, mut done: u64) -> impl Iterator<Item = Place> {
        let mut code = Counted(0);
        let mut registers = Registers::UNKNOWN;
        let mut rest = 0;

        set_fifo(&self.slave, &mut code);
        core::iter::from_fn(move || {
            let block = self.next_block(done, rest)?;
            let set = block.write(&self.slave, &mut registers, &mut code);
            let place = Place {
                block,
                done,
                set,
                end: code.len(),
            };

            self.memory.finish(block.len);
            done += u64::from(block.len);
            rest = block.rest();
            Some(place)
        })
    }
}

/// Block, and its place in a program.
struct Place {
    block: Block,
    /// Number of bytes of the list before it.
    done: u64,
    /// Offset in the program from which on the address in memory is that of the block.
    set: usize,
    /// Offset of its end.
    end: usize,
}

impl<I: Iterator<Item = Segment> + Clone> Operation for SlaveSg<I> {
    fn check(&self) -> Result<u64, PlanError> {
        Ok(self.len.into())
    }

    fn begin(&mut self, program: &mut Emitter<'_>) -> Result<(), TooLong> {
        program.set_lines(self.slave.lines());
        self.registers = Registers::UNKNOWN;
        program.begin_step();
        set_fifo(&self.slave, program);
        program.end_step(UNKNOWN_ADDRESS, UNKNOWN_ADDRESS)
    }

    /// Appends full bursts, single beats, or one burst in parts.
    fn step(&mut self, done: u64, program: &mut Emitter<'_>) -> Result<u64, TooLong> {
        let mut registers = self.registers;
        let mut saved = None;
        let (mut len, mut rest) = (0, 0);

        program.begin_step();

        let last = loop {
            // `None` if the iterator has become shorter.
            let block = self.next_block(done + len, rest).ok_or(TooLong)?;

            block.write(&self.slave, &mut registers, program);
            len += u64::from(block.len);
            rest = block.rest();
            if rest == 0 {
                break block;
            }
            saved.get_or_insert_with(|| self.memory.clone());
            self.memory.finish(block.len);
        };

        if let Err(error) = program.end_step(UNKNOWN_ADDRESS, UNKNOWN_ADDRESS) {
            if let Some(memory) = saved {
                self.memory = memory;
            }
            return Err(error);
        }
        self.memory.finish(last.len);
        self.registers = registers;
        Ok(len)
    }

    /// Returns the segment of the first byte of the step.
    fn part(&self, done: u64) -> SegmentIndices {
        let mut end = 0;
        let is_before = |segment: &Segment| {
            end += u64::from(segment.len);
            end <= done
        };
        // CAST: Each segment has a byte, and there are less than 2^32.
        let index = self.memory.list().take_while(is_before).count() as u32;

        match self.slave.config.direction {
            SlaveDirection::MemToDev => SegmentIndices {
                source: index,
                destination: 0,
            },
            SlaveDirection::DevToMem => SegmentIndices {
                source: 0,
                destination: index,
            },
        }
    }
}

impl<I: Iterator<Item = Segment> + Clone> ProgramWriter<SlaveSg<I>> {
    /// Creates a writer of programs for the rest of `job` after its first `done` bytes.
    ///
    /// # Errors
    ///
    /// [`SlaveError::Position`]; [`SlaveError::Empty`] if nothing is left.
    pub(crate) fn resume(mut job: SlaveSg<I>, done: u32) -> Result<Self, SlaveError> {
        if done > job.len || done % job.slave.width() != 0 {
            return Err(SlaveError::Position);
        }
        if done == job.len {
            return Err(SlaveError::Empty);
        }
        job.memory = Side::new(job.memory.list());
        job.memory.skip(done);
        // INVARIANT: The job has `len` bytes. The rest of its list is that after `done`.
        Ok(Self {
            len: job.len.into(),
            job,
            done: done.into(),
            lines: 0,
        })
    }

    /// Returns the length in bytes of memory for one program that does all that is left.
    pub(crate) fn program_len(&self) -> usize {
        let end = self.job().clone().places(self.done).last();

        end.map_or(0, |it| it.end) + SIGNAL_LEN
    }

    /// Returns the number of bytes of the list that are done when the channel is at byte `offset`
    /// of its program, and its address in memory is `address`.
    ///
    /// The writer must be a clone from before it wrote that program. `address` is that in SAR for a
    /// transfer to a device, that in DAR for one from a device. The caller reads the program
    /// counter before and after the address, and again if they differ.
    ///
    /// The accesses are counted when they are issued. A channel that waits for a request, or has
    /// stopped, has completed them. Until the program has set the register, the address is that of
    /// another program, or of another segment, and is ignored.
    pub(crate) fn position(&self, offset: usize, address: u32) -> u32 {
        let mut places = self.job().clone().places(self.done);
        let Some(place) = places.find(|it| offset < it.end) else {
            return self.job().len;
        };
        let Block {
            address: start,
            len,
            ..
        } = place.block;
        let moved = match address.wrapping_sub(start) {
            moved if offset >= place.set && moved <= len => moved,
            _ => 0,
        };

        // CAST: At most the length of the list.
        place.done as u32 + moved
    }
}

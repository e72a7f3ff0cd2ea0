// SPDX-License-Identifier: GPL-2.0

//! Programs for a channel thread: operations, and the planner that writes programs for them.
//!
//! - [`Copy`](struct@Copy), [`Memset`], [`Copy2d`], [`SgCopy`] and [`SgMemset`] are operations;
//! - [`Reporting`] is a copy that reports its progress;
//! - [`SlaveSg`] and [`Cyclic`] are transfers between memory and the FIFO of a peripheral;
//! - [`ProgramWriter`] checks an operation and writes its program, or several, in order;
//! - [`ProgramLimits`] are the figures of the controller;
//! - [`SegmentIndices`] are the segments that an instruction accesses.
//!
//! Uses `core` alone, so that it also compiles on the host, where it is tested.
//!
//! # Examples
//!
//! ```
//! # fn copy(
//! #     [source, destination]: [u32; 2],
//! #     memory: &mut [u8],
//! #     address: u32,
//! #     (bus, event): (ProgramLimits, Event),
//! #     run: impl Fn(&[u8]),
//! # ) -> Result<(), crate::pl330::TransferError> {
//! let mut plan = ProgramWriter::new(Copy2d {
//!     source,
//!     destination,
//!     row_len: 64,
//!     rows: 480,
//!     source_stride: 640,
//!     destination_stride: 64,
//! })?;
//!
//! while !plan.is_written() {
//!     let mut asm = Assembler::at(memory, address);
//!
//!     plan.write(&mut asm, bus, event)?;
//!     run(memory);
//! }
//! # Ok(())
//! # }
//! ```

use core::mem;

mod copy;
mod copy2d;
pub(crate) mod disasm;
mod emitter;
pub(crate) mod insn;
mod memset;
mod progress;
mod sg_copy;
mod sg_memset;
mod slave;

pub(crate) use copy::Copy;
pub(crate) use copy2d::Copy2d;
pub(crate) use memset::{
    Memset,
    Pattern, //
};
pub(crate) use progress::{
    Points,
    Reporting, //
};
pub(crate) use sg_copy::{
    Segment,
    SgCopy, //
};
pub(crate) use sg_memset::SgMemset;
#[allow(unused_imports, reason = "only tests write programs for peripherals")]
pub(crate) use slave::{
    Cyclic,
    RequestKind,
    Slave,
    SlaveConfig,
    SlaveDirection,
    SlaveError,
    SlaveSg, //
};

use emitter::Emitter;
use insn::{
    Assembler,
    Event,
    Instruction,
    TooLong, //
};

/// Figures of the controller that a program depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ProgramLimits {
    /// Width of the bus in bytes, which is the size of the largest beat: 4, 8 or 16.
    pub(crate) bytes: u8,
    /// Largest number of lines of the MFIFO for a program, each as wide as the bus: at least 1.
    pub(crate) lines: u16,
    /// Largest number of beats in a burst: 1 to 16.
    pub(crate) beats: u8,
    /// Length in bytes of a line of the instruction cache: a power of two from 4 to 32.
    pub(crate) cache_line: u8,
    /// True if accesses must be marked non-secure.
    pub(crate) non_secure: bool,
    /// Largest number of loads before the first store: at least 1.
    pub(crate) loads: u8,
}

/// Reason why there is no program for an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PlanError {
    /// The operation has no bytes.
    Empty,
    /// The operation goes past 4 GiB.
    Unreachable,
    /// Rows to be read are also to be written, or rows to be written overlap each other.
    Overlap,
    /// The numbers of bytes to read and to write differ.
    Lengths,
}

/// Segments or rows that a step of a program accesses, for reports of faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentIndices {
    /// The index of the segment that is read, or of the row; 0 where there is but one thing to
    /// read.
    pub(crate) source: u32,
    /// The index of the segment that is written, or of the row; 0 where there is but one.
    pub(crate) destination: u32,
}

/// Operation that programs do in steps.
///
/// A *step* is written into one program as a whole or not at all, and has a bounded length there.
pub(crate) trait Operation {
    /// Checks the operation and returns the number of bytes to write.
    ///
    /// # Errors
    ///
    /// [`PlanError`].
    fn check(&self) -> Result<u64, PlanError>;

    /// Begins another program.
    fn begin(&mut self, _program: &mut Emitter<'_>) -> Result<(), TooLong> {
        Ok(())
    }

    /// Appends the step after the first `done` bytes; returns the number of bytes that it does.
    ///
    /// That is not 0. There must be more bytes.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the step needs another program. Neither the program nor the operation has
    /// changed then.
    fn step(&mut self, done: u64, program: &mut Emitter<'_>) -> Result<u64, TooLong>;

    /// Returns the segments of the step after the first `done` bytes: of several rows, the first.
    ///
    /// Only called after that step.
    fn part(&self, _done: u64) -> SegmentIndices {
        SegmentIndices {
            source: 0,
            destination: 0,
        }
    }
}

/// Writer of the programs of an operation.
///
/// # Invariants
///
/// `job` has `len` bytes, of which `done` are done by the programs written so far.
#[derive(Clone)]
pub(crate) struct ProgramWriter<J> {
    job: J,
    done: u64,
    len: u64,
    lines: u16,
}

impl<J: Operation> ProgramWriter<J> {
    /// Creates a writer of programs for `job`.
    ///
    /// Only [`Copy2d`] is checked for overlaps. The caller of other operations owns the memory.
    /// Programs never access other memory than they were asked for.
    ///
    /// # Errors
    ///
    /// [`PlanError`].
    pub(crate) fn new(job: J) -> Result<Self, PlanError> {
        match job.check()? {
            0 => Err(PlanError::Empty),
            // INVARIANT: Nothing is done yet.
            len => Ok(Self {
                job,
                done: 0,
                len,
                lines: 0,
            }),
        }
    }

    /// Returns the number of bytes that the programs written so far do: the first ones.
    pub(crate) fn done(&self) -> u64 {
        self.done
    }

    /// Returns the largest number of lines of the MFIFO that the program written last holds at a
    /// time.
    ///
    /// The sum over all programs that run must not exceed the MFIFO (TRM, "MFIFO usage").
    pub(crate) fn lines(&self) -> u16 {
        self.lines
    }

    /// Returns the operation.
    fn job(&self) -> &J {
        &self.job
    }

    /// Returns the operation, of which nothing should be written yet.
    pub(crate) fn into_job(self) -> J {
        self.job
    }

    /// Returns true if the programs written so far do all of it.
    pub(crate) fn is_written(&self) -> bool {
        self.done == self.len
    }

    /// Writes a program that does as much of the rest as fits, then raises `event`.
    ///
    /// The event is raised when all bytes have reached memory: stores are posted, and an interrupt
    /// without the barrier in front of it could be handled before the last of them.
    ///
    /// The program should run from an address that is a multiple of a line of the instruction
    /// cache. From another one it does the same, but not as fast.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if not even a step fits. 128 bytes are enough for one, 192 for one of a
    /// [`SlaveSg`], and 128 more for a fill with something other than zeroes, which also must know
    /// where it will run ([`Assembler::at`]). What was written until then is of no use, and nothing
    /// counts as done.
    pub(crate) fn write(
        &mut self,
        asm: &mut Assembler<'_>,
        bus: ProgramLimits,
        event: Event,
    ) -> Result<(), TooLong> {
        let mut program = Emitter::new(mem::take(asm), bus);
        let done = self.steps(&mut program);

        self.lines = program.lines();
        *asm = program.into_assembler();

        let done = done?;

        signal(asm, event)?;
        // INVARIANT: That is what the steps have said.
        self.done = done;
        Ok(())
    }

    /// Returns the segments that the instruction at byte `offset` of a program accesses.
    ///
    /// Returns `None` for the instructions that raise the event and end the program, and after
    /// them.
    ///
    /// The writer must be a clone from before it wrote that program, which is written again: `bus`,
    /// the length of the memory of `asm` and the program's address must be the same. The memory may
    /// be that of the program, of which only the steps before `offset` are sure to stay.
    pub(crate) fn locate(
        mut self,
        asm: &mut Assembler<'_>,
        bus: ProgramLimits,
        offset: usize,
    ) -> Option<SegmentIndices> {
        let mut program = Emitter::new(mem::take(asm), bus);
        let mut done = self.done;

        self.job.begin(&mut program).ok()?;
        if offset < program.len() {
            return None;
        }
        while let Some(next) = self.step(done, &mut program).ok()? {
            if offset < program.len() {
                return Some(self.job.part(done));
            }
            done = next;
        }
        None
    }

    /// Writes all steps that fit and returns the number of bytes that are done then.
    fn steps(&mut self, program: &mut Emitter<'_>) -> Result<u64, TooLong> {
        let mut done = self.done;

        self.job.begin(program)?;
        while let Some(next) = self.step(done, program)? {
            done = next;
        }
        Ok(done)
    }

    /// Writes the step after the first `done` bytes, and returns the number of bytes done then.
    ///
    /// Returns `None` if the step needs another program, or if there is none.
    #[inline(always)]
    fn step(&mut self, done: u64, program: &mut Emitter<'_>) -> Result<Option<u64>, TooLong> {
        if done >= self.len {
            return Ok(None);
        }

        match self.job.step(done, program) {
            Ok(more) => Ok(Some(done + more)),
            Err(TooLong) if done == self.done => Err(TooLong),
            Err(TooLong) => Ok(None),
        }
    }
}

/// Length in bytes of [`signal`].
const SIGNAL_LEN: usize = 4;

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

/// Sets the event that `program`, which ends with [`signal`], raises.
pub(crate) fn set_event(program: &mut [u8], event: Event) {
    // DMASEV is the last instruction but one, and its operand the last byte but one.
    if let [.., operand, _] = program {
        *operand = event.number() << 3;
    }
}

/// Checks that `len` bytes from `address` on are all below 4 GiB.
///
/// # Errors
///
/// [`PlanError::Unreachable`] if not.
fn reachable(address: u32, len: u64) -> Result<(), PlanError> {
    match u64::from(address).checked_add(len) {
        Some(end) if end <= 1 << 32 => Ok(()),
        _ => Err(PlanError::Unreachable),
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Programs for a channel thread: what is to be done, and the planner that writes it down.
//!
//! - [`Copy`](struct@Copy), [`Memset`], [`Copy2d`] and [`SgCopy`] say what to do;
//! - [`ProgramWriter`] checks it and writes the program, or several, one after the other;
//! - [`ProgramLimits`] is what it knows of the controller;
//! - [`SegmentIndices`] is what an instruction of a program was for.
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
mod sg_copy;

pub(crate) use copy::Copy;
pub(crate) use copy2d::Copy2d;
pub(crate) use memset::{
    Memset,
    Pattern, //
};
pub(crate) use sg_copy::{
    Segment,
    SgCopy, //
};

use emitter::Emitter;
use insn::{
    Assembler,
    Event,
    Instruction,
    TooLong, //
};

/// What a program has to know of the controller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ProgramLimits {
    /// The width in bytes, which is the size of the largest beat: 4, 8 or 16.
    pub(crate) bytes: u8,
    /// How many lines of the MFIFO are the channel's, each as wide as the bus: at least 1.
    pub(crate) lines: u16,
    /// The most beats that a burst may have: 1 to 16.
    pub(crate) beats: u8,
    /// The length of a line of the instruction cache in bytes: a power of two from 4 to 32.
    pub(crate) cache_line: u8,
    /// Whether accesses must be marked non-secure.
    pub(crate) non_secure: bool,
}

/// Why there is no program for a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PlanError {
    /// It asks for nothing.
    Empty,
    /// It goes past 4 GiB.
    Unreachable,
    /// Bytes to be read are also to be written, or rows to be written overlap each other.
    Overlap,
    /// More bytes are to be read than written, or fewer.
    Lengths,
}

/// What a step of a program is about, for people who look for what went wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentIndices {
    /// The index of the segment that is read, or of the row; 0 where there is but one thing to
    /// read.
    pub(crate) source: u32,
    /// The index of the segment that is written, or of the row; 0 where there is but one.
    pub(crate) destination: u32,
}

/// Something to do, which can be done in steps.
///
/// A *step* is written into one program as a whole or not at all, and has a bounded length there.
pub(crate) trait Operation {
    /// How many bytes are to be written.
    ///
    /// # Errors
    ///
    /// [`PlanError`], except [`Overlap`](PlanError::Overlap).
    fn len(&self) -> Result<u64, PlanError>;

    /// Whether what is read and what is written overlap.
    fn overlaps(&self) -> bool;

    /// Begins another program.
    fn begin(&mut self, _program: &mut Emitter<'_>) -> Result<(), TooLong> {
        Ok(())
    }

    /// Appends the step behind the first `done` bytes, up to [`Emitter::end_step`], and says how
    /// many it does. Only called if there are more. After an error the program is taken back to
    /// where it was, so the job must not have changed.
    fn step(&mut self, done: u64, program: &mut Emitter<'_>) -> Result<u64, TooLong>;

    /// What the step behind the first `done` bytes is about: of several rows, the first. Only
    /// called after that step.
    fn part(&self, _done: u64) -> SegmentIndices {
        SegmentIndices {
            source: 0,
            destination: 0,
        }
    }
}

/// What is left to write of programs that do a job.
///
/// # Invariants
///
/// `job` has `len` bytes, of which `done` are done by the programs written so far.
#[derive(Clone)]
pub(crate) struct ProgramWriter<J> {
    job: J,
    done: u64,
    len: u64,
}

impl<J: Operation> ProgramWriter<J> {
    /// Plans `job`.
    ///
    /// # Errors
    ///
    /// [`PlanError`] with what is wrong about it. What counts as an overlap is said for each kind.
    pub(crate) fn new(job: J) -> Result<Self, PlanError> {
        let plan = Self::of_distinct_memory(job)?;

        match plan.job.overlaps() {
            true => Err(PlanError::Overlap),
            false => Ok(plan),
        }
    }

    /// Plans `job`, where the caller knows that nothing overlaps. What comes of it if something
    /// does is undefined, but for the bytes that are touched: no others.
    ///
    /// # Errors
    ///
    /// [`PlanError`], except [`Overlap`](PlanError::Overlap).
    pub(crate) fn of_distinct_memory(job: J) -> Result<Self, PlanError> {
        match job.len()? {
            0 => Err(PlanError::Empty),
            // INVARIANT: Nothing is done yet.
            len => Ok(Self { job, done: 0, len }),
        }
    }

    /// How many bytes the programs written so far do: the first ones, in the order of the job.
    pub(crate) fn done(&self) -> u64 {
        self.done
    }

    /// Whether the programs written so far do all of it.
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
    /// [`TooLong`] if not even a step fits. 128 bytes are enough for one, and 128 more for a fill
    /// with something other than zeroes, which also must know where it will run
    /// ([`Assembler::at`]). What was written until then is of no use, and nothing counts as done.
    pub(crate) fn write(
        &mut self,
        asm: &mut Assembler<'_>,
        bus: ProgramLimits,
        event: Event,
    ) -> Result<(), TooLong> {
        let mut program = Emitter::new(mem::take(asm), bus);
        let done = self.steps(&mut program);

        *asm = program.into_assembler();

        let done = done?;

        signal(asm, event)?;
        // INVARIANT: That is what the steps have said.
        self.done = done;
        Ok(())
    }

    /// What the instruction at byte `offset` of a program is about. `None` if it is about nothing
    /// of the job: if it raises the event or ends the program, or if there is none.
    ///
    /// The plan must be a clone from before it wrote that program, which is written anew: `bus`,
    /// the room in `asm` and where it runs have to be the same. The memory may be the program's
    /// own, but of that only the steps before `offset` are sure to stay. `asm` is empty then.
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

    /// Writes as many steps as fit and says how many bytes are done then.
    fn steps(&mut self, program: &mut Emitter<'_>) -> Result<u64, TooLong> {
        let mut done = self.done;

        self.job.begin(program)?;
        while let Some(next) = self.step(done, program)? {
            done = next;
        }
        Ok(done)
    }

    /// Writes the step behind the first `done` bytes and says how many are done then; `None` if it
    /// is one for the next program, or if there is none.
    fn step(&mut self, done: u64, program: &mut Emitter<'_>) -> Result<Option<u64>, TooLong> {
        if done >= self.len {
            return Ok(None);
        }

        let len = program.len();

        match self.job.step(done, program) {
            Ok(more @ 1..) => Ok(Some(done + more)),
            // Nothing done is nothing to wait for: a list that has become shorter.
            Ok(0) | Err(TooLong) if done == self.done => Err(TooLong),
            Ok(0) | Err(TooLong) => {
                program.truncate(len);
                Ok(None)
            }
        }
    }
}

/// How long [`signal`] is in bytes.
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

/// Whether `len` bytes from `address` on are all below 4 GiB.
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

/// Whether `len` bytes here and `other_len` bytes there have any in common.
fn meet(address: u32, len: u64, other: u32, other_len: u64) -> bool {
    let (address, other) = (u64::from(address), u64::from(other));

    address < other + other_len && other < address + len
}

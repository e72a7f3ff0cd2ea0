// SPDX-License-Identifier: GPL-2.0

//! Operations that a channel can be asked for.

use kernel::{
    alloc::Flags,
    prelude::*,
    sync::Arc, //
};

use super::{
    super::program::{
        self,
        insn::{
            Assembler,
            Event,
            Instruction,
            Register,
            TooLong, //
        },
        Copy,
        Copy2d,
        Memset,
        Pattern,
        PlanError,
        Points,
        ProgramLimits,
        ProgramWriter,
        Reporting,
        Segment,
        SegmentIndices,
        SgCopy,
        SgMemset, //
    },
    TransferError, //
};

/// Length in bytes of memory that programs of all operations but lists fit into, as a rule.
const SHORT_LEN: usize = 256;

/// Lengths in bytes that programs of lists need for each segment: of full bursts, and of any other.
const PAGE_LEN: usize = 20;
const SEGMENT_LEN: usize = 48;

/// Multiple of a full burst in bytes, on a bus of any width.
const FULL_BURST: u32 = 256;

/// Length in bytes of a pattern behind a program: that of its longest burst, and a beat more.
const PATTERN_LEN: usize = 256 + 16;

/// Fault that a program has on purpose, for tests.
#[derive(Clone, Copy)]
pub(crate) enum InjectedFault {
    /// An instruction that does not exist: the channel faults.
    UndefinedInstruction,
    /// An endless loop: the program times out.
    Endless,
}

/// Operation of a request, and the part of it that no program does yet.
pub(crate) enum Operation {
    /// Only raises the event.
    Signal,
    /// Copies bytes.
    Copy(ProgramWriter<Copy>),
    /// The same, with reports of progress.
    ReportingCopy(KBox<ProgramWriter<Reporting<Copy>>>),
    /// Sets bytes to a pattern.
    Memset(ProgramWriter<Memset>),
    /// Copies rows, of this number.
    Copy2d(ProgramWriter<Copy2d>, usize),
    /// Copies segments to segments.
    SgCopy(ProgramWriter<ListCopy>, Size),
    /// The same, with reports of progress.
    ReportingSgCopy(KBox<ProgramWriter<Reporting<ListCopy>>>, Size),
    /// Sets the bytes of segments to a pattern. The number is that of the segments.
    SgMemset(ProgramWriter<SgMemset<Segments>>, usize),
    /// Sets the two addresses, and has a fault.
    Faulty(u32, u32, InjectedFault),
}

/// Copy of segments to segments.
type ListCopy = SgCopy<Segments, Segments>;

/// Size of an operation on lists.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// Length in bytes of memory for its program.
    len: usize,
    /// Number of segments on both sides.
    segments: usize,
}

impl Operation {
    /// Creates an operation that copies segments to segments, which have no byte in common.
    ///
    /// # Errors
    ///
    /// [`PlanError`].
    pub(crate) fn sg_copy(sources: Segments, destinations: Segments) -> Result<Self, PlanError> {
        let size = Size {
            len: SHORT_LEN.max(sg_copy_len(&sources.list, &destinations.list)),
            segments: sources.list.len() + destinations.list.len(),
        };
        let copy = SgCopy::new(sources, destinations);

        Ok(Self::SgCopy(ProgramWriter::new(copy)?, size))
    }

    /// Creates an operation that sets the bytes of segments to a pattern.
    ///
    /// # Errors
    ///
    /// [`PlanError`].
    pub(crate) fn sg_memset(destinations: Segments, pattern: Pattern) -> Result<Self, PlanError> {
        let segments = destinations.list.len();
        let memset = SgMemset::new(destinations, pattern);

        Ok(Self::SgMemset(ProgramWriter::new(memset)?, segments))
    }

    /// Writes a program for the next part, as long as fits. It ends with an event.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if not even a step fits.
    pub(super) fn write(
        &mut self,
        asm: &mut Assembler<'_>,
        limits: ProgramLimits,
        event: Event,
    ) -> Result<(), TooLong> {
        match self {
            Self::Signal => program::signal(asm, event),
            Self::Copy(writer) => writer.write(asm, limits, event),
            Self::ReportingCopy(writer) => writer.write(asm, limits, event),
            Self::Memset(writer) => writer.write(asm, limits, event),
            Self::Copy2d(writer, _) => writer.write(asm, limits, event),
            Self::SgCopy(writer, _) => writer.write(asm, limits, event),
            Self::ReportingSgCopy(writer, _) => writer.write(asm, limits, event),
            Self::SgMemset(writer, _) => writer.write(asm, limits, event),
            Self::Faulty(source, destination, fault) => {
                asm.emit(Instruction::Mov(Register::Sar, *source))?;
                asm.emit(Instruction::Mov(Register::Dar, *destination))?;
                match fault {
                    InjectedFault::UndefinedInstruction => asm.emit(Instruction::Undefined)?,
                    InjectedFault::Endless => {
                        asm.repeat_forever(|asm| asm.emit(Instruction::Wmb))?
                    }
                }
                program::signal(asm, event)
            }
        }
    }

    /// Returns the copy, whose programs report progress by `event`, each time that `every` bytes
    /// have reached memory. Other operations, and those of which a part is written, stay as they
    /// are.
    ///
    /// # Errors
    ///
    /// [`TransferError::NoMemory`]; [`PlanError`] if `every` is 0.
    pub(crate) fn reporting(
        self,
        every: usize,
        event: Event,
        flags: Flags,
    ) -> Result<Self, TransferError> {
        // CAST: `usize` has at most 64 bits.
        let every = every as u64;

        Ok(match self {
            Self::Copy(writer) => {
                let job = Reporting::new(writer.into_job(), every, event)?;

                Self::ReportingCopy(boxed(ProgramWriter::new(job)?, flags)?)
            }
            Self::SgCopy(writer, size) => {
                let job = Reporting::new(writer.into_job(), every, event)?;

                Self::ReportingSgCopy(boxed(ProgramWriter::new(job)?, flags)?, size)
            }
            other => other,
        })
    }

    /// Returns a copy of the operation.
    ///
    /// # Errors
    ///
    /// [`TransferError::NoMemory`].
    #[inline]
    pub(super) fn try_clone(&self, flags: Flags) -> Result<Self, TransferError> {
        Ok(match self {
            Self::Signal => Self::Signal,
            Self::Copy(writer) => Self::Copy(writer.clone()),
            Self::ReportingCopy(writer) => Self::ReportingCopy(boxed((**writer).clone(), flags)?),
            Self::Memset(writer) => Self::Memset(writer.clone()),
            Self::Copy2d(writer, rows) => Self::Copy2d(writer.clone(), *rows),
            Self::SgCopy(writer, size) => Self::SgCopy(writer.clone(), *size),
            Self::ReportingSgCopy(writer, size) => {
                Self::ReportingSgCopy(boxed((**writer).clone(), flags)?, *size)
            }
            Self::SgMemset(writer, segments) => Self::SgMemset(writer.clone(), *segments),
            Self::Faulty(source, destination, fault) => Self::Faulty(*source, *destination, *fault),
        })
    }

    /// Returns the points of the program written last at which it reports progress, if it does.
    ///
    /// # Errors
    ///
    /// [`TransferError::NoMemory`].
    pub(super) fn points(&self, flags: Flags) -> Result<Option<KBox<Points>>, TransferError> {
        let points = match self {
            Self::ReportingCopy(writer) => writer.points(),
            Self::ReportingSgCopy(writer, _) => writer.points(),
            _ => return Ok(None),
        };

        Ok(Some(boxed(points, flags)?))
    }

    /// Returns the number of lines of the MFIFO that the program written last needs.
    pub(super) fn lines(&self) -> u16 {
        match self {
            Self::Signal | Self::Faulty(..) => 0,
            Self::Copy(writer) => writer.lines(),
            Self::ReportingCopy(writer) => writer.lines(),
            Self::Memset(writer) => writer.lines(),
            Self::Copy2d(writer, _) => writer.lines(),
            Self::SgCopy(writer, _) => writer.lines(),
            Self::ReportingSgCopy(writer, _) => writer.lines(),
            Self::SgMemset(writer, _) => writer.lines(),
        }
    }

    /// Returns true if the programs written so far do all of it.
    pub(super) fn is_written(&self) -> bool {
        match self {
            Self::Signal | Self::Faulty(..) => true,
            Self::Copy(writer) => writer.is_written(),
            Self::ReportingCopy(writer) => writer.is_written(),
            Self::Memset(writer) => writer.is_written(),
            Self::Copy2d(writer, _) => writer.is_written(),
            Self::SgCopy(writer, _) => writer.is_written(),
            Self::ReportingSgCopy(writer, _) => writer.is_written(),
            Self::SgMemset(writer, _) => writer.is_written(),
        }
    }

    /// Returns the length in bytes of memory for the next program. It may turn out longer.
    pub(super) fn program_len(&self) -> usize {
        match self {
            Self::SgCopy(_, size) | Self::ReportingSgCopy(_, size) => size.len,
            Self::SgMemset(_, segments) => {
                SHORT_LEN.max(segments.saturating_mul(PAGE_LEN) + PATTERN_LEN)
            }
            _ => SHORT_LEN,
        }
    }

    /// Returns the number of contiguous parts, or a larger one.
    pub(crate) fn parts(&self) -> usize {
        match self {
            Self::Signal | Self::Faulty(..) | Self::Copy(_) | Self::Memset(_) => 1,
            Self::ReportingCopy(_) => 1,
            Self::Copy2d(_, rows) => *rows,
            Self::SgCopy(_, size) | Self::ReportingSgCopy(_, size) => size.segments,
            Self::SgMemset(_, segments) => *segments,
        }
    }

    /// Returns the segments that the instruction at byte `offset` of the next program is for.
    ///
    /// Returns `None` for an operation without segments. Writes the program as far as there.
    pub(super) fn locate(
        &self,
        asm: &mut Assembler<'_>,
        limits: ProgramLimits,
        offset: usize,
    ) -> Option<SegmentIndices> {
        match self {
            Self::Signal | Self::Faulty(..) | Self::Copy(_) | Self::Memset(_) => None,
            Self::ReportingCopy(_) => None,
            Self::Copy2d(writer, _) => writer.clone().locate(asm, limits, offset),
            Self::SgCopy(writer, _) => writer.clone().locate(asm, limits, offset),
            Self::ReportingSgCopy(writer, _) => (**writer).clone().locate(asm, limits, offset),
            Self::SgMemset(writer, _) => writer.clone().locate(asm, limits, offset),
        }
    }
}

/// Returns `value` in a box.
fn boxed<T>(value: T, flags: Flags) -> Result<KBox<T>, TransferError> {
    KBox::new(value, flags).map_err(|_| TransferError::NoMemory)
}

/// Returns the length in bytes that the program to copy a list needs, by some of its segments.
fn sg_copy_len(sources: &[Segment], destinations: &[Segment]) -> usize {
    let last = sources.len().wrapping_sub(1);
    let is_page = |at: usize| match (sources.get(at), destinations.get(at)) {
        (Some(from), Some(to)) => {
            from.len == to.len && (from.address | to.address | from.len) % FULL_BURST == 0
        }
        _ => false,
    };

    if sources.len() == destinations.len() && [0, last / 2, last].into_iter().all(is_page) {
        sources.len().saturating_mul(PAGE_LEN)
    } else {
        // Each segment of either side may be a step.
        (sources.len() + destinations.len()).saturating_mul(SEGMENT_LEN)
    }
}

/// Iterator over a list of segments that its clones share.
#[derive(Clone)]
pub(crate) struct Segments {
    list: Arc<KVec<Segment>>,
    next: usize,
}

impl Segments {
    /// Creates an iterator over `list`.
    ///
    /// # Errors
    ///
    /// [`TransferError::NoMemory`].
    pub(crate) fn new(list: KVec<Segment>, flags: Flags) -> Result<Self, TransferError> {
        let list = Arc::new(list, flags).map_err(|_| TransferError::NoMemory)?;

        Ok(Self { list, next: 0 })
    }
}

impl Iterator for Segments {
    type Item = Segment;

    fn next(&mut self) -> Option<Segment> {
        let segment = *self.list.get(self.next)?;

        self.next += 1;
        Some(segment)
    }
}

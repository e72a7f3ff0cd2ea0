// SPDX-License-Identifier: GPL-2.0

//! What a channel can be asked to do, as plans for its programs.

use kernel::{
    alloc::Flags,
    prelude::*,
    sync::Arc, //
};

use super::{
    error::TransferError,
    program::{
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
        ProgramLimits,
        ProgramWriter,
        Segment, //
        SegmentIndices,
        SgCopy,
    },
};

/// A way for a program to fail.
#[derive(Clone, Copy)]
pub(crate) enum InjectedFault {
    /// It has an instruction that does not exist: a fault.
    UndefinedInstruction,
    /// It goes round in a loop: a timeout.
    Endless,
}

/// Something to do.
#[derive(Clone)]
pub(crate) enum Work {
    /// Nothing, but for the interrupt.
    Signal,
    Copy(ProgramWriter<Copy>),
    Memset(ProgramWriter<Memset>),
    Copy2d(ProgramWriter<Copy2d>),
    SgCopy(ProgramWriter<SgCopy<Segments, Segments>>),
    /// What would be a copy, from the one address to the other, but moves nothing and fails.
    Flawed(u32, u32, InjectedFault),
}

impl Work {
    /// Writes a program that does as much of the rest as fits.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if that is nothing.
    pub(super) fn write(
        &mut self,
        asm: &mut Assembler<'_>,
        bus: ProgramLimits,
        event: Event,
    ) -> Result<(), TooLong> {
        match self {
            Self::Signal => program::signal(asm, event),
            Self::Copy(plan) => plan.write(asm, bus, event),
            Self::Memset(plan) => plan.write(asm, bus, event),
            Self::Copy2d(plan) => plan.write(asm, bus, event),
            Self::SgCopy(plan) => plan.write(asm, bus, event),
            Self::Flawed(source, destination, flaw) => {
                asm.emit(Instruction::Mov(Register::Sar, *source))?;
                asm.emit(Instruction::Mov(Register::Dar, *destination))?;
                match flaw {
                    InjectedFault::UndefinedInstruction => asm.emit(Instruction::Undefined)?,
                    InjectedFault::Endless => {
                        asm.repeat_forever(|asm| asm.emit(Instruction::Wmb))?
                    }
                }
                program::signal(asm, event)
            }
        }
    }

    /// Whether the programs written so far do all of it.
    pub(super) fn is_written(&self) -> bool {
        match self {
            Self::Signal | Self::Flawed(..) => true,
            Self::Copy(plan) => plan.is_written(),
            Self::Memset(plan) => plan.is_written(),
            Self::Copy2d(plan) => plan.is_written(),
            Self::SgCopy(plan) => plan.is_written(),
        }
    }

    /// Which part of it the instruction `offset` bytes into its next program is for, if it has parts.
    /// Writes the program to see that, as far as there.
    pub(super) fn locate(
        &self,
        asm: &mut Assembler<'_>,
        bus: ProgramLimits,
        offset: usize,
    ) -> Option<SegmentIndices> {
        match self {
            Self::Signal | Self::Flawed(..) | Self::Copy(_) | Self::Memset(_) => None,
            Self::Copy2d(plan) => plan.clone().locate(asm, bus, offset),
            Self::SgCopy(plan) => plan.clone().locate(asm, bus, offset),
        }
    }
}

/// Segments that are taken one by one; copies share the list.
#[derive(Clone)]
pub(crate) struct Segments {
    list: Arc<KVec<Segment>>,
    next: usize,
}

impl Segments {
    /// Those of `list`, from the first on.
    ///
    /// # Errors
    ///
    /// [`TransferError::NoMemory`].
    pub(super) fn new(list: KVec<Segment>, flags: Flags) -> Result<Self, TransferError> {
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

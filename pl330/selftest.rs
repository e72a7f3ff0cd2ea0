// SPDX-License-Identifier: GPL-2.0

//! Programs that show something other than a copy: that the controller answers, and how it fails.

use super::{
    controller::{
        Controller,
        EVENT,
        PROGRAM_LEN, //
    },
    error::{
        SetupError,
        TransferError, //
    },
    insn::{
        Assembler,
        Instruction,
        Register, //
    },
    program,
    transfer::{
        CopyResult,
        Span, //
    }, //
};
use crate::dma::{
    DeviceReads,
    DeviceWrites,
    Mapping,
    Memory, //
};

/// How long a program of some instructions may take, in milliseconds.
const TIMEOUT_MS: u32 = 1000;

/// A way for a program to fail.
#[derive(Clone, Copy)]
pub(crate) enum Flaw {
    /// It has an instruction that does not exist: a fault.
    UndefinedInstruction,
    /// It goes round in a loop: a timeout.
    Endless,
}

impl<'bound> Controller<'bound> {
    /// Runs a program that only raises its interrupt, which shows that the controller fetches,
    /// executes and is heard. To be called once both interrupts are handled.
    ///
    /// # Errors
    ///
    /// [`SetupError::FirstProgram`] with what went wrong.
    pub(crate) fn run_first_program(&self) -> Result<(), SetupError> {
        let mut code = [0; PROGRAM_LEN];

        program::signal(&mut Assembler::new(&mut code), EVENT)
            .map_err(TransferError::from)
            // SAFETY: The program reads and writes no memory.
            .and_then(|()| unsafe { self.run(&mut self.program.lock(), &code, TIMEOUT_MS) })
            .map_err(SetupError::FirstProgram)
    }

    /// Starts a copy as [`copy`](Self::copy) does, with a program that has a `flaw` and moves
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`TransferError::Fault`] or [`TransferError::Timeout`], unless something else is wrong.
    pub(crate) fn copy_with_flaw<S, SD, D, DD>(
        &self,
        source: Mapping<'bound, S, SD>,
        destination: Mapping<'bound, D, DD>,
        span: Span,
        flaw: Flaw,
    ) -> CopyResult<Mapping<'bound, S, SD>, Mapping<'bound, D, DD>>
    where
        S: Memory,
        SD: DeviceReads,
        D: Memory,
        DD: DeviceWrites,
    {
        let write = |asm: &mut Assembler<'_>, copy: program::Copy| {
            asm.emit(Instruction::Mov(Register::Sar, copy.source))?;
            asm.emit(Instruction::Mov(Register::Dar, copy.destination))?;
            match flaw {
                Flaw::UndefinedInstruction => asm.emit(Instruction::Undefined)?,
                Flaw::Endless => asm.repeat_forever(|asm| asm.emit(Instruction::Wmb))?,
            }
            program::signal(asm, EVENT)?;
            Ok(())
        };

        // SAFETY: The program loads and stores nothing.
        unsafe { self.transfer(source, destination, span, TIMEOUT_MS, write) }
    }
}

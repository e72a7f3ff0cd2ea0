// SPDX-License-Identifier: GPL-2.0

//! Programs that move nothing: one to see whether the controller answers, one to see it fail.

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
    insn::Assembler,
    program, //
};

/// How long a program of three instructions may take, in milliseconds.
const TIMEOUT_MS: u32 = 500;

/// A byte that no instruction starts with.
const UNDEFINED_INSTRUCTION: u8 = 0xff;

impl Controller<'_> {
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
            .and_then(|()| self.run(&mut self.program.lock(), &code, TIMEOUT_MS))
            .map_err(SetupError::FirstProgram)
    }

    /// Runs a program that begins with an undefined instruction, to show what happens.
    ///
    /// # Errors
    ///
    /// [`TransferError::Fault`], unless something else is wrong.
    pub(crate) fn run_undefined_instruction(&self) -> Result<(), TransferError> {
        let mut code = [0; PROGRAM_LEN];

        code[0] = UNDEFINED_INSTRUCTION;
        self.run(&mut self.program.lock(), &code, TIMEOUT_MS)
    }
}

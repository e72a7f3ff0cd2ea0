// SPDX-License-Identifier: GPL-2.0

//! A program that fails: the error says what happened and where, and the channel is good again.
//!
//! The C driver completes such a transfer as a success.

use super::Failure;
use crate::pl330::{
    Controller,
    Fault,
    TransferError, //
};

/// Runs a program that cannot be executed, and returns the fault that is reported.
pub(super) fn provoke(controller: &Controller<'_>) -> Result<Fault, Failure> {
    match controller.run_undefined_instruction() {
        Err(TransferError::Fault(fault)) => Ok(fault),
        Err(error) => Err(Failure::Transfer(error, false)),
        Ok(()) => Err(Failure::NoFault),
    }
}

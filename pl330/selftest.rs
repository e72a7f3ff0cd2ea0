// SPDX-License-Identifier: GPL-2.0

//! First programs, which show that the controller answers.

use kernel::prelude::*;

use super::{
    controller::Controller,
    engine::MAX_CHANNELS,
    error::ProbeError,
    request::Request,
    work::Work, //
};

/// How long a program of some instructions may take, in milliseconds.
const TIMEOUT_MS: u32 = 1000;

impl Controller<'_> {
    /// Runs a program on each channel that only raises its interrupt, which shows that the controller
    /// fetches, executes and is heard. To be called once both interrupts are handled, before anything
    /// else is submitted.
    ///
    /// # Errors
    ///
    /// [`ProbeError::FirstProgram`] with what went wrong, or [`ProbeError::Unheard`].
    pub(crate) fn run_first_programs(&self) -> Result<(), ProbeError> {
        let count = self.channels_in_use();
        let mut requests = [const { None }; MAX_CHANNELS];

        for request in &mut requests[..count] {
            // SAFETY: The program reads and writes no memory.
            let new = unsafe { Request::new(self, Work::Signal, TIMEOUT_MS, GFP_KERNEL) }
                .map_err(ProbeError::FirstProgram)?;

            *request = Some(new.clone_arc());
            // Each takes the channel behind that of the one before.
            self.submit(new, None);
        }
        for request in requests.iter().flatten() {
            request.ended.wait_for_completion();
            self.outcome(request).map_err(ProbeError::FirstProgram)?;
        }

        // The watchdog would take care of each, but not fast.
        match self.events() < count as u64 {
            true => Err(ProbeError::Unheard),
            false => Ok(()),
        }
    }
}

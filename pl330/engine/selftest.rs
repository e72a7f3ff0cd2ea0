// SPDX-License-Identifier: GPL-2.0

//! Self-test: a program on each channel that only raises its interrupt.

use kernel::{
    fmt,
    prelude::*, //
};

use super::{
    super::hw::MAX_CHANNELS,
    request::Request,
    Engine,
    Operation,
    TransferError, //
};

/// Longest time that the program may take, in milliseconds.
const TIMEOUT_MS: u32 = 1000;

/// Reason why the self-test failed.
pub(crate) enum SelfTestError {
    /// A program failed.
    Program(TransferError),
    /// The programs ran, but their interrupts were not received.
    NoInterrupt,
}

impl fmt::Display for SelfTestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(error) => f.write_fmt(fmt!("{error}")),
            Self::NoInterrupt => f.write_str("event interrupt not received"),
        }
    }
}

impl Engine<'_> {
    /// Runs a program on each channel that only raises its interrupt.
    ///
    /// This shows that the controller fetches and executes programs, and that its event interrupt
    /// arrives. A driver calls it once both interrupts are handled, before it submits anything
    /// else. Sleeps.
    ///
    /// # Errors
    ///
    /// [`SelfTestError`].
    pub(crate) fn self_test(&self) -> Result<(), SelfTestError> {
        let count = self.usable_channels();
        let mut requests = [const { None }; MAX_CHANNELS];

        for request in &mut requests[..count] {
            let limit = Some(TIMEOUT_MS);
            // SAFETY: The memory that the program accesses must stay mapped: it accesses none.
            let new = unsafe { Request::new(self, Operation::Signal, limit, GFP_KERNEL) };
            let new = new.map_err(SelfTestError::Program)?;

            *request = Some(new.clone_arc());
            // The scheduler gives each the channel after that of the one before.
            self.submit(new, None);
        }
        for request in requests.iter().flatten() {
            self.wait(request).map_err(SelfTestError::Program)?;
        }

        // The watchdog completes each whose interrupt is lost, later.
        if self.events() < count as u64 {
            Err(SelfTestError::NoInterrupt)
        } else {
            Ok(())
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Instructions of a channel for its peripheral.
//!
//! - DMAWFP waits with an empty MFIFO. A channel that is killed there loses nothing. Hardware
//!   permits more, but no program here needs it.
//! - DMASTP acknowledges when the stores to the FIFO are complete, DMALDP when the load is.
//! - Stores to memory stay posted in DMAWFP: no source says that it waits for them.
//! - DMALDP and DMASTP act only with the suffix of the request that the last DMAWFP has found (TRM,
//!   DMALDP).

use super::{
    Channel,
    Condition,
    Error,
    Fifo,
    Instruction,
    Request,
    Stop,
    WaitFor, //
};

impl<'a> Channel<'a> {
    /// Connects a peripheral.
    pub(crate) fn with_fifo(mut self, fifo: &'a mut Fifo) -> Self {
        self.fifo = Some(fifo);
        self
    }

    /// Returns the peripheral.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub(crate) fn fifo(&mut self) -> &mut Fifo {
        self.fifo.as_mut().expect("no peripheral")
    }

    /// Kills the channel: stores that were issued complete, and loaded bytes are lost.
    ///
    /// Returns the number of bytes that are lost. TRM, DMAKILL.
    pub(crate) fn kill(&mut self) -> Result<u32, Error> {
        self.drain()?;
        Ok(self.mfifo.len())
    }

    /// Executes an instruction for a peripheral.
    pub(super) fn peripheral(&mut self, instruction: Instruction) -> Result<Option<Stop>, Error> {
        match instruction {
            Instruction::WaitPeripheral { wanted, line } => return self.wait(wanted, line),
            Instruction::Flush { line } => self.fifo_on(line)?.flush()?,
            Instruction::LoadPeripheral { condition, line } => {
                self.fifo_on(line)?;
                if self.acts(condition) {
                    self.load(condition)?;
                    self.acknowledge(condition)?;
                }
            }
            Instruction::StorePeripheral { condition, line } => {
                self.fifo_on(line)?;
                if self.acts(condition) {
                    self.store(condition)?;
                    self.drain()?;
                    self.acknowledge(condition)?;
                }
            }
            _ => (),
        }
        Ok(None)
    }

    /// Returns the peripheral on a request line.
    fn fifo_on(&mut self, line: u8) -> Result<&mut Fifo, Error> {
        match &mut self.fifo {
            Some(fifo) if fifo.line == line => Ok(fifo),
            _ => Err(Error::NoPeripheral),
        }
    }

    fn wait(&mut self, wanted: WaitFor, line: u8) -> Result<Option<Stop>, Error> {
        let bytes = self.mfifo.len();
        let served = self.fifo_on(line)?.wait(wanted)?;

        if bytes != 0 {
            return Err(Error::HeldAtWait { bytes });
        }
        match served {
            Some(request) => {
                self.request = request;
                Ok(None)
            }
            None => Ok(Some(Stop::WaitingForPeripheral { line })),
        }
    }

    fn acknowledge(&mut self, condition: Condition) -> Result<(), Error> {
        let request = match condition {
            Condition::IfSingle => Request::Single,
            _ => Request::Burst,
        };

        self.fifo().acknowledge(request)
    }
}

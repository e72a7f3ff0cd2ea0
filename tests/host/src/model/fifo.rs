// SPDX-License-Identifier: GPL-2.0

//! A peripheral: a FIFO and its request line.
//!
//! The device asks for a burst while its FIFO has the room or the data for one, and for a single
//! beat only if it can. It is stricter than hardware:
//!
//! - A request is answered once, by an acknowledgement of its kind. A device that only asks for
//!   bursts is not answered by a single transfer (Rockchip, commit message of the device tree
//!   property `arm,pl330-periph-burst`).
//! - Between request and acknowledgement, at most the beats that were asked for are moved, and none
//!   at another time. A real device has an overrun or an underrun then, perhaps.
//! - The next request is that of the level after the acknowledgement, which the DMAC sends when the
//!   accesses to the FIFO are complete (TRM, DMALDP and DMASTP).
//! - The DMAC may have latched a request before the program, which holds no longer. DMAFLUSHP drops
//!   it (TRM, DMAFLUSHP; `_ldst_peripheral()` in Linux's `pl330.c`). In a program it may only stand
//!   where no request is answered.
//! - An access has the width of the FIFO, and its address does not count up.

use super::{
    control::Side,
    Error,
    Request, //
};
use std::collections::VecDeque;

/// Request that DMAWFP waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WaitFor {
    Single,
    Either,
    Burst,
}

/// A device.
#[derive(Clone, Debug)]
pub(crate) struct Fifo {
    pub(crate) line: u8,
    pub(crate) address: u32,
    /// Bytes in a beat.
    pub(crate) width: u32,
    /// Number of beats that it can hold.
    pub(crate) depth: u32,
    /// Number of beats that it asks for in a burst.
    pub(crate) burst: u32,
    /// True if it asks for single beats, too.
    pub(crate) has_singles: bool,
    /// True if the channel reads from it.
    pub(crate) is_receiver: bool,
    /// Number of beats that were written to the full FIFO.
    pub(crate) overruns: u64,
    /// Number of beats that were read from the empty FIFO.
    pub(crate) underruns: u64,
    /// Number of requests that were answered.
    pub(crate) answered: u64,
    /// Request for a burst that the DMAC has latched before the program.
    pub(crate) is_stale: bool,
    /// Bytes of the beats in the FIFO.
    data: VecDeque<u8>,
    /// Number of beats that the request that is answered asks for, and of those moved since.
    request: Option<(u32, u32)>,
}

impl Fifo {
    /// An empty FIFO for the channel to write to, of four bursts, with a stale request.
    pub(crate) fn new(line: u8, address: u32, width: u32, burst: u32) -> Self {
        Self {
            line,
            address,
            width,
            depth: 4 * burst,
            burst,
            has_singles: false,
            is_receiver: false,
            overruns: 0,
            underruns: 0,
            answered: 0,
            is_stale: true,
            data: VecDeque::new(),
            request: None,
        }
    }

    /// Returns the number of beats in the FIFO.
    pub(crate) fn level(&self) -> u32 {
        self.data.len() as u32 / self.width
    }

    /// Returns the number of beats that the FIFO can take.
    pub(crate) fn room(&self) -> u32 {
        self.depth - self.level()
    }

    /// Puts bytes into the FIFO, as if they had been received.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        self.data.extend(bytes);
        assert!(self.level() <= self.depth, "the test receives too fast");
    }

    /// Takes at most `beats` beats out of the FIFO, as if they were sent.
    pub(crate) fn send(&mut self, beats: u32) -> Vec<u8> {
        let bytes = beats.min(self.level()) * self.width;

        self.data.drain(..bytes as usize).collect()
    }

    /// Returns true if a request is being answered.
    pub(super) fn is_answered(&self) -> bool {
        self.request.is_some()
    }

    /// Returns true if `address` is that of the FIFO.
    pub(super) fn is_at(&self, address: u32) -> bool {
        (self.address..self.address + self.width).contains(&address)
    }

    /// Returns the request of the device.
    fn asks(&self) -> Option<Request> {
        let beats = if self.is_receiver {
            self.level()
        } else {
            self.room()
        };

        if beats >= self.burst {
            Some(Request::Burst)
        } else if self.has_singles && beats != 0 {
            Some(Request::Single)
        } else {
            None
        }
    }

    /// Takes the request that DMAWFP waits for, if there is one, and returns how it is served.
    pub(super) fn wait(&mut self, wanted: WaitFor) -> Result<Option<Request>, Error> {
        if self.is_answered() {
            return Err(Error::Unacknowledged);
        }

        let asked = if self.is_stale {
            Some(Request::Burst)
        } else {
            self.asks()
        };
        let served = match (wanted, asked) {
            (_, None) | (WaitFor::Burst, Some(Request::Single)) => return Ok(None),
            (WaitFor::Single, Some(_)) => Request::Single,
            (_, Some(request)) => request,
        };
        let beats = match served {
            Request::Single => 1,
            Request::Burst => self.burst,
        };

        self.is_stale = false;
        self.request = Some((beats, 0));
        Ok(Some(served))
    }

    /// DMAFLUSHP.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        if self.is_answered() {
            return Err(Error::Unacknowledged);
        }
        self.is_stale = false;
        Ok(())
    }

    /// The request that is answered was served as `request`.
    pub(super) fn acknowledge(&mut self, request: Request) -> Result<(), Error> {
        if !self.is_answered() {
            return Err(Error::NotRequested);
        }
        if request == Request::Single && !self.has_singles {
            return Err(Error::WrongAcknowledgement);
        }
        self.request = None;
        self.answered += 1;
        Ok(())
    }

    /// Counts an access of a beat of `len` bytes.
    fn access(&mut self, side: Side, len: u32) -> Result<(), Error> {
        if side.increment || len != self.width {
            return Err(Error::FifoAccess);
        }
        match &mut self.request {
            Some((beats, moved)) if *moved < *beats => {
                *moved += 1;
                Ok(())
            }
            _ => Err(Error::NotRequested),
        }
    }

    /// Reads a beat.
    pub(super) fn read(&mut self, side: Side, len: u32) -> Result<Vec<u8>, Error> {
        self.access(side, len)?;
        if self.level() == 0 {
            self.underruns += 1;
            return Ok(vec![0xdd; len as usize]);
        }
        Ok(self.send(1))
    }

    /// Writes a beat.
    pub(super) fn write(&mut self, side: Side, beat: &[u8]) -> Result<(), Error> {
        self.access(side, beat.len() as u32)?;
        if self.room() == 0 {
            self.overruns += 1;
        } else {
            self.data.extend(beat);
        }
        Ok(())
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Engine of the receive ring: a queue of buffers for the device.
//!
//! A network device has the queue in hardware, and frames come from outside. Here the queue is in
//! the driver, and a frame is what was sent to the device's buffer before.

use kernel::prelude::*;

use crate::{
    device::{
        Direction,
        Edu,
        Returned, //
    },
    dma::{
        DeviceReads,
        DeviceWrites,
        InFlight,
        MappedMemory, //
    }, //
};

/// Buffers that are posted to a device, in the order in which it fills them.
///
/// # Invariants
///
/// Only the first buffer's address is known to the device, and only while `arriving` is there.
pub(crate) struct Receiver<'a, 'bound, T: MappedMemory<Direction: DeviceWrites>> {
    edu: &'a mut Edu<'bound>,
    posted: KVec<InFlight<T, u32>>,
    /// Length in bytes of the frame that the device writes to the first buffer.
    arriving: Option<usize>,
}

impl<'a, 'bound, T: MappedMemory<Direction: DeviceWrites>> Receiver<'a, 'bound, T> {
    /// Creates a receiver with room for `buffers` buffers.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(edu: &'a mut Edu<'bound>, buffers: usize) -> Result<Self> {
        Ok(Self {
            edu,
            posted: KVec::with_capacity(buffers, GFP_KERNEL)?,
            arriving: None,
        })
    }

    /// Posts `buffer`, after those that are posted already.
    ///
    /// # Errors
    ///
    /// [`Returned`] with `ENOSPC` if there is no room, or `EXDEV` if it is mapped for another
    /// device.
    pub(crate) fn post(&mut self, buffer: T) -> Result<(), Returned<T>> {
        let flight = self.edu.bus().submit(buffer)?;

        self.posted
            .push_within_capacity(flight)
            .map_err(|error| Returned {
                error: ENOSPC,
                // It was not exposed, so it comes back.
                mapped: error.0.cancel().ok(),
            })
    }

    /// Sends `frame` to the device, which begins to write it to the first buffer. Sleeps.
    ///
    /// # Errors
    ///
    /// With the frame: `EBUSY` while another frame arrives, `ENOBUFS` without a buffer, `EMSGSIZE`
    /// if the frame does not fit into the buffer, or this has several segments; those of
    /// [`Edu::send`].
    pub(crate) fn loop_back<S>(&mut self, frame: S) -> Result<(), Returned<S>>
    where
        S: MappedMemory<Direction: DeviceReads>,
    {
        let len = frame.len();
        // Before an address is read: afterwards a buffer that is dropped is leaked.
        let error = match self.posted.first() {
            _ if self.arriving.is_some() => Some(EBUSY),
            None => Some(ENOBUFS),
            Some(buffer) => (buffer.nents() != 1 || len > buffer.len()).then_some(EMSGSIZE),
        };

        if let Some(error) = error {
            return Err(Returned::new(error, frame));
        }

        let frame = self.edu.send(frame)?;

        self.write_first(len)
            .map_err(|error| Returned::new(error, frame))
    }

    /// Starts to write `len` bytes, which fit, to the first buffer, which is one segment.
    fn write_first(&mut self, len: usize) -> Result {
        let buffer = self.posted.first().ok_or(ENOBUFS)?;
        let segment = buffer.segments().next().ok_or(EMSGSIZE)?.slice(..len);
        let segment = segment.map_err(|_| EMSGSIZE)?;

        // SAFETY: The bytes must be mapped, for the device to write, until it has stopped: the
        // buffer is in flight until `wait` or `drop` has found that.
        unsafe {
            self.edu
                .start(Direction::ToMemory, segment.address(), 0, len)?
        };
        // INVARIANT: That of the first buffer.
        self.arriving = Some(len);
        Ok(())
    }

    /// Waits until the frame that arrives has arrived; returns its buffer and length. Sleeps.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if none arrives, `ETIMEDOUT` if the device does not end: wait again.
    pub(crate) fn wait(&mut self) -> Result<(T, usize)> {
        let len = self.arriving.ok_or(EAGAIN)?;

        self.edu.wait()?;
        self.arriving = None;

        let buffer = self.posted.remove(0).map_err(|_| EAGAIN)?;

        // SAFETY: The device must not use the buffer any more: it has completed its command.
        Ok((unsafe { buffer.complete() }, len))
    }
}

impl<T: MappedMemory<Direction: DeviceWrites>> Drop for Receiver<'_, '_, T> {
    fn drop(&mut self) {
        // The first buffer is leaked if the device does not stop. The others are unmapped, or go
        // back to their pool: the device does not know them.
        if self.arriving.is_some() {
            drop(self.wait());
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The channel's part of the MFIFO.
//!
//! The MFIFO is made of lines as wide as the bus. A load puts each byte into the lane of a line in
//! which the store will need it, so it is the *destination* that decides how many lines a burst
//! takes: 128 bytes for an address that is not a multiple of an 8-byte bus take 17 lines, not 16.
//! Capacity therefore counts in lines; a count of bytes alone would let such a program pass.

use super::{
    control::{
        Burst,
        Side, //
    },
    Error, //
};
use std::collections::VecDeque;

/// A byte and the lane that it waits in, counted through all lines there have ever been.
#[derive(Clone, Copy, Debug)]
struct Placed {
    byte: u8,
    slot: u64,
}

#[derive(Debug)]
pub(super) struct Mfifo {
    width: u64,
    share: u64,
    queue: VecDeque<Placed>,
    most_lines: u64,
}

impl Mfifo {
    /// An empty one of `share` lines of `width` bytes.
    pub(super) fn new(width: u32, share: u32) -> Self {
        Self {
            width: width.into(),
            share: share.into(),
            queue: VecDeque::new(),
            most_lines: 0,
        }
    }

    /// Returns the number of bytes that wait for a store.
    pub(super) fn len(&self) -> u32 {
        self.queue.len() as u32
    }

    /// The most lines that were ever in use.
    pub(super) fn most_lines(&self) -> u64 {
        self.most_lines
    }

    /// Takes in a beat of a load whose data will go to `address` and on, as `side` says.
    ///
    /// A fixed source or destination needs more lines than its bytes would. How many more is not
    /// documented: here, a line for each beat.
    pub(super) fn load(
        &mut self,
        beat: &[u8],
        source: Side,
        address: u64,
        side: Side,
    ) -> Result<(), Error> {
        let mut fresh = !source.increment;

        for &byte in beat {
            let queued = u64::from(self.len());
            let offset = if side.increment {
                queued
            } else {
                queued % u64::from(side.size)
            };
            let lane = (address + offset) % self.width;

            fresh |= lane == 0 || (!side.increment && offset == 0);

            let line = match self.queue.back() {
                None => 0,
                Some(last) if fresh => last.slot / self.width + 1,
                Some(last) if last.slot % self.width + 1 == lane => last.slot / self.width,
                Some(_) => return Err(Error::WrongLane),
            };

            self.queue.push_back(Placed {
                byte,
                slot: line * self.width + lane,
            });
            fresh = false;
        }

        let lines = self.lines();

        self.most_lines = self.most_lines.max(lines);
        if lines > self.share {
            return Err(Error::MfifoFull {
                lines,
                share: self.share,
            });
        }
        Ok(())
    }

    /// Hands out the data of a store.
    pub(super) fn store(&mut self, burst: Burst) -> Result<Vec<u8>, Error> {
        if burst.bytes() > self.len() {
            return Err(Error::NoData {
                needed: burst.bytes(),
                available: self.len(),
            });
        }

        let mut data = Vec::with_capacity(burst.bytes() as usize);

        for (address, len) in burst.beats() {
            for offset in 0..u64::from(len) {
                // Counted above.
                let Placed { byte, slot } = self.queue.pop_front().unwrap();

                if (u64::from(address) + offset) % self.width != slot % self.width {
                    return Err(Error::WrongLane);
                }
                data.push(byte);
            }
        }
        Ok(data)
    }

    /// Lines in use. One that a store has emptied in part still counts.
    pub(super) fn lines(&self) -> u64 {
        match (self.queue.front(), self.queue.back()) {
            (Some(first), Some(last)) => last.slot / self.width - first.slot / self.width + 1,
            _ => 0,
        }
    }
}

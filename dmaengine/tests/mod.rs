// SPDX-License-Identifier: GPL-2.0

//! KUnit suites of providers, with one that copies by CPU and a client.

mod client;
mod cookies;
mod cpu;
mod lifetime;
mod memory;
mod of;
mod slave;
mod terminate;

use core::ptr;

use kernel::{
    prelude::*,
    sync::Arc,
    time::{
        delay::fsleep,
        Delta, //
    },
};

use super::{
    ffi::c,
    Registration,
    TxError,
    TxResult, //
};
use crate::{
    dma::{
        Bidirectional,
        Buffer,
        BusMaster,
        DmaDevice,
        InFlight,
        Mapping, //
    },
    fixture::{
        self,
        TestDevice, //
    }, //
};
use client::{
    Calls,
    Client,
    Tx, //
};
use cpu::{
    Cpu,
    Line,
    Mode, //
};

/// Memory of a client that is mapped for a device.
///
/// The tests end its transfers before they drop it.
struct Mapped<'a>(Option<InFlight<Mapping<'a, Buffer, Bidirectional>, u32>>);

impl<'a> Mapped<'a> {
    /// Maps `len` bytes of the pattern `seed`.
    fn new(dev: &'a DmaDevice, len: usize, seed: u8) -> Result<Self> {
        let mut buffer = Buffer::zeroed(len, GFP_KERNEL)?;

        fixture::fill(seed, 0, &mut buffer);

        let mapping = Mapping::new(dev, buffer)?;

        Ok(Self(Some(BusMaster::new(dev)?.submit(mapping)?)))
    }

    /// Returns its bus address.
    fn address(&self) -> u64 {
        let mut segments = self.0.iter().flat_map(|flight| flight.segments());

        segments.next().map_or(0, |it| it.address().into())
    }

    /// Returns the mapping, when no transfer uses it.
    fn complete(&mut self) -> Option<Mapping<'a, Buffer, Bidirectional>> {
        let flight = self.0.take()?;

        // SAFETY: The device must not use the memory: the test has ended its transfers.
        Some(unsafe { flight.complete() })
    }

    /// Returns the bytes, when no transfer uses them.
    fn bytes(mut self) -> Result<KVec<u8>> {
        let mut mapping = self.complete().ok_or(ENOENT)?;
        let mut bytes = KVec::new();

        bytes.extend_from_slice(mapping.for_cpu(..)?, GFP_KERNEL)?;
        Ok(bytes)
    }
}

impl Drop for Mapped<'_> {
    fn drop(&mut self) {
        drop(self.complete());
    }
}

/// Device with one channel, and a client that holds it.
struct Rig<'a> {
    client: Client,
    registration: Registration<Cpu>,
    line: Arc<Line>,
    /// Memory of the copies.
    memory: Mapped<'a>,
}

impl<'a> Rig<'a> {
    /// Registers a memory device.
    fn memory(dev: &'a DmaDevice, mode: Mode) -> Result<Self> {
        let line = Line::new(mode)?;

        Ok(Self {
            // In this order: a device is registered before its channel is requested.
            registration: memory_device(dev, &line)?,
            client: Client::memory(dev)?,
            memory: Mapped::new(dev, 1000, 1)?,
            line,
        })
    }

    /// Registers a slave device.
    fn slave(dev: &'a DmaDevice) -> Result<Self> {
        let line = Line::new(Mode::ByHand)?;

        Ok(Self {
            registration: slave_device(dev, &line)?,
            client: Client::slave(dev)?,
            memory: Mapped::new(dev, 1000, 1)?,
            line,
        })
    }

    /// Prepares a copy of 100 bytes.
    fn tx(&self) -> Result<Tx> {
        let address = self.memory.address();

        self.client.memcpy(address + 500, address, 100, 0)
    }

    /// Submits a copy with a plain callback, and returns its cookie.
    fn submit(&self, calls: &Calls) -> Result<c::dma_cookie_t> {
        let tx = self.tx()?;

        tx.set_callback(calls);
        Ok(tx.submit())
    }

    /// Submits a copy with a callback that gets the result, and returns its cookie.
    fn submit_for_result(&self, calls: &Calls) -> Result<c::dma_cookie_t> {
        let tx = self.tx()?;

        tx.set_callback_result(calls);
        Ok(tx.submit())
    }

    /// Does the job at `index` if `result` is a success, and completes it.
    fn complete(&self, index: usize, result: TxResult) -> Result {
        self.registration
            .provider()
            .complete(self.line.take(index)?, result);
        Ok(())
    }
}

/// Registers a memory device.
fn memory_device(dev: &DmaDevice, line: &Arc<Line>) -> Result<Registration<Cpu>> {
    // SAFETY: The tests drop it before they drop `TestDevice`, and release channels before.
    unsafe { Registration::new_memory(dev.as_device(), Cpu::new(dev), [line.clone()]) }
}

/// Registers a slave device.
fn slave_device(dev: &DmaDevice, line: &Arc<Line>) -> Result<Registration<Cpu>> {
    // SAFETY: The tests drop it before they drop `TestDevice`, and release channels before.
    unsafe { Registration::new_slave(dev.as_device(), Cpu::new(dev), [line.clone()]) }
}

/// Waits until `condition` is true, at most for 5 s.
fn soon(condition: impl Fn() -> bool) -> bool {
    for _ in 0..5_000 {
        if condition() {
            return true;
        }
        fsleep(Delta::from_millis(1));
    }
    condition()
}

/// Returns true if `condition` stays false for 50 ms, which are enough for a tasklet.
fn never(condition: impl Fn() -> bool) -> bool {
    fsleep(Delta::from_millis(50));
    !condition()
}

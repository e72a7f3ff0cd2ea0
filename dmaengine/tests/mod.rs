// SPDX-License-Identifier: GPL-2.0

//! KUnit suites of providers, with one that copies by CPU and a client.

mod client;
mod cookies;
mod cpu;
mod lifetime;
mod memory;
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
    Registration, //
};
use crate::{
    dma::{
        as_raw,
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
use cpu::{
    Cpu,
    Line, //
};

/// Memory of a client that is mapped for a device.
struct Mapped<'a>(InFlight<Mapping<'a, Buffer, Bidirectional>, u32>);

impl<'a> Mapped<'a> {
    /// Maps `len` bytes of the pattern `seed`.
    fn new(dev: &'a DmaDevice, len: usize, seed: u8) -> Result<Self> {
        let mut buffer = Buffer::zeroed(len, GFP_KERNEL)?;

        fixture::fill(seed, 0, &mut buffer);

        let mapping = Mapping::new(dev, buffer)?;

        Ok(Self(BusMaster::new(dev)?.submit(mapping)?))
    }

    /// Returns its bus address.
    fn address(&self) -> u64 {
        self.0.segments().next().map_or(0, |it| it.address().into())
    }

    /// Returns the bytes, when no transfer uses them.
    fn bytes(self) -> Result<KVec<u8>> {
        // SAFETY: The device must not use the memory: the caller has waited for its transfers.
        let mut mapping = unsafe { self.0.complete() };
        let mut bytes = KVec::new();

        bytes.extend_from_slice(mapping.for_cpu(..)?, GFP_KERNEL)?;
        Ok(bytes)
    }
}

/// Registers a memory device with `count` channels that work by hand.
fn memory_device(dev: &DmaDevice, lines: &[Arc<Line>]) -> Result<Registration<Cpu>> {
    // SAFETY: The tests drop it before they drop `TestDevice`, and release channels before.
    unsafe { Registration::new_memory(dev.as_device(), Cpu::new(dev), lines.iter().cloned()) }
}

/// Registers a slave device.
fn slave_device(dev: &DmaDevice, lines: &[Arc<Line>]) -> Result<Registration<Cpu>> {
    // SAFETY: The tests drop it before they drop `TestDevice`, and release channels before.
    unsafe { Registration::new_slave(dev.as_device(), Cpu::new(dev), lines.iter().cloned()) }
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

// SPDX-License-Identifier: GPL-2.0

//! The engine: what tells the device addresses, and knows when it is done with them.
//!
//! QEMU's `docs/specs/edu.rst` describes the device. It has a buffer of 4096 bytes, and moves bytes
//! between that and memory, in one order after the other.

use core::{
    ops::Range,
    ptr, //
};

use kernel::{
    bindings,
    device::{
        Bound,
        Core, //
    },
    io::{
        poll::read_poll_timeout,
        register,
        Io, //
    },
    pci,
    prelude::*,
    time::Delta, //
};

use crate::{
    dma::{
        DeviceReads,
        DeviceWrites,
        Direction,
        DmaDevice,
        Mapping,
        Memory, //
    },
    sg::{
        MappedList,
        Scattered,
        Segments, //
    }, //
};

/// How many bits the addresses have that it can express.
pub(crate) const ADDRESS_BITS: u32 = 28;

/// The length of its buffer in bytes.
pub(crate) const BUFFER_LEN: usize = 4096;

/// Where the buffer is, in addresses of its own.
const BUFFER: u32 = 0x40000;

/// How often is looked whether it is done.
const INTERVAL: Delta = Delta::from_millis(1);

/// The part of the register block that is used, in bytes.
const SIZE: usize = 0xa0;

register! {
    /// What it is.
    ID(u32) @ 0x00 {
        31:24   major;
        23:16   minor;
        /// [`KIND`].
        15:0    kind;
    }

    /// Where the bytes come from.
    SOURCE(u32) @ 0x80 {
        31:0    address;
    }

    /// Where they go.
    DESTINATION(u32) @ 0x88 {
        31:0    address;
    }

    /// How many they are.
    COUNT(u32) @ 0x90 {
        31:0    bytes;
    }

    /// What to do with them. Nothing else is taken while it does that.
    COMMAND(u32) @ 0x98 {
        /// From its buffer to memory; or else from memory to its buffer.
        1:1     to_memory => bool;
        /// Until it is done.
        0:0     running => bool;
    }
}

/// The lower half of [`ID`].
const KIND: u32 = 0x00ed;

/// Which way bytes go.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    FromMemory,
    ToMemory,
}

/// An `edu` device, which reaches memory until this is dropped.
///
/// # Examples
///
/// ```ignore
/// let list = Table::new(dev, pages, GFP_KERNEL)?.map::<FromDevice>()?;
/// let (source, list) = edu.copy(source, list)?;   // owns both meanwhile, then gives them back
/// ```
pub(crate) struct Edu<'bound> {
    pdev: &'bound pci::Device<Bound>,
    dev: &'bound DmaDevice,
    bar: pci::Bar<'bound, SIZE>,
    timeout: Delta,
    /// How many orders it has carried out.
    orders: usize,
    /// Below the registers: these answer until then.
    _enabled: Enabled<'bound>,
}

/// A PCI device that answers. Dropped, it is given up, and does not reach memory any more if nobody else has
/// enabled it.
///
/// C functions: `pci_enable_device_mem()`, `pci_disable_device()`.
struct Enabled<'bound>(&'bound pci::Device<Bound>);

impl<'bound> Enabled<'bound> {
    fn new(pdev: &'bound pci::Device<Core<'_>>) -> Result<Self> {
        pdev.enable_device_mem()?;
        Ok(Self(pdev))
    }
}

impl Drop for Enabled<'_> {
    fn drop(&mut self) {
        // SAFETY: The device is bound, and `new` has enabled it once.
        unsafe { bindings::pci_disable_device(as_raw(self.0)) };
    }
}

/// The `struct pci_dev` behind `pdev`.
fn as_raw(pdev: &pci::Device<Bound>) -> *mut bindings::pci_dev {
    // CAST: `pci::Device` is transparent over it.
    ptr::from_ref(pdev).cast_mut().cast()
}

impl<'bound> Edu<'bound> {
    /// The device of `pdev`, which may take as long as `timeout` for an order.
    ///
    /// # Errors
    ///
    /// `ENODEV` if it is something else; `EBUSY` if others have its registers, or it is still at an order that
    /// a driver before gave it; `ENOMEM`.
    pub(crate) fn new(
        pdev: &'bound pci::Device<Core<'_>>,
        dev: &'bound DmaDevice,
        timeout: Delta,
    ) -> Result<Self> {
        let enabled = Enabled::new(pdev)?;
        let bar = pdev.iomap_region_sized::<SIZE>(0, c"rk3588_dma_edu")?;
        let id = bar.read(ID);

        if id.kind() != KIND {
            return Err(ENODEV);
        }
        dev_info!(pdev, "edu {}.{}\n", id.major().get(), id.minor().get());

        // What it is told from here on, and nothing that it was told before.
        expect_idle(&bar)?;
        pdev.set_master();
        Ok(Self {
            pdev,
            dev,
            bar,
            timeout,
            orders: 0,
            _enabled: enabled,
        })
    }

    /// How many orders it has carried out so far.
    pub(crate) fn orders(&self) -> usize {
        self.orders
    }

    /// Has the device read `mapping` into the beginning of its buffer.
    ///
    /// # Errors
    ///
    /// `EMSGSIZE` if that is longer than the buffer, and those of [`copy`](Self::copy).
    pub(crate) fn send<'dev, M: Memory, D: DeviceReads>(
        &mut self,
        mapping: Mapping<'dev, M, D>,
    ) -> Result<Mapping<'dev, M, D>> {
        self.transfer(Way::FromMemory, mapping)
    }

    /// Has the device write the beginning of its buffer to `mapping`.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub(crate) fn receive<'dev, M: Memory, D: DeviceWrites>(
        &mut self,
        mapping: Mapping<'dev, M, D>,
    ) -> Result<Mapping<'dev, M, D>> {
        self.transfer(Way::ToMemory, mapping)
    }

    fn transfer<'dev, M: Memory, D: Direction>(
        &mut self,
        way: Way,
        mapping: Mapping<'dev, M, D>,
    ) -> Result<Mapping<'dev, M, D>> {
        if mapping.len() > BUFFER_LEN {
            return Err(EMSGSIZE);
        }
        if !mapping.is_for(self.dev) {
            return Err(EINVAL);
        }
        self.expect_idle()?;

        let flight = mapping.submit();
        let address = match flight.address().to_bus32(0) {
            Ok(address) => address,
            Err(error) => {
                // SAFETY: The device was told nothing.
                drop(unsafe { flight.complete() });
                return Err(error);
            }
        };

        // SAFETY: These bytes are mapped, in a direction that `way` goes with. On failure `flight` is
        // dropped, and so not unmapped.
        unsafe { self.order(way, address, 0, flight.len())? };
        // SAFETY: The device has carried the order out, and has no other.
        Ok(unsafe { flight.complete() })
    }

    /// Has the device copy `source` to `destination`, which are as long.
    ///
    /// Where a segment of the one ends is nothing to the other: the device reads as much as its buffer
    /// holds, out of however many segments, and writes it to however many.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if they are not as long, or not mapped for this device;
    /// - `EBUSY` if the device is still at an order that it did not end in time;
    /// - `EOVERFLOW` if it cannot express an address;
    /// - `ETIMEDOUT` if it does not end this one. The memory of both is lost then, since the device may still
    ///   use it.
    ///
    /// In all other cases both are unmapped, and the memory is freed.
    pub(crate) fn copy<'dev, S, SD, T, TD>(
        &mut self,
        source: MappedList<'dev, S, SD>,
        destination: MappedList<'dev, T, TD>,
    ) -> Result<(MappedList<'dev, S, SD>, MappedList<'dev, T, TD>)>
    where
        S: Scattered,
        SD: DeviceReads,
        T: Scattered,
        TD: DeviceWrites,
    {
        let len = source.len();

        if destination.len() != len || !source.is_for(self.dev) || !destination.is_for(self.dev) {
            return Err(EINVAL);
        }
        self.expect_idle()?;

        let (source, destination) = (source.submit(), destination.submit());
        let can_all_be_told = Iterator::chain(source.segments(), destination.segments())
            .try_for_each(|segment| segment.address().to_bus32(segment.len() - 1).map(drop));

        if let Err(error) = can_all_be_told {
            // SAFETY: The device was told nothing.
            drop(unsafe { (source.complete(), destination.complete()) });
            return Err(error);
        }

        for start in (0..len).step_by(BUFFER_LEN) {
            let window = start..len.min(start + BUFFER_LEN);

            // SAFETY: The segments are mapped, the source for reading and the destination for writing. On
            // failure both lists are dropped in flight, and so not unmapped.
            unsafe {
                self.order_each(Way::FromMemory, source.segments(), window.clone())?;
                self.order_each(Way::ToMemory, destination.segments(), window)?;
            }
        }
        // SAFETY: The device has carried all orders out, and has no other.
        Ok(unsafe { (source.complete(), destination.complete()) })
    }

    /// Moves the bytes of `window`, at most as many as the buffer holds, between that and these
    /// segments.
    ///
    /// # Errors
    ///
    /// As [`order`](Self::order), and `EOVERFLOW`.
    ///
    /// # Safety
    ///
    /// As [`order`](Self::order), for all of them.
    unsafe fn order_each(
        &mut self,
        way: Way,
        segments: Segments<'_>,
        window: Range<usize>,
    ) -> Result {
        let mut at = 0;

        for segment in segments.within(window) {
            // SAFETY: By the caller's promise.
            unsafe { self.order(way, segment.address().to_bus32(0)?, at, segment.len())? };
            at += segment.len();
        }
        Ok(())
    }

    /// Moves `len` bytes between `address` and the buffer from `at` on, and waits until that is done.
    ///
    /// # Errors
    ///
    /// `EINVAL` if they are not inside the buffer, `ETIMEDOUT` if it is not done in time.
    ///
    /// # Safety
    ///
    /// These bytes are mapped for the device, in a direction that goes with `way`; or nobody minds what becomes
    /// of those that it reaches at these addresses. They stay so if this fails.
    unsafe fn order(&mut self, way: Way, address: u32, at: usize, len: usize) -> Result {
        if at > BUFFER_LEN || len > BUFFER_LEN - at {
            return Err(EINVAL);
        }

        // CAST: Both are no more than the length of the buffer.
        let (at, len) = (at as u32, len as u32);
        let (source, destination) = match way {
            Way::FromMemory => (address, BUFFER + at),
            Way::ToMemory => (BUFFER + at, address),
        };

        self.bar.write_reg(SOURCE::from(source));
        self.bar.write_reg(DESTINATION::from(destination));
        self.bar.write_reg(COUNT::from(len));
        // Ordered after all writes to memory, as a write to a register is.
        self.bar.write_reg(
            COMMAND::zeroed()
                .with_to_memory(way == Way::ToMemory)
                .with_running(true),
        );

        self.wait()?;
        self.orders += 1;
        Ok(())
    }

    /// Waits until it is done with what it was told. May sleep.
    ///
    /// # Errors
    ///
    /// `ETIMEDOUT`.
    fn wait(&self) -> Result {
        // On PCI the answer to a read does not overtake what the device wrote before.
        read_poll_timeout(
            || Ok(self.bar.read(COMMAND)),
            |command| !command.running(),
            INTERVAL,
            self.timeout,
        )?;
        Ok(())
    }

    /// Looks whether it is idle.
    ///
    /// # Errors
    ///
    /// `EBUSY` if it is still at an order that it did not end in time.
    pub(crate) fn expect_idle(&self) -> Result {
        expect_idle(&self.bar)
    }
}

fn expect_idle(bar: &pci::Bar<'_, SIZE>) -> Result {
    match bar.read(COMMAND).running() {
        true => Err(EBUSY),
        false => Ok(()),
    }
}

impl Drop for Edu<'_> {
    fn drop(&mut self) {
        // Memory that it is at stays mapped, but only as long as the device is bound.
        if self.wait().is_err() {
            dev_warn!(
                self.pdev,
                "it is still at an order, and is cut off from memory\n"
            );
        }
        // SAFETY: The device is bound to this driver, which has set what is taken back.
        unsafe { bindings::pci_clear_master(as_raw(self.pdev)) };
    }
}

/// Addresses, and how many bytes follow each other from there on.
pub(crate) type Extents = KVec<(u64, usize)>;

/// For the demonstration: to look at addresses, and to have one used that is no more.
impl Edu<'_> {
    /// Where the device would find `mapping`.
    pub(crate) fn address_of<'dev, M: Memory, D: Direction>(
        mapping: Mapping<'dev, M, D>,
    ) -> (Mapping<'dev, M, D>, u64) {
        let flight = mapping.submit();
        let address = flight.address().as_raw();

        // SAFETY: The device was told nothing.
        (unsafe { flight.complete() }, address)
    }

    /// Where the device would find the bytes of `list`: an address and a length for each segment.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn segments_of<'dev, M: Scattered, D: Direction>(
        list: MappedList<'dev, M, D>,
    ) -> Result<(MappedList<'dev, M, D>, Extents)> {
        let flight = list.submit();
        let mut segments = Extents::new();
        let result = flight.segments().try_for_each(|segment| {
            segments.push((segment.address().as_raw(), segment.len()), GFP_KERNEL)
        });
        // SAFETY: The device was told nothing.
        let list = unsafe { flight.complete() };

        result?;
        Ok((list, segments))
    }

    /// Has the device write the first `len` bytes of its buffer to `address`, which is not mapped.
    ///
    /// # Errors
    ///
    /// As [`copy`](Self::copy).
    ///
    /// # Safety
    ///
    /// Whatever the device reaches there is the caller's, who does not mind if it is overwritten, even after
    /// this has failed.
    pub(crate) unsafe fn write_to_unmapped(&mut self, address: u32, len: usize) -> Result {
        self.expect_idle()?;
        // SAFETY: By the caller's promise.
        unsafe { self.order(Way::ToMemory, address, 0, len) }
    }
}

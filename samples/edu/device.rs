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
        BusMaster,
        DeviceReads,
        DeviceWrites,
        Direction,
        DmaDevice,
        MappedMemory,
        Mapping,
        Memory,
        Pair,
        Segment, //
    },
    sg::window, //
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

/// The lower half of [`ID`](struct@ID).
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
/// ```
/// # fn copy<'bound>(
/// #     edu: &mut Edu<'bound>,
/// #     dev: &'bound DmaDevice,
/// #     source: Mapping<'bound, Buffer, ToDevice>,
/// # ) -> Result {
/// # let pages = VVec::from_elem(0u8, source.len(), GFP_KERNEL)?;
/// let list = SgTable::new(dev, pages, GFP_KERNEL)?.map::<FromDevice>()?;
/// let (source, list) = edu.copy(source, list)?;   // owns both meanwhile, then gives them back
/// # Ok(())
/// # }
/// ```
pub(crate) struct Edu<'bound> {
    pdev: &'bound pci::Device<Bound>,
    bus: BusMaster<'bound, u32>,
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
            bus: BusMaster::new(dev)?,
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

    /// Has the device read `mapped` into the beginning of its buffer.
    ///
    /// # Errors
    ///
    /// `EMSGSIZE` if that is longer than the buffer, and those of [`copy`](Self::copy).
    pub(crate) fn send<T>(&mut self, mapped: T) -> Result<T>
    where
        T: MappedMemory<Direction: DeviceReads>,
    {
        self.transfer(Way::FromMemory, mapped)
    }

    /// Has the device write the beginning of its buffer to `mapped`.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub(crate) fn receive<T>(&mut self, mapped: T) -> Result<T>
    where
        T: MappedMemory<Direction: DeviceWrites>,
    {
        self.transfer(Way::ToMemory, mapped)
    }

    fn transfer<T: MappedMemory>(&mut self, way: Way, mapped: T) -> Result<T> {
        if mapped.len() > BUFFER_LEN {
            return Err(EMSGSIZE);
        }
        self.expect_idle()?;

        let flight = self.bus.submit(mapped)?;

        // SAFETY: The segments must be mapped, and stay so on failure: `flight` is leaked then.
        unsafe { self.order_each(way, flight.segments(), 0..flight.len())? };
        // SAFETY: The device must not use the mapping: it has carried all orders out.
        Ok(unsafe { flight.complete() })
    }

    /// Has the device copy `source` to `destination`, which has the same length.
    ///
    /// Where a segment of the source ends is nothing to the destination: the device reads up to
    /// [`BUFFER_LEN`] bytes from any number of segments, and writes them to any number.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if the lengths differ;
    /// - `EXDEV` if one is mapped for another device;
    /// - `EBUSY` if the device is still at an order that it did not end in time;
    /// - `ETIMEDOUT` if it does not end this one. The memory of both is leaked then, since the device
    ///   may still use it.
    ///
    /// In all other cases both are unmapped, and the memory is freed.
    pub(crate) fn copy<S, D>(&mut self, source: S, destination: D) -> Result<(S, D)>
    where
        S: MappedMemory<Direction: DeviceReads>,
        D: MappedMemory<Direction: DeviceWrites>,
    {
        let len = source.len();

        if destination.len() != len {
            return Err(EINVAL);
        }
        self.expect_idle()?;

        let flight = self.bus.submit(Pair {
            source,
            destination,
        })?;
        let sides = flight.each_ref();

        for start in (0..len).step_by(BUFFER_LEN) {
            let range = start..len.min(start + BUFFER_LEN);

            // SAFETY: The segments must be mapped, the source for reading and the destination for
            // writing, and stay so on failure: `flight` is leaked then.
            unsafe {
                self.order_each(Way::FromMemory, sides.source.segments(), range.clone())?;
                self.order_each(Way::ToMemory, sides.destination.segments(), range)?;
            }
        }

        // SAFETY: The device must not use the mappings: it has carried all orders out.
        let Pair {
            source,
            destination,
        } = unsafe { flight.complete() };

        Ok((source, destination))
    }

    /// Moves the bytes of `range` of these segments, at most [`BUFFER_LEN`], to or from the buffer.
    ///
    /// # Errors
    ///
    /// Those of [`order`](Self::order).
    ///
    /// # Safety
    ///
    /// That of [`order`](Self::order), for all of them.
    unsafe fn order_each<'a>(
        &mut self,
        way: Way,
        segments: impl Iterator<Item = Segment<'a, u32>> + Clone,
        range: Range<usize>,
    ) -> Result {
        let mut at = 0;

        for segment in window(segments, range) {
            // SAFETY: The caller guarantees what `order` requires.
            unsafe { self.order(way, segment.address(), at, segment.len())? };
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
    /// Returns the mapping and its bus address.
    ///
    /// # Errors
    ///
    /// `EXDEV` if it is mapped for another device.
    pub(crate) fn address_of<'dev, M: Memory, D: Direction>(
        dev: &DmaDevice,
        mapping: Mapping<'dev, M, D>,
    ) -> Result<(Mapping<'dev, M, D>, u64)> {
        let (mapping, segments) = Self::segments_of(dev, mapping)?;
        let &(address, _) = segments.first().ok_or(EINVAL)?;

        Ok((mapping, address))
    }

    /// Returns `mapped`, and the bus address and length of each segment.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EXDEV` if it is mapped for another device.
    pub(crate) fn segments_of<T: MappedMemory>(dev: &DmaDevice, mapped: T) -> Result<(T, Extents)> {
        let flight = BusMaster::<u64>::new(dev)?.submit(mapped)?;
        let mut segments = Extents::new();
        let result = flight
            .segments()
            .try_for_each(|segment| segments.push((segment.address(), segment.len()), GFP_KERNEL));
        // SAFETY: The device must not use the mapping: it was not programmed with its addresses.
        let mapped = unsafe { flight.complete() };

        result?;
        Ok((mapped, segments))
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

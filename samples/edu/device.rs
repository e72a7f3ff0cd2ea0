// SPDX-License-Identifier: GPL-2.0

//! Engine: programs the device with bus addresses, and waits until it has stopped using them.
//!
//! QEMU's `docs/specs/edu.rst` describes the device. It has a buffer of 4096 bytes, and copies
//! between the buffer and memory, one command at a time.

use core::{
    ops::Range,
    ptr, //
};

use kernel::{
    bindings,
    device::{
        Bound,
        Core,
        Device, //
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
    bindings::as_raw as raw_device,
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

/// Number of address bits of the device.
pub(crate) const ADDRESS_BITS: u32 = 28;

/// Length of the device's buffer in bytes.
pub(crate) const BUFFER_LEN: usize = 4096;

/// Address of the buffer in the device's own address space.
const BUFFER: u32 = 0x40000;

/// Time between two reads of [`const@COMMAND`] while the device runs.
const INTERVAL: Delta = Delta::from_millis(1);

/// Size of the used part of the register block in bytes.
const SIZE: usize = 0xa0;

register! {
    /// Identification and version.
    ID(u32) @ 0x00 {
        31:24   major;
        23:16   minor;
        /// Kind of device: [`KIND`].
        15:0    kind;
    }

    /// Source: a bus address, or an address in [`BUFFER`].
    SOURCE(u32) @ 0x80 {
        31:0    address;
    }

    /// Destination: a bus address, or an address in [`BUFFER`].
    DESTINATION(u32) @ 0x88 {
        31:0    address;
    }

    /// Number of bytes to copy.
    COUNT(u32) @ 0x90 {
        31:0    bytes;
    }

    /// Command. While one runs, the device ignores writes to these four registers.
    COMMAND(u32) @ 0x98 {
        /// True to copy from the buffer to memory, false to copy from memory to the buffer.
        1:1     to_memory => bool;
        /// Written as true to start; false when the command has ended.
        0:0     running => bool;
    }
}

/// Lower half of [`ID`](struct@ID) of an `edu` device.
const KIND: u32 = 0x00ed;

/// Direction of a command.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    FromMemory,
    ToMemory,
}

/// An `edu` device that is enabled as bus master.
///
/// Dropping it waits for the running command, at most for the timeout, and disables bus mastering.
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
/// let (source, list) = edu.copy(source, list)?;   // owns both until the device has stopped
/// # Ok(())
/// # }
/// ```
pub(crate) struct Edu<'bound> {
    pdev: &'bound pci::Device<Bound>,
    bus: BusMaster<'bound, u32>,
    bar: pci::Bar<'bound, SIZE>,
    /// Maximum duration of a command.
    timeout: Delta,
    /// Number of completed commands.
    orders: usize,
    /// Dropped after `bar`: until then the registers respond.
    _enabled: Enabled<'bound>,
}

/// PCI device whose memory space is enabled.
///
/// The drop also disables bus mastering, unless the device was enabled elsewhere, too.
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
        // SAFETY: The device must be valid: it is bound. `new` enabled it once.
        unsafe { bindings::pci_disable_device(as_raw(self.0)) };
    }
}

/// Returns the `struct pci_dev` of `pdev`.
fn as_raw(pdev: &pci::Device<Bound>) -> *mut bindings::pci_dev {
    // CAST: `pci::Device` is `repr(transparent)` over `Opaque<bindings::pci_dev>`.
    ptr::from_ref(pdev).cast_mut().cast()
}

impl<'bound> Edu<'bound> {
    /// Enables `pdev` and returns its engine, which waits at most `timeout` for a command.
    ///
    /// May sleep. C functions: `pci_enable_device_mem()`, `pci_set_master()`.
    ///
    /// # Errors
    ///
    /// - `ENODEV` if it is not an `edu` device;
    /// - `EBUSY` if another driver has claimed the registers, or a command is still running;
    /// - `EINVAL` if `dev` is not that of `pdev`, or its DMA mask has more than 32 bits;
    /// - `ENOMEM`, and errors of `pci_enable_device_mem()`.
    pub(crate) fn new(
        pdev: &'bound pci::Device<Core<'_>>,
        dev: &'bound DmaDevice,
        timeout: Delta,
    ) -> Result<Self> {
        let parent: &Device<Core<'_>> = pdev.as_ref();

        if raw_device(dev.as_device()) != raw_device(parent) {
            return Err(EINVAL);
        }

        let bus = BusMaster::new(dev)?;
        let enabled = Enabled::new(pdev)?;
        let bar = pdev.iomap_region_sized::<SIZE>(0, c"rk3588_dma_edu")?;
        let id = bar.read(ID);

        if id.kind() != KIND {
            return Err(ENODEV);
        }
        dev_info!(pdev, "edu {}.{}\n", id.major().get(), id.minor().get());

        // Before bus mastering is enabled, so that no command of an earlier driver accesses memory.
        expect_idle(&bar)?;
        pdev.set_master();
        Ok(Self {
            pdev,
            bus,
            bar,
            timeout,
            orders: 0,
            _enabled: enabled,
        })
    }

    /// Returns the number of completed commands.
    pub(crate) fn orders(&self) -> usize {
        self.orders
    }

    /// Copies `mapped` to the beginning of the device's buffer, and returns it. May sleep.
    ///
    /// # Errors
    ///
    /// `EMSGSIZE` if `mapped` is longer than the buffer; `EXDEV`, `EBUSY` and `ETIMEDOUT` as in
    /// [`copy`](Self::copy).
    pub(crate) fn send<T>(&mut self, mapped: T) -> Result<T>
    where
        T: MappedMemory<Direction: DeviceReads>,
    {
        self.transfer(Way::FromMemory, mapped)
    }

    /// Copies the beginning of the device's buffer to `mapped`, and returns it. May sleep.
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

        // SAFETY: The segments must be mapped, also after a failure: `flight` is leaked then.
        unsafe { self.order_each(way, flight.segments(), 0..flight.len())? };
        // SAFETY: The device must not use the mapping: it has completed all commands.
        Ok(unsafe { flight.complete() })
    }

    /// Copies `source` to `destination` of the same length, and returns both. May sleep.
    ///
    /// The device reads up to [`BUFFER_LEN`] bytes from one or more segments, then writes them to
    /// one or more segments. The ends of source and destination segments are independent.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if the lengths differ;
    /// - `EXDEV` if one is mapped for another device;
    /// - `EBUSY` if a command that timed out is still running;
    /// - `ETIMEDOUT` if a command of this copy times out. The memory of both is leaked, because the
    ///   device may still use it.
    ///
    /// After other errors than `ETIMEDOUT`, both are unmapped and their memory is freed.
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
            // writing, also after a failure: `flight` is leaked then.
            unsafe {
                self.order_each(Way::FromMemory, sides.source.segments(), range.clone())?;
                self.order_each(Way::ToMemory, sides.destination.segments(), range)?;
            }
        }

        // SAFETY: The device must not use the mappings: it has completed all commands.
        let Pair {
            source,
            destination,
        } = unsafe { flight.complete() };

        Ok((source, destination))
    }

    /// Copies `range` of the segments, at most [`BUFFER_LEN`] bytes, to or from the buffer.
    ///
    /// # Errors
    ///
    /// Those of [`order`](Self::order).
    ///
    /// # Safety
    ///
    /// The requirement of [`order`](Self::order), for all segments.
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

    /// Copies `len` bytes between bus address `address` and offset `at` in the buffer. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the bytes are not inside the buffer, `ETIMEDOUT` if the command times out.
    ///
    /// # Safety
    ///
    /// The bytes at `address` are mapped for the device, in a direction that permits `way`.
    /// Otherwise, memory that the device reaches there has no user but the caller, who expects that
    /// it is overwritten. Both hold also after a failure, until the device has stopped.
    unsafe fn order(&mut self, way: Way, address: u32, at: usize, len: usize) -> Result {
        if at > BUFFER_LEN || len > BUFFER_LEN - at {
            return Err(EINVAL);
        }

        // CAST: Both are at most `BUFFER_LEN`.
        let (at, len) = (at as u32, len as u32);
        let (source, destination) = match way {
            Way::FromMemory => (address, BUFFER + at),
            Way::ToMemory => (BUFFER + at, address),
        };

        self.bar.write_reg(SOURCE::from(source));
        self.bar.write_reg(DESTINATION::from(destination));
        self.bar.write_reg(COUNT::from(len));
        // A register write is ordered after all earlier writes to memory, as `writel()` is.
        self.bar.write_reg(
            COMMAND::zeroed()
                .with_to_memory(way == Way::ToMemory)
                .with_running(true),
        );

        self.wait()?;
        self.orders += 1;
        Ok(())
    }

    /// Waits until the running command has ended. May sleep.
    ///
    /// # Errors
    ///
    /// `ETIMEDOUT` if it is still running after the timeout.
    fn wait(&self) -> Result {
        // On PCI the completion of a read does not pass earlier writes of the device, so these are
        // in memory.
        read_poll_timeout(
            || Ok(self.bar.read(COMMAND)),
            |command| !command.running(),
            INTERVAL,
            self.timeout,
        )?;
        Ok(())
    }

    /// Checks that no command is running.
    ///
    /// # Errors
    ///
    /// `EBUSY` if a command that timed out is still running.
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
        // Memory of a running command stays mapped, but only while the device is bound.
        if self.wait().is_err() {
            dev_warn!(
                self.pdev,
                "command still running: bus mastering is disabled\n"
            );
        }
        // SAFETY: The device must be valid: it is bound. `new` enabled bus mastering.
        unsafe { bindings::pci_clear_master(as_raw(self.pdev)) };
    }
}

/// Contiguous ranges: address, and length in bytes.
pub(crate) type Extents = KVec<(u64, usize)>;

/// Methods for the demonstration, which reads addresses and uses one after unmapping.
impl Edu<'_> {
    /// Returns the mapping and its bus address.
    ///
    /// # Errors
    ///
    /// Those of [`segments_of`](Self::segments_of).
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
    /// `ENOMEM`, or `EXDEV` if it is mapped for another device.
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

    /// Copies the first `len` bytes of the buffer to `address`, which is not mapped. May sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` and `ETIMEDOUT` as in [`copy`](Self::copy); `EINVAL` if `len` exceeds the buffer.
    ///
    /// # Safety
    ///
    /// Memory that the device reaches at `address` has no user but the caller, who expects that it
    /// is overwritten, also after a failure.
    pub(crate) unsafe fn write_to_unmapped(&mut self, address: u32, len: usize) -> Result {
        self.expect_idle()?;
        // SAFETY: Memory at `address` must have no user but the caller: the caller guarantees it.
        unsafe { self.order(Way::ToMemory, address, 0, len) }
    }
}

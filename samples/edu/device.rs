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
        Io, //
    },
    pci,
    prelude::*,
    time::Delta, //
};

use crate::{
    dma::{
        as_raw as raw_device,
        BusMaster,
        DeviceReads,
        DeviceWrites,
        DmaDevice,
        InFlight,
        Mapped,
        MappedMemory,
        Pair,
        Segment,
        WrongDevice, //
    },
    regs::*,
    sg::window, //
};

/// Length of the device's buffer in bytes.
pub(crate) const BUFFER_LEN: usize = 4096;

/// Address of the buffer in the device's own address space.
const BUFFER: u32 = 0x40000;

/// Time between two reads of [`const@COMMAND`] while the device runs.
const INTERVAL: Delta = Delta::from_millis(1);

/// Error of an operation, with the mappings that it was given.
///
/// Converts into its error, and drops the mappings.
pub(crate) struct Returned<T> {
    pub(crate) error: Error,
    /// Mappings; `None` if they are leaked, because the device may still use them.
    pub(crate) mapped: Option<T>,
}

impl<T> Returned<T> {
    pub(crate) fn new(error: Error, mapped: T) -> Self {
        Self {
            error,
            mapped: Some(mapped),
        }
    }
}

impl<T> From<WrongDevice<T>> for Returned<T> {
    fn from(WrongDevice(mapped): WrongDevice<T>) -> Self {
        Self::new(EXDEV, mapped)
    }
}

impl<T> From<Returned<T>> for Error {
    fn from(returned: Returned<T>) -> Self {
        returned.error
    }
}

/// Direction of a command.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Direction {
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
/// let pair = edu.copy(source, list)?;         // owns both until the device has stopped
/// let list = pair.destination.unmap();
/// # Ok(())
/// # }
/// ```
pub(crate) struct Edu<'bound> {
    pdev: &'bound pci::Device<Bound>,
    bus: BusMaster<'bound, u32>,
    bar: pci::Bar<'bound, SIZE>,
    /// Maximum duration of a command.
    timeout: Delta,
    /// Number of commands.
    commands: usize,
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
            commands: 0,
            _enabled: enabled,
        })
    }

    /// Returns the bus master.
    pub(crate) fn bus(&self) -> &BusMaster<'bound, u32> {
        &self.bus
    }

    /// Returns the number of commands.
    pub(crate) fn commands(&self) -> usize {
        self.commands
    }

    /// Copies `mapped` to the beginning of the device's buffer, and returns it. May sleep.
    ///
    /// # Errors
    ///
    /// `EMSGSIZE` if `mapped` is longer than the buffer; `EXDEV`, `EBUSY` and `ETIMEDOUT` as in
    /// [`copy`](Self::copy).
    pub(crate) fn send<T>(&mut self, mapped: T) -> Result<T, Returned<T>>
    where
        T: MappedMemory<Direction: DeviceReads>,
    {
        self.transfer(Direction::FromMemory, mapped)
    }

    /// Copies the beginning of the device's buffer to `mapped`, and returns it. May sleep.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub(crate) fn receive<T>(&mut self, mapped: T) -> Result<T, Returned<T>>
    where
        T: MappedMemory<Direction: DeviceWrites>,
    {
        self.transfer(Direction::ToMemory, mapped)
    }

    fn transfer<T: MappedMemory>(
        &mut self,
        direction: Direction,
        mapped: T,
    ) -> Result<T, Returned<T>> {
        if mapped.len() > BUFFER_LEN {
            return Err(Returned::new(EMSGSIZE, mapped));
        }
        if let Err(error) = self.expect_idle() {
            return Err(Returned::new(error, mapped));
        }

        let flight = self.bus.submit(mapped)?;
        // SAFETY: The segments must be mapped, also after a failure: `end` leaks `flight` then.
        let result = unsafe { self.run_each(direction, flight.segments(), 0..flight.len()) };

        self.end(flight, result)
    }

    /// Takes `flight` back after its commands, or leaks it if the device may still use it.
    fn end<T: Mapped>(&self, flight: InFlight<T, u32>, result: Result) -> Result<T, Returned<T>> {
        if let (Err(error), Err(_)) = (result, self.expect_idle()) {
            return Err(Returned {
                error,
                mapped: None,
            });
        }

        // SAFETY: The device must not use the mapping: it is idle, as it is after commands that
        // have completed.
        let mapped = unsafe { flight.complete() };

        match result {
            Ok(()) => Ok(mapped),
            Err(error) => Err(Returned::new(error, mapped)),
        }
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
    /// - `ETIMEDOUT` if a command of this copy times out. Both are leaked if the device still uses
    ///   them then.
    pub(crate) fn copy<S, D>(
        &mut self,
        source: S,
        destination: D,
    ) -> Result<Pair<S, D>, Returned<Pair<S, D>>>
    where
        S: MappedMemory<Direction: DeviceReads>,
        D: MappedMemory<Direction: DeviceWrites>,
    {
        let len = source.len();
        let is_same_len = destination.len() == len;
        let pair = Pair {
            source,
            destination,
        };

        if !is_same_len {
            return Err(Returned::new(EINVAL, pair));
        }
        if let Err(error) = self.expect_idle() {
            return Err(Returned::new(error, pair));
        }

        let flight = self.bus.submit(pair)?;
        let sides = flight.each_ref();
        let result = (0..len).step_by(BUFFER_LEN).try_for_each(|start| {
            let range = start..len.min(start + BUFFER_LEN);

            // SAFETY: The segments must be mapped, the source for reading and the destination for
            // writing, also after a failure: `end` leaks `flight` then.
            unsafe {
                self.run_each(
                    Direction::FromMemory,
                    sides.source.segments(),
                    range.clone(),
                )?;
                self.run_each(Direction::ToMemory, sides.destination.segments(), range)
            }
        });

        self.end(flight, result)
    }

    /// Copies `range` of the segments, at most [`BUFFER_LEN`] bytes, to or from the buffer.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    ///
    /// # Safety
    ///
    /// The requirement of [`run`](Self::run), for all segments.
    unsafe fn run_each<'a>(
        &mut self,
        direction: Direction,
        segments: impl Iterator<Item = Segment<'a, u32>> + Clone,
        range: Range<usize>,
    ) -> Result {
        let mut at = 0;

        for segment in window(segments, range) {
            // SAFETY: The caller guarantees what `run` requires.
            unsafe { self.run(direction, segment.address(), at, segment.len())? };
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
    /// The bytes at `address` are mapped for the device, in a direction that permits `direction`.
    /// Otherwise, memory that the device reaches there has no user but the caller, who expects that
    /// it is overwritten. Both hold also after a failure, until the device has stopped.
    unsafe fn run(&mut self, direction: Direction, address: u32, at: usize, len: usize) -> Result {
        // SAFETY: The caller guarantees what `start` requires.
        unsafe { self.start(direction, address, at, len)? };
        self.wait()
    }

    /// Starts a command as [`run`](Self::run) does, without waiting for its end.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the bytes are not inside the buffer, `EBUSY` while another command runs.
    ///
    /// # Safety
    ///
    /// That of [`run`](Self::run).
    pub(crate) unsafe fn start(
        &mut self,
        direction: Direction,
        address: u32,
        at: usize,
        len: usize,
    ) -> Result {
        self.expect_idle()?;
        if at > BUFFER_LEN || len > BUFFER_LEN - at {
            return Err(EINVAL);
        }

        // CAST: Both are at most `BUFFER_LEN`.
        let (at, len) = (at as u32, len as u32);
        let (source, destination) = match direction {
            Direction::FromMemory => (address, BUFFER + at),
            Direction::ToMemory => (BUFFER + at, address),
        };

        self.bar.write_reg(SOURCE::from(source));
        self.bar.write_reg(DESTINATION::from(destination));
        self.bar.write_reg(COUNT::from(len));
        // A register write is ordered after all earlier writes to memory, as `writel()` is.
        self.bar.write_reg(
            COMMAND::zeroed()
                .with_to_memory(direction == Direction::ToMemory)
                .with_running(true),
        );
        self.commands += 1;
        Ok(())
    }

    /// Waits until the running command has ended. May sleep.
    ///
    /// # Errors
    ///
    /// `ETIMEDOUT` if it is still running after the timeout.
    pub(crate) fn wait(&self) -> Result {
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

/// For the demonstration.
impl Edu<'_> {
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
        unsafe { self.run(Direction::ToMemory, address, 0, len) }
    }
}

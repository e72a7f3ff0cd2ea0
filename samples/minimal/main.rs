// SPDX-License-Identifier: GPL-2.0

//! The smallest driver that maps memory: it sends a page to QEMU's `edu` device, and receives it in
//! another page, when the device is found.
//!
//! QEMU's `docs/specs/edu.rst` describes the device: a buffer, and a command that copies between
//! the buffer and memory. The kernel crate cannot disable a PCI device: `samples/edu` shows how.

#[path = "rk3588_dma/dma/mod.rs"]
mod dma;
#[path = "rk3588_dma/sg/mod.rs"]
mod sg;

use kernel::{
    device::Core,
    dma::DmaMask,
    io::{
        poll::read_poll_timeout,
        register,
        Io, //
    },
    pci,
    prelude::*,
    time::Delta, //
};

use dma::{
    BusMaster,
    DeviceReads,
    DeviceWrites,
    DmaDevice,
    FromDevice,
    Limits,
    MappedMemory,
    Mapping,
    PageBuffer,
    ToDevice, //
};

kernel::module_pci_driver! {
    type: Minimal,
    name: "minimal",
    authors: ["The rk3588_dma developers"],
    description: "Sends a page to QEMU's edu device, and receives it",
    license: "GPL",
}

kernel::pci_device_table!(
    IDS,
    <Minimal as pci::Driver>::IdInfo,
    [(
        pci::DeviceId::from_class(pci::Class::OTHERS.as_raw(), pci::ClassMask::Full.as_raw()),
        ()
    )]
);

register! {
    /// Bus addresses, or addresses from [`BUFFER`] on.
    SOURCE(u32) @ 0x80 { 31:0 address; }
    DESTINATION(u32) @ 0x88 { 31:0 address; }
    COUNT(u32) @ 0x90 { 31:0 bytes; }
    /// Command: true in bit 1 copies to memory; bit 0 starts it, and is false at its end.
    COMMAND(u32) @ 0x98 { 1:1 to_memory => bool; 0:0 running => bool; }
}

/// Vendor and device ID. The kernel crate accepts only the vendors that it lists, so the table
/// names the class, which other devices have, too.
const ID: (u16, u16) = (0x1234, 0x11e8);

/// Address of the buffer in the device's own address space.
const BUFFER: u32 = 0x40000;

struct Minimal;

impl pci::Driver for Minimal {
    type IdInfo = ();
    type Data<'bound> = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &IDS;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        loop_back(pdev)
    }
}

/// Sends a page to the device and back.
fn loop_back(pdev: &pci::Device<Core<'_>>) -> Result {
    if (pdev.vendor_id().as_raw(), pdev.device_id()) != ID {
        return Err(ENODEV);
    }
    pdev.enable_device_mem()?;

    // SAFETY: Only this call of the driver sets limits. In probe no other code uses the device, so
    // nothing is mapped or allocated for it meanwhile.
    let dev = unsafe { DmaDevice::new(pdev, Limits::new(DmaMask::new::<28>()))? };
    let edu = Edu {
        bus: BusMaster::new(dev)?,
        bar: pdev.iomap_region_sized(0, c"minimal")?,
    };

    // A command of an earlier driver must not access memory.
    if edu.bar.read(COMMAND).running() {
        return Err(EBUSY);
    }
    pdev.set_master();

    let mut page = PageBuffer::zeroed(GFP_KERNEL)?;

    page.fill(0x5a);

    let sent = edu.send(Mapping::<_, ToDevice>::new(dev, page)?)?;
    let received = Mapping::<_, FromDevice>::new(dev, PageBuffer::zeroed(GFP_KERNEL)?)?;
    let received = edu.receive(received)?;

    if sent.unmap()[..] != received.unmap()[..] {
        return Err(EIO);
    }
    dev_info!(pdev, "{} bytes sent and received\n", PageBuffer::LEN);
    Ok(())
}

/// Engine: the only part of a driver that sees bus addresses.
struct Edu<'bound> {
    bus: BusMaster<'bound, u32>,
    bar: pci::Bar<'bound, 0xa0>,
}

impl Edu<'_> {
    fn send<T: MappedMemory<Direction: DeviceReads>>(&self, mapped: T) -> Result<T> {
        self.run(mapped, false)
    }

    fn receive<T: MappedMemory<Direction: DeviceWrites>>(&self, mapped: T) -> Result<T> {
        self.run(mapped, true)
    }

    fn run<T: MappedMemory>(&self, mapped: T, receives: bool) -> Result<T> {
        let flight = self.bus.submit(mapped)?;
        let mut buffer = BUFFER;

        for segment in flight.segments() {
            let (at, len) = (segment.address(), u32::try_from(segment.len())?);
            let [from, to] = if receives { [buffer, at] } else { [at, buffer] };
            let command = COMMAND::zeroed().with_to_memory(receives);

            self.bar.write_reg(SOURCE::from(from));
            self.bar.write_reg(DESTINATION::from(to));
            self.bar.write_reg(COUNT::from(len));
            self.bar.write_reg(command.with_running(true));
            // A mapping whose command does not end is leaked: the device may still use it.
            read_poll_timeout(
                || Ok(self.bar.read(COMMAND)),
                |command| !command.running(),
                Delta::from_millis(1),
                Delta::from_secs(2),
            )?;
            buffer += len;
        }
        // SAFETY: The device must not use the mapping any more: it has completed all commands.
        Ok(unsafe { flight.complete() })
    }
}

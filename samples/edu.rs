// SPDX-License-Identifier: GPL-2.0

//! Driver for QEMU's `edu` device, as a template for other drivers.
//!
//! It uses the directories [`bindings`], [`dma`] and [`sg`] on PCI, with its own engine, behind an
//! IOMMU.
//!
//! - [`device`]: engine, the only file that programs hardware with bus addresses;
//! - [`iommu`]: state of the IOMMU in front of the device;
//! - [`demo`]: demonstration, which reads [`addresses`]; other drivers have no reason to;
//! - [`ring`]: receive ring, whose engine is [`receiver`], and [`frames`] for it;
//! - [`report`]: text of the demonstration.
//!
//! On `qemu-system-aarch64 -M virt,iommu=smmuv3 -device edu`:
//!
//! ```sh
//! insmod rk3588_dma_edu.ko
//! cd /sys/kernel/debug/rk3588_dma_edu-*
//! echo all > run        # fails with an I/O error if a check fails
//! cat report            # addresses, numbers of segments, and the result
//! ```
//!
//! Without an IOMMU the device does not reach the memory, unless it has more than 28 address bits:
//! `-device edu,dma_mask=0xffffffff`, and `insmod rk3588_dma_edu.ko address_bits=32`.

#[path = "edu/addresses.rs"]
mod addresses;
#[allow(dead_code, unused_imports, reason = "made for more than one driver")]
#[path = "../bindings/mod.rs"]
mod bindings;
#[path = "edu/demo.rs"]
mod demo;
#[path = "edu/device.rs"]
mod device;
#[path = "../dma/mod.rs"]
mod dma;
#[cfg(CONFIG_KUNIT = "y")]
#[path = "../tests/kunit/fixture.rs"]
mod fixture;
#[path = "edu/frames.rs"]
mod frames;
#[path = "edu/iommu.rs"]
mod iommu;
#[path = "edu/receiver.rs"]
mod receiver;
#[path = "edu/regs.rs"]
mod regs;
#[path = "edu/report.rs"]
mod report;
#[path = "edu/ring.rs"]
mod ring;
#[path = "../sg/mod.rs"]
mod sg;

use kernel::{
    device::Core,
    dma::DmaMask,
    new_mutex,
    pci,
    prelude::*,
    seq_file::{
        seq_print,
        SeqFile, //
    },
    str::CString,
    sync::Mutex,
    time::Delta, //
};

use bindings::debugfs;
use device::Edu;
use dma::{
    DmaDevice,
    Limits, //
};
use iommu::Domain;
use report::Report;

kernel::module_pci_driver! {
    type: Driver,
    name: "rk3588_dma_edu",
    authors: ["The rk3588_dma developers"],
    description: "Shows scatter-gather behind an IOMMU with QEMU's edu device",
    license: "GPL",
    params: {
        timeout_ms: u32 {
            default: 2000,
            description: "Timeout of a command in milliseconds; the device takes 100 ms",
        },
        address_bits: u32 {
            default: 28,
            description: "Address bits of the device; QEMU's dma_mask gives it more",
        },
    },
}

kernel::pci_device_table!(
    PCI_TABLE,
    <Driver as pci::Driver>::IdInfo,
    [(
        pci::DeviceId::from_class(pci::Class::OTHERS.as_raw(), pci::ClassMask::Full.as_raw()),
        ()
    )]
);

/// Vendor and device ID.
///
/// The kernel crate accepts only the vendors that it lists, so the table names the class, which
/// other devices have, too.
const ID: (u16, u16) = (0x1234, 0x11e8);

/// The driver.
struct Driver;

/// Data of a bound device: the debugfs files, which own everything else.
struct Bundle<'bound> {
    debugfs: debugfs::Dir<Demo<'bound>>,
}

impl pci::Driver for Driver {
    type IdInfo = ();
    type Data<'bound> = Bundle<'bound>;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        bind(pdev)
    }

    /// Waits for the device and disables bus mastering while its addresses are still translated.
    ///
    /// The driver core drops the bundle later, when the kernel may have replaced the IOMMU domain.
    fn unbind<'bound>(_: &'bound pci::Device<Core<'_>>, this: Pin<&Self::Data<'bound>>) {
        drop(this.debugfs.data().state.lock().parts.take());
    }
}

fn bind<'bound>(pdev: &'bound pci::Device<Core<'_>>) -> Result<Bundle<'bound>> {
    if (pdev.vendor_id().as_raw(), pdev.device_id()) != ID {
        return Err(ENODEV);
    }

    let address_bits = module_parameters::address_bits.value();
    let mask = DmaMask::try_new(address_bits)
        .inspect_err(|_| dev_err!(pdev, "address_bits={address_bits} is more than 64\n"))?;
    let limits = Limits::new(mask);
    // SAFETY: Only this call of the driver sets limits. In probe no other code uses the
    // device, so nothing is mapped or allocated for it meanwhile.
    let dev = unsafe { DmaDevice::new(pdev, limits) };
    let dev = dev.inspect_err(|&error| match error {
        EIO => dev_err!(
            pdev,
            "device has {address_bits} address bits, which do not reach the memory, and no IOMMU \
             translates\n"
        ),
        _ => dev_err!(pdev, "no DMA ({error:?})\n"),
    })?;

    let timeout = Delta::from_millis(module_parameters::timeout_ms.value().into());
    let edu = Edu::new(pdev, dev, timeout)
        .inspect_err(|error| dev_err!(pdev, "no edu device ({error:?})\n"))?;
    // SAFETY: The domain must be dropped before `unbind` returns: `unbind` does so. If probe fails,
    // this function drops it.
    let domain = unsafe { Domain::of(dev) };
    let name = CString::try_from_fmt(fmt!("rk3588_dma_edu-{}", pdev.as_ref().name()))?;
    let demo = pin_init!(Demo {
        dev,
        state <- new_mutex!(State { parts: Some(Parts { edu, domain }), report: None }),
    }? Error);

    // SAFETY: The directory must not be leaked: it goes into the bundle, which the driver core
    // drops at unbind.
    let dir = unsafe { debugfs::Dir::new(&name, demo)? };

    dir.add_command::<RunFile>();
    dir.add_show::<ReportFile>();
    Ok(Bundle { debugfs: dir })
}

/// Data of the debugfs files.
#[pin_data]
struct Demo<'bound> {
    dev: &'bound DmaDevice,
    /// Locked while the demonstration runs: at most `timeout_ms` for each command.
    #[pin]
    state: Mutex<State<'bound>>,
}

/// Resources that `unbind` drops.
struct Parts<'bound> {
    edu: Edu<'bound>,
    domain: Option<Domain<'bound>>,
}

/// State of the demonstration.
struct State<'bound> {
    /// Resources, or `None` after `unbind`.
    parts: Option<Parts<'bound>>,
    /// Report of the last run.
    report: Option<Report>,
}

struct RunFile;

impl debugfs::Command<Demo<'_>> for RunFile {
    const NAME: &'static CStr = c"run";

    fn run(demo: &Demo<'_>, word: &str) -> Result {
        if word != "all" {
            return Err(EINVAL);
        }

        let mut state = demo.state.lock();
        let State { parts, report } = &mut *state;
        let Parts { edu, domain } = parts.as_mut().ok_or(ENODEV)?;

        demo::run(demo.dev, edu, domain.as_ref(), report.insert(Report::new()))
    }
}

struct ReportFile;

impl debugfs::Show<Demo<'_>> for ReportFile {
    const NAME: &'static CStr = c"report";

    fn show(demo: &Demo<'_>, out: &SeqFile) {
        let Some(state) = demo.state.try_lock() else {
            return seq_print!(out, "the demonstration is running\n");
        };

        match &state.report {
            Some(report) => seq_print!(out, "{}", report),
            None => seq_print!(out, "nothing has run yet: write \"all\" to \"run\"\n"),
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Kernel interfaces that a driver needs and the `kernel` crate of 7.3 lacks.
//!
//! - [`c`]: functions that are inline or macros in C, declared by `bindgen` from `helpers.h`;
//! - [`as_raw`]: conversion of a [`Device`] to `struct device`;
//! - [`as_gfp`]: conversion of [`Flags`](kernel::alloc::Flags) to `gfp_t`;
//! - [`disable_irq_nosync`], [`enable_irq`]: masking of an interrupt by its handler;
//! - [`MemRegion`]: register addresses for exclusive use;
//! - [`PmAdapter`]: a platform driver with callbacks for power management;
//! - [`RuntimePm`]: a clock that is on only while a device is in use;
//! - [`Tasklet`]: a tasklet in a struct that borrows from the bound device;
//! - [`Timer`]: a timer in such a struct;
//! - [`Work`]: a work item in such a struct;
//! - [`debugfs`]: files that pin the module while they are open, with data that may borrow from the
//!   bound device.
//!
//! Everything but [`c`] is safe, or states its requirements in a `# Safety` section.

pub(crate) mod debugfs;
mod gfp;
mod platform;
mod region;
mod runtime_pm;
mod tasklet;
mod timer;
mod work;

pub(crate) use gfp::as_gfp;
pub(crate) use platform::{
    PmAdapter,
    PowerManaged, //
};
pub(crate) use region::MemRegion;
pub(crate) use runtime_pm::{
    force_resume,
    force_suspend,
    RuntimePm, //
};
pub(crate) use tasklet::{
    HasTasklet,
    Tasklet, //
};
pub(crate) use timer::{
    HasTimer,
    Timer, //
};
pub(crate) use work::{
    HasWork,
    Work, //
};

use kernel::{
    bindings,
    device::{
        Device,
        DeviceContext, //
    },
};

/// Functions and constants of `helpers.h`.
#[expect(
    improper_ctypes,
    unreachable_pub,
    reason = "output of bindgen, as in the kernel crate's bindings"
)]
pub(crate) mod c {
    #[cfg(CONFIG_KUNIT = "y")]
    use kernel::bindings::{
        kunit,
        platform_device, //
    };
    use kernel::{
        bindings::{
            bool_,
            device,
            dma_addr_t,
            dma_data_direction,
            page,
            phys_addr_t,
            scatterlist,
            tasklet_struct,
            u64_, //
        },
        ffi, //
    };

    include!(env!("RK3588_DMA_HELPERS_RS"));
}

/// Returns the `struct device` of `dev`.
///
/// `Device::as_raw` is private to the `kernel` crate. Callable from any context.
pub(crate) fn as_raw<Ctx: DeviceContext>(dev: &Device<Ctx>) -> *mut bindings::device {
    // CAST: `Device` is `repr(transparent)` over `Opaque<bindings::device>`, which is
    // `repr(transparent)` over a cell of `bindings::device`.
    core::ptr::from_ref(dev).cast_mut().cast()
}

/// Disables interrupt `irq` without waiting for running handlers, so that a handler may call it.
///
/// For a device that keeps its interrupt line asserted and no longer responds. The interrupt may be
/// [enabled](enable_irq) again, or freed while it is disabled.
///
/// C function: `disable_irq_nosync()`.
///
/// # Safety
///
/// If the context may not sleep, the chip of `irq` must not sleep either: a GIC does not, a chip
/// on a slow bus such as I2C does (`irq_bus_lock`).
pub(crate) unsafe fn disable_irq_nosync(irq: u32) {
    // SAFETY: The chip must not sleep in an atomic context: the caller guarantees it. Any number is
    // valid.
    unsafe { bindings::disable_irq_nosync(irq) };
}

/// Undoes one call of [`disable_irq_nosync`] for `irq`.
///
/// C function: `enable_irq()`.
///
/// # Safety
///
/// The requirement of [`disable_irq_nosync`] applies. A call of it for `irq` has not been undone.
pub(crate) unsafe fn enable_irq(irq: u32) {
    // SAFETY: The chip must not sleep in an atomic context, and `irq` must be disabled: the caller
    // guarantees both.
    unsafe { bindings::enable_irq(irq) };
}

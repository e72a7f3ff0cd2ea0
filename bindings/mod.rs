// SPDX-License-Identifier: GPL-2.0

//! Kernel interfaces that a driver needs and the `kernel` crate of 7.3 lacks.
//!
//! - [`c`]: functions that are inline in C, declared by `bindgen` from `helpers.h`;
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
mod platform;
mod region;
mod runtime_pm;
mod tasklet;
mod timer;
mod work;

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

use kernel::bindings;

/// Functions of `helpers.h`.
#[expect(
    improper_ctypes,
    unreachable_pub,
    reason = "output of bindgen, as in the kernel crate's bindings"
)]
pub(crate) mod c {
    use kernel::{
        bindings::{
            device,
            tasklet_struct, //
        },
        ffi, //
    };

    include!(env!("RK3588_DMA_BINDINGS_RS"));
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

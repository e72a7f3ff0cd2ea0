// SPDX-License-Identifier: GPL-2.0

//! Functions of C that are inline or macros, and conversions of their arguments.

use core::ptr;

use kernel::{
    bindings,
    device::{
        Device,
        DeviceContext, //
    },
};

/// Functions of `helpers.h`.
#[expect(
    improper_ctypes,
    unreachable_pub,
    reason = "output of bindgen, as in the kernel crate's bindings"
)]
pub(crate) mod c {
    use kernel::{
        bindings::{
            bool_,
            device,
            dma_addr_t,
            dma_data_direction,
            gfp_t,
            page,
            phys_addr_t,
            scatterlist,
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
    ptr::from_ref(dev).cast_mut().cast()
}

// SPDX-License-Identifier: GPL-2.0

//! Types and functions of the framework, and conversions of their arguments.

use core::ptr;

use kernel::{
    bindings,
    device::{
        Device,
        DeviceContext, //
    },
};

/// Types and functions of `bindings.h`.
#[allow(
    dead_code,
    improper_ctypes,
    non_camel_case_types,
    non_upper_case_globals,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    clippy::all,
    clippy::as_ptr_cast_mut,
    clippy::ptr_as_ptr,
    clippy::ref_as_ptr,
    clippy::undocumented_unsafe_blocks,
    reason = "output of bindgen, as in the kernel crate's bindings"
)]
pub(crate) mod c {
    use kernel::{
        bindings::*,
        ffi, //
    };

    include!(env!("RK3588_DMA_DMAENGINE_RS"));
}

/// Returns the `struct device` of `dev`.
///
/// `Device::as_raw` is private to the `kernel` crate. Callable from any context.
pub(super) fn as_raw<Ctx: DeviceContext>(dev: &Device<Ctx>) -> *mut bindings::device {
    // CAST: `Device` is `repr(transparent)` over `Opaque<bindings::device>`, which is
    // `repr(transparent)` over a cell of `bindings::device`.
    ptr::from_ref(dev).cast_mut().cast()
}

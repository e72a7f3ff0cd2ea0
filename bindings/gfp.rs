// SPDX-License-Identifier: GPL-2.0

//! Allocation flags, for C functions that take them.

use kernel::{
    alloc::{
        flags::*,
        Flags, //
    },
    bindings, //
};

/// Returns what C knows `flags` as.
///
/// `Flags::as_raw` is private to the `kernel` crate, so this asks for each of the constants that flags
/// are made of whether they contain it.
///
/// C type: `gfp_t`.
pub(crate) fn as_gfp(flags: Flags) -> bindings::gfp_t {
    [
        (GFP_ATOMIC, bindings::GFP_ATOMIC),
        (GFP_KERNEL, bindings::GFP_KERNEL),
        (GFP_KERNEL_ACCOUNT, bindings::GFP_KERNEL_ACCOUNT),
        (GFP_NOWAIT, bindings::GFP_NOWAIT),
        (__GFP_HIGHMEM, bindings::__GFP_HIGHMEM),
        (__GFP_NOWARN, bindings::__GFP_NOWARN),
        (__GFP_ZERO, bindings::__GFP_ZERO),
    ]
    .into_iter()
    .filter(|&(constant, _)| flags & constant == constant)
    .fold(0, |gfp, (_, raw)| gfp | raw)
}

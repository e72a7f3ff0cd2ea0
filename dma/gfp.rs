// SPDX-License-Identifier: GPL-2.0

//! Conversion of allocation flags for C functions.
//!
//! C header: `include/linux/gfp_types.h`.

use kernel::{
    alloc::{
        flags::*,
        Flags, //
    },
    bindings,
    prelude::*, //
};

/// Constants of `kernel::alloc::flags`, each with its value in C.
const CONSTANTS: [(Flags, bindings::gfp_t); 7] = [
    (GFP_ATOMIC, bindings::GFP_ATOMIC),
    (GFP_KERNEL, bindings::GFP_KERNEL),
    (GFP_KERNEL_ACCOUNT, bindings::GFP_KERNEL_ACCOUNT),
    (GFP_NOWAIT, bindings::GFP_NOWAIT),
    (__GFP_HIGHMEM, bindings::__GFP_HIGHMEM),
    (__GFP_NOWARN, bindings::__GFP_NOWARN),
    (__GFP_ZERO, bindings::__GFP_ZERO),
];

/// Converts `flags` to C's type.
///
/// `Flags::as_raw` is private to the `kernel` crate, so this finds the constants that `flags`
/// contains. Callable from any context. C type: `gfp_t`.
///
/// # Errors
///
/// `EINVAL` if `flags` is not a combination of [`kernel::alloc::flags`] by `|`, for example
/// `GFP_KERNEL & GFP_ATOMIC`.
#[inline]
pub(crate) fn as_gfp(flags: Flags) -> Result<bindings::gfp_t> {
    // What most callers pass.
    match CONSTANTS.iter().find(|(constant, _)| flags == *constant) {
        Some(&(_, gfp)) => Ok(gfp),
        None => sum_of_constants(flags),
    }
}

#[cold]
#[inline(never)]
fn sum_of_constants(flags: Flags) -> Result<bindings::gfp_t> {
    let mut found: Option<Flags> = None;
    let mut gfp = 0;

    for &(constant, raw) in &CONSTANTS {
        if flags.contains(constant) {
            found = Some(found.map_or(constant, |found| found | constant));
            gfp |= raw;
        }
    }
    if found == Some(flags) {
        Ok(gfp)
    } else {
        Err(EINVAL)
    }
}

#[cfg(kunit_fixture)]
#[kunit_tests(rk3588_dma_gfp)]
mod tests {
    use super::*;

    #[test]
    fn constants_add_up() {
        for (flags, gfp) in [
            (GFP_ATOMIC, bindings::GFP_ATOMIC),
            (
                GFP_KERNEL | __GFP_ZERO,
                bindings::GFP_KERNEL | bindings::__GFP_ZERO,
            ),
            (
                GFP_ATOMIC | __GFP_NOWARN,
                bindings::GFP_ATOMIC | bindings::__GFP_NOWARN,
            ),
            (
                GFP_NOWAIT | GFP_KERNEL_ACCOUNT | __GFP_HIGHMEM,
                bindings::GFP_NOWAIT | bindings::GFP_KERNEL_ACCOUNT | bindings::__GFP_HIGHMEM,
            ),
        ] {
            assert_eq!(as_gfp(flags), Ok(gfp));
        }
    }

    #[test]
    fn other_flags_are_an_error() {
        let no_flag = __GFP_ZERO & __GFP_NOWARN;

        for flags in [
            no_flag,
            !__GFP_ZERO,
            GFP_KERNEL & GFP_ATOMIC,
            GFP_KERNEL & !GFP_ATOMIC,
        ] {
            assert_eq!(as_gfp(flags), Err(EINVAL));
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Allocation flags, for C functions that take them.

use kernel::{
    alloc::{
        flags::*,
        Flags, //
    },
    bindings,
    prelude::kunit_tests, //
};

/// Each constant that flags are made of, and what it is in C.
const CONSTANTS: [(Flags, bindings::gfp_t); 7] = [
    (GFP_ATOMIC, bindings::GFP_ATOMIC),
    (GFP_KERNEL, bindings::GFP_KERNEL),
    (GFP_KERNEL_ACCOUNT, bindings::GFP_KERNEL_ACCOUNT),
    (GFP_NOWAIT, bindings::GFP_NOWAIT),
    (__GFP_HIGHMEM, bindings::__GFP_HIGHMEM),
    (__GFP_NOWARN, bindings::__GFP_NOWARN),
    (__GFP_ZERO, bindings::__GFP_ZERO),
];

/// Returns what C knows `flags` as, which are constants of [`kernel::alloc::flags`] combined with `|`.
///
/// `Flags::as_raw` is private to the `kernel` crate, so this asks for each of the constants whether they
/// contain it. What is in none of them is left out, and found out with `CONFIG_RUST_DEBUG_ASSERTIONS`.
///
/// C type: `gfp_t`.
pub(crate) fn as_gfp(flags: Flags) -> bindings::gfp_t {
    let contained = || {
        CONSTANTS
            .iter()
            .filter(|(constant, _)| flags.contains(*constant))
    };

    debug_assert!(
        contained()
            .map(|&(constant, _)| constant)
            .reduce(|a, b| a | b)
            == Some(flags),
        "flags that are not made of constants"
    );
    contained().fold(0, |gfp, (_, raw)| gfp | raw)
}

#[kunit_tests(rk3588_dma_gfp)]
mod tests {
    use super::*;

    #[test]
    fn each_constant_is_what_it_is_in_c() {
        for (flags, gfp) in [
            (GFP_ATOMIC, bindings::GFP_ATOMIC),
            (GFP_KERNEL, bindings::GFP_KERNEL),
            (GFP_KERNEL_ACCOUNT, bindings::GFP_KERNEL_ACCOUNT),
            (GFP_NOWAIT, bindings::GFP_NOWAIT),
            (__GFP_HIGHMEM, bindings::__GFP_HIGHMEM),
            (__GFP_NOWARN, bindings::__GFP_NOWARN),
            (__GFP_ZERO, bindings::__GFP_ZERO),
        ] {
            assert_eq!(as_gfp(flags), gfp);
        }
    }

    #[test]
    fn constants_add_up() {
        for (flags, gfp) in [
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
            assert_eq!(as_gfp(flags), gfp);
        }
    }
}

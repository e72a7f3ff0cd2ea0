// SPDX-License-Identifier: GPL-2.0

// The DMA mask is set in probe, before anything is mapped.

use kernel::{
    device,
    dma::{
        Device as _,
        DmaMask, //
    },
    platform,
    prelude::*, //
};

#[cfg(mistake)]
type Context<'a> = device::Bound;
#[cfg(not(mistake))]
type Context<'a> = device::Core<'a>;

fn widen(pdev: &platform::Device<Context<'_>>) -> Result {
    // SAFETY: Nothing has been mapped nor allocated for the device yet.
    unsafe { pdev.dma_set_mask(DmaMask::new::<32>()) } //~ E0599: no method named `dma_set_mask`
}

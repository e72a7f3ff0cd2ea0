// SPDX-License-Identifier: GPL-2.0

// The DMA mask is set in probe, before the first mapping.

use kernel::{
    device,
    dma::DmaMask,
    platform,
    prelude::*, //
};

use crate::dma::{
    DmaDevice,
    Limits, //
};

#[cfg(mistake)]
type Context<'a> = device::Bound;
#[cfg(not(mistake))]
type Context<'a> = device::Core<'a>;

fn set_up<'bound>(pdev: &'bound platform::Device<Context<'_>>) -> Result<&'bound DmaDevice> {
    let limits = Limits::new(DmaMask::new::<32>());

    // SAFETY: Only this call of the driver sets limits. In probe no other code uses the
    // device, so nothing is mapped or allocated for it meanwhile.
    unsafe { DmaDevice::new(pdev, limits) }
    //~[mistake]^ E0277
    //~[mistake]| ERROR: Device<kernel::device::Bound>: kernel::dma::Device<
}

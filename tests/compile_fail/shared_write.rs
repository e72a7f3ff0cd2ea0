// SPDX-License-Identifier: GPL-2.0

// The CPU cannot write memory through a mapping that it shares: others read it.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::dma::{
    Buffer,
    DmaDevice,
    Mapping,
    SharedMapping,
    ToDevice, //
};

fn send(dev: &DmaDevice, image: Buffer) -> Result {
    #[cfg(mistake)]
    let mut mapping = SharedMapping::new(dev, Arc::new(image, GFP_KERNEL)?)?;
    #[cfg(not(mistake))]
    let mut mapping = Mapping::<_, ToDevice>::new(dev, image)?;

    mapping.for_cpu_mut(..4)?.fill(0);
    //~[mistake]^ E0599
    //~[mistake]| ERROR: no method named `for_cpu_mut` found for struct `SharedMapping
    Ok(())
}

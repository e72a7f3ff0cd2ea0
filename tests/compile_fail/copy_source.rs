// SPDX-License-Identifier: GPL-2.0

// What a transfer reads must be mapped for reading: the caches were not written back otherwise.

use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

use crate::{
    dma::{
        Buffer,
        FromDevice,
        Mapping,
        ToDevice, //
    },
    pl330::{
        Controller,
        Span, //
    }, //
};

#[cfg(mistake)]
type Source = FromDevice;
#[cfg(not(mistake))]
type Source = ToDevice;

fn copy<'bound>(dev: &'bound Device<Bound>, controller: &Controller<'bound>, span: Span) -> Result {
    let source = Mapping::<_, Source>::new(dev, Buffer::zeroed(64)?)?;
    let destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(64)?)?;

    controller.copy(source, destination, span)?; //~ E0277: the device may not read
    Ok(())
}

// SPDX-License-Identifier: GPL-2.0

//! Demonstration of the receive ring.

use kernel::prelude::*;

use crate::{
    device::{
        Edu,
        Returned, //
    },
    dma::{
        DmaDevice,
        FromDevice,
        Mapping,
        PageBuffer,
        ToDevice, //
    },
    receiver::Receiver,
    report::Report,
    ring::Ring, //
};

/// Number of buffers in the ring, and the lengths in bytes of the frames.
const RING: usize = 4;
const FRAMES: [usize; 8] = [64, 1500, 1, 4096, 333, 60, 2048, 9];

/// Receives frames of different lengths in a ring with fewer buffers, and verifies all bytes. May
/// sleep.
///
/// # Errors
///
/// `EIO` if a byte is wrong, and errors of mappings and of the device.
pub(crate) fn show<'bound>(
    dev: &'bound DmaDevice,
    edu: &mut Edu<'bound>,
    report: &mut Report,
) -> Result {
    show_too_long(dev, edu, report)?;

    let mut ring = Ring::new(dev, edu, RING)?;

    for (number, len) in FRAMES.into_iter().enumerate() {
        let mut frame = PageBuffer::zeroed(GFP_KERNEL)?;
        // CAST: There are few frames.
        let value = number as u8 + 1;

        frame.fill(value);
        frame.set_range(0..len)?;
        ring.receiver
            .loop_back(Mapping::<_, ToDevice>::new(dev, frame)?)?;
        ring.receive(|bytes| {
            let is_right = bytes.len() == len && bytes.iter().all(|&byte| byte == value);

            is_right.then_some(()).ok_or(EIO)
        })?;
    }
    report.line(fmt!(
        "ring: {} frames in {RING} buffers, each mapped once",
        FRAMES.len()
    ))
}

/// Sends a frame that does not fit into the buffer: it comes back, and the buffer is not leaked.
fn show_too_long(dev: &DmaDevice, edu: &mut Edu<'_>, report: &mut Report) -> Result {
    let mut receiver = Receiver::new(edu, 1)?;
    let mut buffer = PageBuffer::zeroed(GFP_KERNEL)?;

    buffer.set_range(0..PageBuffer::LEN / 2)?;
    receiver.post(Mapping::<_, FromDevice>::new(dev, buffer)?)?;

    let frame = Mapping::<_, ToDevice>::new(dev, PageBuffer::zeroed(GFP_KERNEL)?)?;

    match receiver.loop_back(frame) {
        Err(Returned {
            error,
            mapped: Some(frame),
        }) if error == EMSGSIZE => report.line(fmt!(
            "too long for a buffer: {} bytes came back",
            frame.unmap().len()
        )),
        _ => Err(EIO),
    }
}

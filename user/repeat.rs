// SPDX-License-Identifier: GPL-2.0

//! The same transfer, again and again, to count what one costs:
//!
//! ```sh
//! echo copy 4096 64 > repeat          # 64 copies of 4096 bytes, one after the other
//! echo list 256 512 8 > repeat        # 8 transfers of 256 pieces of 512 bytes each
//! ```

use kernel::prelude::*;

use super::numbers;
use crate::{
    dma::{
        Buffer,
        DmaDevice,
        FromDevice,
        Mapping,
        ToDevice, //
    },
    pl330::{
        Controller,
        Span, //
    }, //
};

/// The longest buffer that is asked for.
const MAX_LEN: usize = 4 << 20;

/// The most pieces: a list of them is in one piece of memory.
const MAX_PIECES: usize = 64 << 10;

/// Does what `word` says.
///
/// # Errors
///
/// `EINVAL` if it says nothing of the kind, `EINTR` after a signal, and those of mappings and transfers.
pub(super) fn run<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    word: &str,
) -> Result {
    match word.split_once(' ') {
        Some(("copy", rest)) => {
            let [len, times] = numbers(rest)?;

            repeat(dev, controller, 1, len, times)
        }
        Some(("list", rest)) => {
            let [pieces, len, times] = numbers(rest)?;

            repeat(dev, controller, pieces, len, times)
        }
        _ => Err(EINVAL),
    }
}

fn repeat<'bound>(
    dev: &'bound DmaDevice,
    controller: &Controller<'bound>,
    pieces: usize,
    len: usize,
    times: usize,
) -> Result {
    let total = pieces
        .checked_mul(len)
        .filter(|&total| total != 0 && total <= MAX_LEN && pieces <= MAX_PIECES)
        .ok_or(EINVAL)?;
    let mut source = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(total)?)?;
    let mut destination = Mapping::<_, FromDevice>::new(dev, Buffer::zeroed(total)?)?;

    for _ in 0..times {
        if current!().signal_pending() {
            return Err(EINTR);
        }

        let result = match pieces {
            1 => controller.copy(
                source,
                destination,
                Span {
                    from: 0,
                    to: 0,
                    len,
                },
            ),
            _ => controller.copy(source, destination, reversed(pieces, len)?),
        };
        let done = result.inspect_err(|failed| {
            dev_warn!(dev.as_device(), "a transfer failed: {}\n", failed.error);
        })?;

        source = done.mappings.source;
        destination = done.mappings.destination;
    }
    Ok(())
}

/// Pieces from back to front, so that no two make one.
fn reversed(pieces: usize, len: usize) -> Result<KVec<Span>> {
    let mut list = KVec::with_capacity(pieces, GFP_KERNEL)?;

    for piece in 0..pieces {
        let at = (pieces - 1 - piece) * len;

        list.push(
            Span {
                from: at,
                to: at,
                len,
            },
            GFP_KERNEL,
        )?;
    }
    Ok(list)
}

// SPDX-License-Identifier: GPL-2.0

//! Measures the cost of programs for lists: their bytes, and the instructions to write them.

use core::hint::black_box;

use kernel::{
    device::Device,
    prelude::*, //
};

use super::{
    insn::{
        Assembler,
        Event, //
    },
    least,
    program::{
        Bus,
        Lists,
        Plan,
        Segment, //
    },
    time, //
};

/// Maximum number of segments in a list.
const MOST: u32 = 4096;

/// Bytes of a segment, and bytes from one segment to the next.
const LEN: u32 = 4096;
const STRIDE: u32 = 2 * LEN;

/// Addresses of the first segments, and their distances from a boundary: none, or different ones.
const SOURCE: u32 = 0x1000_0000;
const DESTINATION: u32 = 0x8000_0000;
const KINDS: [(&str, u32, u32); 2] = [("aligned", 0, 0), ("misaligned", 3, 1)];

/// Bytes for all programs.
const ROOM: usize = 512 << 10;

/// An RK3588's controller, shared by eight channels.
const RK3588: Bus = Bus {
    bytes: 8,
    lines: 16,
    beats: 16,
    cache_line: 32,
    non_secure: true,
};

/// Measures all lists, and writes the results to the log of `dev`.
pub(crate) fn measure(dev: &Device) -> Result {
    let mut memory = KVVec::from_elem(0u8, ROOM, GFP_KERNEL)?;
    let lengths = (0..=MOST.ilog2()).map(|n| 1 << n);

    for (kind, from, to) in KINDS {
        for segments in lengths.clone() {
            // The clock's steps are 42 instructions.
            let times = (MOST / segments).max(4);
            let mut len = 0;
            let nanoseconds = least(times, || {
                let mut result = Ok(0);
                let time = time(|| {
                    for _ in 0..times {
                        result = write(&mut memory, black_box(segments), from, to);
                    }
                });

                len = result?;
                Ok(time)
            })?;

            dev_info!(dev, "program {kind} {segments} {len} {nanoseconds}\n");
        }
    }
    Ok(())
}

/// Writes the program of a list and returns its length.
///
/// That includes all checks, from the request to the last byte.
fn write(memory: &mut [u8], segments: u32, from: u32, to: u32) -> Result<usize> {
    let list = |start: u32| {
        (0..segments).map(move |n| Segment {
            address: start + n * STRIDE,
            len: LEN,
        })
    };
    let lists = Lists::new(list(SOURCE + from), list(DESTINATION + to));
    let mut plan = Plan::new(lists).map_err(|_| EINVAL)?;
    let mut asm = Assembler::new(memory);

    plan.write(&mut asm, RK3588, Event::new(0).ok_or(EINVAL)?)
        .map_err(|_| ENOSPC)?;
    match plan.is_written() {
        true => Ok(asm.len()),
        false => Err(ENOSPC),
    }
}

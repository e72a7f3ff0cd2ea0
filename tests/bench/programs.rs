// SPDX-License-Identifier: GPL-2.0

//! Costs of writing programs for lists: bytes, and instructions of the CPU.

use core::hint::black_box;

use kernel::{
    device::Device,
    prelude::*, //
};

use super::{
    least,
    pl330::program::{
        insn::{
            Assembler,
            Event, //
        },
        ProgramLimits,
        ProgramWriter,
        Segment,
        SgCopy, //
    },
    time, //
};

/// Largest number of segments in a list.
const MOST: u32 = 4096;

/// Length of a segment, and the distance from one segment to the next, in bytes.
const LEN: u32 = 4096;
const STRIDE: u32 = 2 * LEN;

/// Address of the first segment to read and of the first to write.
const SOURCE: u32 = 0x1000_0000;
const DESTINATION: u32 = 0x8000_0000;

/// Name, and the offsets that are added to the source and to the destination.
const KINDS: [(&str, u32, u32); 2] = [("aligned", 0, 0), ("misaligned", 3, 1)];

/// Size of the buffer for a program in bytes.
const BUFFER_LEN: usize = 512 << 10;

/// Limits of an RK3588's controller, shared by eight channels.
const RK3588: ProgramLimits = ProgramLimits {
    bytes: 8,
    lines: 17,
    beats: 16,
    cache_line: 32,
    non_secure: true,
    loads: 8,
};

/// Measures the programs of all lists. `dev` is used for the log only.
pub(crate) fn measure(dev: &Device) -> Result {
    let mut memory = KVVec::from_elem(0u8, BUFFER_LEN, GFP_KERNEL)?;
    let lengths = (0..=MOST.ilog2()).map(|n| 1 << n);

    for (kind, from, to) in KINDS {
        for segments in lengths.clone() {
            // The clock advances in steps of 42 instructions; repetition makes them negligible.
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

/// Writes the program of a list, with all checks of the request; returns its length in bytes.
fn write(memory: &mut [u8], segments: u32, from: u32, to: u32) -> Result<usize> {
    let list = |start: u32| {
        (0..segments).map(move |n| Segment {
            address: start + n * STRIDE,
            len: LEN,
        })
    };
    let lists = SgCopy::new(list(SOURCE + from), list(DESTINATION + to));
    let mut plan = ProgramWriter::new(lists).map_err(|_| EINVAL)?;
    let mut asm = Assembler::new(memory);

    plan.write(&mut asm, RK3588, Event::new(0).ok_or(EINVAL)?)
        .map_err(|_| ENOSPC)?;
    if plan.is_written() {
        Ok(asm.len())
    } else {
        Err(ENOSPC)
    }
}

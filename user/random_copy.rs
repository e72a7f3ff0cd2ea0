// SPDX-License-Identifier: GPL-2.0

//! Random copies of each shape, for tests.

use kernel::prelude::*;

use super::random::Random;
use crate::{
    dma::{
        DeviceReads,
        DeviceWrites,
        MappedMemory,
        Pair, //
    },
    pl330::{
        Controller,
        Copy2d,
        CopyRange,
        PrepareResult, //
    }, //
};

/// Random copy.
pub(super) enum RandomCopy {
    Range(CopyRange),
    Rows(Copy2d),
    Chunks(KVec<CopyRange>),
}

impl RandomCopy {
    pub(super) fn prepare<'a, 'bound, S, D>(
        self,
        controller: &'a Controller<'bound>,
        source: S,
        destination: D,
    ) -> PrepareResult<'a, 'bound, Pair<S, D>>
    where
        S: MappedMemory<Direction: DeviceReads>,
        D: MappedMemory<Direction: DeviceWrites>,
    {
        match self {
            Self::Range(range) => controller.prepare(source, destination, range, GFP_KERNEL),
            Self::Rows(rows) => controller.prepare(source, destination, rows, GFP_KERNEL),
            Self::Chunks(list) => controller.prepare(source, destination, list, GFP_KERNEL),
        }
    }

    /// Returns a random copy of one range, as [`random`](Self::random) does.
    pub(super) fn random_range(
        random: &mut Random,
        len: usize,
        model: &mut impl FnMut(usize, usize, usize),
    ) -> Self {
        let (from, part_len) = random_part(random, len);
        let to = random.below(len - part_len + 1);

        model(from, to, part_len);
        Self::Range(CopyRange {
            src_offset: from,
            dst_offset: to,
            len: part_len,
        })
    }

    /// Returns a random copy between buffers of `len` bytes. Calls `model` with each chunk.
    pub(super) fn random(
        random: &mut Random,
        len: usize,
        model: &mut impl FnMut(usize, usize, usize),
    ) -> Result<Self> {
        match random.below(3) {
            0 => Ok(Self::random_range(random, len, model)),
            1 => {
                let row = 1 + random.below(48);
                let (src_stride, dst_stride) = (row + random.below(32), row + random.below(32));
                let most = len / src_stride.max(dst_stride);
                let rows = 1 + random.below(most);

                for number in 0..rows {
                    model(number * src_stride, number * dst_stride, row);
                }
                Ok(Self::Rows(Copy2d {
                    first: CopyRange {
                        src_offset: 0,
                        dst_offset: 0,
                        len: row,
                    },
                    rows,
                    src_stride,
                    dst_stride,
                }))
            }
            _ => {
                let count = 1 + random.below(24);
                let max_len = len / count;
                let mut list = KVec::with_capacity(count, GFP_KERNEL)?;

                // Chunks do not overlap in the destination.
                for number in 0..count {
                    let (at, part_len) = random_part(random, max_len);
                    let range = CopyRange {
                        src_offset: random.below(len - part_len + 1),
                        dst_offset: number * max_len + at,
                        len: part_len,
                    };

                    model(range.src_offset, range.dst_offset, range.len);
                    list.push(range, GFP_KERNEL)?;
                }
                Ok(Self::Chunks(list))
            }
        }
    }
}

/// Returns the offset and the length of a random part of `len` bytes, which is not empty.
pub(super) fn random_part(random: &mut Random, len: usize) -> (usize, usize) {
    let at = random.below(len);

    (at, 1 + random.below(len - at))
}

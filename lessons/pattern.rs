// SPDX-License-Identifier: GPL-2.0

//! Test data: bytes whose values depend on their position.
//!
//! The highest bit is 1 in a byte of the source, and 0 in a byte of the destination before the
//! copy. The other bits depend on the index in the copied bytes, so that a check finds a shift by
//! any number of bytes, beats or pages.

use kernel::{
    fmt,
    prelude::*, //
};

use super::MARGIN;
use crate::{
    dma::Buffer,
    pl330::CopyRange, //
};

/// Byte that is wrong.
pub(crate) struct Mismatch {
    offset: usize,
    expected: u8,
    found: u8,
}

impl Mismatch {
    /// Returns the mismatch with an offset that is `bytes` higher.
    fn shift(self, bytes: usize) -> Self {
        Self {
            offset: self.offset + bytes,
            ..self
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "byte {} is {:#04x}, should be {:#04x}",
            self.offset, self.found, self.expected
        )
    }
}

/// Returns the buffers of a copy: a source with test data, and a destination.
pub(super) fn buffers(range: CopyRange) -> Result<(Buffer, Buffer)> {
    let mut source = Buffer::zeroed(range.src_offset + range.len, GFP_KERNEL)?;
    let mut destination = Buffer::zeroed(range.dst_offset + range.len + MARGIN, GFP_KERNEL)?;

    fill_source(&mut source[range.src_offset..]);
    fill_background(&mut destination);
    Ok((source, destination))
}

/// Returns byte `index` of a source.
pub(super) fn source(index: usize) -> u8 {
    0x80 | hash(index)
}

/// Returns byte `index` of a destination before the copy.
pub(super) fn background(index: usize) -> u8 {
    0x7f & !hash(index)
}

/// Returns seven bits that depend on each of the lowest 28 bits of `index`.
fn hash(index: usize) -> u8 {
    // CAST: Seven bits are left.
    ((index ^ index >> 7 ^ index >> 14 ^ index >> 21) & 0x7f) as u8
}

/// Fills `bytes` with the bytes of a source.
pub(super) fn fill_source(bytes: &mut [u8]) {
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = source(index);
    }
}

/// Fills parts with the bytes of a source, with indices from the start of the first.
pub(super) fn fill_parts<'a>(parts: impl Iterator<Item = &'a mut [u8]>) {
    for (index, byte) in parts.flatten().enumerate() {
        *byte = source(index);
    }
}

/// Fills `bytes` with the bytes of a destination before the copy.
pub(super) fn fill_background(bytes: &mut [u8]) {
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = background(index);
    }
}

/// Checks that `bytes` is unchanged since [`fill_background`].
///
/// # Errors
///
/// The first wrong byte.
pub(super) fn check_background(bytes: &[u8]) -> Result<(), Mismatch> {
    check(bytes, 0, 0)
}

/// Checks that `bytes` has `len` bytes of the source from `at` on, and is unchanged elsewhere.
///
/// # Errors
///
/// The first wrong byte.
pub(super) fn check(bytes: &[u8], at: usize, len: usize) -> Result<(), Mismatch> {
    check_by(bytes, |offset| match offset.checked_sub(at) {
        Some(index) if index < len => source(index),
        _ => background(offset),
    })
}

/// Checks that each of `bytes` is the value of `expected` for its offset.
///
/// # Errors
///
/// The first wrong byte.
pub(super) fn check_by(bytes: &[u8], expected: impl Fn(usize) -> u8) -> Result<(), Mismatch> {
    for (offset, &found) in bytes.iter().enumerate() {
        let expected = expected(offset);

        if found != expected {
            return Err(Mismatch {
                offset,
                expected,
                found,
            });
        }
    }
    Ok(())
}

/// Checks parts as [`check_by`] does, with offsets from the start of the first.
///
/// # Errors
///
/// The first wrong byte.
pub(super) fn check_parts<'a>(
    parts: impl Iterator<Item = &'a [u8]>,
    expected: impl Fn(usize) -> u8,
) -> Result<(), Mismatch> {
    let mut start = 0;

    for bytes in parts {
        check_by(bytes, |offset| expected(start + offset))
            .map_err(|mismatch| mismatch.shift(start))?;
        start += bytes.len();
    }
    Ok(())
}

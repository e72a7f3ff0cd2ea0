// SPDX-License-Identifier: GPL-2.0

//! Bytes that tell where they come from.
//!
//! The highest bit says whether a byte belongs to the source (1) or was in the destination before
//! (0); the others depend on its index in the copied bytes, far enough that a shift by any number
//! of bytes, beats or pages shows.

use kernel::fmt;

/// A byte that is not what it should be.
pub(super) struct Mismatch {
    offset: usize,
    expected: u8,
    found: u8,
}

impl Mismatch {
    /// The same after `bytes` more bytes.
    fn behind(self, bytes: usize) -> Self {
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

/// Byte `index` of a source.
pub(super) fn source(index: usize) -> u8 {
    0x80 | mixed(index)
}

/// Byte `index` of a destination before the copy.
pub(super) fn background(index: usize) -> u8 {
    0x7f & !mixed(index)
}

/// Seven bits in which all bits of `index` up to the 24th take part.
fn mixed(index: usize) -> u8 {
    // CAST: Seven bits are left.
    ((index ^ index >> 7 ^ index >> 14 ^ index >> 21) & 0x7f) as u8
}

/// Makes `bytes` a source.
pub(super) fn fill_source(bytes: &mut [u8]) {
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = source(index);
    }
}

/// Makes `bytes` something to copy over.
pub(super) fn fill_background(bytes: &mut [u8]) {
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = background(index);
    }
}

/// Checks that `bytes` is what [`fill_background`] made.
///
/// # Errors
///
/// The first byte for which that is not so.
pub(super) fn check_background(bytes: &[u8]) -> Result<(), Mismatch> {
    check(bytes, 0, 0)
}

/// Checks that `bytes` has the source from `at` on for `len` bytes, and is untouched elsewhere.
///
/// # Errors
///
/// The first byte for which that is not so.
pub(super) fn check(bytes: &[u8], at: usize, len: usize) -> Result<(), Mismatch> {
    check_by(bytes, |offset| match offset.checked_sub(at) {
        Some(index) if index < len => source(index),
        _ => background(offset),
    })
}

/// Checks that each of `bytes` is what `expected` says for its offset.
///
/// # Errors
///
/// The first byte for which that is not so.
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

/// As [`check_by`], for bytes in several parts, one behind the other.
///
/// # Errors
///
/// The first byte for which that is not so.
pub(super) fn check_parts<'a>(
    parts: impl Iterator<Item = &'a [u8]>,
    expected: impl Fn(usize) -> u8,
) -> Result<(), Mismatch> {
    let mut start = 0;

    for bytes in parts {
        check_by(bytes, |offset| expected(start + offset))
            .map_err(|mismatch| mismatch.behind(start))?;
        start += bytes.len();
    }
    Ok(())
}

// SPDX-License-Identifier: GPL-2.0

//! Memory as the channel sees it: a few regions in a 32-bit address space, and nothing between.

use super::Error;

/// Accesses to a region that the channel may make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    Read,
    Write,
    ReadWrite,
}

#[derive(Debug)]
struct Region {
    base: u32,
    bytes: Vec<u8>,
    access: Access,
}

/// All regions.
///
/// A test gives the channel exactly the bytes that it is to touch. Anything else is an error of the
/// bus then, which is stricter than guard bytes: it also sees a write of the value that was there.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    regions: Vec<Region>,
}

impl Memory {
    /// Adds `bytes` at `base`.
    ///
    /// # Panics
    ///
    /// If they overlap another region or the end of the address space: the test is wrong then.
    pub(crate) fn with(mut self, base: u32, bytes: Vec<u8>, access: Access) -> Self {
        let end = |region: &Region| u64::from(region.base) + region.bytes.len() as u64;
        let region = Region {
            base,
            bytes,
            access,
        };

        assert!(end(&region) <= 1 << 32, "a region past 4 GiB");
        for other in &self.regions {
            assert!(
                end(&region) <= u64::from(other.base) || end(other) <= u64::from(region.base),
                "regions overlap"
            );
        }
        self.regions.push(region);
        self
    }

    /// Puts `bytes` at `base` to be read, in place of the region that was there.
    pub(crate) fn replace(&mut self, base: u32, bytes: Vec<u8>) {
        let mut memory = std::mem::take(self);

        memory.regions.retain(|region| region.base != base);
        *self = memory.with(base, bytes, Access::Read);
    }

    /// Writes bytes that a test expects there.
    pub(crate) fn write_bytes(&mut self, address: u32, bytes: &[u8]) {
        self.write(address, bytes).expect("no such region");
    }

    /// The bytes of the region at `base`.
    pub(crate) fn region(&self, base: u32) -> &[u8] {
        let region = self.regions.iter().find(|region| region.base == base);

        &region.expect("no such region").bytes
    }

    /// Reads a beat of `len` bytes.
    pub(super) fn read(&self, address: u32, len: u32) -> Result<&[u8], Error> {
        for region in &self.regions {
            if let Some(range) = region.range(address, len) {
                if region.access != Access::Write {
                    return Ok(&region.bytes[range]);
                }
            }
        }
        Err(Error::ProgramLimits { address })
    }

    /// Writes a beat.
    pub(super) fn write(&mut self, address: u32, beat: &[u8]) -> Result<(), Error> {
        for region in &mut self.regions {
            if let Some(range) = region.range(address, beat.len() as u32) {
                if region.access != Access::Read {
                    region.bytes[range].copy_from_slice(beat);
                    return Ok(());
                }
            }
        }
        Err(Error::ProgramLimits { address })
    }
}

impl Region {
    /// Returns the offsets of a beat in the region, if the region has all of it.
    fn range(&self, address: u32, len: u32) -> Option<std::ops::Range<usize>> {
        let start = address.checked_sub(self.base)? as usize;
        let end = start + len as usize;

        (end <= self.bytes.len()).then_some(start..end)
    }
}

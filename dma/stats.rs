// SPDX-License-Identifier: GPL-2.0

//! What a device's mappings come to, in numbers.

use kernel::{
    fmt,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// Counters of the mappings of one device.
///
/// Each count is one relaxed atomic addition, without a lock: two for a mapping or a list, two more if it
/// is bounced, one for its end and one for each sync. Whether it is bounced is seen from its addresses, for a
/// list from those of each entry. `make bench` shows what that comes to, which is some 40 instructions for
/// a mapping and its end, 20 for a sync, and 40 for each entry of a list. Counters are read one after
/// the other: a reader sees sums that are a moment old, but none that stays wrong.
///
/// # Examples
///
/// ```ignore
/// // SAFETY: Only this call of the driver sets limits. In probe no other code uses the
/// // device, so nothing is mapped or allocated for it meanwhile.
/// let dev = unsafe { DmaDevice::new(pdev, limits, Statistics::on())? };
///
/// seq_print!(out, "{}", dev.statistics());
/// ```
pub(crate) struct Statistics {
    on: bool,
    mapped: Atomic<u64>,
    unmapped: Atomic<u64>,
    bytes: Atomic<u64>,
    failures: Atomic<u64>,
    bounced: Atomic<u64>,
    bounced_bytes: Atomic<u64>,
    syncs_for_cpu: Atomic<u64>,
    syncs_for_device: Atomic<u64>,
    syncs_skipped: Atomic<u64>,
}

/// The counters at one time.
///
/// # Examples
///
/// ```ignore
/// if dev.statistics().snapshot().live != 0 {
///     dev_warn!(dev.as_device(), "mappings are left\n");
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Mappings that exist: made and not unmapped, the lost ones among them. A list is one.
    pub(crate) live: u64,
    /// Mappings that were made, one that was found to cross a boundary among them.
    pub(crate) mapped: u64,
    /// The bytes of all that were made, padding included.
    pub(crate) bytes: u64,
    /// Mappings that could not be made.
    pub(crate) failures: u64,
    /// Mappings that went through a bounce buffer, or parts of which did.
    ///
    /// Behind an IOMMU, to see that means to look an address up in its tables.
    pub(crate) bounced: u64,
    /// The bytes of those, or of these parts.
    pub(crate) bounced_bytes: u64,
    /// Calls of `dma_sync_single_for_cpu()`; those in mapping and unmapping are not counted.
    pub(crate) syncs_for_cpu: u64,
    /// Calls of `dma_sync_single_for_device()`, likewise.
    pub(crate) syncs_for_device: u64,
    /// Syncs that had nothing to do, because the device sees what the CPU sees.
    pub(crate) syncs_skipped: u64,
}

impl Statistics {
    /// Counters at 0, which count.
    pub(crate) const fn on() -> Self {
        Self::new(true)
    }

    /// Counters at 0, which stay there: each place where something would be counted costs a load and
    /// a branch.
    pub(crate) const fn off() -> Self {
        Self::new(false)
    }

    const fn new(on: bool) -> Self {
        Self {
            on,
            mapped: Atomic::new(0),
            unmapped: Atomic::new(0),
            bytes: Atomic::new(0),
            failures: Atomic::new(0),
            bounced: Atomic::new(0),
            bounced_bytes: Atomic::new(0),
            syncs_for_cpu: Atomic::new(0),
            syncs_for_device: Atomic::new(0),
            syncs_skipped: Atomic::new(0),
        }
    }

    /// The counters now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let unmapped = self.unmapped.load(Relaxed);
        let mapped = self.mapped.load(Relaxed);

        Snapshot {
            // Mappings may come and go between the two loads.
            live: mapped.saturating_sub(unmapped),
            mapped,
            bytes: self.bytes.load(Relaxed),
            failures: self.failures.load(Relaxed),
            bounced: self.bounced.load(Relaxed),
            bounced_bytes: self.bounced_bytes.load(Relaxed),
            syncs_for_cpu: self.syncs_for_cpu.load(Relaxed),
            syncs_for_device: self.syncs_for_device.load(Relaxed),
            syncs_skipped: self.syncs_skipped.load(Relaxed),
        }
    }

    /// A mapping of `len` bytes was made.
    #[inline]
    pub(crate) fn count_map(&self, len: usize, is_bounced: impl FnOnce() -> bool) {
        if !self.on {
            return;
        }
        self.mapped.add(1, Relaxed);
        // CAST: `usize` has at most 64 bits.
        self.bytes.add(len as u64, Relaxed);
        if is_bounced() {
            self.bounced.add(1, Relaxed);
            self.bounced_bytes.add(len as u64, Relaxed);
        }
    }

    /// A list of `len` bytes was mapped, `bounced_bytes` of which go through bounce buffers.
    #[inline]
    pub(crate) fn count_list(&self, len: usize, bounced_bytes: impl FnOnce() -> usize) {
        if !self.on {
            return;
        }
        self.mapped.add(1, Relaxed);
        // CAST: `usize` has at most 64 bits.
        self.bytes.add(len as u64, Relaxed);

        let bounced_bytes = bounced_bytes();

        if bounced_bytes != 0 {
            self.bounced.add(1, Relaxed);
            self.bounced_bytes.add(bounced_bytes as u64, Relaxed);
        }
    }

    /// A mapping could not be made.
    #[inline]
    pub(crate) fn count_failure(&self) {
        if self.on {
            self.failures.add(1, Relaxed);
        }
    }

    /// A mapping is no more.
    #[inline]
    pub(crate) fn count_unmap(&self) {
        if self.on {
            self.unmapped.add(1, Relaxed);
        }
    }

    /// A sync for the CPU was asked for.
    #[inline]
    pub(crate) fn count_sync_for_cpu(&self, is_needed: impl FnOnce() -> bool) {
        if !self.on {
            return;
        }
        match is_needed() {
            true => self.syncs_for_cpu.add(1, Relaxed),
            false => self.syncs_skipped.add(1, Relaxed),
        }
    }

    /// A sync for the device was asked for.
    #[inline]
    pub(crate) fn count_sync_for_device(&self, is_needed: impl FnOnce() -> bool) {
        if !self.on {
            return;
        }
        match is_needed() {
            true => self.syncs_for_device.add(1, Relaxed),
            false => self.syncs_skipped.add(1, Relaxed),
        }
    }
}

/// A line for each counter: its name, a space, its value, as in `/proc/vmstat`.
impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Snapshot {
            live,
            mapped,
            bytes,
            failures,
            bounced,
            bounced_bytes,
            syncs_for_cpu,
            syncs_for_device,
            syncs_skipped,
        } = self.snapshot();

        if !self.on {
            return f.write_str("off\n");
        }
        f.write_fmt(fmt!(
            "live {live}\n\
             mapped {mapped}\n\
             bytes {bytes}\n\
             failures {failures}\n\
             bounced {bounced}\n\
             bounced_bytes {bounced_bytes}\n\
             syncs_for_cpu {syncs_for_cpu}\n\
             syncs_for_device {syncs_for_device}\n\
             syncs_skipped {syncs_skipped}\n"
        ))
    }
}

#[kunit_tests(rk3588_dma_stats)]
mod tests {
    use kernel::{
        dma::DmaMask,
        str::CString, //
    };

    use super::*;
    use crate::{
        dma::{
            buffer::pad,
            Bidirectional,
            Buffer,
            Limits,
            Mapping,
            ToDevice, //
        },
        fixture::TestDevice, //
    };

    const NOTHING: Snapshot = Snapshot {
        live: 0,
        mapped: 0,
        bytes: 0,
        failures: 0,
        bounced: 0,
        bounced_bytes: 0,
        syncs_for_cpu: 0,
        syncs_for_device: 0,
        syncs_skipped: 0,
    };

    #[test]
    fn everything_is_counted() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let now = || dev.statistics().snapshot();

        assert_eq!(now(), NOTHING);

        let first = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(4096)?)?;
        let is_bounced = now().bounced == 1;
        let mut second = Mapping::<_, Bidirectional>::new(dev, Buffer::zeroed(100)?)?;

        let _ = second.for_cpu(..)?;
        drop(second.for_cpu_mut(..)?);
        drop(first);
        assert!(Mapping::<_, ToDevice>::new(dev, KVec::<u8>::new()).is_err());

        let expected = Snapshot {
            live: 1,
            mapped: 2,
            bytes: 4096 + pad(100) as u64,
            failures: 1,
            bounced: if is_bounced { 2 } else { 0 },
            bounced_bytes: if is_bounced {
                4096 + pad(100) as u64
            } else {
                0
            },
            syncs_for_cpu: 2,
            syncs_for_device: 1,
            syncs_skipped: 0,
        };

        assert_eq!(now(), expected);
        drop(second.unmap());
        assert_eq!(
            now(),
            Snapshot {
                live: 0,
                ..expected
            }
        );
        Ok(())
    }

    /// What a device writes into a short piece of `kmalloc()` memory is bounced, wherever it lies.
    #[test]
    fn bounces_are_counted() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;

        drop(Mapping::<_, Bidirectional>::new(
            dev,
            KVec::from_elem(0u8, 7, GFP_KERNEL)?,
        )?);
        assert_eq!(dev.statistics().snapshot().bounced, 1);
        assert_eq!(dev.statistics().snapshot().bounced_bytes, 7);
        Ok(())
    }

    #[test]
    fn nothing_is_counted_when_off() -> Result {
        let device = TestDevice::new()?;
        let limits = Limits::new(DmaMask::new::<32>());
        let dev = device.dma_with(limits, Statistics::off())?;
        let mut mapping = Mapping::<_, Bidirectional>::new(dev, Buffer::zeroed(64)?)?;

        drop(mapping.for_cpu_mut(..)?);
        drop(mapping);
        assert!(Mapping::<_, ToDevice>::new(dev, KVec::<u8>::new()).is_err());
        assert_eq!(dev.statistics().snapshot(), NOTHING);

        let text = CString::try_from_fmt(fmt!("{}", dev.statistics()))?;

        assert_eq!(text.to_bytes(), b"off\n");
        Ok(())
    }

    #[test]
    fn they_are_shown_by_name() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mapping = Mapping::<_, ToDevice>::new(dev, Buffer::zeroed(4096)?)?;
        let text = CString::try_from_fmt(fmt!("{}", dev.statistics()))?;
        let text = core::str::from_utf8(text.to_bytes()).map_err(|_| EINVAL)?;

        assert!(text.starts_with("live 1\nmapped 1\nbytes 4096\nfailures 0\n"));
        assert!(text.ends_with("\nsyncs_skipped 0\n"));
        assert_eq!(text.lines().count(), 9);
        drop(mapping);
        Ok(())
    }
}

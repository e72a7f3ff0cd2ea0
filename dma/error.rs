// SPDX-License-Identifier: GPL-2.0

//! Errors of mapping.

use kernel::{
    fmt,
    prelude::*, //
};

/// Reason for which memory could not be mapped.
///
/// As an [`Error`]: `EMSGSIZE` for memory that is too long or has too many entries, `ERANGE` for a
/// boundary, `ENOMEM`, the kernel's error if it could not map, and `EINVAL`.
///
/// # Examples
///
/// ```
/// # fn send<'dev>(
/// #     dev: &'dev DmaDevice,
/// #     buffer: Buffer,
/// #     pieces: impl FnOnce(Buffer, usize) -> Result,
/// #     one_piece: impl FnOnce(Mapping<'dev, Buffer, ToDevice>) -> Result,
/// # ) -> Result {
/// match Mapping::<_, ToDevice>::new(dev, buffer) {
///     Err(MapError { failure: MapFailure::TooLong { max, .. }, memory }) => pieces(memory, max),
///     result => one_piece(result?),
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MapFailure {
    /// There are no bytes to map.
    Empty,
    /// The memory is longer than the longest segment of the device; or the device cannot address
    /// it, and it is longer than a bounce buffer.
    TooLong {
        /// Length in bytes; with padding if `max` is that of a bounce buffer.
        len: usize,
        /// Maximum in bytes: the device's longest segment, or `dma_max_mapping_size()`.
        max: usize,
    },
    /// A table of the memory would have more entries than `dma_map_sg()` accepts.
    TooManyEntries {
        /// Number of entries that the table would have.
        entries: usize,
        /// Maximum number of entries.
        max: usize,
    },
    /// A range is not inside the memory.
    OutOfRange {
        /// End of the range in bytes.
        end: usize,
        /// Length of the memory in bytes.
        len: usize,
    },
    /// The mapping crosses a boundary that a segment for the device may not cross.
    CrossesBoundary {
        /// `dma_get_seg_boundary()`: the boundaries are the multiples of this and 1.
        mask: c_ulong,
    },
    /// The memory begins in a cache line that it may share with other data, or was cut within a
    /// line, and the kernel would not bounce it: writes of the CPU could overwrite those of the
    /// device.
    ///
    /// Memory of 256 bytes or more, or as long as its allocation, is never rejected with this, nor
    /// a list of such memory with entries of at least a cache line.
    SharesCacheLine,
    /// The memory is outside of the kernel's linear map: vmalloc memory, a stack, part of the
    /// kernel image.
    ///
    /// No type of this crate has such memory: an [`unsafe impl Memory`](super::Memory) is wrong. On
    /// arm64 all such addresses are rejected; `dma_map_single()` rejects vmalloc memory only.
    /// Kernels with `CONFIG_RUST_DEBUG_ASSERTIONS` also reject holes and stacks in the linear map.
    NotLinear,
    /// Allocation flags are not a combination of [`kernel::alloc::flags`].
    InvalidFlags,
    /// Allocation of the table failed.
    NoMemory,
    /// The kernel could not map: the device cannot address the memory and no bounce buffer is
    /// available within its boundaries, or the IOMMU has no addresses left.
    ///
    /// The error is `ENOMEM` for a single mapping, as of `dma_mapping_error()`, and for a list that
    /// of `dma_map_sgtable()`: a later call may succeed after `ENOMEM`, but not after `EINVAL` or
    /// `EREMOTEIO`; `EIO` has no exact meaning.
    MappingFailed(Error),
}

impl fmt::Display for MapFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is nothing to map"),
            Self::TooLong { len, max } => f.write_fmt(fmt!(
                "{len} bytes are more than the {max} that can be mapped for this device"
            )),
            Self::TooManyEntries { entries, max } => f.write_fmt(fmt!(
                "{entries} entries are more than the {max} that a list can have"
            )),
            Self::OutOfRange { end, len } => {
                f.write_fmt(fmt!("the range ends at byte {end}, the memory at {len}"))
            }
            Self::CrossesBoundary { mask } => f.write_fmt(fmt!(
                "the memory crosses a boundary of the device ({mask:#x})"
            )),
            Self::SharesCacheLine => f.write_str("a cache line of the memory is shared"),
            Self::NotLinear => f.write_str("the memory is not in the kernel's linear map"),
            Self::InvalidFlags => f.write_str("the allocation flags are invalid"),
            Self::NoMemory => f.write_str("allocation of the table failed"),
            Self::MappingFailed(error) => {
                f.write_fmt(fmt!("the kernel cannot map the memory ({error:?})"))
            }
        }
    }
}

impl From<MapFailure> for Error {
    fn from(failure: MapFailure) -> Self {
        match failure {
            MapFailure::Empty
            | MapFailure::OutOfRange { .. }
            | MapFailure::SharesCacheLine
            | MapFailure::NotLinear
            | MapFailure::InvalidFlags => EINVAL,
            MapFailure::TooLong { .. } | MapFailure::TooManyEntries { .. } => EMSGSIZE,
            MapFailure::CrossesBoundary { .. } => ERANGE,
            MapFailure::NoMemory => ENOMEM,
            MapFailure::MappingFailed(error) => error,
        }
    }
}

/// Error of mapping, with the unchanged memory.
///
/// Converts into the [`Error`] of its failure, and drops the memory.
///
/// # Examples
///
/// ```
/// # fn receive(dev: &DmaDevice, buffer: Buffer, later: impl FnOnce(Buffer) -> Result) -> Result {
/// let mapping = match Mapping::<_, FromDevice>::new(dev, buffer) {
///     Ok(mapping) => mapping,
///     Err(MapError { failure, memory }) => {
///         dev_warn!(dev.as_device(), "{failure}\n");
///         return later(memory);
///     }
/// };
/// # Ok(())
/// # }
/// ```
pub(crate) struct MapError<M> {
    /// Reason.
    pub(crate) failure: MapFailure,
    /// Memory that was not mapped.
    pub(crate) memory: M,
}

impl<M> From<MapError<M>> for Error {
    fn from(error: MapError<M>) -> Self {
        error.failure.into()
    }
}

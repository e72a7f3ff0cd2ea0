// SPDX-License-Identifier: GPL-2.0

//! Mappings that could not be made.

use kernel::{
    fmt,
    prelude::*, //
};

/// Reason for which memory could not be mapped.
///
/// As an [`Error`]: `EMSGSIZE` for what is too long or in too many entries, `ERANGE` at a boundary,
/// `ENOMEM`, `EIO` where the kernel refused, and `EINVAL`.
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
    /// The memory is longer than a segment of the device may be, or is out of its reach and longer
    /// than a bounce buffer.
    TooLong {
        /// Length in bytes; with padding if `max` is that of a bounce buffer.
        len: usize,
        /// The longest, in bytes: the device's longest segment, or `dma_max_mapping_size()`.
        max: usize,
    },
    /// A table of it would have more entries than `dma_map_sg()` takes.
    TooManyEntries {
        /// Number of entries that it would have.
        entries: usize,
        /// The most.
        max: usize,
    },
    /// The mapping crosses a boundary that a segment for the device may not cross.
    CrossesBoundary {
        /// `dma_get_seg_boundary()`: the boundaries are the multiples of this and 1.
        mask: c_ulong,
    },
    /// The memory begins in a cache line that it may share with other data, or was cut in one,
    /// and the kernel would not know: what the CPU does there would overwrite what the device
    /// wrote.
    ///
    /// One piece of 256 bytes or more, or as long as its allocation, is never refused for it, nor a
    /// list of such pieces with entries of a cache line or more.
    SharesCacheLine,
    /// Memory outside of the kernel's linear map: vmalloc memory, a stack, part of the kernel
    /// image.
    ///
    /// No type of this crate is such memory: an [`unsafe impl Memory`](super::Memory) is wrong. All
    /// kernels for arm64 reject such an address, where `dma_map_single()` rejects vmalloc memory
    /// alone; kernels with `CONFIG_RUST_DEBUG_ASSERTIONS` also look for holes and stacks.
    NotLinear,
    /// Allocation flags are not a combination of [`kernel::alloc::flags`].
    InvalidFlags,
    /// There is no memory for a table.
    NoMemory,
    /// The kernel could not: the memory is out of the device's reach, and there is no bounce
    /// buffer, none is free, or none is within the device's boundaries; or an IOMMU has no
    /// addresses left.
    MappingFailed,
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
            Self::CrossesBoundary { mask } => f.write_fmt(fmt!(
                "the memory crosses a boundary of the device ({mask:#x})"
            )),
            Self::SharesCacheLine => f.write_str("a cache line of the memory is shared"),
            Self::NotLinear => f.write_str("the memory is not in the kernel's linear map"),
            Self::InvalidFlags => f.write_str("the allocation flags are invalid"),
            Self::NoMemory => f.write_str("there is no memory for a table"),
            Self::MappingFailed => {
                f.write_str("the kernel cannot map it where the device reaches it")
            }
        }
    }
}

impl From<MapFailure> for Error {
    fn from(failure: MapFailure) -> Self {
        match failure {
            MapFailure::Empty
            | MapFailure::SharesCacheLine
            | MapFailure::NotLinear
            | MapFailure::InvalidFlags => EINVAL,
            MapFailure::TooLong { .. } | MapFailure::TooManyEntries { .. } => EMSGSIZE,
            MapFailure::CrossesBoundary { .. } => ERANGE,
            MapFailure::NoMemory => ENOMEM,
            MapFailure::MappingFailed => EIO,
        }
    }
}

/// A mapping that could not be made, with the memory that was to be mapped, untouched.
///
/// Turns into its [`Error`] with `?`, which drops the memory.
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
    /// Memory that was to be mapped.
    #[cfg_attr(
        not(CONFIG_KUNIT = "y"),
        expect(dead_code, reason = "our lessons have no other use for it")
    )]
    pub(crate) memory: M,
}

impl<M> From<MapError<M>> for Error {
    fn from(error: MapError<M>) -> Self {
        error.failure.into()
    }
}

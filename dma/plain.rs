// SPDX-License-Identifier: GPL-2.0

//! Plain data: types whose bytes a device may read and write.

use zerocopy::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout, //
};

/// Type of which a device may read and write every byte.
///
/// - All bytes are initialized ([`IntoBytes`]), so a device that reads them gets no old kernel
///   memory;
/// - any bytes are a value ([`FromBytes`]), so a device may write them;
/// - a shared reference does not change them ([`Immutable`]);
/// - dropping a value does nothing (`Copy`).
///
/// Implemented for all types with these traits. The compiler reports any missing one as one error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not plain data: a device may not read and write its bytes",
    label = "contains `{Self}`, which is not plain data",
    note = "use integers (`u8` for `bool`), arrays of them, or a `repr(C)` struct that derives \
            `Clone`, `Copy`, `FromBytes`, `IntoBytes` and `Immutable`",
    note = "use a `KVec` for a number of elements that is not part of the type",
    note = "make a `sg::SgTable` of a `KVec` of boxes, buffers or pages: each is a piece of its own"
)]
pub(crate) trait PlainData: Copy + FromBytes + IntoBytes + Immutable + Send {}

#[diagnostic::do_not_recommend]
impl<T: Copy + FromBytes + IntoBytes + Immutable + Send> PlainData for T {}

/// Type as which the CPU reads bytes of a mapping.
///
/// - Any bytes are a value ([`FromBytes`]);
/// - a shared reference does not change them ([`Immutable`]).
///
/// Implemented for all types with these traits and [`KnownLayout`].
#[diagnostic::on_unimplemented(
    message = "the CPU cannot read bytes of a mapping as `{Self}`",
    label = "not all bytes are a `{Self}`, or it has cells",
    note = "use integers, arrays of them, or a `repr(C)` struct that derives `FromBytes`, \
            `Immutable` and `KnownLayout`",
    note = "to poll a value that the device writes, call `for_cpu_as` again: each call syncs"
)]
pub(crate) trait ReadAs: FromBytes + Immutable + KnownLayout {}

#[diagnostic::do_not_recommend]
impl<T: FromBytes + Immutable + KnownLayout> ReadAs for T {}

/// Type as which the CPU changes bytes of a mapping.
///
/// - Any bytes are a value ([`FromBytes`]);
/// - all bytes are initialized ([`IntoBytes`]), so the device reads no padding.
///
/// Implemented for all types with these traits and [`KnownLayout`].
#[diagnostic::on_unimplemented(
    message = "the CPU cannot change bytes of a mapping as `{Self}`",
    label = "not all bytes are a `{Self}`, or it has padding",
    note = "use integers, arrays of them, or a `repr(C)` struct without padding that derives \
            `FromBytes`, `IntoBytes` and `KnownLayout`"
)]
pub(crate) trait WriteAs: FromBytes + IntoBytes + KnownLayout {}

#[diagnostic::do_not_recommend]
impl<T: FromBytes + IntoBytes + KnownLayout> WriteAs for T {}

// SPDX-License-Identifier: GPL-2.0

//! Plain data: types whose bytes a device may read and write.

use zerocopy::{
    FromBytes,
    Immutable,
    IntoBytes, //
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
    note = "make a `sg::SgTable` of a `KVec` of boxes, buffers or pages: each is a piece of its own"
)]
pub(crate) trait PlainData: Copy + FromBytes + IntoBytes + Immutable + Send {}

#[diagnostic::do_not_recommend]
impl<T: Copy + FromBytes + IntoBytes + Immutable + Send> PlainData for T {}

// SPDX-License-Identifier: GPL-2.0

//! For tests of the tests: one kind of sync can be left out, and then a test must fail.
//!
//! Only in a module for a kernel with KUnit, and only where its parameter `leave_out` says so; see
//! `tests/kunit/fixture.h`. Elsewhere nothing of this is left in the code.

use kernel::dma::DataDirection;

/// What can be left out.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// The sync on the way to the CPU.
    SyncForCpu,
    /// The sync on the way to the device.
    SyncForDevice,
    /// The sync that is part of unmapping.
    Unmap,
    /// The first of these for a list.
    SyncListForCpu,
    /// The second.
    SyncListForDevice,
    /// The third.
    UnmapList,
}

/// Whether a test wants `step` to be left out in this direction.
#[cfg(CONFIG_KUNIT = "y")]
pub(crate) fn is_left_out(step: Step, direction: DataDirection) -> bool {
    use crate::bindings::c::*;

    let number = match (step, direction) {
        (Step::SyncForCpu, DataDirection::FromDevice) => {
            RK3588_DMA_LEAVE_OUT_SYNC_FOR_CPU_FROM_DEVICE
        }
        (Step::SyncForCpu, DataDirection::Bidirectional) => {
            RK3588_DMA_LEAVE_OUT_SYNC_FOR_CPU_BIDIRECTIONAL
        }
        (Step::SyncForDevice, DataDirection::ToDevice) => {
            RK3588_DMA_LEAVE_OUT_SYNC_FOR_DEVICE_TO_DEVICE
        }
        (Step::SyncForDevice, DataDirection::Bidirectional) => {
            RK3588_DMA_LEAVE_OUT_SYNC_FOR_DEVICE_BIDIRECTIONAL
        }
        (Step::Unmap, DataDirection::FromDevice) => RK3588_DMA_LEAVE_OUT_UNMAP_FROM_DEVICE,
        (Step::Unmap, DataDirection::Bidirectional) => RK3588_DMA_LEAVE_OUT_UNMAP_BIDIRECTIONAL,
        (Step::SyncListForCpu, DataDirection::FromDevice) => {
            RK3588_DMA_LEAVE_OUT_LIST_SYNC_FOR_CPU_FROM_DEVICE
        }
        (Step::SyncListForCpu, DataDirection::Bidirectional) => {
            RK3588_DMA_LEAVE_OUT_LIST_SYNC_FOR_CPU_BIDIRECTIONAL
        }
        (Step::SyncListForDevice, DataDirection::ToDevice) => {
            RK3588_DMA_LEAVE_OUT_LIST_SYNC_FOR_DEVICE_TO_DEVICE
        }
        (Step::SyncListForDevice, DataDirection::Bidirectional) => {
            RK3588_DMA_LEAVE_OUT_LIST_SYNC_FOR_DEVICE_BIDIRECTIONAL
        }
        (Step::UnmapList, DataDirection::FromDevice) => RK3588_DMA_LEAVE_OUT_LIST_UNMAP_FROM_DEVICE,
        (Step::UnmapList, DataDirection::Bidirectional) => {
            RK3588_DMA_LEAVE_OUT_LIST_UNMAP_BIDIRECTIONAL
        }
        // There is no such sync.
        _ => return false,
    };

    // SAFETY: The function takes any number.
    unsafe { rk3588_dma_leaves_out(number) }
}

/// Never.
#[cfg(not(CONFIG_KUNIT = "y"))]
#[inline(always)]
pub(crate) const fn is_left_out(_: Step, _: DataDirection) -> bool {
    false
}

// SPDX-License-Identifier: GPL-2.0

//! Jobs that a provider has been asked to do.

use core::{
    mem::ManuallyDrop,
    ops::Deref, //
};

use kernel::sync::Arc;

use super::{
    descriptor::Descriptor,
    ffi::c, //
};

/// Failure of a job.
///
/// C type: `enum dmaengine_tx_result`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TxError {
    /// A read of the source failed. C constant: `DMA_TRANS_READ_FAILED`.
    ReadFailed,
    /// A write of the destination failed. C constant: `DMA_TRANS_WRITE_FAILED`.
    WriteFailed,
    /// The job was stopped, or failed for another reason. C constant: `DMA_TRANS_ABORTED`.
    Aborted,
}

/// Result of a job.
///
/// C type: `struct dmaengine_result`.
pub(crate) type TxResult = Result<(), TxError>;

impl TxError {
    /// Returns the constant for C.
    pub(super) fn as_raw(self) -> c::dmaengine_tx_result {
        match self {
            Self::ReadFailed => c::dmaengine_tx_result_DMA_TRANS_READ_FAILED,
            Self::WriteFailed => c::dmaengine_tx_result_DMA_TRANS_WRITE_FAILED,
            Self::Aborted => c::dmaengine_tx_result_DMA_TRANS_ABORTED,
        }
    }
}

/// Job that the client has issued, owned by the provider until the hardware has finished.
///
/// It dereferences to the job. A value that is dropped is completed as
/// [`Aborted`](TxError::Aborted), so that no client waits for ever. One that is leaked keeps the
/// channel from being released.
///
/// # Examples
///
/// ```
/// # fn interrupt<J: Send + Sync>(running: Issued<J>, has_failed: bool) {
/// // The hardware does not access the memory of the job any more.
/// running.complete(if has_failed { Err(TxError::Aborted) } else { Ok(()) });
/// # }
/// ```
///
/// # Invariants
///
/// The descriptor was issued, has no result, and no other `Issued`.
pub(crate) struct Issued<J: Send + Sync> {
    descriptor: ManuallyDrop<Arc<Descriptor<J>>>,
    result: TxResult,
}

impl<J: Send + Sync> Issued<J> {
    /// Creates the value for a descriptor that is issued now.
    pub(super) fn new(descriptor: Arc<Descriptor<J>>) -> Self {
        // INVARIANT: The caller issues the descriptor.
        Self {
            descriptor: ManuallyDrop::new(descriptor),
            result: Err(TxError::Aborted),
        }
    }

    /// Completes the job. The client's callback is called in a tasklet.
    ///
    /// Jobs of a channel may be completed in any order; the client gets the results in the order of
    /// its cookies. If the client has terminated the job, no callback is called.
    ///
    /// The hardware must not access the memory of the job from here on, because the client may free
    /// it. All that it has written must have reached memory.
    ///
    /// Takes constant time, unless jobs after this one are completed already: then the time grows
    /// with their number. Callable from any context, also in an interrupt handler, but not with a
    /// lock that [`Slave::transferred`](super::Slave::transferred) takes.
    pub(crate) fn complete(mut self, result: TxResult) {
        self.result = result;
    }

    /// Notes the end of a period of a cyclic job. The client's callback is called in a tasklet:
    /// once for several periods, if they end before it runs.
    ///
    /// Takes constant time. Callable as [`complete`](Self::complete) is.
    pub(crate) fn complete_period(&self) {
        self.descriptor.channel().complete_period(&self.descriptor);
    }
}

impl<J: Send + Sync> Deref for Issued<J> {
    type Target = J;

    fn deref(&self) -> &J {
        &self.descriptor.job
    }
}

impl<J: Send + Sync> Drop for Issued<J> {
    fn drop(&mut self) {
        // SAFETY: The field must not be used any more: this is the end of `self`.
        let descriptor = unsafe { ManuallyDrop::take(&mut self.descriptor) };
        let channel = core::ptr::from_ref(descriptor.channel());

        // SAFETY: The channel must be valid: it is freed after the descriptor, of which `complete`
        // gets a reference.
        unsafe { &*channel }.complete(descriptor, self.result);
    }
}

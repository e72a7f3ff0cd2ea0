// SPDX-License-Identifier: GPL-2.0

//! Transfers in order.

use kernel::{
    alloc::Flags,
    prelude::*,
    sync::Arc, //
};

use super::{
    controller::Controller,
    request::Line, //
};

/// The transfers of one submitter, done one after the other, in the order in which they are submitted.
///
/// Those of different queues, and those of none, are done at the same time, as long as there are
/// channels. One that fails does not keep the next from being done. A queue with nothing to do costs nothing, so there may be any number of them. Dropped, what
/// was submitted to it is done nevertheless.
///
/// # Examples
///
/// ```
/// # use crate::pl330::Span;
/// # fn copy_in_order<'bound, S, D>(
/// #     controller: &Controller<'bound>,
/// #     [a, c]: [S; 2],
/// #     [b, d]: [D; 2],
/// #     span: Span,
/// # ) -> Result
/// # where
/// #     S: MappedMemory<Direction: DeviceReads>,
/// #     D: MappedMemory<Direction: DeviceWrites>,
/// # {
/// let queue = Queue::new(controller, GFP_KERNEL)?;
/// let first = controller.prepare(a, b, span, GFP_KERNEL)?.submit_to(&queue);
/// let second = controller.prepare(c, d, span, GFP_KERNEL)?.submit_to(&queue);
///
/// second.wait()?;
/// first.wait()?;          // has ended before the second
/// # Ok(())
/// # }
/// ```
pub(crate) struct Queue<'a, 'bound> {
    controller: &'a Controller<'bound>,
    line: Arc<Line<'bound>>,
}

impl<'a, 'bound> Queue<'a, 'bound> {
    /// Allocates a queue for transfers of `controller`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(controller: &'a Controller<'bound>, flags: Flags) -> Result<Self> {
        Ok(Self {
            controller,
            line: Line::new(controller, flags)?,
        })
    }

    /// Whether it is for transfers of `controller`.
    pub(super) fn is_for(&self, controller: &Controller<'bound>) -> bool {
        core::ptr::eq(self.controller, controller)
    }

    pub(super) fn line(&self) -> &Arc<Line<'bound>> {
        &self.line
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Registration of the two interrupts of a controller.

use kernel::{
    device::Bound,
    irq::{
        Flags,
        Handler,
        IrqRequest,
        Registration, //
    },
    platform,
    prelude::*, //
};

use super::{
    controller::{
        Controller,
        ProbeError, //
    },
    engine::{
        AbortHandler,
        EventHandler, //
    }, //
};

/// Interrupts of a controller, which are handled until this is dropped.
pub(crate) struct Interrupts<'bound> {
    _event: Pin<KBox<Registration<'bound, EventHandler<'bound>>>>,
    _abort: Pin<KBox<Registration<'bound, AbortHandler<'bound>>>>,
}

impl<'bound> Interrupts<'bound> {
    /// Registers the handlers of `controller`, which is that of `pdev`. Sleeps.
    ///
    /// # Errors
    ///
    /// [`ProbeError::Interrupt`].
    ///
    /// # Safety
    ///
    /// It is dropped before `'bound` ends.
    pub(crate) unsafe fn new(
        pdev: &'bound platform::Device<Bound>,
        controller: &Controller<'bound>,
    ) -> Result<Self, ProbeError> {
        // SAFETY: The registration must be dropped: the caller guarantees it.
        let event = unsafe { register(pdev, 0, c"rk3588_dma", |_| controller.event_handler()) };
        // SAFETY: As above.
        let abort = unsafe {
            register(pdev, 1, c"rk3588_dma abort", |irq| {
                controller.abort_handler(irq)
            })
        };

        Ok(Self {
            _event: event.map_err(|error| ProbeError::Interrupt("event", error))?,
            _abort: abort.map_err(|error| ProbeError::Interrupt("abort", error))?,
        })
    }
}

/// Registers a handler of the interrupt with this index. `handler` gets its number.
///
/// # Safety
///
/// The registration is dropped before `'bound` ends.
unsafe fn register<'bound, H: Handler + 'bound>(
    pdev: &'bound platform::Device<Bound>,
    index: u32,
    name: &'static CStr,
    handler: impl FnOnce(u32) -> H,
) -> Result<Pin<KBox<Registration<'bound, H>>>> {
    let request: IrqRequest<'bound> = pdev.optional_irq_by_index(index)?;
    let handler = handler(request.irq());
    // SAFETY: The registration must be dropped: the caller guarantees it.
    let registration =
        unsafe { Registration::new(request, Flags::TRIGGER_NONE, name, Ok::<_, Error>(handler)) };

    KBox::pin_init(registration, GFP_KERNEL)
}

// SPDX-License-Identifier: GPL-2.0

//! Handlers of the two interrupts: one for the events of programs, one for faults.

use kernel::{
    irq::{
        self,
        IrqReturn, //
    },
    sync::Arc, //
};

use super::{
    super::{
        hw::{
            channels,
            event_of, //
        },
        program::insn::Event, //
    },
    fault,
    Engine, //
};
use crate::bindings;

/// Handler of the interrupt that a program raises by DMASEV.
pub(crate) struct EventHandler<'bound>(Arc<Engine<'bound>>);

impl<'bound> EventHandler<'bound> {
    /// Creates a handler for `engine`.
    pub(crate) fn new(engine: Arc<Engine<'bound>>) -> Self {
        Self(engine)
    }
}

impl irq::Handler for EventHandler<'_> {
    /// Completes the requests whose last program has ended, and starts the next programs.
    fn handle(&self) -> IrqReturn {
        let config = self.0.config();
        let handled = self.0.with_clock(|scheduler| {
            let events = scheduler.hardware.take_events();

            if events == 0 {
                return IrqReturn::None;
            }
            for channel in channels().filter(|&channel| events & event_of(channel).bit() != 0) {
                if config.may_use(channel) {
                    scheduler.platform.events += 1;
                    scheduler.event(channel.number().into());
                }
            }
            scheduler.dispatch();

            let reports = config.progress_event().map_or(0, Event::bit);

            if events & reports != 0 {
                scheduler.progress();
            }
            IrqReturn::Handled
        });

        // Without a clock the line is not ours.
        handled.unwrap_or(IrqReturn::None)
    }
}

/// Handler of the interrupt that is raised as long as a thread has a fault.
pub(crate) struct AbortHandler<'bound> {
    engine: Arc<Engine<'bound>>,
    irq: u32,
}

impl<'bound> AbortHandler<'bound> {
    /// Creates a handler for `engine`, whose abort interrupt has number `irq`.
    pub(crate) fn new(engine: Arc<Engine<'bound>>, irq: u32) -> Self {
        Self { engine, irq }
    }
}

impl irq::Handler for AbortHandler<'_> {
    /// Kills the threads with a fault. The worker does the rest.
    ///
    /// The line stays up until the threads have stopped. If that takes longer, the interrupt is
    /// disabled until then.
    fn handle(&self) -> IrqReturn {
        let handled = self.engine.with_clock(|scheduler| {
            if !fault::stop_faulting(scheduler) {
                return IrqReturn::None;
            }
            if fault::is_any_faulting(scheduler) {
                scheduler.platform.masked_irq = Some(self.irq);
                // SAFETY: By the device tree binding, `interrupts` are lines of the interrupt
                // controller of the SoC, a GIC, which does not sleep.
                unsafe { bindings::disable_irq_nosync(self.irq) };
                scheduler.watch();
            }
            IrqReturn::Handled
        });

        handled.unwrap_or(IrqReturn::None)
    }
}

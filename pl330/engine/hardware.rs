// SPDX-License-Identifier: GPL-2.0

//! The registers as the scheduler's hardware.

use super::{
    super::{
        hw::{
            event_of,
            Pl330,
            PortBusy, //
        },
        program::{
            insn::Channel,
            Points, //
        },
    },
    buffer::{
        ActiveProgram,
        ProgramBuffer, //
    },
    scheduler::{
        Hardware,
        NotStarted,
        MAX_CHANNELS, //
    }, //
};

/// Returns the channel thread with this number.
pub(super) fn thread(channel: usize) -> Channel {
    const FIRST: Channel = Channel::new(0).unwrap();

    // CAST: Less than `MAX_CHANNELS`, for which there is a thread.
    Channel::new((channel % MAX_CHANNELS) as u8).unwrap_or(FIRST)
}

impl<'bound> Hardware for Pl330<'bound> {
    type Program = ProgramBuffer<'bound>;
    type Active = ActiveProgram<'bound>;
    type Error = PortBusy;

    fn lines(&self) -> u16 {
        self.config().mfifo_lines()
    }

    fn lines_of(program: &ProgramBuffer<'bound>) -> u16 {
        program.lines()
    }

    fn start(
        &mut self,
        channel: usize,
        program: ProgramBuffer<'bound>,
    ) -> Result<ActiveProgram<'bound>, NotStarted<Self>> {
        let channel = thread(channel);
        let active = program.activate(channel);

        // SAFETY:
        // - The program must be complete, and stay so: it was written by `Request`, and an active
        //   program is not written until `reclaim`.
        // - The memory that it accesses must stay valid: by the invariants of `Request` it does
        //   until the request has ended, which the scheduler does when the channel has raised the
        //   event of its last program or has stopped.
        match unsafe { Pl330::start(self, channel, active.address()) } {
            Ok(()) => Ok(active),
            Err(busy) => {
                // SAFETY: The channel must not have been started: it was not.
                let program = unsafe { active.reclaim() };

                Err((program, busy.is_persistent.then_some(busy)))
            }
        }
    }

    fn reclaim(
        &mut self,
        active: ActiveProgram<'bound>,
    ) -> Result<ProgramBuffer<'bound>, ActiveProgram<'bound>> {
        if Pl330::is_stopped(self, active.channel()) {
            // SAFETY: The channel must have stopped, and no order to start it must be under way:
            // `is_stopped` says so.
            Ok(unsafe { active.reclaim() })
        } else {
            Err(active)
        }
    }

    fn kill(&mut self, channel: usize) {
        // A port that is busy now will be tried again.
        let _ = Pl330::kill(self, thread(channel));
    }

    fn is_stopped(&mut self, channel: usize) -> bool {
        Pl330::is_stopped(self, thread(channel))
    }

    fn is_event_pending(&mut self, channel: usize) -> bool {
        self.raised_events() & event_of(thread(channel)).bit() != 0
    }

    fn clear_event(&mut self, channel: usize) {
        Pl330::clear_event(self, thread(channel));
    }

    fn done_by(&mut self, program: &ActiveProgram<'bound>) -> Option<u64> {
        let points = program.points()?;
        let counter = self.counter_of_running(program.channel())?;
        let offset = counter.checked_sub(program.address())?;

        // CAST: `usize` has at least 32 bits where this is built.
        Some(offset as usize)
            .filter(|&offset| offset < program.code().len())
            .and_then(|offset| points.done_at(offset))
    }

    fn done_after(&self, program: &ActiveProgram<'bound>) -> Option<u64> {
        program.points().map(Points::done_at_end)
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The state of a thread, and the debug registers through which threads are started and stopped.

use kernel::{
    fmt,
    io::{
        poll::read_poll_timeout_atomic,
        register::Array,
        Io, //
    },
    num::Bounded,
    prelude::*,
    time::Delta, //
};

use super::{
    error::TransferError,
    fault::{
        Fault,
        Thread, //
    },
    program::insn::{
        Channel,
        Instruction, //
    },
    regs::{
        self,
        Registers, //
    }, //
};

/// How often the debug registers are looked at, a microsecond apart, before they count as stuck.
///
/// An instruction takes the controller some bus clocks.
const DEBUG_PORT_TRIES: usize = 10;

/// How often a channel whose fault completes is looked at, a microsecond apart, before it is killed
/// all the same.
const FAULT_TRIES: usize = 100;

/// What a thread does (Arm DMA-330 TRM, "Operating states").
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ThreadState(u8);

impl ThreadState {
    /// No program runs; the thread touches nothing.
    pub(super) const STOPPED: Self = Self(0);

    /// Runs a program.
    const EXECUTING: Self = Self(1);

    /// Came to its end, or was killed; the last accesses on the bus are under way.
    const KILLING: Self = Self(8);
    const COMPLETING: Self = Self(9);

    /// Came to a fault; accesses from before are under way.
    const FAULT_COMPLETING: Self = Self(14);
}

impl From<Bounded<u32, 4>> for ThreadState {
    fn from(state: Bounded<u32, 4>) -> Self {
        Self(state.into())
    }
}

impl fmt::Display for ThreadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0 => "stopped",
            1 => "executing",
            2 => "waiting for its instruction cache",
            3 => "updating its program counter",
            4 => "waiting for an event",
            5 => "at a barrier",
            6 => "waiting for a queue",
            7 => "waiting for a peripheral",
            8 => "being killed",
            9 => "completing",
            14 => "faulting, completing",
            15 => "faulting",
            _ => "in a reserved state",
        })
    }
}

/// The debug registers, through which threads are started and stopped.
///
/// There is one set for all threads: calls of [`execute`](Self::execute) and [`kill`](Self::kill)
/// must not overlap, which is what `&mut self` is for. The value lives in the lock that protects the
/// state of the channel.
pub(super) struct DebugPort(());

impl DebugPort {
    /// To be made once for a controller.
    pub(super) fn new() -> Self {
        Self(())
    }

    /// Has `thread` execute `instruction`: DMAGO on the manager, or DMAKILL.
    ///
    /// Takes at most 10 µs, so it may be called in any context. The instruction is under way when
    /// this returns.
    ///
    /// # Errors
    ///
    /// [`TransferError::DebugPortBusy`] if an earlier instruction does not end. Nothing is executed
    /// then.
    ///
    /// # Safety
    ///
    /// A program that `instruction` starts is complete in memory, and reads and writes only what is
    /// lent to the hardware until the program has ended.
    pub(super) unsafe fn execute(
        &mut self,
        regs: &Registers<'_>,
        thread: Thread,
        instruction: Instruction,
    ) -> Result<(), TransferError> {
        let [byte_0, byte_1, rest @ ..] = instruction.encode().padded();
        let to = regs::DBGINST0::zeroed()
            .with_byte_0(byte_0)
            .with_byte_1(byte_1);

        wait_for_port(regs)?;
        regs.write_reg(match thread {
            Thread::Manager => to,
            Thread::Channel(channel) => {
                to.with_on_channel(true)
                    .with_channel(Bounded::<u32, 3>::from_expr(
                        u32::from(channel.number()) & 7,
                    ))
            }
        });
        regs.write_reg(regs::DBGINST1::from(u32::from_le_bytes(rest)));
        // Ordered after all writes to memory, the program among them.
        regs.write_reg(regs::DBGCMD::zeroed());
        Ok(())
    }

    /// Has `thread` stop, which takes until its accesses on the bus have ended. Does nothing to a
    /// channel that stops, or has stopped, by itself. Takes at most 120 µs.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute).
    pub(super) fn kill(
        &mut self,
        regs: &Registers<'_>,
        thread: Thread,
    ) -> Result<(), TransferError> {
        // What is under way may be the DMAGO of this very channel.
        wait_for_port(regs)?;
        if let Thread::Channel(channel) = thread {
            // DMAKILL is for a fault that is complete.
            let settled = read_poll_timeout_atomic(
                || Ok(state(regs, channel)),
                |state| *state != ThreadState::FAULT_COMPLETING,
                Delta::from_micros(1),
                FAULT_TRIES,
            );

            if let Ok(ThreadState::STOPPED | ThreadState::KILLING | ThreadState::COMPLETING) =
                settled
            {
                return Ok(());
            }
        }
        // SAFETY: DMAKILL starts nothing.
        unsafe { self.execute(regs, thread, Instruction::Kill) }
    }
}

fn wait_for_port(regs: &Registers<'_>) -> Result<(), TransferError> {
    read_poll_timeout_atomic(
        || Ok(is_port_idle(regs)),
        |idle| *idle,
        Delta::from_micros(1),
        DEBUG_PORT_TRIES,
    )
    .map(|_| ())
    .map_err(|_| TransferError::DebugPortBusy)
}

/// Whether no instruction from the debug registers is under way.
pub(super) fn is_port_idle(regs: &Registers<'_>) -> bool {
    !regs.read(regs::DBGSTATUS).busy()
}

/// What `channel` is doing.
pub(super) fn state(regs: &Registers<'_>, channel: Channel) -> ThreadState {
    match regs::CSR::try_at(channel.number().into()) {
        Some(csr) => regs.read(csr).state().into(),
        // A `Channel` is below 8, the size of the array. What is not stopped is not freed.
        None => ThreadState::EXECUTING,
    }
}

/// Whether `thread` has a fault.
pub(super) fn is_faulting(regs: &Registers<'_>, thread: Thread) -> bool {
    match thread {
        Thread::Manager => regs.read(regs::FSRD).faulting(),
        Thread::Channel(channel) => regs.read(regs::FSRC).channels().get() & channel.bit() != 0,
    }
}

/// The fault of `thread`, which the registers report as faulting.
pub(super) fn fault(regs: &Registers<'_>, thread: Thread) -> Fault {
    let (causes, address) = match thread {
        Thread::Manager => (
            regs.read(regs::FTRD).causes().get(),
            regs.read(regs::DPC).address().get(),
        ),
        Thread::Channel(channel) => {
            let at = usize::from(channel.number());

            (
                regs::FTR::try_at(at).map_or(0, |ftr| regs.read(ftr).causes().get()),
                regs::CPC::try_at(at).map_or(0, |cpc| regs.read(cpc).address().get()),
            )
        }
    };

    Fault {
        thread,
        causes,
        address,
        place: None,
    }
}

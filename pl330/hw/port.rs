// SPDX-License-Identifier: GPL-2.0

//! States of the threads, and the debug port through which the driver starts and kills them.

use kernel::{
    fmt,
    io::{
        poll::read_poll_timeout_atomic,
        Io, //
    },
    num::Bounded,
    prelude::*,
    time::{
        Delta,
        Instant,
        Monotonic, //
    }, //
};

use super::{
    super::program::insn::Instruction,
    regs::{
        self,
        Registers, //
    },
    PortBusy,
    Thread, //
};

/// Number of checks of a busy debug port, 1 µs apart, under the lock of the scheduler.
///
/// An instruction takes some bus clocks.
const TRIES: usize = 4;

/// Time after which a busy debug port is an error: that of `drivers/dma/pl330.c`.
const MAX_BUSY: Delta = Delta::from_millis(5);

/// State of a thread (Arm DMA-330 TRM, "Operating states").
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ThreadState(u8);

impl ThreadState {
    /// The thread runs no program, and accesses nothing.
    pub(crate) const STOPPED: Self = Self(0);

    /// The thread runs a program.
    pub(super) const EXECUTING: Self = Self(1);

    /// The thread was killed, and its last accesses on the bus are pending.
    pub(super) const KILLING: Self = Self(8);

    /// The thread has executed DMAEND, and its last accesses on the bus are pending.
    pub(super) const COMPLETING: Self = Self(9);

    /// The thread has a fault, and its earlier accesses on the bus are pending.
    pub(super) const FAULT_COMPLETING: Self = Self(14);

    /// The thread computes its program counter.
    pub(super) const UPDATING_PC: Self = Self(3);

    /// Returns true if the program counter of a thread in this state is that of its program: it
    /// runs, or has a fault, with which the counter stays at the instruction.
    pub(super) fn has_counter(self) -> bool {
        matches!(self.0, 1 | 2 | 4..=7 | 14 | 15)
    }
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

/// Debug registers, which start and kill threads.
///
/// All threads share one set, so its methods take `&mut self`.
pub(super) struct DebugPort {
    /// Time of the first failed wait since the port was last found idle.
    busy_since: Option<Instant<Monotonic>>,
}

impl DebugPort {
    /// Creates the debug port of a controller, once.
    pub(super) fn new() -> Self {
        Self { busy_since: None }
    }

    /// Makes `thread` execute `instruction`: DMAGO on the manager, or DMAKILL.
    ///
    /// Waits at most 4 µs. When this returns, the port may still execute the instruction.
    ///
    /// # Errors
    ///
    /// [`PortBusy`] if an earlier instruction does not end. `instruction` is not executed then.
    ///
    /// # Safety
    ///
    /// A program that `instruction` starts is complete, and does not change until it has ended. It
    /// accesses only memory that stays valid until then.
    pub(super) unsafe fn execute(
        &mut self,
        regs: &Registers<'_>,
        thread: Thread,
        instruction: Instruction,
    ) -> Result<(), PortBusy> {
        let [byte_0, byte_1, rest @ ..] = instruction.encode().padded();
        let inst0 = regs::DBGINST0::zeroed()
            .with_byte_0(byte_0)
            .with_byte_1(byte_1);

        self.wait(regs)?;
        regs.write_reg(match thread {
            Thread::Manager => inst0,
            Thread::Channel(channel) => {
                inst0
                    .with_on_channel(true)
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

    /// Kills `thread`.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute).
    pub(super) fn kill(&mut self, regs: &Registers<'_>, thread: Thread) -> Result<(), PortBusy> {
        // SAFETY: The requirement is for programs that start: DMAKILL starts none.
        unsafe { self.execute(regs, thread, Instruction::Kill) }
    }

    /// Waits until the port executes no instruction, for at most 4 µs; not if it was busy before.
    pub(super) fn wait(&mut self, regs: &Registers<'_>) -> Result<(), PortBusy> {
        // Before the port is read: with `PREEMPT_RT`, this task may be preempted after the read.
        let busy_for = self.busy_since.map(|since| since.elapsed());

        if self.is_idle(regs) {
            return Ok(());
        }
        if let Some(busy_for) = busy_for {
            return Err(PortBusy {
                is_persistent: busy_for >= MAX_BUSY,
            });
        }
        read_poll_timeout_atomic(
            || Ok(self.is_idle(regs)),
            |idle| *idle,
            Delta::from_micros(1),
            TRIES,
        )
        .map(|_| ())
        .map_err(|_| {
            self.busy_since = Some(Instant::now());
            PortBusy {
                is_persistent: false,
            }
        })
    }

    /// Returns true if the port executes no instruction.
    pub(super) fn is_idle(&mut self, regs: &Registers<'_>) -> bool {
        let is_idle = !regs.read(regs::DBGSTATUS).busy();

        if is_idle {
            self.busy_since = None;
        }
        is_idle
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Errors of a program.

use super::Register;

/// Error of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Error {
    /// No such instruction.
    Undefined { opcode: u8 },
    /// A bit of an operand is set that must be 0, or it names nothing.
    Operand,
    /// The program ended without DMAEND.
    Fetch,
    /// DMAKILL works through the debug registers alone.
    Kill,
    /// DMAGO is for the manager.
    ManagerOnly,
    /// There is no peripheral on the request line.
    NoPeripheral,
    /// A request is waited for, or flushed, or the program ends, while one is not acknowledged.
    Unacknowledged,
    /// An access to the FIFO, or an acknowledgement, that the peripheral has not asked for.
    NotRequested,
    /// A single transfer as an answer to a peripheral that asks for bursts only.
    WrongAcknowledgement,
    /// An access to the FIFO that is not as wide as it is, or whose address counts up.
    FifoAccess,
    /// Bytes in the MFIFO while the channel waits for a peripheral.
    HeldAtWait { bytes: u32 },
    /// A register is used before it is set.
    NotSet(Register),
    /// Bit 31 of CCR.
    ReservedControl,
    /// CCR asks for a byte swap, which the model does not do.
    ByteSwap,
    /// A beat wider than the bus.
    BeatTooWide { size: u32 },
    /// A non-secure channel asks for secure accesses.
    SecureAccess,
    /// A change of DAR or CCR makes the DMAC discard bytes in the MFIFO.
    Discarded { bytes: u32 },
    /// DMASTZ at an address that is not a multiple of its beat.
    ZeroesUnaligned,
    /// A burst at a fixed address that is not a multiple of its beats.
    FixedUnaligned,
    /// A burst goes past 4 GiB.
    AddressWrap,
    /// A beat to or from where the channel has no business.
    ProgramLimits { address: u32 },
    /// A load needs more lines than the channel's part of the MFIFO has.
    MfifoFull { lines: u64, share: u64 },
    /// A store of what has not been loaded.
    NoData { needed: u32, available: u32 },
    /// Data waits in other lanes than the destination's.
    WrongLane,
    /// Bytes in the MFIFO that the program did not store.
    Leftover { bytes: u32 },
    /// An event while stores are still on their way.
    Overtaken { event: u8, stores: usize },
    /// An event that the controller does not have.
    NoSuchEvent { event: u8 },
    /// A non-secure channel uses a secure event.
    SecureEvent { event: u8 },
    /// A wait for an event that is an interrupt never ends.
    WaitForInterrupt { event: u8 },
    /// A loop inside one with the same counter.
    CounterInUse { counter: usize },
    /// A loop's end that does not go back to the loop's beginning.
    BadJump,
    /// Too many instructions: the program may never end.
    StepLimit,
}

/// An error and the instruction that made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    pub(crate) pc: usize,
    pub(crate) error: Error,
}

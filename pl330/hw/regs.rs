// SPDX-License-Identifier: GPL-2.0

//! Registers of the PL330 (Arm DMA-330 TRM, chapter 3) that the driver uses.
//!
//! The driver reads nearly all of them and writes few: the program of a channel sets its addresses
//! and its control word, and instructions in the debug registers start and kill threads.

use kernel::io::{
    mem::IoMem,
    register, //
};

/// Size of the register block in bytes.
pub(crate) const SIZE: usize = 0x1000;

/// Mapped registers of a controller.
pub(super) type Registers<'bound> = IoMem<'bound, SIZE>;

register! {
    /// DSR: the manager's state.
    pub(super) DSR(u32) @ 0x000 {
        /// State of the thread, see [`ThreadState`](super::ThreadState).
        3:0     state;
    }

    /// DPC: the manager's program counter.
    pub(super) DPC(u32) @ 0x004 {
        31:0    address;
    }

    /// INTEN: bit n makes DMASEV n raise interrupt n, instead of setting event n.
    pub(super) INTEN(u32) @ 0x020 {
        31:0    events;
    }

    /// INT_EVENT_RIS: bit n is set while event n, or interrupt n, is raised.
    pub(super) INT_EVENT_RIS(u32) @ 0x024 {
        31:0    events;
    }

    /// INTMIS: bit n is set while interrupt n is raised.
    pub(super) INTMIS(u32) @ 0x028 {
        31:0    events;
    }

    /// INTCLR: a 1 in bit n lowers interrupt n.
    pub(super) INTCLR(u32) @ 0x02c {
        31:0    events;
    }

    /// FSRD: bit 0 is set while the manager has a fault.
    pub(super) FSRD(u32) @ 0x030 {
        0:0     faulting => bool;
    }

    /// FSRC: bit n is set while channel n has a fault.
    pub(super) FSRC(u32) @ 0x034 {
        7:0     channels;
    }

    /// FTRD: the manager's fault type.
    pub(super) FTRD(u32) @ 0x038 {
        31:0    causes;
    }

    /// FTRn: a channel's fault type.
    pub(super) FTR(u32)[8] @ 0x040 {
        31:0    causes;
    }

    /// CSRn: a channel's state.
    pub(super) CSR(u32)[8, stride = 8] @ 0x100 {
        /// State of the thread, see [`ThreadState`](super::ThreadState).
        3:0     state;
    }

    /// CPCn: a channel's program counter.
    pub(super) CPC(u32)[8, stride = 8] @ 0x104 {
        31:0    address;
    }

    /// DBGSTATUS: bit 0 is set while the port executes an instruction.
    pub(super) DBGSTATUS(u32) @ 0xd00 {
        0:0     busy => bool;
    }

    /// DBGCMD: a 0 executes the instruction in DBGINST0 and DBGINST1.
    pub(super) DBGCMD(u32) @ 0xd04 {
        1:0     command;
    }

    /// DBGINST0: the thread, and the first two bytes of the instruction.
    pub(super) DBGINST0(u32) @ 0xd08 {
        31:24   byte_1;
        23:16   byte_0;
        /// Number of the channel, if the thread is one.
        10:8    channel;
        /// True if the thread is a channel, false if it is the manager.
        0:0     on_channel => bool;
    }

    /// DBGINST1: the last four bytes of the instruction.
    pub(super) DBGINST1(u32) @ 0xd0c {
        31:0    bytes;
    }

    /// CR0: numbers of channels, peripheral requests and events.
    pub(super) CR0(u32) @ 0xe00 {
        21:17   events_minus_1;
        16:12   requests_minus_1;
        6:4     channels_minus_1;
        2:2     manager_non_secure => bool;
        0:0     has_requests => bool;
    }

    /// CR1: the instruction cache.
    pub(super) CR1(u32) @ 0xe04 {
        7:4     lines_minus_1;
        2:0     line_length_log2;
    }

    /// CR3: bit n is set if event n is non-secure.
    pub(super) CR3(u32) @ 0xe0c {
        31:0    non_secure_events;
    }

    /// CRD: the data path.
    pub(super) CRD(u32) @ 0xe14 {
        29:20   mfifo_lines_minus_1;
        19:16   read_queue_minus_1;
        14:12   read_capability_minus_1;
        11:8    write_queue_minus_1;
        6:4     write_capability_minus_1;
        2:0     bus_width;
    }

    /// WD: the response to a lock-up, which revisions before r1p0 lack.
    pub(super) WD(u32) @ 0xe80 {
        /// True if only an interrupt is raised, again and again, and the channel has no fault.
        0:0     interrupt_only => bool;
    }

    /// Peripheral identification, a byte in each.
    pub(super) PERIPH_ID(u32)[4] @ 0xfe0 {
        7:0     byte;
    }

    /// Component identification, a byte in each.
    pub(super) PCELL_ID(u32)[4] @ 0xff0 {
        7:0     byte;
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Program memory.
//!
//! The CPU writes a program into a [`ProgramBuffer`] when a transfer is prepared. While a channel
//! may fetch the program, it is an [`ActiveProgram`], which the CPU only reads. So the types
//! prevent that a program changes, or is freed, under a channel.

use core::mem::ManuallyDrop;

use kernel::{
    alloc::{
        flags::__GFP_NOWARN,
        Flags, //
    },
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    sync::Arc, //
};

use super::super::{
    hw::event_of,
    program::{
        insn::{
            Assembler,
            Channel, //
        },
        set_event,
        Points, //
    }, //
};
use crate::dma::{
    CoherentBlock,
    CoherentPool, //
};

/// Lengths in bytes of program memory: for a copy, and for lists of some 50 to some 1700 segments.
///
/// The kernel may clear new memory, so a length that is much too long costs time.
const LENS: [usize; 6] = [256, 1 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10];

/// Alignment in bytes: a multiple of a line of the instruction cache.
const ALIGN: usize = 64;

/// Pools of program memory.
pub(super) struct ProgramPools<'bound>([Arc<CoherentPool<'bound>>; LENS.len()]);

impl<'bound> ProgramPools<'bound> {
    /// Creates the pools. Sleeps.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(dev: &'bound Device<Bound>) -> Result<Self> {
        let pool = |len| CoherentPool::new(dev, c"rk3588_dma programs", len, ALIGN);
        let [a, b, c, d, e, f] = LENS.map(pool);

        Ok(Self([a?, b?, c?, d?, e?, f?]))
    }

    /// Allocates memory for a program of about `len` bytes; if that fails, for a shorter one.
    ///
    /// Callable from any context that `flags` permit, and in which a `spinlock_t` may be taken.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EOVERFLOW` if the controller, with its 32 address bits, does not reach it.
    pub(super) fn alloc(&self, len: usize, flags: Flags) -> Result<ProgramBuffer<'bound>> {
        let enough = LENS
            .iter()
            .position(|&it| it >= len)
            .unwrap_or(LENS.len() - 1);
        let (shortest, longer) = self.0[..=enough].split_first().ok_or(ENOMEM)?;
        // A shorter program will do, so the kernel need not warn if there is no longer block.
        let block = longer
            .iter()
            .rev()
            .find_map(|pool| CoherentPool::alloc(pool, flags | __GFP_NOWARN).ok());
        let block = match block {
            Some(block) => block,
            None => CoherentPool::alloc(shortest, flags)?,
        };
        let address = u32::try_from(block.dma_address()).map_err(|_| EOVERFLOW)?;

        // CAST: The longest is 32 KiB.
        address.checked_add(block.len() as u32).ok_or(EOVERFLOW)?;
        // INVARIANT: The block is new.
        Ok(ProgramBuffer {
            block,
            address,
            len: 0,
            lines: 0,
            points: None,
        })
    }
}

/// Program in memory that no channel fetches.
///
/// # Invariants
///
/// - No channel fetches from `block`, and no order to do so is under way.
/// - `address` is the bus address of `block`; the block ends below 4 GiB.
/// - The first `len` bytes of `block` are a program.
pub(crate) struct ProgramBuffer<'bound> {
    block: CoherentBlock<'bound>,
    address: u32,
    len: usize,
    lines: u16,
    /// Points at which it reports progress, if it does.
    points: Option<KBox<Points>>,
}

impl<'bound> ProgramBuffer<'bound> {
    /// Replaces the program by what `write` writes. After an error there is none.
    ///
    /// # Errors
    ///
    /// That of `write`.
    pub(super) fn write<E>(
        &mut self,
        write: impl FnOnce(&mut Assembler<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut asm = self.assembler();
        let written = write(&mut asm).map(|()| asm.len());

        // INVARIANT: The assembler writes no further than its memory.
        self.len = *written.as_ref().unwrap_or(&0);
        written.map(|_| ())
    }

    /// Calls `rewrite` with an assembler in place of the program, of which nothing is left then.
    pub(super) fn scratch<T>(&mut self, rewrite: impl FnOnce(&mut Assembler<'_>) -> T) -> T {
        self.len = 0;
        rewrite(&mut self.assembler())
    }

    /// Sets the number of lines of the MFIFO that the program needs, and the points at which it
    /// reports progress.
    pub(super) fn set_traits(&mut self, lines: u16, points: Option<KBox<Points>>) {
        self.lines = lines;
        self.points = points;
    }

    /// Returns the number of lines of the MFIFO that the program needs.
    pub(super) fn lines(&self) -> u16 {
        self.lines
    }

    fn assembler(&mut self) -> Assembler<'_> {
        // SAFETY: The device must not use the block: by the type invariant no channel does.
        let memory = unsafe { self.block.as_mut() };

        Assembler::at(memory, self.address)
    }

    /// Returns the bus address of the program.
    pub(super) fn address(&self) -> u32 {
        self.address
    }

    /// Returns the program, without data that may follow it.
    pub(super) fn code(&self) -> &[u8] {
        // SAFETY: The device must not write the block: channels only fetch from it, and programs
        // store only to memory that was submitted for them.
        let memory = unsafe { self.block.as_ref() };

        memory.get(..self.len).unwrap_or_default()
    }

    /// Makes it a program that `channel` may fetch, and that raises the event of `channel`.
    pub(super) fn activate(mut self, channel: Channel) -> ActiveProgram<'bound> {
        let len = self.len;
        // SAFETY: As in `assembler`.
        let memory = unsafe { self.block.as_mut() };

        set_event(memory.get_mut(..len).unwrap_or_default(), event_of(channel));
        ActiveProgram {
            channel,
            buffer: ManuallyDrop::new(self),
        }
    }
}

/// Program that a channel may fetch. If it is dropped, its memory is leaked.
pub(crate) struct ActiveProgram<'bound> {
    channel: Channel,
    buffer: ManuallyDrop<ProgramBuffer<'bound>>,
}

impl<'bound> ActiveProgram<'bound> {
    /// Returns the channel.
    pub(super) fn channel(&self) -> Channel {
        self.channel
    }

    /// Returns the bus address of the program.
    pub(super) fn address(&self) -> u32 {
        self.buffer.address
    }

    /// Returns the program, without data that may follow it.
    pub(super) fn code(&self) -> &[u8] {
        self.buffer.code()
    }

    /// Returns the points at which it reports progress, if it does.
    pub(super) fn points(&self) -> Option<&Points> {
        self.buffer.points.as_deref()
    }

    /// Returns the memory to the CPU.
    ///
    /// # Safety
    ///
    /// The channel has stopped, or was not started, and no order to start it from here is under
    /// way.
    pub(super) unsafe fn reclaim(self) -> ProgramBuffer<'bound> {
        ManuallyDrop::into_inner(self.buffer)
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The memory that a channel's programs are in.
//!
//! Each channel has a slot of its own from the beginning, so that nothing is allocated when a program
//! is started. It is either a [`Slot`], which the CPU writes, or an [`Armed`] one, which the channel
//! may be fetching from: the types see to it that it is never both.

use core::mem::ManuallyDrop;

use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::Coherent,
    prelude::*, //
};

use super::program::insn::Assembler;

/// Program memory that no channel fetches from.
///
/// # Invariants
///
/// - No channel runs from `memory`, and no order to do so is under way.
/// - `address` is where the hardware finds it; its end is below 4 GiB, too.
/// - `len` is at most the length of `memory`.
pub(super) struct Slot {
    memory: Coherent<[u8]>,
    address: u32,
    len: usize,
}

impl Slot {
    /// The room for a program in bytes: enough for 500 pieces of any alignment.
    pub(super) const LEN: usize = 32 << 10;

    /// Allocates a slot.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EOVERFLOW` if the controller, with its 32 address bits, does not reach it.
    pub(super) fn new(dev: &Device<Bound>) -> Result<Self> {
        let memory = Coherent::zeroed_slice(dev, Self::LEN, GFP_KERNEL)?;
        let address = u32::try_from(memory.dma_address()).map_err(|_| EOVERFLOW)?;

        // CAST: It is less than 4 GiB.
        address.checked_add(Self::LEN as u32).ok_or(EOVERFLOW)?;
        // INVARIANT: Nobody was told the address.
        Ok(Self {
            memory,
            address,
            len: 0,
        })
    }

    /// Replaces the program by what `write` writes; after an error there is none.
    pub(super) fn write<E>(
        &mut self,
        write: impl FnOnce(&mut Assembler<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut asm = self.assembler();
        let written = write(&mut asm).map(|()| asm.len());

        // INVARIANT: The assembler does not go past its memory.
        self.len = *written.as_ref().unwrap_or(&0);
        written.map(|_| ())
    }

    /// Has `rewrite` write to where the program is, which is supposed to stay the same.
    pub(super) fn rewrite<T>(&mut self, rewrite: impl FnOnce(&mut Assembler<'_>) -> T) -> T {
        rewrite(&mut self.assembler())
    }

    fn assembler(&mut self) -> Assembler<'_> {
        // SAFETY: By the type invariants the device does not use the memory. It is ours, and we are
        // borrowed mutably.
        let memory = unsafe { self.memory.as_mut() };

        Assembler::at(memory, self.address)
    }

    /// Makes it ready to be run from.
    pub(super) fn arm(self) -> Armed {
        Armed(ManuallyDrop::new(self))
    }
}

/// Program memory that a channel may be fetching from. Dropped, it is leaked.
///
/// Nothing writes it, neither the CPU nor the hardware: programs store only to what was lent for them.
pub(super) struct Armed(ManuallyDrop<Slot>);

impl Armed {
    /// Where the program begins.
    pub(super) fn address(&self) -> u32 {
        self.0.address
    }

    /// The program, without data that it may have behind it.
    pub(super) fn code(&self) -> &[u8] {
        // SAFETY: Neither the CPU nor the hardware writes it until it is disarmed, which takes `self`. That the
        // hardware may read it is no race with us, who only read it, too.
        let memory = unsafe { self.0.memory.as_ref() };

        memory.get(..self.0.len).unwrap_or_default()
    }

    /// Gives the memory back to the CPU.
    ///
    /// # Safety
    ///
    /// The channel has stopped, and no order to start it from here is under way.
    pub(super) unsafe fn disarm(self) -> Slot {
        ManuallyDrop::into_inner(self.0)
    }
}

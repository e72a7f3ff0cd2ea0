// SPDX-License-Identifier: GPL-2.0

//! Assembler: puts instructions into memory.

use core::mem;

use super::{
    Counter,
    Instruction, //
};

/// A program that does not fit: into its memory, or a loop into what the instructions can say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooLong;

/// Puts instructions into memory, one after the other, and data behind them.
#[derive(Default)]
pub(crate) struct Assembler<'a> {
    /// Without the data behind the program.
    memory: &'a mut [u8],
    len: usize,
    base: Option<u32>,
}

impl<'a> Assembler<'a> {
    /// Starts a program at the beginning of `memory`.
    pub(crate) fn new(memory: &'a mut [u8]) -> Self {
        Self {
            memory,
            len: 0,
            base: None,
        }
    }

    /// Starts a program that will be at the bus address `base` when it runs, so that it can read
    /// [`data`](Self::data) of its own.
    pub(crate) fn at(memory: &'a mut [u8], base: u32) -> Self {
        Self {
            base: Some(base),
            ..Self::new(memory)
        }
    }

    /// The length of the program so far, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bytes that are left.
    pub(crate) fn room(&self) -> usize {
        self.memory.len() - self.len
    }

    /// Takes back what was emitted after the first `len` bytes.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Puts `len` bytes of data, by their offsets, at the end of the memory, at a bus address that
    /// is a multiple of `align`, and says where that is. They belong to the program: all of the
    /// memory has to go where it runs.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the memory is full, or the program is not known to be anywhere.
    pub(crate) fn data(
        &mut self,
        align: u32,
        len: usize,
        byte: impl Fn(usize) -> u8,
    ) -> Result<u32, TooLong> {
        let base = self.base.ok_or(TooLong)?;
        let start = self.memory.len().checked_sub(len).ok_or(TooLong)?;
        // CAST: Memory that a program runs in lies below 4 GiB.
        let address = base.checked_add(start as u32).ok_or(TooLong)?;
        let past = address % align;
        let start = start.checked_sub(past as usize).ok_or(TooLong)?;

        if start < self.len {
            return Err(TooLong);
        }

        let (program, data) = mem::take(&mut self.memory).split_at_mut(start);

        for (at, target) in data[..len].iter_mut().enumerate() {
            *target = byte(at);
        }
        self.memory = program;
        Ok(address - past)
    }

    /// Appends an instruction.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the memory is full; nothing is appended then.
    #[inline(always)]
    pub(crate) fn emit(&mut self, instruction: Instruction) -> Result<(), TooLong> {
        self.append(instruction.encode().as_bytes())
    }

    /// Appends instructions that are encoded already. Inlined for the sake of those whose length is
    /// known: they are not worth a call of `memcpy`.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the memory is full; nothing is appended then.
    #[inline(always)]
    pub(crate) fn append(&mut self, code: &[u8]) -> Result<(), TooLong> {
        let rest = self.memory.get_mut(self.len..).ok_or(TooLong)?;
        let target = rest.get_mut(..code.len()).ok_or(TooLong)?;

        target.copy_from_slice(code);
        // It does not wrap: there is memory up to there.
        self.len = self.len.wrapping_add(code.len());
        Ok(())
    }

    /// As [`append`](Self::append), for code whose length is part of its type.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the memory is full; nothing is appended then.
    #[inline(always)]
    pub(crate) fn append_array<const N: usize>(&mut self, code: [u8; N]) -> Result<(), TooLong> {
        let rest = self.memory.get_mut(self.len..).ok_or(TooLong)?;

        *rest.first_chunk_mut().ok_or(TooLong)? = code;
        // It does not wrap: there is memory up to there.
        self.len = self.len.wrapping_add(N);
        Ok(())
    }

    /// As [`append_array`](Self::append_array), but `room` bytes must be left behind the code.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the memory is full; nothing is appended then.
    #[inline(always)]
    pub(crate) fn append_before<const N: usize>(
        &mut self,
        code: [u8; N],
        room: usize,
    ) -> Result<(), TooLong> {
        let end = self.len.wrapping_add(N + room);
        let rest = self.memory.get_mut(self.len..end).ok_or(TooLong)?;

        *rest.first_chunk_mut().ok_or(TooLong)? = code;
        // It does not wrap: there is memory up to there.
        self.len = self.len.wrapping_add(N);
        Ok(())
    }

    /// Appends a loop that runs `body` `iterations` times.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the memory is full, the body is over 255 bytes, or `iterations` is not 1 to
    /// [`MAX_ITERATIONS`](super::MAX_ITERATIONS). What was appended until then stays;
    /// [`truncate`](Self::truncate) takes it back.
    pub(crate) fn repeat(
        &mut self,
        counter: Counter,
        iterations: u32,
        body: impl FnOnce(&mut Self) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        self.emit(Instruction::Lp {
            counter,
            iterations_minus_1: minus_1(iterations)?,
        })?;

        let start = self.len;

        body(self)?;
        self.emit(Instruction::LpEnd {
            counter,
            body_len: u8::try_from(self.len - start).map_err(|_| TooLong)?,
        })
    }

    /// Appends a loop that runs `body` until the thread is killed.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the memory is full or the body is over 255 bytes. What was appended stays.
    pub(crate) fn repeat_forever(
        &mut self,
        body: impl FnOnce(&mut Self) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        let start = self.len;

        body(self)?;
        self.emit(Instruction::LpFe {
            body_len: u8::try_from(self.len - start).map_err(|_| TooLong)?,
        })
    }
}

/// One less than `iterations`, as DMALP has it.
fn minus_1(iterations: u32) -> Result<u8, TooLong> {
    iterations
        .checked_sub(1)
        .and_then(|n| u8::try_from(n).ok())
        .ok_or(TooLong)
}

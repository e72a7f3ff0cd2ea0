// SPDX-License-Identifier: GPL-2.0

//! Bursts and loops: from shapes and counts to instructions.
//!
//! Code that does not fit is noted, and reported at the end of its step. Bursts for the longest
//! part of a copy are the same in all segments, so [`Emitter::new`] prepares them.
//!
//! No barrier stands before DMAMOV. The DMAC itself waits where a change of a register needs that
//! (manual, "Updating DMA channel control registers during a DMA cycle"). It also discards bytes in
//! the MFIFO when the destination moves to another byte lane. So every step stores what it loads.

mod bursts;
mod code;
mod loops;
mod pages;

pub(super) use bursts::{
    control,
    Bursts,
    Shape, //
};
pub(super) use code::{
    add_high,
    lp,
    lp_end,
    mov,
    MOV_LEN, //
};

use code::{
    LD,
    NOP,
    ST,
    STZ, //
};
use pages::Pages;

use super::{
    insn::{
        Address,
        Assembler,
        Event,
        Instruction,
        Register,
        TooLong,
        LP_LEN,
        MAX_ITERATIONS, //
    },
    ProgramLimits,
    SIGNAL_LEN, //
};

/// Largest number of bursts in two nested loops.
pub(super) const MAX_BURSTS: u32 = MAX_ITERATIONS * MAX_ITERATIONS;

/// Length in bytes of DMAWMB and DMASEV.
const RAISE_LEN: usize = 3;

/// Length in bytes of the body of a loop of one load and store, with DMALPEND.
const SHORT_BODY: usize = 2 + LP_LEN;

/// Value of an address register that is not known: no address is 2^40.
///
/// The difference from it to an address is longer than DMAADDH can add.
pub(super) const UNKNOWN_ADDRESS: u64 = 1 << 40;

/// State of the channel after the program so far.
#[derive(Clone, Copy)]
struct State {
    source: u64,
    destination: u64,
    /// Control word, or 0 if it is not known: no control word is 0.
    control: u32,
    /// Number of times that the control word was set.
    controls: u32,
    /// True in a loop that uses counter 1.
    in_loop: bool,
    /// False in a loop that is in one line of the instruction cache.
    aligns: bool,
    /// True if code of the step did not fit.
    is_full: bool,
}

impl State {
    const UNKNOWN: Self = Self {
        source: UNKNOWN_ADDRESS,
        destination: UNKNOWN_ADDRESS,
        control: 0,
        controls: 0,
        in_loop: false,
        aligns: true,
        is_full: false,
    };
}

/// Place in a program.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    len: usize,
    state: State,
}

/// Writer of a program, step by step, that leaves room for the end of the program.
pub(crate) struct Emitter<'a> {
    asm: Assembler<'a>,
    bus: ProgramLimits,
    /// Bits of either side of all control words: both addresses count up, accesses are not cached
    /// (TRM, "Channel Control Registers").
    accesses: u32,
    state: State,
    /// True if a burst is between different byte lanes.
    is_shifted: bool,
    /// Lines of the MFIFO that bursts of a peripheral hold, if the program is for one.
    peripheral_lines: Option<u16>,
    /// Length of the program before the step.
    step: usize,
    /// Full bursts between equal byte lanes.
    straight: Bursts,
    /// Full bursts between different byte lanes: a line is for the fragment.
    shifted: Bursts,
    pages: Pages,
    /// Bits of an offset that are 0 at the beginning of a line of the instruction cache.
    past_line: usize,
    /// Last offset in a line at which a loop of one load and store still fits.
    last_short: usize,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(asm: Assembler<'a>, bus: ProgramLimits) -> Self {
        const INCREMENT: u32 = 1;
        const NON_SECURE: u32 = 1 << 9;

        let accesses = if bus.non_secure {
            INCREMENT | NON_SECURE
        } else {
            INCREMENT
        };
        let lines = u32::from(bus.lines);
        let straight = Bursts::within(bus, accesses, lines);
        let shifted = Bursts::within(bus, accesses, lines.saturating_sub(1));

        Self {
            asm,
            bus,
            accesses,
            // Registers have the values of the program before.
            state: State::UNKNOWN,
            is_shifted: false,
            peripheral_lines: None,
            step: 0,
            straight,
            shifted,
            pages: Pages::of(bus, accesses, straight, shifted),
            past_line: usize::from(bus.cache_line) - 1,
            last_short: usize::from(bus.cache_line) - SHORT_BODY,
        }
    }

    pub(super) fn into_assembler(self) -> Assembler<'a> {
        self.asm
    }

    pub(super) fn bus(&self) -> ProgramLimits {
        self.bus
    }

    /// Returns the full bursts between equal byte lanes.
    pub(super) fn straight(&self) -> &Bursts {
        &self.straight
    }

    /// Returns the full bursts between different byte lanes, which need two lines at least.
    pub(super) fn shifted(&self) -> &Bursts {
        &self.shifted
    }

    /// Notes that the program is for a peripheral, with bursts of `lines` lines of the MFIFO.
    pub(super) fn set_lines(&mut self, lines: u16) {
        self.peripheral_lines = Some(lines);
    }

    /// Notes that a burst is between different byte lanes.
    pub(super) fn set_shifted(&mut self) {
        self.is_shifted = true;
    }

    /// Returns the largest number of lines of the MFIFO that the program holds at a time.
    ///
    /// A program that loads nothing, or less, may hold fewer.
    pub(super) fn lines(&self) -> u16 {
        if let Some(lines) = self.peripheral_lines {
            return lines;
        }

        let lines = |bursts: Bursts| bursts.shape.beats * bursts.loads;
        let straight = lines(self.straight);
        let lines = if self.is_shifted {
            straight.max(lines(self.shifted) + 1)
        } else {
            straight
        };

        // CAST: At most the lines of the limits.
        lines as u16
    }

    /// Returns the length in bytes of the program so far.
    pub(super) fn len(&self) -> usize {
        self.asm.len()
    }

    /// Waits until all stores have reached memory, and raises `event`.
    ///
    /// # Errors
    ///
    /// [`TooLong`] without room for it. The program has not changed then.
    pub(super) fn signal(&mut self, event: Event) -> Result<(), TooLong> {
        if self.room() < RAISE_LEN {
            return Err(TooLong);
        }
        self.asm.emit(Instruction::Wmb)?;
        self.asm.emit(Instruction::Sev(event))
    }

    /// Returns the number of bytes left before the end.
    pub(super) fn room(&self) -> usize {
        self.asm.room().saturating_sub(SIGNAL_LEN)
    }

    pub(super) fn data(
        &mut self,
        align: u32,
        len: usize,
        byte: impl Fn(usize) -> u8,
    ) -> Result<u32, TooLong> {
        self.asm.data(align, len, byte)
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            len: self.asm.len(),
            state: self.state,
        }
    }

    /// Removes what was appended after `mark`.
    pub(super) fn rewind(&mut self, mark: Mark) {
        self.asm.truncate(mark.len);
        self.state = mark.state;
    }

    /// Begins a step.
    pub(super) fn begin_step(&mut self) {
        self.step = self.asm.len();
    }

    /// Ends a step after which the addresses are `source` and `destination`.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the step and the end of the program do not fit. The step is removed then, and
    /// no other step may follow.
    #[inline(always)]
    pub(super) fn end_step(&mut self, source: u64, destination: u64) -> Result<(), TooLong> {
        self.state.source = source;
        self.state.destination = destination;
        if self.state.is_full || self.asm.room() < SIGNAL_LEN {
            self.asm.truncate(self.step);
            return Err(TooLong);
        }
        Ok(())
    }

    /// Appends `code`. [`end_step`](Self::end_step) reports that it did not fit.
    #[inline(always)]
    pub(super) fn push<const N: usize>(&mut self, code: [u8; N]) {
        if self.asm.append_array(code).is_err() {
            self.state.is_full = true;
        }
    }

    /// Sets the source address to `address`, unless it is.
    #[inline(always)]
    pub(super) fn seek_source(&mut self, address: u32) {
        self.seek(self.state.source, Register::Sar, Address::Source, address);
        self.state.source = address.into();
    }

    /// Sets the destination address to `address`, unless it is.
    #[inline(always)]
    pub(super) fn seek_destination(&mut self, address: u32) {
        let old = self.state.destination;

        self.seek(old, Register::Dar, Address::Destination, address);
        self.state.destination = address.into();
    }

    /// Appends the shortest instruction that sets a register from `old` to `new`.
    #[inline(always)]
    fn seek(&mut self, old: u64, register: Register, address: Address, new: u32) {
        match u64::from(new).wrapping_sub(old) {
            0 => (),
            // CAST: At most that.
            gap @ ..=0xffff => self.push_add(address, gap as u16),
            _ => self.push(mov(register, new)),
        }
    }

    #[inline(always)]
    fn push_add(&mut self, address: Address, amount: u16) {
        let [a, b, c, ..] = add_high(address, amount);

        self.push([a, b, c]);
    }

    /// Adds to an address register, in several instructions if need be.
    pub(super) fn add(&mut self, address: Address, mut amount: u32) {
        while amount != 0 {
            // CAST: At most that.
            let part = amount.min(u16::MAX.into()) as u16;

            self.push_add(address, part);
            amount -= u32::from(part);
        }
    }

    /// Sets the shapes of bursts on both sides, unless they are set.
    #[inline(always)]
    pub(super) fn shape(&mut self, source: Shape, destination: Shape) {
        self.control(control(self.accesses, source, destination));
    }

    /// Sets the control word, unless it is set.
    #[inline(always)]
    fn control(&mut self, control: u32) {
        if self.state.control != control {
            self.set_control(control);
        }
    }

    #[inline(always)]
    fn set_control(&mut self, control: u32) {
        self.push(mov(Register::Ccr, control));
        self.state.control = control;
        self.state.controls += 1;
    }

    /// Appends `count` loads.
    pub(super) fn load(&mut self, count: u32) {
        self.repeat(count, [LD]);
    }

    /// Appends `count` stores.
    pub(super) fn store(&mut self, count: u32) {
        self.repeat(count, [ST]);
    }

    /// Appends `count` full bursts: loads, each with a store.
    ///
    /// The first store may stand after several loads, so that the bus reads and writes at a time.
    #[inline(always)]
    pub(super) fn pass_on(&mut self, count: u32, bursts: Bursts) {
        self.control(bursts.control);
        if bursts.loads > 1 && count > 1 {
            return self.pass_on_ahead(count, (bursts.loads - 1).min(count - 1));
        }
        self.repeat(count, [LD, ST]);
    }

    /// Appends `count` loads, each with a store.
    pub(super) fn pass_on_singly(&mut self, count: u32) {
        self.repeat(count, [LD, ST]);
    }

    #[cold]
    fn pass_on_ahead(&mut self, count: u32, ahead: u32) {
        self.load(ahead);
        self.repeat(count - ahead, [LD, ST]);
        self.store(ahead);
    }

    /// Appends `count` times loads from `source` on, `pairs` of them, which is 1 or 2, each with
    /// its store.
    pub(super) fn pass_on_from(&mut self, count: u32, source: u32, pairs: u32) {
        let [a, b, c, d, e, f] = mov(Register::Sar, source);

        if count != 0 {
            self.state.source = UNKNOWN_ADDRESS;
        }
        match pairs {
            2 => self.repeat(count, [a, b, c, d, e, f, LD, ST, LD, ST]),
            _ => self.repeat(count, [a, b, c, d, e, f, LD, ST]),
        }
    }

    /// Appends `count` stores of zeroes.
    pub(super) fn store_zeroes(&mut self, count: u32) {
        self.repeat(count, [STZ]);
    }
}

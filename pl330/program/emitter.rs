// SPDX-License-Identifier: GPL-2.0

//! Instructions with what must stand around them: barriers, loops, the control word.

use core::num::NonZero;

use super::{
    insn::{
        Assembler,
        Counter,
        Instruction,
        Register,
        TooLong,
        LP_LEN,
        MAX_ITERATIONS, //
    },
    ProgramLimits,
    SIGNAL_LEN, //
};

/// The most bursts that two nested loops make.
pub(super) const MAX_BURSTS: u32 = MAX_ITERATIONS * MAX_ITERATIONS;

/// What bodies of loops are made of. They are encoded here and not each time.
const LD: u8 = opcode(Instruction::Ld);
const ST: u8 = opcode(Instruction::St);
const RMB: u8 = opcode(Instruction::Rmb);
const WMB: u8 = opcode(Instruction::Wmb);
const STZ: u8 = opcode(Instruction::Stz);

const fn opcode(instruction: Instruction) -> u8 {
    instruction.encode().padded()[0]
}

/// A burst: how many bytes in a beat, and how many beats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shape {
    pub(super) beat: u32,
    pub(super) beats: u32,
}

impl Shape {
    /// Its length in bytes, from a multiple of a beat.
    pub(super) fn bytes(self) -> u32 {
        self.beat * self.beats
    }
}

/// Where an address register points if nobody has counted: past 4 GiB, where no address is.
pub(super) const NOWHERE: u64 = u64::MAX;

/// A control word, if it is known: none is 0.
type Control = Option<NonZero<u32>>;

/// What the channel is like at the end of the program so far, as far as that is known.
#[derive(Clone, Copy)]
pub(super) struct State {
    source: u64,
    destination: u64,
    control: Control,
    /// How often the control word was set.
    controls: u32,
    /// Loaded bytes may wait in the MFIFO.
    loaded: bool,
    /// Stores may be under way.
    stored: bool,
    /// It is in a loop that uses counter 1.
    in_loop: bool,
}

impl State {
    const UNKNOWN: Self = Self {
        source: NOWHERE,
        destination: NOWHERE,
        control: None,
        controls: 0,
        loaded: false,
        stored: false,
        in_loop: false,
    };
}

/// A place in a program, to go back to.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    len: usize,
    state: State,
}

/// Writes a program, step by step, and leaves room for its end.
pub(crate) struct Emitter<'a> {
    asm: Assembler<'a>,
    bus: ProgramLimits,
    /// What either side of all control words has: both addresses count up, accesses are not cached
    /// (TRM, "Channel Control Registers").
    accesses: u32,
    state: State,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(asm: Assembler<'a>, bus: ProgramLimits) -> Self {
        const INCREMENT: u32 = 1;
        const NON_SECURE: u32 = 1 << 9;

        Self {
            asm,
            bus,
            accesses: match bus.non_secure {
                true => INCREMENT | NON_SECURE,
                false => INCREMENT,
            },
            // Registers have the values of the program before.
            state: State::UNKNOWN,
        }
    }

    pub(super) fn into_assembler(self) -> Assembler<'a> {
        self.asm
    }

    pub(super) fn bus(&self) -> ProgramLimits {
        self.bus
    }

    /// The length of the program so far, in bytes.
    pub(super) fn len(&self) -> usize {
        self.asm.len()
    }

    /// The bytes that are left before the end.
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

    /// Takes back what was written after the first `len` bytes, where nothing but the end follows.
    pub(super) fn truncate(&mut self, len: usize) {
        self.asm.truncate(len);
    }

    /// Takes back what was written after `mark`.
    pub(super) fn rewind(&mut self, mark: Mark) {
        self.asm.truncate(mark.len);
        self.state = mark.state;
    }

    /// Has the source address be `address`.
    pub(super) fn seek_source(&mut self, address: u32) -> Result<(), TooLong> {
        if self.state.source != u64::from(address) {
            self.asm.emit(Instruction::Mov(Register::Sar, address))?;
            self.state.source = address.into();
        }
        Ok(())
    }

    /// Has the destination address be `address`.
    pub(super) fn seek_destination(&mut self, address: u32) -> Result<(), TooLong> {
        if self.state.destination != u64::from(address) {
            self.asm.emit(Instruction::Mov(Register::Dar, address))?;
            self.state.destination = address.into();
        }
        Ok(())
    }

    /// Ends a step, and says where the addresses are.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the program could not be ended behind it.
    pub(super) fn end_step(&mut self, source: u64, destination: u64) -> Result<(), TooLong> {
        self.state.source = source;
        self.state.destination = destination;
        self.check_room()
    }

    /// Has bursts look like this. Inlined: mostly they do, or half of it is known.
    #[inline(always)]
    pub(super) fn shape(&mut self, source: Shape, destination: Shape) -> Result<(), TooLong> {
        /// From a field of the source to that of the destination.
        const DESTINATION: u32 = 14;

        let control = NonZero::new(self.side(source) | self.side(destination) << DESTINATION);

        match self.state.control == control {
            true => Ok(()),
            false => self.set_control(control),
        }
    }

    fn side(&self, shape: Shape) -> u32 {
        self.accesses | shape.beat.trailing_zeros() << 1 | (shape.beats - 1) << 4
    }

    /// Sets the control word, which must not change under bursts that are still on their way. A load
    /// whose bytes have been stored has arrived; for one whose bytes wait in the MFIFO it takes DMARMB,
    /// which leaves them there.
    fn set_control(&mut self, control: Control) -> Result<(), TooLong> {
        let word = control.map_or(0, NonZero::get);
        let [a, b, c, d, e, f] = Instruction::Mov(Register::Ccr, word).encode().padded();

        match (self.state.loaded, self.state.stored) {
            (false, false) => self.asm.append(&[a, b, c, d, e, f]),
            (false, true) => self.asm.append(&[WMB, a, b, c, d, e, f]),
            (true, false) => self.asm.append(&[RMB, a, b, c, d, e, f]),
            (true, true) => self.asm.append(&[RMB, WMB, a, b, c, d, e, f]),
        }?;
        self.state.stored = false;
        self.state.control = control;
        self.state.controls += 1;
        Ok(())
    }

    /// Appends `count` loads.
    pub(super) fn load(&mut self, count: u32) -> Result<(), TooLong> {
        self.state.loaded = true;
        self.repeat(count, [LD])
    }

    /// Appends `count` stores, which may leave bytes in the MFIFO.
    pub(super) fn store(&mut self, count: u32, leave: bool) -> Result<(), TooLong> {
        self.state.stored = true;
        self.state.loaded = leave;
        self.repeat(count, [ST])
    }

    /// Appends `count` times a load and a store, which may leave bytes in the MFIFO.
    #[inline]
    pub(super) fn pass_on(&mut self, count: u32, leave: bool) -> Result<(), TooLong> {
        if count != 0 {
            self.state.stored = true;
            self.state.loaded = leave;
        }
        self.repeat(count, [LD, ST])
    }

    /// Appends `count` times loads from `source` on, `pairs` of them, which is 1 or 2, each with its
    /// store.
    pub(super) fn pass_on_from(
        &mut self,
        count: u32,
        source: u32,
        pairs: u32,
    ) -> Result<(), TooLong> {
        let [a, b, c, d, e, f] = Instruction::Mov(Register::Sar, source).encode().padded();

        if count != 0 {
            self.state.stored = true;
            self.state.source = NOWHERE;
        }
        match pairs {
            2 => self.repeat(count, [a, b, c, d, e, f, LD, ST, LD, ST]),
            _ => self.repeat(count, [a, b, c, d, e, f, LD, ST]),
        }
    }

    /// Appends `count` stores of zeroes.
    pub(super) fn store_zeroes(&mut self, count: u32) -> Result<(), TooLong> {
        if count != 0 {
            self.state.stored = true;
        }
        self.repeat(count, [STZ])
    }

    /// Appends `body` `count` times, at most [`MAX_BURSTS`].
    #[inline]
    fn repeat<const N: usize>(&mut self, count: u32, body: [u8; N]) -> Result<(), TooLong> {
        if count >= MAX_ITERATIONS {
            self.full_loops(count / MAX_ITERATIONS, body)?;
        }
        self.once_around(count % MAX_ITERATIONS, body)
    }

    /// Appends `body` `count` times as often as a loop can run it.
    #[cold]
    fn full_loops<const N: usize>(&mut self, count: u32, body: [u8; N]) -> Result<(), TooLong> {
        if count > 1 && !self.state.in_loop {
            return self.twice_around(count, body);
        }
        (0..count).try_for_each(|_| self.once_around(MAX_ITERATIONS, body))
    }

    /// Appends a loop, or what it would do, where that is not longer.
    fn once_around<const N: usize>(&mut self, count: u32, body: [u8; N]) -> Result<(), TooLong> {
        if count as usize * N <= N + 2 * LP_LEN {
            return (0..count).try_for_each(|_| self.asm.append(&body));
        }
        self.align(LP_LEN, N + LP_LEN)?;
        self.asm.repeat_code(Counter::Lc0, count, body)
    }

    /// Appends two nested loops, the inner one of which runs as often as a loop can.
    fn twice_around<const N: usize>(&mut self, count: u32, body: [u8; N]) -> Result<(), TooLong> {
        self.align(2 * LP_LEN, N + LP_LEN)?;
        self.asm.repeat(Counter::Lc1, count, |asm| {
            asm.repeat_code(Counter::Lc0, MAX_ITERATIONS, body)
        })
    }

    /// Appends a loop that runs what `body` writes `count` times.
    ///
    /// What holds at its beginning must hold at its end. So the addresses are not known in it, nor,
    /// if it is set more than once, the control word.
    ///
    /// # Errors
    ///
    /// [`TooLong`] also if the body is too long for a loop.
    pub(super) fn around(
        &mut self,
        count: u32,
        body: impl Fn(&mut Self) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        let mark = self.mark();

        // To see how often it sets the control word, and to what.
        self.enter(None);
        body(self)?;
        self.check_room()?;

        let State {
            controls, control, ..
        } = self.state;
        let once = controls == mark.state.controls + 1;

        self.rewind(mark);
        if once && self.state.control != control {
            self.set_control(control)?;
        }
        self.enter(control.filter(|_| once));
        self.asm.emit(Instruction::Lp {
            counter: Counter::Lc1,
            // Truncated to 0 only if nobody has asked for a loop.
            iterations_minus_1: u8::try_from(count.wrapping_sub(1)).map_err(|_| TooLong)?,
        })?;

        let start = self.asm.len();

        body(self)?;
        self.asm.emit(Instruction::LpEnd {
            counter: Counter::Lc1,
            body_len: u8::try_from(self.asm.len() - start).map_err(|_| TooLong)?,
        })?;
        self.state.in_loop = false;
        Ok(())
    }

    /// What is known at the beginning of a loop, however often it has gone round.
    fn enter(&mut self, control: Control) {
        self.state = State {
            control,
            controls: self.state.controls,
            stored: true,
            in_loop: true,
            ..State::UNKNOWN
        };
    }

    /// Adds to an address register, in several steps if need be.
    pub(super) fn add(
        &mut self,
        address: super::insn::Address,
        mut amount: u32,
    ) -> Result<(), TooLong> {
        while amount != 0 {
            // CAST: At most that.
            let part = amount.min(u16::MAX.into()) as u16;

            self.asm.emit(Instruction::AddH(address, part))?;
            amount -= u32::from(part);
        }
        Ok(())
    }

    /// Has the body of a loop, `len` bytes with its end, which begins `before` bytes from here, stand
    /// in one line of the instruction cache if it can. Otherwise it would be fetched each time.
    fn align(&mut self, before: usize, len: usize) -> Result<(), TooLong> {
        let line = usize::from(self.bus.cache_line);
        let start = (self.asm.len() + before) % line;

        if len <= line && start + len > line {
            (start..line).try_for_each(|_| self.asm.emit(Instruction::Nop))?;
        }
        Ok(())
    }

    /// Whether the end still fits. What is written in between need not look for that.
    fn check_room(&self) -> Result<(), TooLong> {
        match self.asm.room() {
            0..SIGNAL_LEN => Err(TooLong),
            _ => Ok(()),
        }
    }
}

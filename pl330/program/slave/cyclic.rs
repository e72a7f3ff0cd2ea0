// SPDX-License-Identifier: GPL-2.0

//! Endless transfers between a buffer and a FIFO, such as those of sound.
//!
//! One program transfers the buffer again and again. The CPU does not restart it, so there is no
//! gap after a period, however late the CPU is. The program raises an event after each period:
//!
//! ```text
//!             DMAMOV DAR, fifo
//!             DMAMOV CCR
//!       top:  DMAMOV SAR, buffer
//!             DMALP periods
//!                 DMALP bursts
//!                     DMAFLUSHP, DMAWFP, DMALD, DMASTPB
//!                 DMALPEND
//!                 DMAWMB
//!                 DMASEV
//!             DMALPEND
//!             DMALPFE top
//! ```
//!
//! All of it from `top` on must fit into 255 bytes, by which DMALPFE jumps back at most. There are
//! two forms:
//!
//! - loop counter 1 counts periods, and loop counter 0 bursts;
//! - the code of each period is there, and both counters count bursts, for few long periods.
//!
//! An event is raised until the CPU clears it. A late handler finds one for several periods, and
//! counts them by the position.

use super::{
    super::{
        emitter::{
            lp,
            lp_end,
            mov,
            MOV_LEN, //
        },
        insn::{
            Assembler,
            Counter,
            Event,
            Instruction,
            Request,
            TooLong,
            LP_LEN,
            MAX_ITERATIONS, //
        },
        Segment, //
    },
    code::{
        repeat_once,
        set_fifo,
        Assembled,
        Code,
        Counted,
        Registers, //
    },
    first,
    loops::{
        Loops,
        MAX_BODY, //
    },
    pair,
    Slave,
    SlaveError,
    BURST_LEN, //
};

/// Offset in a program from which on its address in memory is set: after three DMAMOV.
const SET: usize = 3 * MOV_LEN;

/// Endless transfer between a buffer and the FIFO of a device.
///
/// C function: `device_prep_dma_cyclic`.
///
/// # Examples
///
/// Write the program of a ring of four periods, and, when its channel was paused, one that goes on:
///
/// ```
/// # use crate::pl330::program::Segment;
/// # fn play(
/// #     slave: Slave,
/// #     address: u32,
/// #     event: Event,
/// #     write: impl Fn(Cyclic),
/// #     pause: impl Fn() -> (usize, u32),
/// # ) -> Result<(), SlaveError> {
/// let buffer = Segment { address, len: 4096 };
/// let ring = Cyclic::new(slave, buffer, 1024, Some(event))?;
///
/// write(ring);
///
/// let (offset, address) = pause();
///
/// write(ring.resume(ring.position(offset, address))?);
/// # Ok(())
/// # }
/// ```
///
/// # Invariants
///
/// - The buffer and the period consist of whole beats, at least one. The length of the buffer is a
///   multiple of that of the period.
/// - `start` is a multiple of the width, and less than the length of the buffer.
/// - In `form`, the code for the buffer fits into an endless loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cyclic {
    slave: Slave,
    buffer: Segment,
    /// Length of a period in bytes; that of the buffer without an event.
    period: u32,
    /// Event that the program raises after each period.
    event: Option<Event>,
    form: Form,
    /// Offset in the buffer of the first byte that the program transfers.
    start: u32,
}

/// Use of the loop counters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// Counter 1 counts periods, and counter 0 bursts.
    PeriodLoop,
    /// Both count bursts.
    BurstLoops,
}

/// Bursts of a period, or of a part of one.
#[derive(Clone, Copy)]
struct Bursts {
    /// Number of full bursts.
    full: u32,
    /// Number of beats after them, less than a burst.
    tail: u32,
    /// True if the tail is one burst, which needs a control word of its own.
    is_tail_burst: bool,
}

impl Bursts {
    fn of(slave: &Slave, len: u32) -> Self {
        let tail = len % slave.burst_bytes() / slave.width();

        Self {
            full: len / slave.burst_bytes(),
            tail,
            is_tail_burst: tail != 0 && !slave.is_single(tail),
        }
    }

    /// Returns true if the control word changes within the period.
    fn is_mixed(self) -> bool {
        self.full != 0 && self.is_tail_burst
    }

    /// Returns the number of beats that the control word says at first.
    fn first_beats(self, slave: &Slave) -> u32 {
        if self.full == 0 && self.is_tail_burst {
            self.tail
        } else {
            slave.burst()
        }
    }
}

impl Cyclic {
    /// Checks a buffer, of whole periods of `period` bytes, to transfer to or from `slave`.
    ///
    /// The program raises `event` after each period. Without an event, the position is the only
    /// report of progress.
    ///
    /// # Errors
    ///
    /// [`SlaveError::Empty`], [`Misaligned`](SlaveError::Misaligned),
    /// [`Indivisible`](SlaveError::Indivisible), [`Unreachable`](SlaveError::Unreachable) and
    /// [`TooManyBursts`](SlaveError::TooManyBursts).
    pub(crate) fn new(
        slave: Slave,
        buffer: Segment,
        period: u32,
        event: Option<Event>,
    ) -> Result<Self, SlaveError> {
        slave.check(buffer.address, buffer.len)?;
        slave.check(buffer.address, period)?;
        if buffer.len % period != 0 {
            return Err(SlaveError::Indivisible);
        }

        let forms = [Form::PeriodLoop, Form::BurstLoops];
        let ring = forms.map(|form| Self {
            slave,
            buffer,
            period: if event.is_some() { period } else { buffer.len },
            event,
            form,
            start: 0,
        });

        // INVARIANT: Compared above and here.
        ring.into_iter()
            .find(|ring| ring.body_len().is_ok_and(|len| len <= MAX_BODY))
            .ok_or(SlaveError::TooManyBursts)
    }

    /// Returns the ring whose program begins at byte `offset` of the buffer.
    ///
    /// Its first period is the rest of the period there.
    ///
    /// # Errors
    ///
    /// [`SlaveError::Position`].
    pub(crate) fn resume(self, offset: u32) -> Result<Self, SlaveError> {
        if offset >= self.buffer.len || offset % self.slave.width() != 0 {
            return Err(SlaveError::Position);
        }
        // INVARIANT: Compared above.
        Ok(Self {
            start: offset,
            ..self
        })
    }

    /// Returns the largest number of lines of the MFIFO that the program holds at a time.
    pub(crate) fn lines(&self) -> u16 {
        self.slave.lines()
    }

    /// Returns the offset in the buffer of the byte that is transferred next, when the channel is
    /// at byte `offset` of the program, and its address in memory is `address`.
    ///
    /// `address` is as of [`ProgramWriter::position`](super::super::ProgramWriter::position).
    pub(crate) fn position(&self, offset: usize, address: u32) -> u32 {
        let Segment {
            address: start,
            len,
        } = self.buffer;

        match address.wrapping_sub(start) {
            moved if offset >= SET && moved < len => moved,
            // The address is set to the beginning of the buffer next.
            moved if offset >= SET && moved == len => 0,
            _ => self.start,
        }
    }

    /// Writes the program.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the memory is too small. 1024 bytes are enough.
    pub(crate) fn write(&self, asm: &mut Assembler<'_>) -> Result<(), TooLong> {
        let mut code = Assembled {
            asm,
            is_full: false,
        };
        let mut registers = Registers::UNKNOWN;
        let bursts = Bursts::of(&self.slave, self.period);

        set_fifo(&self.slave, &mut code);
        registers.set_control(&self.slave, bursts.first_beats(&self.slave), &mut code);
        if self.start != 0 {
            let rest = self.period - self.start % self.period;
            let others = (self.buffer.len - self.start - rest) / self.period;

            self.set_address(self.start, &mut code);
            self.write_period(rest, &mut registers, &mut code)?;
            self.write_periods(others, &mut registers, &mut code)?;
            registers.set_control(&self.slave, bursts.first_beats(&self.slave), &mut code);
        }

        let top = code.len();

        self.write_body(&mut registers, &mut code)?;

        // CAST: At most `MAX_BODY`, by the type invariants.
        let body_len = (code.len() - top) as u8;

        code.push(pair(Instruction::LpFe { body_len }));
        if code.is_full {
            Err(TooLong)
        } else {
            Ok(())
        }
    }

    /// Returns the length in bytes of the body of the endless loop.
    fn body_len(&self) -> Result<usize, TooLong> {
        let mut code = Counted(0);
        let mut registers = self.registers();

        self.write_body(&mut registers, &mut code)?;
        Ok(code.len())
    }

    /// Returns the registers before a period.
    fn registers(&self) -> Registers {
        let bursts = Bursts::of(&self.slave, self.period);
        let mut registers = Registers::UNKNOWN;

        registers.set_control(
            &self.slave,
            bursts.first_beats(&self.slave),
            &mut Counted(0),
        );
        registers
    }

    fn write_body(&self, registers: &mut Registers, code: &mut impl Code) -> Result<(), TooLong> {
        self.set_address(0, code);
        self.write_periods(self.buffer.len / self.period, registers, code)
    }

    /// Appends code that sets the address in memory to that of byte `offset` of the buffer.
    fn set_address(&self, offset: u32, code: &mut impl Code) {
        let address = self.buffer.address + offset;

        code.push(mov(self.slave.registers().0, address));
    }

    /// Appends code for `count` periods.
    fn write_periods<C: Code>(
        &self,
        count: u32,
        registers: &mut Registers,
        code: &mut C,
    ) -> Result<(), TooLong> {
        let mut one = Counted(0);

        if count == 0 {
            return Ok(());
        }
        self.write_period(self.period, &mut self.registers(), &mut one)?;
        // Within a loop, the control word is set only if it changes there.
        registers.set_control(
            &self.slave,
            Bursts::of(&self.slave, self.period).first_beats(&self.slave),
            code,
        );
        match self.form {
            Form::PeriodLoop => write_loops(code, Counter::Lc1, count, one.len(), |code| {
                self.write_period(self.period, registers, code)
            }),
            Form::BurstLoops if one.len().saturating_mul(count as usize) > MAX_BODY => Err(TooLong),
            Form::BurstLoops => {
                (0..count).try_for_each(|_| self.write_period(self.period, registers, code))
            }
        }
    }

    /// Appends code for a period, or the rest of one, of `len` bytes.
    fn write_period(
        &self,
        len: u32,
        registers: &mut Registers,
        code: &mut impl Code,
    ) -> Result<(), TooLong> {
        let slave = &self.slave;
        let bursts = Bursts::of(slave, len);

        if bursts.is_mixed() {
            // In a loop, it is that of the tail at the second iteration.
            registers.forget_control();
        }
        if bursts.full != 0 {
            registers.set_control(slave, slave.burst(), code);
            self.write_bursts(bursts.full, code)?;
        }
        if bursts.is_tail_burst {
            registers.set_control(slave, bursts.tail, code);
            code.push(slave.transfer(Request::Burst));
        } else {
            repeat_once(code, bursts.tail, slave.transfer(Request::Single));
        }
        if let Some(event) = self.event {
            let [a, b] = pair(Instruction::Sev(event));

            code.push([first(Instruction::Wmb), a, b]);
        }
        Ok(())
    }

    /// Appends code for `count` full bursts.
    fn write_bursts<C: Code>(&self, count: u32, code: &mut C) -> Result<(), TooLong> {
        let slave = &self.slave;
        let body = slave.transfer(if slave.is_single(slave.burst()) {
            Request::Single
        } else {
            Request::Burst
        });

        match self.form {
            Form::PeriodLoop => write_loops(code, Counter::Lc0, count, BURST_LEN, |code| {
                code.push(body);
                Ok(())
            }),
            Form::BurstLoops => {
                let (full, rest) = (count / MAX_ITERATIONS, count % MAX_ITERATIONS);

                write_loops(code, Counter::Lc1, full, BURST_LEN + 2 * LP_LEN, |code| {
                    repeat_once(code, MAX_ITERATIONS, body);
                    Ok(())
                })?;
                repeat_once(code, rest, body);
                Ok(())
            }
        }
    }
}

/// Appends what `body` appends, which is `len` bytes, `count` times.
fn write_loops<C: Code>(
    code: &mut C,
    counter: Counter,
    count: u32,
    len: usize,
    mut body: impl FnMut(&mut C) -> Result<(), TooLong>,
) -> Result<(), TooLong> {
    if count == 0 {
        return Ok(());
    }

    let Loops { times, each, rest } = Loops::shortest(count, len).ok_or(TooLong)?;

    for (times, each) in [(times, each), (rest, 1)] {
        if times == 0 {
            continue;
        }
        if times > 1 {
            code.push(lp(counter, times));
        }

        let start = code.len();

        for _ in 0..each {
            body(code)?;
        }
        if times > 1 {
            code.push(lp_end(counter, code.len() - start));
        }
    }
    Ok(())
}

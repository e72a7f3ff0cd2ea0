// SPDX-License-Identifier: GPL-2.0

//! Loops, and their place in the lines of the instruction cache.

use super::{
    super::insn::{
        Counter,
        TooLong,
        LP_LEN,
        MAX_ITERATIONS, //
    },
    lp,
    lp_end,
    Emitter,
    State,
    MOV_LEN,
    NOP,
    SHORT_BODY, //
};

impl Emitter<'_> {
    /// Appends `body` `count` times, at most [`MAX_BURSTS`](super::MAX_BURSTS).
    #[inline(always)]
    pub(super) fn repeat<const N: usize>(&mut self, count: u32, body: [u8; N]) {
        if count >= MAX_ITERATIONS {
            return self.full_loops(count, body);
        }
        self.once_around(count, body);
    }

    /// Appends loops of [`MAX_ITERATIONS`], then the rest.
    #[cold]
    fn full_loops<const N: usize>(&mut self, count: u32, body: [u8; N]) {
        let full = count / MAX_ITERATIONS;

        if full > 1 && !self.state.in_loop {
            self.align(2 * LP_LEN, N + LP_LEN);
            self.push(lp(Counter::Lc1, full));
            self.push_loop(MAX_ITERATIONS, body);
            self.push(lp_end(Counter::Lc1, N + 2 * LP_LEN));
        } else {
            for _ in 0..full {
                self.once_around(MAX_ITERATIONS, body);
            }
        }
        self.once_around(count % MAX_ITERATIONS, body);
    }

    /// Appends a loop, or its iterations one after the other if that is not longer.
    #[inline(always)]
    fn once_around<const N: usize>(&mut self, count: u32, body: [u8; N]) {
        if count as usize * N <= N + 2 * LP_LEN {
            for _ in 0..count {
                self.push(body);
            }
            return;
        }
        if N != 2 || self.is_cut(LP_LEN) {
            self.align(LP_LEN, N + LP_LEN);
        }
        self.push_loop(count, body);
    }

    #[inline(always)]
    fn push_loop<const N: usize>(&mut self, count: u32, body: [u8; N]) {
        if N == 2 {
            let [a, b] = lp(Counter::Lc0, count);
            let [e, f] = lp_end(Counter::Lc0, N);

            return self.push([a, b, body[0], body[1], e, f]);
        }
        self.push(lp(Counter::Lc0, count));
        self.push(body);
        self.push(lp_end(Counter::Lc0, N));
    }

    /// Appends a loop that runs what `body` appends `count` times.
    ///
    /// What holds at its beginning must hold at its end. So the addresses are not known in it, nor,
    /// if it is set more than once, the control word. The loop stands in one line of the
    /// instruction cache if it can.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the body is too long for a loop.
    pub(in super::super) fn around(
        &mut self,
        count: u32,
        body: impl Fn(&mut Self),
    ) -> Result<(), TooLong> {
        let line = usize::from(self.bus.cache_line);
        let mark = self.mark();

        // To see how often it sets the control word, to what, and how long it is without padding.
        self.enter(0, false);
        body(self);
        if self.state.is_full {
            return Err(TooLong);
        }

        let len = self.asm.len() - mark.len + LP_LEN;
        let State {
            controls, control, ..
        } = self.state;
        let once = controls == mark.state.controls + 1;
        // Set once, the control word is set before the loop.
        let len = if once { len - MOV_LEN } else { len };

        self.rewind(mark);
        if once {
            self.control(control);
        }
        self.align(LP_LEN, len);
        // Inside a line, there is nothing to align.
        self.enter(if once { control } else { 0 }, len > line);
        self.push(lp(Counter::Lc1, count));

        let start = self.asm.len();

        body(self);

        let len = self.asm.len() - start;

        if self.state.is_full || len > u8::MAX.into() {
            return Err(TooLong);
        }
        self.push(lp_end(Counter::Lc1, len));
        self.state.in_loop = false;
        self.state.aligns = true;
        Ok(())
    }

    /// Sets the state at the beginning of a loop, which is that of every iteration.
    fn enter(&mut self, control: u32, aligns: bool) {
        self.state = State {
            control,
            controls: self.state.controls,
            in_loop: true,
            aligns,
            ..State::UNKNOWN
        };
    }

    /// Moves the body of a loop into one line of the instruction cache, if it fits.
    ///
    /// With its end it has `len` bytes, and it begins `before` bytes from here. Xilinx' `dmaps`
    /// driver pads for the same reason: a loop in two lines is fetched each time.
    #[inline(never)]
    pub(super) fn align(&mut self, before: usize, len: usize) {
        let line = usize::from(self.bus.cache_line);
        let start = (self.asm.len() + before) & self.past_line;

        if start + len > line && len <= line && self.state.aligns {
            for _ in start..line {
                self.push([NOP]);
            }
        }
    }

    /// As [`align`](Self::align), for a loop of one load and store.
    #[inline(always)]
    pub(super) fn align_short(&mut self, before: usize) {
        if self.is_cut(before) {
            self.align(before, SHORT_BODY);
        }
    }

    /// Returns true if a loop of one load and store whose body begins `before` bytes from here is
    /// in two lines of the instruction cache.
    #[inline(always)]
    pub(super) fn is_cut(&self, before: usize) -> bool {
        (self.asm.len() + before) & self.past_line > self.last_short
    }
}

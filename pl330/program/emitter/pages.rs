// SPDX-License-Identifier: GPL-2.0

//! Copies of full bursts, in one piece.
//!
//! Most segments of a list are pages, or several of them. Their code differs in addresses and
//! counts only, so there is a template for it, and one check that it fits. A copy without a
//! template takes the same bursts, in smaller pieces (`copy.rs`).

use super::{
    super::{
        insn::{
            Address,
            Counter,
            Register,
            LP_LEN,
            MAX_ITERATIONS, //
        },
        ProgramLimits,
        SIGNAL_LEN, //
    },
    add_high,
    control,
    lp,
    lp_end,
    mov,
    Bursts,
    Emitter,
    Shape,
    LD,
    MOV_LEN,
    NOP,
    SHORT_BODY,
    ST, //
};

/// Smallest number of loads with their stores that are shorter as a loop: 2 bytes each, 4 for the
/// loop.
const MIN_LOOP: u32 = 4;

/// Values that all templates of a program have in common.
#[derive(Clone, Copy)]
pub(super) struct Pages {
    /// Control word between equal byte lanes.
    straight: u32,
    /// Control word between different byte lanes.
    shifted: u32,
    /// Control word for a first store that is a beat shorter than the first load.
    late: u32,
    /// Control word for a burst of one byte on both sides.
    byte: u32,
    /// Bits of an address that are 0 at a boundary.
    lanes: u32,
    /// Bits of a length that are 0 if it is that of full bursts.
    past_burst: u32,
    /// Logarithm of the length in bytes of a full burst.
    shift: u32,
}

impl Pages {
    /// A control word that no state has, for templates that cannot be used.
    const NEVER: u32 = u32::MAX;

    pub(super) fn of(bus: ProgramLimits, accesses: u32, straight: Bursts, shifted: Bursts) -> Self {
        let is_simple = straight.loads == 1 && straight.bytes.is_power_of_two();
        // The end is a burst of up to two beats of single bytes.
        let is_simple_shifted = is_simple
            && shifted.loads == 1
            && bus.lines > 1
            && shifted.shape == straight.shape
            && 2 * shifted.shape.beat <= bus.beats.into();
        let Shape { beat, beats } = straight.shape;
        let shorter = Shape {
            beat,
            beats: (beats - 1).max(1),
        };
        let byte = Shape { beat: 1, beats: 1 };

        Self {
            straight: if is_simple {
                straight.control
            } else {
                Self::NEVER
            },
            shifted: if is_simple_shifted {
                shifted.control
            } else {
                Self::NEVER
            },
            late: control(accesses, straight.shape, shorter),
            byte: control(accesses, byte, byte),
            lanes: beat - 1,
            past_burst: straight.bytes - 1,
            shift: straight.bytes.trailing_zeros(),
        }
    }
}

impl Emitter<'_> {
    /// Appends a step that copies the length of full bursts, if it is one and has a template.
    #[inline(always)]
    pub(in super::super) fn try_template(
        &mut self,
        source: u32,
        destination: u32,
        len: u32,
    ) -> bool {
        if (source ^ destination) & self.pages.lanes == 0 {
            self.try_pages(source, destination, len)
        } else {
            self.try_shifted_pages(source, destination, len)
        }
    }

    /// Appends a step that copies full bursts between boundaries, if it is one and has a template.
    #[inline(never)]
    pub(in super::super) fn try_pages(&mut self, source: u32, destination: u32, len: u32) -> bool {
        /// A power of two that DMAADDH adds in any case.
        const NEAR: u64 = 1 << 15;

        let Pages {
            straight,
            lanes,
            past_burst,
            shift,
            ..
        } = self.pages;
        let count = len >> shift;
        let past = (source | destination) & lanes | len & past_burst;
        let gap = u64::from(source).wrapping_sub(self.state.source);
        let to_gap = u64::from(destination).wrapping_sub(self.state.destination);

        if self.state.control != straight
            || past != 0
            || !(MIN_LOOP..MAX_ITERATIONS).contains(&count)
        {
            return false;
        }

        let [m, n] = lp(Counter::Lc0, count);
        let [q, r] = lp_end(Counter::Lc0, 2);
        // Both are 1 to `NEAR`.
        let is_written = if gap.wrapping_sub(1) | to_gap.wrapping_sub(1) < NEAR {
            // CAST: At most that.
            let [a, b, c, ..] = add_high(Address::Source, gap as u16);
            // CAST: At most that.
            let [d, e, f, ..] = add_high(Address::Destination, to_gap as u16);

            if self.is_cut(6 + LP_LEN) {
                return self.try_pages_aligned(6 + LP_LEN, source, destination, len);
            }
            self.try_push([a, b, c, d, e, f, m, n, LD, ST, q, r])
        } else if gap.min(to_gap) > u16::MAX.into() {
            let [a, b, c, d, e, f] = mov(Register::Sar, source);
            let [g, h, i, j, k, l] = mov(Register::Dar, destination);

            if self.is_cut(2 * MOV_LEN + LP_LEN) {
                return self.try_pages_aligned(2 * MOV_LEN + LP_LEN, source, destination, len);
            }
            self.try_push([
                a, b, c, d, e, f, g, h, i, j, k, l, m, n, LD, ST, q, r, //
            ])
        } else {
            false
        };

        if is_written {
            self.state.source = u64::from(source) + u64::from(len);
            self.state.destination = u64::from(destination) + u64::from(len);
        }
        is_written
    }

    /// As [`try_pages`](Self::try_pages), where the loop, whose body begins `before` bytes from
    /// here, [is cut](Self::is_cut).
    #[cold]
    #[inline(never)]
    fn try_pages_aligned(
        &mut self,
        before: usize,
        source: u32,
        destination: u32,
        len: u32,
    ) -> bool {
        let past = (self.asm.len() + before) & self.past_line;
        let padding = self.past_line + 1 - past;

        // Without the loop, the end of the program may need the room of the padding.
        if self.room() < padding + before + SHORT_BODY {
            return false;
        }
        match padding {
            1 => self.push([NOP]),
            2 => self.push([NOP; 2]),
            _ => self.push([NOP; SHORT_BODY - 1]),
        }
        self.try_pages(source, destination, len)
    }

    /// Appends a step that copies the length of full bursts between different byte lanes, if it is
    /// one and has a template.
    ///
    /// After the full bursts of the source, the bytes of its first lane are left, and in the MFIFO
    /// is a fragment. One burst of single bytes takes both.
    #[inline(never)]
    fn try_shifted_pages(&mut self, source: u32, destination: u32, len: u32) -> bool {
        /// Fields of the control word: beats in a burst, and the logarithm of a beat.
        const BEATS: u32 = 4;
        const TO_BEAT: u32 = 15;
        const TO_BEATS: u32 = 18;

        let Pages {
            shifted,
            late,
            byte,
            lanes,
            past_burst,
            shift,
            ..
        } = self.pages;
        let count = len >> shift;
        let (lane, to_lane) = (source & lanes, destination & lanes);

        // One burst less may be in the loop.
        if len & past_burst != 0
            || shifted == Pages::NEVER
            || !(MIN_LOOP + 1..MAX_ITERATIONS).contains(&count)
        {
            return false;
        }

        let mark = self.mark();

        self.set_shifted();
        self.seek_source(source);
        self.seek_destination(destination);

        let [q, r] = lp_end(Counter::Lc0, 2);
        let [a, b, c, d, e, f] = mov(Register::Ccr, shifted);
        let is_written = if to_lane < lane {
            // The first store is a beat shorter, so that the fragment is a beat longer at the end.
            let to_end = if to_lane == 0 {
                // A beat of the bus.
                lanes.trailing_ones() << TO_BEAT
            } else {
                (lanes + to_lane) << TO_BEATS
            };
            let end = byte + ((lane - 1) << BEATS) + to_end;
            let [g, h, i, j, k, l] = mov(Register::Ccr, late);
            let [s, t, u, v, w, x] = mov(Register::Ccr, end);
            let [m, n] = lp(Counter::Lc0, count - 1);

            self.state.control = end;
            self.align_short(2 * MOV_LEN + 2 + LP_LEN);
            self.try_push([
                g, h, i, j, k, l, LD, ST, a, b, c, d, e, f, m, n, LD, ST, q, r, s, t, u, v, w, x,
                LD, ST,
            ])
        } else if lane == 0 {
            // Only the fragment is left.
            let end = byte + ((to_lane - 1) << TO_BEATS);
            let [s, t, u, v, w, x] = mov(Register::Ccr, end);
            let [m, n] = lp(Counter::Lc0, count);

            self.state.control = end;
            self.align_short(MOV_LEN + LP_LEN);
            self.try_push([a, b, c, d, e, f, m, n, LD, ST, q, r, s, t, u, v, w, x, ST])
        } else {
            let end = byte + ((lane - 1) << BEATS) + ((to_lane - 1) << TO_BEATS);
            let [s, t, u, v, w, x] = mov(Register::Ccr, end);
            let [m, n] = lp(Counter::Lc0, count);

            self.state.control = end;
            self.align_short(MOV_LEN + LP_LEN);
            self.try_push([
                a, b, c, d, e, f, m, n, LD, ST, q, r, s, t, u, v, w, x, LD, ST,
            ])
        };

        if !is_written || self.state.is_full {
            self.rewind(mark);
            return false;
        }
        self.state.source = u64::from(source) + u64::from(len);
        self.state.destination = u64::from(destination) + u64::from(len);
        true
    }

    /// Appends `code` if the end of the program fits behind it.
    #[inline(always)]
    fn try_push<const N: usize>(&mut self, code: [u8; N]) -> bool {
        self.asm.append_before(code, SIGNAL_LEN).is_ok()
    }
}

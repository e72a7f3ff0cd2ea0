// SPDX-License-Identifier: GPL-2.0

//! Numbers of iterations as loops that fit into a ring.
//!
//! The end of an endless loop jumps back by 255 bytes at most, so a ring is that short. A counter
//! counts to 256. A larger number takes a body several times in a loop, and a second loop for the
//! rest:
//!
//! ```text
//!   700 = 233 * 3 + 1         DMALP 233 { body body body } body
//!   1000 = 256 * 3 + 232      DMALP 256 { body body body } DMALP 232 { body }
//! ```

use super::super::insn::{
    LP_LEN,
    MAX_ITERATIONS, //
};

/// Largest length of a loop, without the instruction at its end.
pub(super) const MAX_BODY: usize = 255;

/// Number of iterations: `times * each + rest`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Loops {
    /// Number of iterations of the loop: 1 to 256. 1 is no loop.
    pub(super) times: u32,
    /// Number of times that the body is in the loop.
    pub(super) each: u32,
    /// Number of iterations of the second loop, with the body once: 0 to 256.
    pub(super) rest: u32,
}

impl Loops {
    /// Returns the shortest loops for `count` iterations of a body of `len` bytes.
    ///
    /// Returns `None` if the body of a loop would be longer than [`MAX_BODY`].
    pub(super) fn shortest(count: u32, len: usize) -> Option<Self> {
        // CAST: `MAX_BODY` is that small.
        let most = (MAX_BODY / len.max(1)) as u32;

        (1..=most)
            .filter_map(|each| Self::with(count, each))
            .min_by_key(|loops| loops.len(len))
    }

    /// Returns loops of `count` iterations with the body `each` times, if there are any.
    fn with(count: u32, each: u32) -> Option<Self> {
        let times = (count / each).min(MAX_ITERATIONS);
        let rest = count - times * each;

        (times != 0 && rest <= MAX_ITERATIONS).then_some(Self { times, each, rest })
    }

    /// Returns their length in bytes, with a body of `len` bytes.
    fn len(self, len: usize) -> usize {
        let once = |times, body| match times {
            0 => 0,
            1 => body,
            _ => body + 2 * LP_LEN,
        };

        // CAST: `usize` has at least 32 bits.
        once(self.times, self.each as usize * len) + once(self.rest, len)
    }
}

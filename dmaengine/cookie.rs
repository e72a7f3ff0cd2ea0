// SPDX-License-Identifier: GPL-2.0

//! Cookies: the numbers by which a client asks for the status of its descriptors.
//!
//! C header: `drivers/dma/dmaengine.h`, which is private to the drivers in that directory.

use super::ffi::c;

/// Smallest cookie. C constant: `DMA_MIN_COOKIE`.
const MIN_COOKIE: c::dma_cookie_t = 1;

/// Number of cookies, after which they begin again.
const COOKIES: c::dma_cookie_t = c::dma_cookie_t::MAX;

/// Cookies of a channel.
///
/// The framework keeps two cookies only, so a failed descriptor looks as complete as any other.
/// This type also remembers which of the last 64 have failed.
///
/// # Invariants
///
/// Both cookies are at least [`MIN_COOKIE`].
pub(super) struct Cookies {
    /// Cookie of the last descriptor that was submitted.
    used: c::dma_cookie_t,
    /// Cookie of the last descriptor that was completed.
    last: c::dma_cookie_t,
    /// Bit `n` is set if the descriptor `n` cookies before `last` has failed.
    failed: u64,
}

impl Cookies {
    /// Returns the cookies of a channel that had no descriptor. C function: `dma_cookie_init()`.
    pub(super) const fn new() -> Self {
        Self {
            used: MIN_COOKIE,
            last: MIN_COOKIE,
            failed: 0,
        }
    }

    /// Returns the cookies of a channel whose next cookie is the largest one.
    #[cfg(kunit_fixture)]
    pub(super) const fn near_the_wrap() -> Self {
        Self {
            used: COOKIES - 1,
            last: COOKIES - 1,
            failed: 0,
        }
    }

    /// Returns the cookie of the next descriptor. C function: `dma_cookie_assign()`.
    pub(super) fn assign(&mut self) -> c::dma_cookie_t {
        self.used = match self.used {
            c::dma_cookie_t::MAX => MIN_COOKIE,
            used => used + 1,
        };
        self.used
    }

    /// Notes the end of the descriptor with `cookie`, the next one to end. C function:
    /// `dma_cookie_complete()`.
    pub(super) fn complete(&mut self, cookie: c::dma_cookie_t, has_failed: bool) {
        self.advance(cookie);
        self.failed |= u64::from(has_failed);
    }

    /// Notes the end of all descriptors, none of which has failed.
    pub(super) fn complete_all(&mut self) {
        self.advance(self.used);
    }

    fn advance(&mut self, cookie: c::dma_cookie_t) {
        let count = distance(self.last, cookie);

        self.failed = self.failed.checked_shl(count).unwrap_or(0);
        self.last = cookie;
    }

    /// Returns the cookie of the last descriptor that was submitted.
    pub(super) fn used(&self) -> c::dma_cookie_t {
        self.used
    }

    /// Returns the cookie of the last descriptor that was completed.
    pub(super) fn last(&self) -> c::dma_cookie_t {
        self.last
    }

    /// Returns `DMA_COMPLETE`, `DMA_ERROR` or `DMA_IN_PROGRESS`. C functions:
    /// `dma_cookie_status()`, `dma_async_is_complete()`.
    ///
    /// A cookie that was not assigned is complete.
    pub(super) fn status(&self, cookie: c::dma_cookie_t) -> c::dma_status {
        let is_complete = if self.last <= self.used {
            cookie <= self.last || cookie > self.used
        } else {
            cookie <= self.last && cookie > self.used
        };

        if !is_complete {
            return c::dma_status_DMA_IN_PROGRESS;
        }

        match self.failed.checked_shr(distance(cookie, self.last)) {
            Some(failed) if failed & 1 != 0 => c::dma_status_DMA_ERROR,
            _ => c::dma_status_DMA_COMPLETE,
        }
    }
}

/// Returns the number of cookies from `first` to `last`, which may be beyond the wrap.
fn distance(first: c::dma_cookie_t, last: c::dma_cookie_t) -> u32 {
    let distance = last.wrapping_sub(first);

    // CAST: Neither is negative, unless a client asks for a cookie that was never assigned.
    if distance < 0 {
        distance.wrapping_add(COOKIES) as u32
    } else {
        distance as u32
    }
}

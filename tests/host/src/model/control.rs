// SPDX-License-Identifier: GPL-2.0

//! The channel control register and the bursts that it describes.

use super::Error;

/// The source or the destination half of the register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Side {
    pub(super) increment: bool,
    /// Bytes in a beat.
    pub(super) size: u32,
    /// Beats in a burst.
    pub(super) beats: u32,
}

/// The register, as far as the model acts on it: protection and cacheability beyond the security
/// bit change nothing that memory would show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Control {
    pub(super) source: Side,
    pub(super) destination: Side,
}

impl Control {
    /// Takes `value` apart, on a bus of `width` bytes.
    pub(super) fn decode(value: u32, width: u32, non_secure: bool) -> Result<Self, Error> {
        if value & 1 << 31 != 0 {
            return Err(Error::ReservedControl);
        }
        if value >> 28 != 0 {
            // A swap inside the stream: legal, but no copy has a use for it.
            return Err(Error::ByteSwap);
        }

        let source = Side::decode(value, width, non_secure)?;
        let destination = Side::decode(value >> 14, width, non_secure)?;

        Ok(Self {
            source,
            destination,
        })
    }
}

impl Side {
    fn decode(half: u32, width: u32, non_secure: bool) -> Result<Self, Error> {
        let size = 1 << (half >> 1 & 7);

        if size > width {
            return Err(Error::BeatTooWide { size });
        }
        if non_secure && half & 1 << 9 == 0 {
            return Err(Error::SecureAccess);
        }
        Ok(Self {
            increment: half & 1 != 0,
            size,
            beats: (half >> 4 & 15) + 1,
        })
    }

    /// The burst at `address`, which is 4 GiB if the burst before ended there.
    pub(super) fn burst(self, address: u64, single: bool) -> Result<Burst, Error> {
        let beats = if single { 1 } else { self.beats };
        let side = Self { beats, ..self };
        let short = (address % u64::from(side.size)) as u32;

        if !side.increment && short != 0 {
            return Err(Error::FixedUnaligned);
        }

        let bytes = side.size * side.beats - short;
        let span = if side.increment { bytes } else { side.size };

        if address + u64::from(span) > 1 << 32 {
            return Err(Error::AddressWrap);
        }
        Ok(Burst {
            // Less than 4 GiB, because the span is at least one byte.
            address: address as u32,
            side,
            bytes,
        })
    }
}

/// One burst. The DMAC splits it at 4 KiB boundaries, which no program can see.
#[derive(Clone, Copy, Debug)]
pub(super) struct Burst {
    address: u32,
    side: Side,
    bytes: u32,
}

impl Burst {
    pub(super) fn bytes(self) -> u32 {
        self.bytes
    }

    pub(super) fn side(self) -> Side {
        self.side
    }

    /// Returns true if the address is a multiple of the beat.
    pub(super) fn is_aligned(self) -> bool {
        self.address % self.side.size == 0
    }

    /// Address and length of each beat. Only the first can be short, up to the next boundary.
    pub(super) fn beats(self) -> impl Iterator<Item = (u32, u32)> {
        let Side {
            increment,
            size,
            beats,
        } = self.side;
        let boundary = self.address - self.address % size;

        (0..beats).map(move |beat| match (increment, beat) {
            (false, _) => (self.address, size),
            (true, 0) => (self.address, size - self.address % size),
            (true, _) => (boundary + beat * size, size),
        })
    }

    /// Returns the number of AXI bursts, none of which crosses a multiple of 4 KiB.
    pub(super) fn on_the_bus(self) -> u64 {
        match self.side.increment {
            true => u64::from((self.address + (self.bytes - 1)) / 4096 - self.address / 4096) + 1,
            false => 1,
        }
    }

    /// Returns the address after the burst; 4 GiB exceeds the register by one.
    pub(super) fn next_address(self) -> u64 {
        let advance = if self.side.increment { self.bytes } else { 0 };

        u64::from(self.address) + u64::from(advance)
    }
}

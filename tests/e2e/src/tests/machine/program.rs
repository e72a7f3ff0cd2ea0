// SPDX-License-Identifier: GPL-2.0

//! Programs of a channel, instruction by instruction.

/// Source or destination half of a control word.
#[derive(Clone, Copy)]
pub struct Side {
    /// Length of a beat in bytes: a power of two.
    beat: u32,
    /// Number of beats of a burst.
    beats: u32,
    increments: bool,
}

impl Side {
    /// Returns bursts of `beats` beats of `beat` bytes at consecutive addresses.
    pub const fn new(beat: u32, beats: u32) -> Self {
        Self {
            beat,
            beats,
            increments: true,
        }
    }

    /// Returns the same bursts, with all beats at one address.
    pub const fn fixed(self) -> Self {
        Self {
            increments: false,
            ..self
        }
    }

    /// Returns the half of a control word, non-secure.
    fn bits(self) -> u32 {
        const NON_SECURE: u32 = 1 << 9;

        u32::from(self.increments)
            | (self.beat.trailing_zeros() << 1)
            | ((self.beats - 1) << 4)
            | NON_SECURE
    }
}

/// Program, to which each method appends an instruction.
pub struct Program(pub Vec<u8>);

impl Program {
    /// Returns a program that sets the control word and both addresses.
    pub fn new(source: (u32, Side), destination: (u32, Side)) -> Self {
        Self(vec![])
            .control(source.1, destination.1)
            .source(source.0)
            .destination(destination.0)
    }

    /// Appends the bytes of an instruction.
    fn insn(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    fn set(self, register: u8, value: u32) -> Self {
        self.insn(&[0xbc, register]).insn(&value.to_le_bytes())
    }

    pub fn control(self, source: Side, destination: Side) -> Self {
        self.set(1, source.bits() | (destination.bits() << 14))
    }

    pub fn source(self, address: u32) -> Self {
        self.set(0, address)
    }

    pub fn destination(self, address: u32) -> Self {
        self.set(2, address)
    }

    /// Appends DMAADDH of the destination.
    pub fn skip(self, bytes: u8) -> Self {
        self.insn(&[0x56, bytes, 0])
    }

    pub fn load(self) -> Self {
        self.insn(&[0x04])
    }

    pub fn store(self) -> Self {
        self.insn(&[0x08])
    }

    pub fn store_zeroes(self) -> Self {
        self.insn(&[0x0c])
    }

    pub fn read_barrier(self) -> Self {
        self.insn(&[0x12])
    }

    pub fn write_barrier(self) -> Self {
        self.insn(&[0x13])
    }

    pub fn send(self, event: u8) -> Self {
        self.insn(&[0x34, event << 3])
    }

    /// Appends DMAWFE.
    pub fn wait(self, event: u8) -> Self {
        self.insn(&[0x36, event << 3])
    }

    /// Appends DMAWFP S.
    pub fn wait_for_single(self, peripheral: u8) -> Self {
        self.insn(&[0x30, peripheral << 3])
    }

    /// Appends DMAWFP B.
    pub fn wait_for_burst(self, peripheral: u8) -> Self {
        self.insn(&[0x32, peripheral << 3])
    }

    /// Appends DMASTPS.
    pub fn store_single(self, peripheral: u8) -> Self {
        self.insn(&[0x29, peripheral << 3])
    }

    /// Appends DMASTPB.
    pub fn store_burst(self, peripheral: u8) -> Self {
        self.insn(&[0x2b, peripheral << 3])
    }

    /// Appends DMAFLUSHP.
    pub fn flush(self, peripheral: u8) -> Self {
        self.insn(&[0x35, peripheral << 3])
    }

    /// Appends an endless loop of no instructions.
    pub fn spin(self) -> Self {
        self.insn(&[0x2c, 0])
    }

    /// Appends `count` times what `body` appends, in a loop.
    pub fn repeat(self, count: u8, body: fn(Self) -> Self) -> Self {
        let this = self.insn(&[0x20, count - 1]);
        let start = this.0.len();
        let this = body(this);
        let back = this.0.len() - start;

        this.insn(&[0x38, back as u8])
    }

    pub fn end(self) -> Self {
        self.insn(&[0x00])
    }

    /// Returns the offset of the next instruction.
    pub fn len(&self) -> u32 {
        self.0.len() as u32
    }
}

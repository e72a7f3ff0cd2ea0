// SPDX-License-Identifier: GPL-2.0

//! Listing of the channels, and of the programs that they ran, for people.

use kernel::{
    fmt,
    prelude::*, //
};

use super::{
    super::{
        hw::MAX_CHANNELS,
        program::disasm, //
    },
    channel::State,
    Engine, //
};

/// Largest number of bytes of a program that are listed.
const SHOWN: usize = 256;

/// Listing of all channels: state, and last program, one instruction a line.
pub(crate) struct Channels<'a, 'bound>(&'a Engine<'bound>);

impl<'bound> Engine<'bound> {
    /// Returns a listing of the channels.
    pub(crate) fn channels(&self) -> Channels<'_, 'bound> {
        Channels(self)
    }

    /// Returns a copy of the state of `channel`.
    fn snapshot(&self, channel: usize) -> Snapshot {
        let scheduler = self.scheduler.lock();
        let it = scheduler.channel(channel);
        let mut snapshot = Snapshot {
            state: it.state(),
            programs: scheduler.platform.programs[channel % MAX_CHANNELS],
            address: 0,
            len: 0,
            code: [0; SHOWN],
        };

        if let Some(program) = it.program() {
            let code = program.code();

            snapshot.address = program.address();
            snapshot.len = code.len();
            for (to, from) in snapshot.code.iter_mut().zip(code) {
                *to = *from;
            }
        }
        snapshot
    }
}

/// State of a channel at one time.
struct Snapshot {
    state: State,
    programs: u64,
    address: u32,
    len: usize,
    code: [u8; SHOWN],
}

impl fmt::Display for Channels<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for channel in 0..MAX_CHANNELS {
            let it = self.0.snapshot(channel);
            let shown = it.len.min(SHOWN);

            f.write_fmt(fmt!(
                "channel {channel}: {}, {} programs",
                match it.state {
                    State::Idle => "idle",
                    State::Running => "running",
                    State::Stopping => "stopping",
                    State::Retired => "not in use",
                },
                it.programs
            ))?;
            if it.len != 0 {
                f.write_fmt(fmt!(", the last at {:#010x}, {} bytes", it.address, it.len))?;
            }
            f.write_str("\n")?;
            // An instruction that is cut off at the end would be listed as malformed.
            for line in disasm::listing(&it.code[..shown])
                .take_while(|line| shown == it.len || line.instruction.is_ok())
            {
                f.write_fmt(fmt!("{line}\n"))?;
            }
            if shown < it.len {
                f.write_str("       ...\n")?;
            }
        }
        Ok(())
    }
}

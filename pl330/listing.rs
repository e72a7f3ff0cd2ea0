// SPDX-License-Identifier: GPL-2.0

//! What the channels are doing, and the programs that they ran, to read.

use kernel::{
    fmt,
    prelude::*, //
};

use super::{
    controller::Controller,
    engine::{
        channels,
        Phase, //
    },
    program::{
        disasm,
        insn::Channel, //
    }, //
};

/// How much of a program is shown, in bytes.
const SHOWN: usize = 256;

/// All channels: what each is doing, and its last program, one instruction a line.
pub(crate) struct Channels<'a, 'bound>(&'a Controller<'bound>);

impl<'bound> Controller<'bound> {
    /// What the channels are doing.
    pub(crate) fn channels(&self) -> Channels<'_, 'bound> {
        Channels(self)
    }

    /// Returns the state of `channel`.
    fn view(&self, channel: Channel) -> View {
        let mut shared = self.shared.lock();
        let programs = *shared.programs(channel);
        let (doing, armed) = match shared.phase(channel) {
            Phase::Idle(armed, _) => ("idle", Some(armed)),
            Phase::Claimed => ("about to start", None),
            Phase::Running(run) => ("running", Some(&mut run.armed)),
            Phase::Stopping(run, _) => ("stopping", Some(&mut run.armed)),
            Phase::Retired => ("not in use", None),
        };
        let mut view = View {
            doing,
            programs,
            address: 0,
            len: 0,
            code: [0; SHOWN],
        };

        if let Some(armed) = armed {
            let code = armed.code();

            view.address = armed.address();
            view.len = code.len();
            for (to, from) in view.code.iter_mut().zip(code) {
                *to = *from;
            }
        }
        view
    }
}

/// What a channel was doing when somebody looked.
struct View {
    doing: &'static str,
    programs: u64,
    address: u32,
    len: usize,
    code: [u8; SHOWN],
}

impl fmt::Display for Channels<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for channel in channels() {
            let view = self.0.view(channel);
            let shown = view.len.min(SHOWN);

            f.write_fmt(fmt!(
                "channel {}: {}, {} programs",
                channel.number(),
                view.doing,
                view.programs
            ))?;
            if view.len != 0 {
                f.write_fmt(fmt!(
                    ", the last at {:#010x}, {} bytes",
                    view.address,
                    view.len
                ))?;
            }
            f.write_str("\n")?;
            // An instruction that is cut off at the end would be called a malformed one.
            for line in disasm::listing(&view.code[..shown])
                .take_while(|line| shown == view.len || line.instruction.is_ok())
            {
                f.write_fmt(fmt!("{line}\n"))?;
            }
            if shown < view.len {
                f.write_str("       ...\n")?;
            }
        }
        Ok(())
    }
}

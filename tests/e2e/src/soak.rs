// SPDX-License-Identifier: GPL-2.0

//! The soak test: random transfers from four threads on all channels, with each byte verified.

use libtest_mimic::Arguments;

use crate::{
    prelude::*,
    tests::lifetime::Rounds, //
};

/// Most transfers of a round, at whose end there is a line of progress.
const ROUND: u64 = 5000;

const THREADS: u64 = 4;

/// Rounds of unbinding under load, and of loading and unloading.
const UNDER_LOAD: u64 = 20;
const IDLE: u64 = 400;

/// Returns the script for a number of transfers.
pub fn script_for(transfers: u64) -> Result<String> {
    let rounds = transfers.div_ceil(ROUND);
    let each = transfers.div_ceil(THREADS * rounds);
    let script = script(&["state", "stress", "soak"])?;

    Ok(format!("transfers={each} rounds={rounds}\n{script}"))
}

/// Does `transfers` transfers, binds and unbinds the driver in many rounds, and returns whether all
/// went well.
pub fn run(transfers: u64) -> bool {
    let mut suite = Suite::new(Arguments::default());
    let mut boot = Boot::with_driver();

    boot.on_line = Some(|line| {
        if let Some(done) = line.strip_prefix("@@ progress ") {
            println!("{done:>9} transfers");
        }
    });
    engine::soak(&mut suite, "engine", boot, transfers);
    engine::busy(&mut suite, UNDER_LOAD, |_| ());
    lifetime::add_rounds(
        &mut suite,
        Rounds {
            under_load: UNDER_LOAD,
            kinds: IDLE,
            idle: IDLE,
        },
    );
    suite.run()
}

/// Checks that each byte of each transfer was right.
pub fn expect_right(it: &Console) -> Result<()> {
    it.is("failed", "").with_context(|| it.text().to_string())?;
    it.exits(0)
}

/// Checks that each of eight channels ran its part of this number of transfers.
pub fn expect_all_channels(it: &Console, transfers: u64) -> Result<()> {
    // As in channel 3: idle, 100 programs
    let programs = |line: &str| {
        line.strip_prefix("channel ")?
            .split(' ')
            .nth(2)?
            .parse()
            .ok()
    };
    let programs: Vec<u64> = it
        .section("channels")?
        .lines()
        .filter_map(programs)
        .collect();
    let has_part = programs.iter().all(|&it| it >= transfers / 16);

    ensure!(
        programs.len() == 8 && has_part,
        "programs of each channel: {programs:?}"
    );
    Ok(())
}

/// Checks that everything was given back.
pub fn nothing_left(it: &Console) -> Result<()> {
    it.unchanged("before", "after")?;
    it.lacks("dmesg", "leaked")?;
    // The debug kernel lists the mappings.
    it.same("mappings-before", "mappings-after")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console(channels: &str) -> Console {
        Console::new(&format!("@@ begin channels\n{channels}@@ end channels\n"))
    }

    #[test]
    fn all_channels_have_their_part() {
        let line = |number, programs| format!("channel {number}: idle, {programs} programs\n");
        let even: String = (0..8).map(|number| line(number, 100)).collect();
        let odd = even.replace("channel 3: idle, 100", "channel 3: idle, 9");

        assert!(expect_all_channels(&console(&even), 800).is_ok());
        assert!(expect_all_channels(&console(&odd), 800).is_err());
        assert!(expect_all_channels(&console(&line(0, 800)), 800).is_err());
    }
}

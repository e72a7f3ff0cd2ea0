// SPDX-License-Identifier: GPL-2.0

//! Endurance: random transfers from four threads, on all channels, with every byte looked at.

use std::time::Duration;

use anyhow::{
    ensure,
    Context,
    Result, //
};

use crate::{
    board::{
        Board,
        Boot, //
    },
    console::Console,
    demo, //
};

const SCRIPT: &str = concat!(
    include_str!("../guest/state.sh"),
    include_str!("../guest/soak.sh")
);

const THREADS: u64 = 4;

/// How much is done.
pub struct Soak {
    /// Transfers in all.
    pub transfers: u64,
    /// After each round there is a word on the progress.
    pub rounds: u64,
}

impl Soak {
    /// The script for the board.
    pub fn script(&self) -> String {
        let each = self.transfers.div_ceil(THREADS * self.rounds);

        format!("transfers={each} rounds={}\n{SCRIPT}", self.rounds)
    }
}

/// Does `transfers` transfers; true if all went well.
pub fn run(board: &Board, transfers: u64) -> Result<bool> {
    let soak = Soak {
        transfers,
        rounds: transfers.div_ceil(20_000),
    };
    let boot = Boot {
        overlays: vec![demo::overlay()],
        files: vec!["rk3588_dma.ko".into()],
        // The CPUs take turns, which is fifteen times as fast as all of them on a host with two cores; what
        // is at the same time is the reduced run of `make test`. A second for 100, where that host does
        // thousands.
        timeout: Duration::from_secs(120 + transfers / 100),
        on_line: Some(|line| {
            if let Some(done) = line.strip_prefix("@@ progress ") {
                println!("{done:>9} transfers");
            }
        }),
        ..Boot::default()
    };
    let console = board.boot(&boot, &soak.script())?;

    expect_right(&console)?;
    expect_all_channels(&console, transfers)?;
    expect_nothing_left(&console)?;
    println!("{}", console.section("statistics")?);
    println!("\nEvery byte was right, and nothing is left.");
    Ok(true)
}

/// Whether every byte of every transfer was right.
pub fn expect_right(console: &Console) -> Result<()> {
    let failed = console.section("failed")?;

    ensure!(console.exit()? == 0, "the script failed");
    ensure!(failed.is_empty(), "{failed}\n{}", console.section("dmesg")?);
    Ok(())
}

/// Whether each of eight channels had its part of so many transfers.
pub fn expect_all_channels(console: &Console, transfers: u64) -> Result<()> {
    let programs: Vec<u64> = console
        .section("channels")?
        .lines()
        .filter(|line| line.starts_with("channel "))
        .map(|line| {
            line.split_whitespace()
                .nth(3)
                .with_context(|| format!("no number of programs: {line}"))?
                .parse()
                .with_context(|| format!("no number of programs: {line}"))
        })
        .collect::<Result<_>>()?;

    ensure!(
        programs.len() == 8 && programs.iter().all(|&it| it >= transfers / 16),
        "programs of each channel: {programs:?}"
    );
    Ok(())
}

/// Whether all was given back.
pub fn expect_nothing_left(console: &Console) -> Result<()> {
    for (before, after) in [("before", "after"), ("mappings-before", "mappings-after")] {
        let (before, after) = (console.section(before)?, console.section(after)?);

        ensure!(before == after, "before:\n{before}\nafter:\n{after}");
    }
    ensure!(
        console
            .section("statistics")?
            .lines()
            .any(|line| line == "live 0"),
        "mappings are left:\n{}",
        console.section("statistics")?
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console(channels: &str) -> Console {
        Console::new(
            &format!("@@ begin channels\n{channels}@@ end channels\n"),
            false,
        )
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

    #[test]
    fn no_transfer_is_left_out() {
        let script = Soak {
            transfers: 10,
            rounds: 3,
        }
        .script();

        assert!(script.starts_with("transfers=1 rounds=3\n"));
    }
}

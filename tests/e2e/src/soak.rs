// SPDX-License-Identifier: GPL-2.0

//! The soak test: random transfers from four threads on all channels, with each byte verified.

use crate::{
    prelude::*,
    tests::{
        engine,
        lifetime::Rounds, //
    }, //
};

const THREADS: u64 = 4;

/// Size of a soak test.
#[derive(Clone, Copy)]
pub struct Soak {
    /// Number of transfers.
    pub transfers: u64,
    /// Number of rounds; each ends with a line of progress.
    pub rounds: u64,
}

impl Soak {
    /// Returns the script for the board.
    pub fn script(&self) -> Result<String> {
        let each = self.transfers.div_ceil(THREADS * self.rounds);

        Ok(format!(
            "transfers={each} rounds={}\n{}",
            self.rounds,
            script(&["state", "stress", "soak"])?
        ))
    }
}

/// Rounds of unbinding under load, and of loading and unloading.
const ROUNDS: Rounds = Rounds {
    under_load: 20,
    idle: 400,
};

/// Does `transfers` transfers, binds and unbinds the driver in many rounds, and returns whether all
/// went well.
pub fn run(board: &Board, transfers: u64) -> Result<bool> {
    let soak = Soak {
        transfers,
        rounds: transfers.div_ceil(20_000),
    };
    let boot = Boot {
        on_line: Some(|line| {
            if let Some(done) = line.strip_prefix("@@ progress ") {
                println!("{done:>9} transfers");
            }
        }),
        ..Boot::with_driver()
    };
    let console = board.boot(&boot, &soak.script()?)?;

    expect_right(&console)?;
    expect_all_channels(&console, transfers)?;
    nothing_left()(&console)?;
    println!("{}", console.section("statistics")?);
    println!("\nEvery byte was right, and nothing is left.");
    repeat(
        board,
        &engine::busy(ROUNDS.under_load)?,
        engine::tests_of_busy(ROUNDS.under_load),
    )?;
    repeat(board, &ROUNDS.leave()?, ROUNDS.tests_of_leave())?;
    repeat(board, &ROUNDS.repeat()?, ROUNDS.tests_of_repeat())?;
    Ok(true)
}

/// Boots, runs a script of many rounds, and its tests.
fn repeat(
    board: &Board,
    script: &str,
    tests: impl IntoIterator<Item = (&'static str, Check)>,
) -> Result<()> {
    let console = board.boot(&Boot::with_driver(), script)?;

    for (name, check) in tests {
        check(&console).context(name)?;
        println!("{name}: ok");
    }
    Ok(())
}

/// Checks that each byte of each transfer was right.
pub fn expect_right(console: &Console) -> Result<()> {
    let failed = console.section("failed")?;

    ensure!(failed.is_empty(), "{failed}\n{}", console.section("dmesg")?);
    expect("exit status of the script", console.exit()?, 0)
}

/// Checks that each of eight channels ran its part of this number of transfers.
pub fn expect_all_channels(console: &Console, transfers: u64) -> Result<()> {
    let programs: Vec<u64> = console
        .section("channels")?
        .lines()
        .filter(|line| line.starts_with("channel "))
        .map(|line| {
            line.split_whitespace()
                .nth(3)
                .and_then(|word| word.parse().ok())
                .with_context(|| format!("no number of programs in: {line}"))
        })
        .collect::<Result<_>>()?;

    ensure!(
        programs.len() == 8 && programs.iter().all(|&it| it >= transfers / 16),
        "programs of each channel: {programs:?}"
    );
    Ok(())
}

/// Checks that everything was given back.
pub fn nothing_left() -> Check {
    all([
        unchanged("before", "after"),
        by(|console| {
            expect(
                "mappings",
                console.section("mappings-after")?,
                console.section("mappings-before")?,
            )
        }),
        by(|console| expect("live", console.counters("statistics")?["live"], 0)),
    ])
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

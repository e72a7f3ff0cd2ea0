// SPDX-License-Identifier: GPL-2.0

//! The requests that the two drivers served on one board, and what each took.

use std::{
    collections::BTreeMap,
    fs::{
        self,
        File, //
    },
    io::BufReader,
    process::Command, //
};

use anyhow::{
    bail,
    ensure,
    Context,
    Result, //
};
use tempfile::TempDir;

use super::trace;
use crate::{
    board::{
        Board,
        Boot, //
    },
    console::Console,
    demo,
    process::succeeds, //
};

const SCRIPT: &str = include_str!("../../guest/engines.sh");

/// The client of the kernel's driver, and what it sends data to.
const CLIENT: &str = "out/bench/rk3588_dma_peer.ko";
const OVERLAY: &str = "tests/bench/engines.dtso";

/// A driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// The kernel's own, drivers/dma/pl330.c, which has dmac0.
    Theirs,
    /// Which has dmac2.
    Ours,
}

/// What is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// A copy, from and to so many bytes off a page.
    Copy { bytes: u64, from: u32, to: u32 },
    /// Copies that are submitted as one, to a driver that does not know lists of them.
    Chain { segments: u64 },
    /// A list of segments: for our driver to copy to memory, for theirs to send to a device, which is
    /// what it knows lists for.
    List { segments: u64 },
    /// The same from scattered pages to others, which to theirs is a chain.
    Scattered { segments: u64 },
}

/// A request that was served, `count` times.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    pub driver: Driver,
    pub request: Request,
    pub count: u64,
    /// Of its controller.
    pub accesses: trace::Accesses,
    pub interrupts: u64,
    /// Bursts read and written.
    pub loads: u64,
    pub stores: u64,
    /// The length of the program in bytes, if that was said and it was one.
    pub program: Option<u64>,
}

/// Boots the board and has both drivers serve all requests; leaves out what they refuse.
pub fn measure(board: &Board) -> Result<Vec<Phase>> {
    let work = TempDir::new()?;
    let log = work.path().join("trace");
    let theirs = work.path().join("pl330.ko");

    succeeds(Command::new("make").args(["--no-print-directory", "bench-module"]))?;
    fs::write(&theirs, stock_module(board, "drivers/dma/pl330")?)?;

    let mut arguments = vec!["-D".into(), log.clone().into()];

    for event in trace::EVENTS {
        arguments.extend(["-trace".into(), event.into()]);
    }

    let console = board.boot(
        &Boot {
            overlays: vec![demo::overlay(), OVERLAY.into()],
            files: vec![theirs, CLIENT.into(), "rk3588_dma.ko".into()],
            // What takes the controller longer, a driver may look at more often. How long that is must
            // not depend on what else the host does.
            counts_instructions: true,
            arguments,
            ..Boot::default()
        },
        SCRIPT,
    )?;

    ensure!(console.exit()? == 0, "a module was not loaded");
    join(&console, &trace::read(BufReader::new(File::open(log)?))?)
}

/// A module of Debian's kernel, which has them compressed.
fn stock_module(board: &Board, name: &str) -> Result<Vec<u8>> {
    let release = fs::read_to_string(board.kernel.join("release"))?;
    let file = board.kernel.join(format!(
        "modules/lib/modules/{}/kernel/{name}.ko.xz",
        release.trim()
    ));
    let output = Command::new("xz")
        .args(["--decompress", "--stdout"])
        .arg(&file)
        .output()
        .context("cannot run xz")?;

    ensure!(
        output.status.success(),
        "{}: {}",
        file.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}

/// Puts together what the board says it did and what QEMU saw.
fn join(console: &Console, traced: &BTreeMap<u64, trace::Phase>) -> Result<Vec<Phase>> {
    let mut phases = vec![];
    let mut theirs = None;
    let mut ours = None;

    let lines = ["controllers", "phases"]
        .map(|section| console.section(section))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;

    let log = console.section("dmesg")?;

    for line in lines.into_iter().flat_map(str::lines) {
        let words: Vec<_> = line.split_whitespace().collect();
        // What the shell says of a command that fails is in between.
        let [number, driver, status, interrupts, command @ ..] = &words[..] else {
            continue;
        };
        let Ok(number) = number.parse() else {
            continue;
        };
        let (driver, region) = match *driver {
            "theirs" => (Driver::Theirs, &mut theirs),
            "ours" => (Driver::Ours, &mut ours),
            _ => bail!("whose is this: {line}"),
        };
        let seen = traced
            .get(&number)
            .with_context(|| format!("QEMU did not see phase {number}"))?;

        if *status != "0" {
            continue;
        }

        let &[(used, accesses)] = &seen.accesses.iter().collect::<Vec<_>>()[..] else {
            bail!("{} controllers were used: {line}", seen.accesses.len());
        };

        // Each driver's first phase is not the driver's: the script reads a register by its address.
        if command == ["look"] {
            *region = Some(*used);
            continue;
        }
        ensure!(
            *region == Some(*used),
            "another controller was used: {line}"
        );

        let (request, count) =
            parse(command).with_context(|| format!("the board wrote: {line}"))?;

        ensure!(count != 0, "nothing was requested: {line}");
        phases.push(Phase {
            driver,
            request,
            count,
            accesses: *accesses,
            interrupts: interrupts.parse()?,
            loads: seen.loads,
            stores: seen.stores,
            program: match (driver, request) {
                (Driver::Ours, Request::Scattered { segments }) => program(log, segments),
                _ => None,
            },
        });
    }
    ensure!(theirs != ours, "both drivers have the same controller");
    Ok(phases)
}

/// How long the one program was, as our driver says in the kernel log, for a copy from so many segments to
/// as many.
fn program(log: &str, segments: u64) -> Option<u64> {
    let said = format!(": repeat: {segments} segments to {segments} segments, 1 programs of ");
    let (_, rest) = log.split_once(&said)?;

    rest.split_once(" bytes")?.0.parse().ok()
}

/// The request of a command, and how often it is made.
fn parse(command: &[&str]) -> Result<(Request, u64)> {
    let (name, numbers) = command.split_first().context("no command")?;
    let numbers = numbers
        .iter()
        .map(|number| Ok(number.parse()?))
        .collect::<Result<Vec<u64>>>()?;

    Ok(match (*name, &numbers[..]) {
        ("copy", &[bytes, count]) => (
            Request::Copy {
                bytes,
                from: 0,
                to: 0,
            },
            count,
        ),
        ("copy", &[bytes, count, from, to]) => (
            Request::Copy {
                bytes,
                from: from.try_into()?,
                to: to.try_into()?,
            },
            count,
        ),
        ("chain", &[segments, _, count]) => (Request::Chain { segments }, count),
        ("list", &[segments, _, count]) => (Request::List { segments }, count),
        ("scattered", &[segments, _, count]) => (Request::Scattered { segments }, count),
        _ => bail!("an unknown command"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at both controllers, then `lines`; the kernel log has `log`.
    fn console_with(lines: &str, log: &str) -> Console {
        let look = "1 theirs 0 0 look\n2 ours 0 0 look";

        Console::new(
            &format!(
                "@@ begin controllers\n{look}\n@@ end controllers\n\
                 @@ begin phases\n{lines}\n@@ end phases\n\
                 @@ begin dmesg\n{log}\n@@ end dmesg\n"
            ),
            false,
        )
    }

    fn console(lines: &str) -> Console {
        console_with(lines, "")
    }

    /// Theirs at 10, ours at 20; in phase 3 that at `region` is used.
    fn traced(region: u64) -> BTreeMap<u64, trace::Phase> {
        let phase = |region, reads| {
            let accesses = trace::Accesses {
                reads,
                ..trace::Accesses::default()
            };

            trace::Phase {
                accesses: BTreeMap::from([(region, accesses)]),
                loads: 64,
                stores: 65,
            }
        };

        BTreeMap::from([(1, phase(10, 1)), (2, phase(20, 1)), (3, phase(region, 30))])
    }

    #[test]
    fn a_request_has_its_counts() {
        let phases = join(&console("3 ours 0 2 list 16 4096 2"), &traced(20)).unwrap();

        assert_eq!(phases.len(), 1);
        assert_eq!(phases[0].request, Request::List { segments: 16 });
        assert_eq!((phases[0].count, phases[0].interrupts), (2, 2));
        assert_eq!(phases[0].accesses.reads, 30);
        assert_eq!((phases[0].loads, phases[0].stores), (64, 65));
    }

    #[test]
    fn a_scattered_copy_has_its_program() {
        for (said, program) in [
            (
                "256 segments to 256 segments, 1 programs of 4688 bytes",
                Some(4688),
            ),
            // Another one, or several.
            ("16 segments to 16 segments, 1 programs of 300 bytes", None),
            (
                "256 segments to 255 segments, 1 programs of 4688 bytes",
                None,
            ),
            (
                "256 segments to 256 segments, 2 programs of 4688 bytes",
                None,
            ),
        ] {
            let log = format!("[ 1.0] rk3588_dma fed10000.dma-controller: repeat: {said}");
            let console = console_with("3 ours 0 2 scattered 256 4096 2", &log);
            let phases = join(&console, &traced(20)).unwrap();

            assert_eq!(phases[0].request, Request::Scattered { segments: 256 });
            assert_eq!(phases[0].program, program, "{said}");
        }
    }

    #[test]
    fn a_request_that_failed_is_left_out() {
        let lines = "sh: write error: Invalid argument\n3 theirs 1 0 copy 4096 64";

        assert_eq!(join(&console(lines), &traced(10)).unwrap(), []);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        for (line, region) in [
            // Another controller was at work.
            ("3 ours 0 2 list 16 4096 2", 10),
            // The trace has no such phase.
            ("4 ours 0 2 list 16 4096 2", 20),
            ("3 ours 0 2 list 16 4096 0", 20),
            ("3 ours 0 2 list 16 4096", 20),
            ("3 ours 0 2 fill 4096 2", 20),
            ("3 whose 0 2 copy 4096 2", 20),
            // Now both have the same one.
            ("3 ours 0 0 look", 10),
        ] {
            assert!(join(&console(line), &traced(region)).is_err(), "{line}");
        }
    }

    #[test]
    fn nobody_works_alone_on_two_controllers() {
        let mut traced = traced(20);
        let phase = traced.get_mut(&3).unwrap();

        phase.accesses.insert(30, trace::Accesses::default());
        assert!(join(&console("3 ours 0 2 list 16 4096 2"), &traced).is_err());
    }
}

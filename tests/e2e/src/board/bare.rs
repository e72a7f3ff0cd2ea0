// SPDX-License-Identifier: GPL-2.0

//! The virtual Rock 5B+ whose CPUs do nothing: only a test speaks to its devices.
//!
//! QEMU calls it qtest. A line on a socket is an access to the bus; changes of interrupt lines come
//! back. Time stands still unless the test lets it pass.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{
        BufRead,
        BufReader,
        Write, //
    },
    os::unix::net::UnixStream,
    path::Path,
    process::{
        Child,
        Command,
        Stdio, //
    },
    thread,
    time::{
        Duration,
        Instant, //
    }, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use tempfile::TempDir;

use super::qmp::{
    Qmp,
    PATIENCE, //
};

/// The board, switched on.
pub struct Bare {
    bus: BufReader<UnixStream>,
    qmp: Qmp,
    /// The shared peripheral interrupts whose lines are up.
    raised: BTreeSet<u32>,
    _qemu: Process,
    _work: TempDir,
}

impl Bare {
    /// Switches on the board that this QEMU has.
    pub fn start(machine: &Path) -> Result<Self> {
        let work = TempDir::new()?;
        let [bus, qmp] = ["bus", "qmp"].map(|name| work.path().join(name));
        let qemu = Command::new(machine)
            .args(["-M", "rock-5b-plus", "-m", "1G", "-accel", "qtest"])
            .args(["-nodefaults", "-display", "none", "-qtest-log", "none"])
            .arg("-qtest")
            .arg(format!("unix:{},server=on,wait=off", bus.display()))
            .arg("-qmp")
            .arg(format!("unix:{},server=on,wait=off", qmp.display()))
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", machine.display()))?;
        let qemu = Process(qemu);
        let bus = patiently(|| UnixStream::connect(&bus).context("cannot connect to QEMU"))?;

        bus.set_read_timeout(Some(PATIENCE))?;
        bus.set_write_timeout(Some(PATIENCE))?;

        let mut bare = Self {
            bus: BufReader::new(bus),
            qmp: patiently(|| Qmp::connect(&qmp))?,
            raised: BTreeSet::new(),
            _qemu: qemu,
            _work: work,
        };

        bare.ask("irq_intercept_in /machine/soc/gic")?;
        Ok(bare)
    }

    /// Reads a register.
    pub fn read(&mut self, address: u64) -> Result<u32> {
        let value = self.ask(&format!("readl {address:#x}"))?;

        Ok(u32::from_str_radix(hex(&value)?, 16)?)
    }

    /// Writes a register.
    pub fn write(&mut self, address: u64, value: u32) -> Result<()> {
        self.ask(&format!("writel {address:#x} {value:#x}"))?;
        Ok(())
    }

    /// Reads memory.
    pub fn load(&mut self, address: u64, len: usize) -> Result<Vec<u8>> {
        let bytes = self.ask(&format!("read {address:#x} {len:#x}"))?;

        hex(&bytes)?
            .as_bytes()
            .chunks(2)
            .map(|digits| Ok(u8::from_str_radix(std::str::from_utf8(digits)?, 16)?))
            .collect()
    }

    /// Writes memory.
    pub fn store(&mut self, address: u64, bytes: &[u8]) -> Result<()> {
        let mut command = format!("write {address:#x} {:#x} 0x", bytes.len());

        for byte in bytes {
            write!(command, "{byte:02x}")?;
        }
        self.ask(&command)?;
        Ok(())
    }

    /// Lets time pass.
    pub fn wait(&mut self, time: Duration) -> Result<()> {
        self.ask(&format!("clock_step {}", time.as_nanos()))?;
        Ok(())
    }

    /// Whether the line of this shared peripheral interrupt is up.
    pub fn is_raised(&self, interrupt: u32) -> bool {
        self.raised.contains(&interrupt)
    }

    /// Properties of the board's devices.
    pub fn qmp(&mut self) -> &mut Qmp {
        &mut self.qmp
    }

    /// Sends a command and returns the answer, without what says that it is one.
    fn ask(&mut self, command: &str) -> Result<String> {
        writeln!(self.bus.get_mut(), "{command}").context("QEMU does not take commands")?;
        loop {
            let mut line = String::new();

            self.bus
                .read_line(&mut line)
                .context("QEMU does not answer")?;

            let words: Vec<_> = line.split_ascii_whitespace().collect();

            match words[..] {
                ["OK"] => return Ok(String::new()),
                ["OK", answer] => return Ok(answer.into()),
                ["IRQ", "raise", line] => drop(self.raised.insert(line.parse()?)),
                ["IRQ", "lower", line] => drop(self.raised.remove(&line.parse()?)),
                _ => bail!("QEMU answers {command} with: {line}"),
            }
        }
    }
}

/// A process that ends with its owner.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Tries until it succeeds, for a while.
fn patiently<T>(attempt: impl Fn() -> Result<T>) -> Result<T> {
    let start = Instant::now();

    loop {
        match attempt() {
            Err(_) if start.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(10)),
            outcome => return outcome,
        }
    }
}

/// The digits of a hexadecimal number.
fn hex(number: &str) -> Result<&str> {
    number
        .strip_prefix("0x")
        .with_context(|| format!("no number: {number}"))
}

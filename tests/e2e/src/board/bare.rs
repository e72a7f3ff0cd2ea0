// SPDX-License-Identifier: GPL-2.0

//! The virtual Rock 5B+ without a running CPU: a test accesses its devices itself.
//!
//! The accesses use QEMU's qtest protocol: a line on a socket is an access to the bus, and QEMU
//! reports changes of interrupt lines. Time stands still unless the test advances it.

use std::{
    fmt::Write as _,
    io::{
        BufRead,
        BufReader,
        Write, //
    },
    os::unix::net::UnixStream,
};

use super::SILENCE;
use crate::{
    prelude::*,
    process::Process, //
};

/// The board, switched on.
pub struct Bare {
    bus: Socket,
    qmp: Socket,
    /// Shared peripheral interrupts whose lines are up.
    raised: BTreeSet<u32>,
    _qemu: Process,
    _work: TempDir,
}

impl Bare {
    /// Switches on the board of this QEMU.
    pub fn start(machine: &Path) -> Result<Self> {
        let work = TempDir::new()?;
        let [bus, qmp] = ["bus", "qmp"].map(|name| work.path().join(name));
        let server = |path: &Path| format!("unix:{},server=on,wait=off", path.display());
        let mut qemu = Process(
            Command::new("setpriv")
                .args(["--pdeathsig", "KILL"])
                .arg(machine)
                .args(["-M", "rock-5b-plus", "-m", "1G", "-accel", "qtest"])
                .args(["-nodefaults", "-display", "none", "-qtest-log", "none"])
                .args(["-qtest", &server(&bus), "-qmp", &server(&qmp)])
                .stdin(Stdio::null())
                .spawn()
                .context("cannot run setpriv")?,
        );
        let mut bare = Self {
            bus: Socket::connect(&bus, &mut qemu.0)?,
            qmp: Socket::connect(&qmp, &mut qemu.0)?,
            raised: BTreeSet::new(),
            _qemu: qemu,
            _work: work,
        };

        bare.qmp.receive().context("QEMU did not greet")?;
        bare.execute("qmp_capabilities", &json!({}))?;
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
        self.ask(&format!("writel {address:#x} {value:#x}"))
            .map(drop)
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
        self.ask(&command).map(drop)
    }

    /// Sets a named input of the object that has this path.
    pub fn set_input(&mut self, path: &str, name: &str, n: u32, level: bool) -> Result<()> {
        self.ask(&format!("set_irq_in {path} {name} {n} {}", u8::from(level)))
            .map(drop)
    }

    /// Advances the time.
    pub fn wait(&mut self, time: Duration) -> Result<()> {
        self.ask(&format!("clock_step {}", time.as_nanos()))
            .map(drop)
    }

    /// Returns whether the line of this shared peripheral interrupt is up.
    pub fn is_raised(&self, interrupt: u32) -> bool {
        self.raised.contains(&interrupt)
    }

    /// Sets a property of the object that has this path.
    pub fn set(&mut self, path: &str, property: &str, value: u32) -> Result<()> {
        let arguments = json!({ "path": path, "property": property, "value": value });

        self.execute("qom-set", &arguments).map(drop)
    }

    /// Returns a property of the object that has this path.
    pub fn get(&mut self, path: &str, property: &str) -> Result<Value> {
        self.execute("qom-get", &json!({ "path": path, "property": property }))
    }

    /// Executes a QMP command and returns its result.
    fn execute(&mut self, command: &str, arguments: &Value) -> Result<Value> {
        let request = json!({ "execute": command, "arguments": arguments }).to_string();

        self.qmp.send(&request)?;
        loop {
            let mut message: Value = serde_json::from_str(&self.qmp.receive()?)?;

            if let Some(error) = message.get("error") {
                bail!("QEMU refuses {request}: {error}");
            }
            // Other messages are events.
            if let Some(value) = message.get_mut("return") {
                return Ok(value.take());
            }
        }
    }

    /// Sends a qtest command and returns the answer, without the leading OK.
    fn ask(&mut self, command: &str) -> Result<String> {
        self.bus.send(command)?;
        loop {
            let line = self.bus.receive()?;
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

/// Connection to QEMU that carries lines.
struct Socket(BufReader<UnixStream>);

impl Socket {
    /// Connects to `path` as soon as QEMU listens there.
    fn connect(path: &Path, qemu: &mut Child) -> Result<Self> {
        loop {
            if let Ok(stream) = UnixStream::connect(path) {
                stream.set_read_timeout(Some(SILENCE))?;
                return Ok(Self(BufReader::new(stream)));
            }
            if let Some(status) = qemu.try_wait()? {
                bail!("QEMU ended with {status}");
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn send(&mut self, line: &str) -> Result<()> {
        writeln!(self.0.get_mut(), "{line}").context("QEMU does not take commands")
    }

    fn receive(&mut self) -> Result<String> {
        let mut line = String::new();
        let len = self
            .0
            .read_line(&mut line)
            .context("QEMU does not answer")?;

        ensure!(len != 0, "QEMU has ended");
        Ok(line)
    }
}

/// Returns the digits of a hexadecimal number.
fn hex(number: &str) -> Result<&str> {
    number
        .strip_prefix("0x")
        .with_context(|| format!("not a number: {number}"))
}

// SPDX-License-Identifier: GPL-2.0

//! Requests that both drivers served on one board, and their costs in QEMU's trace of events:
//!
//! ```text
//! memory_region_ops_write cpu 0 mr 0x5596 addr 0xd04 value 0x0 size 4 name 'dma'
//! pl330_dmald channel:0 address:0x0567a000 size:0x8 num:16Y
//! ```
//!
//! The first is an access by a CPU. `mr` is the address of QEMU's description of the region. `addr`
//! is an offset in regions with an alias, as a controller's registers have, and an address in all
//! others. The second is a load of a channel. It does not name the controller, so only one of them
//! may run at a time.

use std::io;

use super::*;

/// QEMU's names of the events.
const EVENTS: &str = "memory_region_ops_read memory_region_ops_write pl330_dmald pl330_dmast";

/// Drivers of requests: the kernel's from memory to a device, the kernel's from memory to memory,
/// and this driver from memory to memory.
pub const DRIVERS: [&str; 3] = [TO_DEVICE, THEIRS, OURS];
pub const TO_DEVICE: &str = "theirs_to_device";
pub const THEIRS: &str = "theirs_copies";
pub const OURS: &str = "ours";

/// Line of the board's script on a request that did not fail: phase, driver, interrupts, and kind,
/// segments of a list, number of requests, and offsets of a copy.
const SERVED: &str = r"(?x)^(\d+)\ (theirs|ours)\ 0\ (\d+)
    \ (look|copy|list|chain|scattered)(?:(\ \d+)?\ 4096\ ([1-9]\d*)(\ \d+\ \d+)?)?$";

/// End of an access to a register of a controller.
const REGISTER: &str = "name 'dma'";

/// Address to which the board's script writes a phase's number, and 0 at its end.
const MARK: u64 = 0xfea0_0000;

/// Offset of DBGCMD: a write executes an inserted instruction, nearly always DMAGO.
const DBGCMD: u64 = 0xd04;

/// The controller splits bursts at multiples of this address.
const BOUNDARY: u64 = 4096;

/// Bursts on the bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bursts {
    pub loads: u64,
    pub stores: u64,
}

/// Costs of one request: register `accesses`, which are `reads` and `writes`; `commands`, which are
/// writes to DBGCMD; `interrupts`; and `bursts`, which show that the data was moved.
pub type Cost = BTreeMap<&'static str, f64>;

/// Costs between two marks, or of each of the requests there.
#[derive(Default)]
pub struct Phase {
    pub cost: Cost,
    pub bursts: Bursts,
    /// Addresses of QEMU's descriptions of the registers that were accessed.
    controllers: BTreeSet<u64>,
}

/// Requests that were served.
pub struct Requests {
    /// By driver and command, as in `ours list 16`.
    phases: BTreeMap<String, Phase>,
    /// Bytes per segment of this driver's program for a scattered list.
    pub program: f64,
}

impl Requests {
    /// Finds the costs of a request.
    pub fn find(&self, driver: &str, command: &str) -> Result<&Phase> {
        let phase = self.phases.get(&format!("{driver} {command}"));

        phase.ok_or_else(|| missing("", format!("not requested: {driver} {command}")))
    }
}

/// Boots the board and has both drivers serve all requests.
pub fn measure(board: &Board) -> Result<Requests> {
    let work = TempDir::new()?;
    let log = work.path().join("trace");
    let mut boot = boot(work.path())?;

    boot.files.push(MODULE.into());
    boot.arguments = vec!["-D".into(), log.clone().into()];
    for event in EVENTS.split(' ') {
        boot.arguments.extend(["-trace".into(), event.into()]);
    }

    let console = board.boot(&boot, &script(&["engines"])?)?;

    ensure!(console.exit()? == 0, "a module was not loaded");
    join(
        &console,
        read_trace(io::BufReader::new(fs::File::open(log)?))?,
    )
}

/// Returns a boot with the kernel's driver and its client. `work` is for files.
pub fn boot(work: &Path) -> Result<Boot> {
    Ok(Boot {
        overlays: vec![OVERLAY.into(), "tests/bench/engines.dtso".into()],
        files: vec![
            Kernel::Stock.unpack_module("drivers/dma/pl330", work)?,
            "out/bench/rk3588_dma_peer.ko".into(),
        ],
        target: Some("bench-module"),
        ..Boot::default()
    })
}

/// Joins the lines of the board's script with the phases of QEMU's trace.
pub(super) fn join(console: &Console, mut traced: BTreeMap<u64, Phase>) -> Result<Requests> {
    let program = program(console.section("dmesg")?).context("not one program for a list")?;
    let mut phases = BTreeMap::new();
    let mut controllers = BTreeMap::new();
    let served = Regex::new(SERVED).unwrap();
    let lines = [console.section("controllers")?, console.section("phases")?];

    for line in lines.into_iter().flat_map(str::lines) {
        // The shell's messages about failed commands are among the lines.
        if !line.starts_with(|first: char| first.is_ascii_digit()) {
            continue;
        }

        let words = served.captures(line);
        let words = words.with_context(|| format!("not served, or unknown: {line}"))?;
        let word = |at| words.get(at).map_or("", |word| word.as_str());
        let (driver, kind, segments, offsets) = (word(2), word(4), word(5), word(7));
        let phase = traced.remove(&word(1).parse()?);
        let mut phase = phase.with_context(|| format!("not traced: {line}"))?;

        ensure!(phase.controllers.len() == 1, "not one controller: {line}");
        // In a driver's first phase the script reads a register of its controller by address.
        if kind == "look" {
            controllers.insert(driver, phase.controllers);
            continue;
        }

        let is_same = controllers.get(driver) == Some(&phase.controllers);
        let (driver, kind) = match (driver, kind) {
            ("ours", kind) => (OURS, kind),
            (_, "list") => (TO_DEVICE, "list"),
            (_, "chain") => (THEIRS, "list"),
            (_, kind) => (THEIRS, kind),
        };

        ensure!(is_same, "another controller was used: {line}");
        phase.finish(word(3).parse()?, word(6).parse()?);
        phases.insert(format!("{driver} {kind}{segments}{offsets}"), phase);
    }

    let is_same = controllers.get("theirs") == controllers.get("ours");

    ensure!(!is_same, "both drivers have the same controller");
    Ok(Requests { phases, program })
}

/// Finds the bytes per segment of the only program that this driver logged for a scattered list.
fn program(log: &str) -> Option<f64> {
    let (_, rest) = log.split_once(": repeat: 256 segments to 256 segments, 1 programs of ")?;
    let bytes: f64 = rest.split_once(" bytes")?.0.parse().ok()?;

    Some(bytes / 256.0)
}

/// Reads a trace; returns its phases by their numbers, and as 0 all counts outside of phases.
///
/// # Errors
///
/// If a line of a known event does not parse, or phases do not begin and end in turn, each with its
/// own number.
pub(super) fn read_trace(trace: impl io::BufRead) -> Result<BTreeMap<u64, Phase>> {
    let mut phases = BTreeMap::<u64, Phase>::new();
    let mut open = 0;

    for line in trace.lines() {
        let line = line?;
        let mark = phases.entry(open).or_default().count(&line);

        if let Some(mark) = mark.with_context(|| format!("QEMU traced: {line}"))? {
            let is_new = mark == 0 || !phases.contains_key(&mark);

            ensure!((mark == 0) != (open == 0), "mark {mark} in phase {open}");
            ensure!(is_new, "two phases {mark}");
            open = mark;
        }
    }
    ensure!(open == 0, "the trace ends in phase {open}");
    Ok(phases)
}

impl Phase {
    /// Counts the event of a line, or returns the number that the script wrote to [`MARK`].
    fn count(&mut self, line: &str) -> Result<Option<u64>> {
        let (event, fields) = line.split_once(' ').unwrap_or((line, ""));
        let is_write = event == "memory_region_ops_write";

        match event {
            "pl330_dmald" => self.bursts.loads += bursts(fields)?,
            "pl330_dmast" => self.bursts.stores += bursts(fields)?,
            _ if is_write && number(fields, "addr")? == MARK => {
                return number(fields, "value").map(Some);
            }
            "memory_region_ops_write" | "memory_region_ops_read" if fields.ends_with(REGISTER) => {
                let is_command = is_write && number(fields, "addr")? == DBGCMD;

                self.controllers.insert(number(fields, "mr")?);
                self.add("accesses", 1);
                self.add("reads", (!is_write).into());
                self.add("writes", is_write.into());
                self.add("commands", is_command.into());
            }
            _ => (),
        }
        Ok(None)
    }

    fn add(&mut self, key: &'static str, number: u64) {
        *self.cost.entry(key).or_default() += number as f64;
    }

    /// Adds what the registers do not count, and divides all by the number of requests.
    fn finish(&mut self, interrupts: u64, count: u64) {
        self.add("interrupts", interrupts);
        self.add("bursts", self.bursts.loads + self.bursts.stores);
        self.cost.values_mut().for_each(|sum| *sum /= count as f64);
        self.bursts.loads /= count;
        self.bursts.stores /= count;
    }
}

/// Returns the bursts on the bus for one burst of a program.
pub(super) fn bursts(fields: &str) -> Result<u64> {
    let (address, beat) = (number(fields, "address")?, number(fields, "size")?);
    let beats: u64 = word(fields, "num")?.trim_end_matches(['Y', 'N']).parse()?;

    ensure!(beat != 0 && beats != 0, "an empty burst");
    // Y or N after the number, with a space for stores: the address increments or is fixed.
    if !fields.ends_with('Y') {
        return Ok(1);
    }

    let last = address - address % beat + beat * beats - 1;

    Ok(last / BOUNDARY - address / BOUNDARY + 1)
}

/// Parses the hexadecimal number after `name`.
fn number(fields: &str, name: &str) -> Result<u64> {
    let digits = word(fields, name)?.strip_prefix("0x");

    Ok(u64::from_str_radix(digits.context("not hexadecimal")?, 16)?)
}

/// Returns the word after `name`.
fn word<'a>(fields: &'a str, name: &str) -> Result<&'a str> {
    let mut words = fields.split([' ', ':']).skip_while(|word| *word != name);

    words.nth(1).with_context(|| format!("no {name}"))
}

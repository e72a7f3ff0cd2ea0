// SPDX-License-Identifier: GPL-2.0

//! The demonstration: boots, runs all lessons, and says what happened.

use std::{
    fs,
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};
use serde::{
    Deserialize,
    Serialize, //
};

use crate::{
    board::{
        Board,
        Boot, //
    },
    console::Console,
    inspect::{
        self,
        Inspection, //
    },
    process::made_by, //
};

/// The script that the board runs.
const SCRIPT: &str = include_str!("../guest/demo.sh");

/// What the module reports in `report.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Lessons {
    /// All transfers, in order.
    pub transfers: Vec<Transfer>,
    /// The errors that were asked for.
    pub provoked: Vec<String>,
    /// Transfers that were done, with every byte as it should be.
    pub ok: u64,
    /// Transfers that were not.
    pub failed: u64,
    /// Programs that they took.
    pub programs: u64,
    /// Events that the module was told of: one for each program.
    pub events: u64,
    /// Whether all is as it should be.
    pub passed: bool,
}

/// A transfer in `report.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Transfer {
    /// Which lesson.
    pub lesson: String,
    /// How many bytes.
    pub bytes: u64,
    /// Where in the source they begin.
    pub from_offset: u64,
    /// Where in the destination.
    pub to_offset: u64,
    /// The DMA address of the first byte read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The DMA address of the first byte written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// In how many entries the source was, if that was a list, and how many segments they were mapped to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_entries: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_segments: Option<usize>,
    /// The same of the destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_entries: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_segments: Option<usize>,
    /// The length of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program_bytes: Option<u64>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nanoseconds: Option<u64>,
    /// `ok`, or what went wrong.
    pub result: String,
}

/// All that the demonstration found out.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `uname -r` on the board.
    pub kernel: String,
    /// The model in the board's device tree.
    pub board: String,
    /// The CPUs that came up, as a list of ranges.
    pub cpus: String,
    /// What the driver found the controller to be.
    pub controller: String,
    /// The interrupts that the board's kernel counted while the lessons ran: one may tell of several
    /// programs.
    pub kernel_interrupts: u64,
    /// What the module reported.
    #[serde(flatten)]
    pub lessons: Lessons,
}

impl Report {
    /// Takes the report out of what the board printed.
    pub fn from_console(console: &Console) -> Result<Self> {
        let controller = console.section("controller")?;

        Ok(Self {
            kernel: console.section("release")?.into(),
            board: console.section("model")?.into(),
            cpus: console.section("cpus")?.into(),
            controller: match controller.split_once("] ") {
                Some((_time, message)) => message.into(),
                None => controller.into(),
            },
            kernel_interrupts: console
                .section("interrupts")?
                .parse()
                .context("number of interrupts")?,
            lessons: serde_json::from_str(console.section("json")?)
                .context("the module's report.json")?,
        })
    }
}

/// The device tree overlay that gives the controller to the driver.
pub fn overlay() -> PathBuf {
    "dts/rk3588-dma.dtbo".into()
}

/// Boots with `boot`, to which overlay and module are added, and runs the lessons.
pub fn boot(board: &Board, boot: Boot) -> Result<Console> {
    board.boot(
        &Boot {
            overlays: [vec![overlay()], boot.overlays].concat(),
            files: [vec!["rk3588_dma.ko".into(), inspect::script()], boot.files].concat(),
            ..boot
        },
        SCRIPT,
    )
}

/// The sections of `scripts/inspect` that are printed.
const INSPECTED: [&str; 3] = [
    "Devices",
    "Cache lines and alignment",
    "Bounce buffers (swiotlb)",
];

/// Prints what `scripts/inspect` shows of the driver's world, and writes all of it to `file`.
fn print_inspection(text: &str, file: &Path) -> Result<()> {
    let inspection = Inspection::of(text)?;

    println!("\nWhat the kernel says about DMA meanwhile (scripts/inspect), in part:");
    for heading in INSPECTED {
        println!("\n    {heading}");
        for line in inspection.section(heading)? {
            println!("      {line}");
        }
    }
    fs::write(file, format!("{text}\n"))
        .with_context(|| format!("cannot write {}", file.display()))?;
    println!("\nAll of it: {}", file.display());
    Ok(())
}

/// Runs the demonstration; true if all of it held.
pub fn run(board: &Board, json: &Path) -> Result<bool> {
    made_by("scripts/kernel", &["--verify"])?;

    let console = boot(board, Boot::default())?;
    let exit = console.exit()?;
    let report = Report::from_console(&console)?;

    ensure!(
        !board.is_stock()
            || report.kernel == fs::read_to_string(board.kernel.join("release"))?.trim(),
        "the board runs Linux {}, which is not the kernel that was booted",
        report.kernel
    );

    println!();
    println!(
        "Board       {} (virtual), CPUs {}",
        report.board, report.cpus
    );
    println!(
        "Kernel      {}, {}",
        report.kernel,
        match board.is_stock() {
            true => "as Debian built it",
            false => "from KERNEL=",
        }
    );
    println!("Controller  {}", report.controller);
    println!();
    println!("{}", console.section("report")?);

    let passed =
        exit == 0 && report.lessons.passed && report.kernel_interrupts <= report.lessons.programs;

    println!(
        "{} interrupts by the kernel's count; the board's first process ran after {} s of its time",
        report.kernel_interrupts,
        console.up().unwrap_or("?")
    );
    if let Some(folder) = json.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(json, serde_json::to_string_pretty(&report)?)
        .with_context(|| format!("cannot write {}", json.display()))?;
    println!("The same as JSON: {}", json.display());
    print_inspection(
        console.section("inspect")?,
        &json.with_file_name("inspect.txt"),
    )?;
    println!(
        "\n{}",
        match passed {
            true => "All of it held.",
            false => "NOT all of it held.",
        }
    );
    Ok(passed)
}

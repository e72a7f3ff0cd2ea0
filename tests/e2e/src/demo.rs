// SPDX-License-Identifier: GPL-2.0

//! The demonstration: boots the board, runs all lessons and prints their report.

use std::{
    fs,
    path::Path, //
};

use serde::{
    Deserialize,
    Serialize, //
};

use crate::{
    inspect::{
        self,
        Inspection, //
    },
    prelude::*,
    process::made_by, //
};

/// Report of the module, `report.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Lessons {
    /// All transfers, in order.
    pub transfers: Vec<Transfer>,
    /// Errors that lessons provoked.
    pub provoked: Vec<String>,
    /// Number of transfers that were right in each byte.
    pub ok: u64,
    /// Number of other transfers.
    pub failed: u64,
    /// Number of programs that the transfers took.
    pub programs: u64,
    /// Number of events that the module received: one for each program.
    pub events: u64,
    /// True if all is as it should be.
    pub passed: bool,
}

/// Transfer in `report.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Transfer {
    pub lesson: String,
    pub bytes: u64,
    /// Offset of the first byte in the source.
    pub from_offset: u64,
    /// Offset of the first byte in the destination.
    pub to_offset: u64,
    /// DMA address of the first byte read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// DMA address of the first byte written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Numbers of entries and segments of the source, if it was a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_entries: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_segments: Option<usize>,
    /// The same of the destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_entries: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_segments: Option<usize>,
    /// Length of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program_bytes: Option<u64>,
    /// Duration by the board's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nanoseconds: Option<u64>,
    /// `ok`, or the error.
    pub result: String,
}

/// Report of a whole demonstration.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Release of the kernel, as `uname -r` prints it.
    pub kernel: String,
    /// Model in the board's device tree.
    pub board: String,
    /// CPUs that came up, as a list of ranges.
    pub cpus: String,
    /// The driver's line on the controller.
    pub controller: String,
    /// Interrupts that the kernel counted during the lessons.
    pub kernel_interrupts: u64,
    #[serde(flatten)]
    pub lessons: Lessons,
}

impl Report {
    /// Takes the report out of the console.
    pub fn from_console(console: &Console) -> Result<Self> {
        let controller = console.section("controller")?;

        Ok(Self {
            kernel: console.section("release")?.into(),
            board: console.section("model")?.into(),
            cpus: console.section("cpus")?.into(),
            controller: controller
                .split_once("] ")
                .map_or(controller, |(_time, message)| message)
                .into(),
            kernel_interrupts: console.number("interrupts")?,
            lessons: serde_json::from_str(console.section("json")?)
                .context("the module's report.json")?,
        })
    }
}

/// Adds to `boot` what the lessons need, and returns their script with it.
pub fn boot(boot: Boot) -> Result<(Boot, String)> {
    let files = [boot.files, vec![inspect::SCRIPT.into()]].concat();

    Ok((Boot { files, ..boot }, script(&["demo"])?))
}

/// Sections of `scripts/inspect` that are printed.
const INSPECTED: [&str; 3] = [
    "Devices",
    "Cache lines and alignment",
    "Bounce buffers (swiotlb)",
];

/// Prints a part of the output of `scripts/inspect`, and writes all of it to `file`.
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

/// Runs the demonstration and returns whether all lessons held.
pub fn run(board: &Board, json: &Path) -> Result<bool> {
    made_by("scripts/kernel", &["--verify"])?;

    let (boot, script) = boot(Boot::with_driver())?;
    let console = board.boot(&boot, &script)?;
    let exit = console.exit()?;
    let report = Report::from_console(&console)?;
    let release = fs::read_to_string(board.kernel.join("release"))?;
    let origin = match board.is_stock() {
        true => "as Debian built it",
        false => "from KERNEL=",
    };

    ensure!(
        !board.is_stock() || report.kernel == release.trim(),
        "the board runs Linux {}, which is not the kernel that was booted",
        report.kernel
    );
    println!(
        "\nBoard       {} (virtual), CPUs {}",
        report.board, report.cpus
    );
    println!("Kernel      {}, {origin}", report.kernel);
    println!("Controller  {}\n", report.controller);
    println!("{}", console.section("report")?);
    println!(
        "{} interrupts by the kernel's count; the board's first process ran after {} s of its time",
        report.kernel_interrupts,
        console.up().unwrap_or("?")
    );
    if let Some(directory) = json.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(json, serde_json::to_string_pretty(&report)?)
        .with_context(|| format!("cannot write {}", json.display()))?;
    println!("The same as JSON: {}", json.display());
    print_inspection(
        console.section("inspect")?,
        &json.with_file_name("inspect.txt"),
    )?;

    let passed =
        exit == 0 && report.lessons.passed && report.kernel_interrupts <= report.lessons.programs;

    println!(
        "\n{}",
        match passed {
            true => "All of it held.",
            false => "NOT all of it held.",
        }
    );
    Ok(passed)
}

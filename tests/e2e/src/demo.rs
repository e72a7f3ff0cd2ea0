// SPDX-License-Identifier: GPL-2.0

//! The demonstration: boots the board, runs all lessons and prints their report.

use serde_json::Map;

use crate::prelude::*;

/// Prints the first sections of the output of `scripts/inspect`, and writes all of it to `file`.
fn print_inspection(text: &str, file: &Path) -> Result<()> {
    let inspection = Inspection::of(text)?;

    println!("\nWhat the kernel says about DMA meanwhile (scripts/inspect), in part:");
    for heading in &inspect::HEADINGS[..3] {
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

    let boot = Boot::with_driver().with_inspect();
    let console = board.boot(&boot, &script(&["demo"])?)?;
    let exit = console.exit()?;
    let kernel = console.section("release")?;
    let model = console.section("model")?;
    let cpus = console.section("cpus")?;
    let controller = console.section("controller")?;
    // The driver's line on the controller, without its time.
    let controller = controller.split_once("] ").map_or(controller, |(_, it)| it);
    let interrupts = console.number("interrupts")?;
    let report = serde_json::from_str(console.section("json")?);
    let mut report: Map<String, Value> = report.context("the module's report.json")?;
    let passed = exit == 0 && report["passed"] == true;
    let release = fs::read_to_string(board.kernel.join("release"))?;
    let origin = if board.is_stock() {
        "as Debian built it"
    } else {
        "from KERNEL="
    };

    ensure!(
        !board.is_stock() || kernel == release.trim(),
        "the board runs Linux {kernel}, which is not the kernel that was booted"
    );
    println!("\nBoard       {model} (virtual), CPUs {cpus}");
    println!("Kernel      {kernel}, {origin}");
    println!("Controller  {controller}\n");
    println!("{}", console.section("report")?);
    println!(
        "{interrupts} interrupts by the kernel's count; the board's first process ran after {} s \
         of its time",
        console.up().unwrap_or("?")
    );
    report.insert("kernel".into(), kernel.into());
    report.insert("board".into(), model.into());
    report.insert("cpus".into(), cpus.into());
    report.insert("controller".into(), controller.into());
    report.insert("kernel_interrupts".into(), interrupts.into());
    write_json(json, &report)?;
    println!("The same as JSON: {}", json.display());

    let inspection = console.section("inspect")?;

    print_inspection(inspection, &json.with_file_name("inspect.txt"))?;
    println!("\n{} of it held.", if passed { "All" } else { "NOT all" });
    Ok(passed)
}

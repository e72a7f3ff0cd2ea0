// SPDX-License-Identifier: GPL-2.0

//! The commands of the README on a Debian of the virtual board, line by line: installation, reboot,
//! lessons, removal.

use crate::{
    debian::Disk,
    prelude::*, //
};

/// Section of the README with the commands.
const HEADING: &str = "## Use it on a board";

/// Command at which the board is booted again.
const REBOOT: &str = "reboot";

/// Command that shows the report of the lessons.
const REPORT: &str = "cat /sys/kernel/debug/rk3588_dma-fed10000.dma-controller/report";

/// Files beside those of git that the commands need.
const BUILT: [&str; 2] = [MODULE, "dts/rk3588-dmac2.dtbo"];

/// Output of the boots: that which installs, and that which uses and removes.
type Boots = [Console; 2];

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    let tests = [
        Test::new("debian::commands_of_the_readme_succeed", succeed),
        Test::new("debian::overlay_takes_the_controller", |it: &Boots| {
            it[0].has("driver", "dma-pl330")?;
            it[1].has("driver", "rk3588_dma")?;
            it[1].has("inspect", "fed10000.dma-controller  rk3588_dma")
        }),
        Test::new("debian::lessons_hold", |it: &Boots| {
            it[1].has(REPORT, " transfers ok, 0 failed")
        }),
        Test::new("debian::uninstall_leaves_nothing", |it: &Boots| {
            it[1].has("uninstall", "Removed. After a reboot, ")?;
            expect("files", it[1].section("files")?, it[0].section("files")?)
        }),
    ];

    suite.add("debian", tests, boot);
}

fn boot() -> Result<Boots> {
    let commands = commands(&fs::read_to_string("README.md")?)?;
    let (install, then) = commands
        .split_once(&format!("\n{REBOOT}\n"))
        .context("the README has no reboot")?;
    let directory = TempDir::new()?;
    let disk = Disk::open(directory.path())?;
    let mut files = lint::tracked("*")?;

    files.extend(BUILT.map(PathBuf::from));

    let functions = script(&["debian/functions"])?;
    let before = "files_section\ndriver_section\n";
    let after = "section inspect 'sh scripts/inspect'\n\
                 section uninstall 'make uninstall'\nfiles_section\n";
    let [install, then] = [install, then].map(sections);

    Ok([
        disk.run_script(&format!("{functions}{before}{install}"), &files)?,
        disk.run_script(&format!("{functions}driver_section\n{then}{after}"), &[])?,
    ])
}

/// Returns the commands in the README, a line for each.
fn commands(readme: &str) -> Result<String> {
    let (_, section) = readme.split_once(HEADING).context(HEADING)?;
    let lines = section.lines().map(|line| line.strip_prefix("    "));
    let commands = lines.skip_while(Option::is_none).map_while(|line| line);

    Ok(commands.collect::<Vec<_>>().join("\n"))
}

/// Returns a script that runs each command, in a section of the command's name.
fn sections(commands: &str) -> String {
    let line = |command: &str| format!("section '{command}' '{command}'\n");

    commands.lines().map(line).collect()
}

/// Checks that each command of the README succeeded.
fn succeed(it: &Boots) -> Result<()> {
    let commands = commands(&fs::read_to_string("README.md")?)?;

    ensure!(commands.lines().count() > 3, "too few commands: {commands}");
    for command in commands.lines().filter(|it| *it != REBOOT) {
        let sections = it.iter().filter_map(|it| it.section(command).ok());
        let output = sections
            .last()
            .with_context(|| format!("{command} did not run:\n{}{}", it[0].text(), it[1].text()))?;

        ensure!(output.ends_with("exit 0"), "{command}:\n{output}");
    }
    Ok(())
}

// SPDX-License-Identifier: GPL-2.0

//! What can be said of the source without running it: format, lints, schemas.

use std::{
    borrow::BorrowMut,
    path::{
        Path,
        PathBuf, //
    },
    process::Command, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};

use crate::{
    inspect::{
        self,
        Inspection, //
    },
    process::{
        made_by,
        succeeds, //
    },
    suite::Suite, //
};

/// Runs all checks.
pub fn run(suite: &mut Suite) {
    suite.test("checks::rustfmt", || {
        let kernel = made_by("scripts/kernel", &[])?;

        succeeds(
            Command::new("rustfmt")
                .arg("--check")
                .arg("--config-path")
                .arg(kernel.join("source/.rustfmt.toml"))
                .args(tracked("*.rs")?),
        )
    });
    suite.test("checks::clippy", || {
        let kernel = made_by("scripts/kernel", &[])?;

        clippy(&kernel, &[])?;
        clippy(&kernel, &["RK3588_DMA_BENCH=y"])?;
        clippy(&kernel, &["RK3588_DMA_SAMPLES=y"])?;
        for project in ["tests/e2e", "tests/host", "tests/host/fuzz"] {
            succeeds(
                Command::new("cargo")
                    .args(["clippy", "--quiet", "--locked", "--all-targets"])
                    .arg("--manifest-path")
                    .arg(Path::new(project).join("Cargo.toml"))
                    // The fuzzer's C++ is not linted and nothing is linked: it need not be there.
                    .env("CUSTOM_LIBFUZZER_PATH", "none/libfuzzer.a")
                    .args(["--", "-D", "warnings"]),
            )?;
        }
        Ok(())
    });
    suite.test("checks::checkpatch", || {
        let kernel = made_by("scripts/kernel", &[])?;

        succeeds(
            Command::new(kernel.join("source/scripts/checkpatch.pl"))
                .args(["--no-tree", "--strict", "--terse", "--file"])
                .args(tracked("*.[ch]")?),
        )
    });
    suite.test("checks::checkpatch_of_qemu", || {
        let machine = made_by("scripts/machine", &[])?;

        succeeds(
            Command::new(machine.with_file_name("checkpatch.pl"))
                .args(["--no-tree", "--terse"])
                .args(tracked("machine/patches/*.patch")?),
        )
    });
    suite.test("checks::shellcheck", || {
        let mut scripts: Vec<_> = tracked("scripts/*")?
            .into_iter()
            .filter(|file| std::fs::read(file).is_ok_and(|text| text.starts_with(b"#!/bin/sh")))
            .collect();

        scripts.extend(tracked("*.sh")?);
        scripts.extend([".ci/run".into(), "tests/e2e/guest/init".into()]);
        ensure!(scripts.len() > 3, "where are the scripts?");
        succeeds(Command::new("shellcheck").arg("-x").args(scripts))
    });
    for shell in ["dash", "bash"] {
        suite.test(&format!("checks::inspect_under_{shell}"), || inspect(shell));
    }
    suite.test("checks::overlay", || {
        for overlay in [
            "dts/rk3588-dma.dtso",
            "tests/bench/bench.dtso",
            "tests/bench/engines.dtso",
            "tests/e2e/overlays/coherent.dtso",
        ] {
            warns_of_nothing(
                Command::new("dtc")
                    .args(["-@", "-I", "dts", "-O", "dtb", "-o", "/dev/null"])
                    .arg(overlay),
            )?;
        }
        Ok(())
    });
    suite.test("checks::binding_schema", binding_schema);
}

/// Runs `scripts/inspect` on this machine, whatever that is, as nobody, who may not even read the
/// script.
fn inspect(shell: &str) -> Result<()> {
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .args([shell, "-c"])
        .arg(std::fs::read_to_string(inspect::script())?)
        .arg("inspect")
        .output()
        .context("cannot run setpriv")?;

    ensure!(
        output.status.success() && output.stderr.is_empty(),
        "it ended with {}:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Inspection::of(&String::from_utf8_lossy(&output.stdout)).map(|_| ())
}

/// Has clippy look at the module, built for the kernel of this folder with these variables.
pub fn clippy(kernel: &Path, variables: &[&str]) -> Result<()> {
    // A folder of its own, because clippy makes no module.
    let copy = tempfile::TempDir::new()?;

    succeeds(
        Command::new("cp")
            .args(["-r", "--parents", "Kbuild", "rk3588_dma_demo.rs"])
            .args(["bindings", "dma", "lessons", "pl330", "sg", "user"])
            .args(["samples", "tests/bench", "tests/kunit"])
            .arg(copy.path()),
    )?;
    warns_of_nothing(
        Command::new("make")
            .arg("-C")
            .arg(kernel.join("build"))
            .arg(format!("M={}", copy.path().display()))
            .args(["CLIPPY=1", "-s", "clean", "modules"])
            .args(variables),
    )
}

/// Checks the schema itself, then the node as the overlay makes it.
fn binding_schema() -> Result<()> {
    let work = tempfile::TempDir::new()?;
    let schema = "dts/bindings/rk3588-dma,pl330.yaml";
    let kernel = made_by("scripts/kernel", &[])?;
    let merged = work.path().join("board.dtb");

    warns_of_nothing(Command::new("dt-doc-validate").arg(schema))?;
    succeeds(
        Command::new("fdtoverlay")
            .arg("-i")
            .arg(kernel.join("dtb/rk3588-rock-5b-plus.dtb"))
            .arg("-o")
            .arg(&merged)
            .arg(crate::demo::overlay()),
    )?;
    warns_of_nothing(validate(&merged))?;

    // The same must not be content with controllers that lack something.
    let bad = work.path().join("bad.dtbo");
    let bad_board = work.path().join("bad.dtb");

    succeeds(
        Command::new("dtc")
            .args(["-@", "-q", "-I", "dts", "-O", "dtb", "-o"])
            .arg(&bad)
            .arg("tests/e2e/overlays/bad-controllers.dtso"),
    )?;
    succeeds(
        Command::new("fdtoverlay")
            .arg("-i")
            .arg(&merged)
            .arg("-o")
            .arg(&bad_board)
            .arg(&bad),
    )?;

    let output = validate(&bad_board).output()?;
    let said = String::from_utf8_lossy(&output.stderr);

    ensure!(
        said.contains("'clocks' is a required property"),
        "a node without clocks is accepted: {said}"
    );
    Ok(())
}

/// The command that checks all controllers of ours in a device tree.
fn validate(tree: &Path) -> Command {
    let mut command = Command::new("dt-validate");

    command
        .args(["-l", "rk3588-dma,pl330", "-s", "dts/bindings"])
        .arg(tree);
    command
}

/// The project's files that match `pattern`.
fn tracked(pattern: &str) -> Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "--", pattern])
        .output()
        .context("cannot run git")?;

    ensure!(
        output.status.success() && !output.stdout.is_empty(),
        "git knows no files like {pattern}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?
        .lines()
        .map(PathBuf::from)
        .collect())
}

/// Runs a command that must succeed and say nothing of a warning.
fn warns_of_nothing(mut command: impl BorrowMut<Command>) -> Result<()> {
    let command = command.borrow_mut();
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);

    ensure!(
        output.status.success()
            && !said.to_lowercase().contains("warning")
            && !said.contains("error"),
        "{} ended with {}:\n{said}",
        command.get_program().to_string_lossy(),
        output.status
    );
    Ok(())
}

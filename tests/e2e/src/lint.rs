// SPDX-License-Identifier: GPL-2.0

//! Checks of the source: format, lints, schemas.

use crate::prelude::*;

/// Overlays; those of bad controllers are not among them.
const OVERLAYS: [&str; 7] = [
    "dts/rk3588-dmac0.dtso",
    "dts/rk3588-dmac1.dtso",
    "dts/rk3588-dmac2.dtso",
    "dts/rk3588-dmac-all.dtso",
    "tests/bench/bench.dtso",
    "tests/bench/engines.dtso",
    "tests/e2e/overlays/coherent.dtso",
];

/// A check, and a hint for its failure.
type Check = (&'static str, fn() -> Result<()>, &'static str);

/// Checks that take less than a minute together: those of `make check`. Long ones come first.
const QUICK: [Check; 11] = [
    (
        "clippy_of_driver",
        || clippy(&kernel()?, &[]),
        "change the lines as the messages show, or add `#[expect(clippy::NAME, reason = \"...\")]`",
    ),
    (
        "clippy_of_projects",
        || {
            let mut projects = ["tests/e2e", "tests/host", "tests/host/fuzz"].into_iter();

            projects.try_for_each(clippy_of_project)
        },
        "change the lines as the messages show, or add `#[expect(clippy::NAME, reason = \"...\")]`",
    ),
    (
        "checkpatch",
        checkpatch,
        "change the lines of C that the messages name",
    ),
    (
        "shellcheck",
        shellcheck,
        "change the lines of the scripts as the page of the message explains, or add a comment \
         `# shellcheck disable=SCNNNN` with the reason above the line",
    ),
    ("rustfmt", rustfmt, "run `make format`"),
    (
        "overlay",
        overlays,
        "change the device tree source that dtc names",
    ),
    (
        "layers",
        layers::check,
        "move the item to a lower layer; a new directory needs a line in the table LAYERS of \
         tests/e2e/src/layers.rs",
    ),
    (
        "words",
        words::check,
        "name the actor or the number, begin the description with a verb or a noun, or wrap the \
         line; tests/words.json lists the words",
    ),
    (
        "links",
        markdown::check,
        "correct the link of the page, or the heading that it names",
    ),
    (
        "commit_subjects",
        words::check_subjects,
        "`git commit --amend` or `git rebase -i`: `dir: verb object`, where the verb is what was \
         done to the code, as `add`, `fix` or `remove`",
    ),
    (
        "mutants_apply",
        mutants::check_patches,
        "correct the patch in tests/mutants that git names: the code that it changes has changed",
    ),
];

/// Adds the checks of `make check`.
pub fn add_quick(suite: &mut Suite) {
    for (name, check, hint) in QUICK {
        suite.test(&format!("checks::{name}"), move || {
            check().map_err(|error| anyhow!("{error:#}\nTo mend this: {hint}"))
        });
    }
}

/// Adds all checks.
pub fn add(suite: &mut Suite) {
    for (name, variable) in [
        ("benchmark", "RK3588_DMA_BENCH=y"),
        ("samples", "RK3588_DMA_SAMPLES=y"),
    ] {
        suite.test(&format!("checks::clippy_of_{name}"), move || {
            clippy(&kernel()?, &[variable])
        });
    }
    add_quick(suite);
    suite.test("checks::binding_schema", binding_schema);
    suite.test("checks::rustdoc", rustdoc::build);
    suite.test("checks::rust_project", rust_project::check);
    suite.test("checks::checkpatch_of_qemu", || {
        let machine = made_by("scripts/machine", &[])?;
        let mut checkpatch = Command::new(machine.with_file_name("checkpatch.pl"));

        checkpatch.args(["--no-tree", "--terse"]);
        succeeds(checkpatch.args(tracked("machine/patches/*.patch")?))
    });
    for shell in ["dash", "bash"] {
        suite.test(&format!("checks::inspect_under_{shell}"), || inspect(shell));
    }
    for kernel in ["stock", "rt"] {
        suite.test(&format!("{kernel}::files_are_debians"), move || {
            succeeds(Command::new("scripts/kernel").args([kernel, "--verify"]))
        });
    }
}

/// Formats all Rust files.
pub fn format() -> Result<()> {
    succeeds(&mut rustfmt_of_all()?)
}

fn rustfmt() -> Result<()> {
    succeeds(rustfmt_of_all()?.arg("--check"))
}

/// Returns rustfmt with all Rust files as arguments.
fn rustfmt_of_all() -> Result<Command> {
    let mut rustfmt = Command::new("rustfmt");

    rustfmt.arg("--config-path");
    rustfmt.arg(kernel()?.join("source/.rustfmt.toml"));
    // All files are named, and the minimal sample has modules that are not beside it.
    rustfmt.args(["--config", "skip_children=true"]);
    rustfmt.args(tracked("*.rs")?);
    Ok(rustfmt)
}

fn checkpatch() -> Result<()> {
    let mut checkpatch = Command::new(kernel()?.join("source/scripts/checkpatch.pl"));

    checkpatch.args(["--no-tree", "--strict", "--terse", "--file"]);
    succeeds(checkpatch.args(tracked("*.[ch]")?))
}

fn shellcheck() -> Result<()> {
    let mut scripts = tracked("*")?;

    scripts.retain(|file| is_script(file));
    ensure!(scripts.len() > 30, "only {} scripts", scripts.len());
    succeeds(Command::new("shellcheck").arg("-x").args(scripts))
}

fn overlays() -> Result<()> {
    OVERLAYS.into_iter().try_for_each(|overlay| {
        let options = ["-@", "-I", "dts", "-O", "dtb", "-o", "/dev/null"];

        warns_of_nothing(Command::new("dtc").args(options).arg(overlay))
    })
}

fn kernel() -> Result<PathBuf> {
    Kernel::Stock.folder()
}

fn is_script(file: &Path) -> bool {
    let head = fs::read(file).unwrap_or_default();
    let interpreters = [&b"#!/bin/sh"[..], b"#!/bin/busybox sh"];

    file.extension().is_some_and(|it| it == "sh")
        || interpreters.iter().any(|it| head.starts_with(it))
}

/// Runs `scripts/inspect` on this machine as an unprivileged user without access to the script.
fn inspect(shell: &str) -> Result<()> {
    let script = format!("exec 2>&1\n{}", fs::read_to_string(inspect::SCRIPT)?);
    let mut setpriv = Command::new("setpriv");

    setpriv.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);

    let text = output(setpriv.args([shell, "-c", &script, "inspect"]))?;

    // An error of the shell is a line that the script does not print.
    Inspection::of(&text).map(|_| ())
}

/// Runs clippy on the module, built for the kernel of this directory with these variables.
pub fn clippy(kernel: &Path, variables: &[&str]) -> Result<()> {
    let name = kernel.file_name().unwrap_or_default().to_string_lossy();
    // A copy, because clippy makes no module. It stays, so that only changes are checked again.
    let copy = absolute(format!("out/clippy/{name}{}", variables.concat()))?;
    let done = copy.join("done");
    let mut make = Command::new("make");

    // A run that failed or was cut may have compiled files whose warnings are still to be printed.
    if copy.exists() && !done.exists() {
        fs::remove_dir_all(&copy)?;
    }
    let _ = fs::remove_file(&done);
    copy_tracked(&["Kbuild", "*.mk", "*.rs", "*.[ch]"], &copy)?;
    make.arg("-C").arg(kernel.join("build"));
    make.args([
        &format!("M={}", copy.display()),
        "CLIPPY=1",
        "-s",
        "modules",
    ]);

    warns_of_nothing(make.args(variables))?;
    Ok(fs::write(done, "")?)
}

fn clippy_of_project(project: &str) -> Result<()> {
    let mut cargo = Command::new("cargo");

    cargo.args(["clippy", "--quiet", "--locked", "--all-targets"]);
    cargo.args(["--manifest-path", &format!("{project}/Cargo.toml")]);
    // The fuzzer's C++ library is not needed: nothing is linked.
    cargo.env("CUSTOM_LIBFUZZER_PATH", "none/libfuzzer.a");
    succeeds(cargo.args(["--", "-D", "warnings"]))
}

/// Checks the schema itself, then the board's device tree with the overlay, then that the schema
/// rejects bad controllers.
fn binding_schema() -> Result<()> {
    let work = TempDir::new()?;
    let bad = work.path().join("bad");
    let validate = |tree: &Path| {
        let mut validate = Command::new("dt-validate");

        validate.args(["-l", "rk3588-dma,pl330", "-s", "dts/bindings"]);
        validate.arg(tree);
        validate
    };

    warns_of_nothing(Command::new("dt-doc-validate").arg("dts/bindings/rk3588-dma,pl330.yaml"))?;

    let board = kernel()?.join("dtb/rk3588-rock-5b-plus.dtb");
    let merged = device_tree::merge(board, &[OVERLAY.into()], work.path())?;

    warns_of_nothing(&mut validate(&merged))?;
    fs::create_dir(&bad)?;

    let overlay = "tests/e2e/overlays/bad-controllers.dtso";
    let output = validate(&device_tree::merge(merged, &[overlay.into()], &bad)?).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let is_rejected = said.contains("'clocks' is a required property");

    ensure!(is_rejected, "a node without clocks is accepted: {said}");
    Ok(())
}

/// Returns the project's files that match `pattern`.
pub fn tracked(pattern: &str) -> Result<Vec<PathBuf>> {
    let files = git(&format!("ls-files -- {pattern}"))?;

    ensure!(!files.is_empty(), "git knows no files like {pattern}");
    Ok(files.lines().map(PathBuf::from).collect())
}

/// Copies the project's files that match `patterns` to a directory, for a build.
///
/// A file that changed gets a new time, because make and cargo compare times. A file that was
/// copied before, and is not in the project any more, is removed.
pub fn copy_tracked(patterns: &[&str], directory: &Path) -> Result<()> {
    let list = directory.join("copied");
    let mut files = BTreeSet::new();

    fs::create_dir_all(directory)?;
    for pattern in patterns {
        files.extend(tracked(pattern)?);
    }
    for file in fs::read_to_string(&list).unwrap_or_default().lines() {
        if !files.contains(Path::new(file)) {
            let _ = fs::remove_file(directory.join(file));
        }
    }

    let lines: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
    let mut rsync = Command::new("rsync");

    fs::write(list, lines.join("\n"))?;
    rsync.args(["--links", "--perms", "--relative", "--checksum"]);
    succeeds(rsync.args(&files).arg(directory))
}

/// Runs a command that must succeed and print no warning.
fn warns_of_nothing(command: &mut Command) -> Result<()> {
    let (output, said) = process::run(command)?;
    let is_warning = said.to_lowercase().contains("warning") || said.contains("error");
    let (program, status) = (command.get_program(), output.status);

    ensure!(
        status.success() && !is_warning,
        "{program:?} ended with {status}:\n{said}"
    );
    Ok(())
}

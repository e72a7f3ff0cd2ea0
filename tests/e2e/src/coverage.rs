// SPDX-License-Identifier: GPL-2.0

//! Measures the line coverage of the program generator and scatter-gather arithmetic by host tests.

use crate::prelude::*;

/// Files to cover, and directories of such files. Tests in them would be lines too.
const SOURCES: [&str; 3] = ["sg/split.rs", "sg/runs.rs", "pl330/program"];

/// Minimum share of each file's lines, in per cent.
const MINIMUM: f64 = 95.0;

/// Adds the test.
pub fn add(suite: &mut Suite) {
    suite.test("host::planner_coverage", || {
        check(&measure()?, &std::env::current_dir()?)
    });
}

/// Returns the report of `llvm-cov export`.
fn measure() -> Result<Value> {
    let mut cargo = Command::new(made_by("scripts/llvm-cov", &[])?);

    // Without --no-clean, each run would compile the tests again.
    cargo.args(["llvm-cov", "--no-clean", "--quiet", "--locked", "--lib"]);
    cargo.args(["--manifest-path", "tests/host/Cargo.toml"]);
    cargo.args(["--json", "--summary-only", "--", "--skip", "large_copies"]);
    // Counters slow the interpreter down six times. Fewer cases run the same lines.
    cargo.env("PROPTEST_CASES", "32");
    // A fixed name, so that the counts replace those of the last run.
    cargo.env("LLVM_PROFILE_FILE_NAME", "host-tests.profraw");
    cargo.env("LLVM_COV", "llvm-cov-19");
    cargo.env("LLVM_PROFDATA", "llvm-profdata-19");
    Ok(serde_json::from_str(&output(&mut cargo)?)?)
}

/// Compares each file of `SOURCES` in the project at `root` with the minimum.
fn check(report: &Value, root: &Path) -> Result<()> {
    let files = report["data"][0]["files"].as_array().context("no files")?;

    for source in SOURCES.map(|source| root.join(source)) {
        let name_of = |file: &Value| file["filename"].as_str().unwrap_or_default().to_string();
        let covered = files
            .iter()
            .filter(|it| Path::new(&name_of(it)).starts_with(&source));
        let mut covered = covered.peekable();

        ensure!(
            covered.peek().is_some(),
            "{} is not in the report",
            source.display()
        );
        for file in covered {
            let percent = file["summary"]["lines"]["percent"].as_f64().unwrap_or(0.0);
            let name = name_of(file);

            println!("    {percent:6.2} % of the lines of {name}");
            ensure!(percent >= MINIMUM, "{name} has less than {MINIMUM} %");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_needs_the_minimum() {
        let split = ("/p/sg/split.rs", 100.0);
        let runs = ("/p/sg/runs.rs", 100.0);
        let check = |files: &[(&str, f64)]| {
            let files = files.iter().map(|(name, percent)| {
                json!({ "filename": name, "summary": { "lines": { "percent": percent } } })
            });

            check(
                &json!({ "data": [{ "files": files.collect::<Value>() }] }),
                Path::new("/p"),
            )
        };

        assert!(check(&[split, runs, ("/p/pl330/program/copy.rs", 95.0)]).is_ok());
        assert!(check(&[split, runs, ("/p/pl330/program/copy.rs", 94.9)]).is_err());
        assert!(check(&[runs, ("/p/pl330/program/copy.rs", 100.0)]).is_err());
        assert!(check(&[]).is_err());
    }
}

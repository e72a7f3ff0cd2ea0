// SPDX-License-Identifier: GPL-2.0

//! Measures the line coverage of the program generator and scatter-gather arithmetic by host tests.

use crate::prelude::*;

/// Files to cover, and directories of such files. Tests in them would be lines too.
const SOURCES: [&str; 5] = [
    "sg/split.rs",
    "sg/overlay.rs",
    "pl330/insn.rs",
    "pl330/disasm.rs",
    "pl330/program",
];

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
    let report = output(
        Command::new(made_by("scripts/llvm-cov", &[])?)
            // Without --no-clean, each run would compile the tests again.
            .args(["llvm-cov", "--no-clean", "--quiet", "--locked", "--lib"])
            .args(["--manifest-path", "tests/host/Cargo.toml"])
            .args(["--json", "--summary-only", "--", "--skip", "large_copies"])
            // Counters slow the interpreter down six times. Fewer cases run the same lines.
            .env("PROPTEST_CASES", "32")
            // A fixed name, so that the counts replace those of the last run.
            .env("LLVM_PROFILE_FILE_NAME", "host-tests.profraw")
            .env("LLVM_COV", "llvm-cov-19")
            .env("LLVM_PROFDATA", "llvm-profdata-19"),
    )?;

    Ok(serde_json::from_str(&report)?)
}

/// Compares each file of `SOURCES` in the project at `root` with the minimum.
fn check(report: &Value, root: &Path) -> Result<()> {
    let files = report["data"][0]["files"].as_array();

    for source in SOURCES.map(|source| root.join(source)) {
        let mut known = false;

        for file in files.into_iter().flatten() {
            let percent = file["summary"]["lines"]["percent"].as_f64().unwrap_or(0.0);
            let name = file["filename"].as_str().unwrap_or_default();

            if Path::new(name).starts_with(&source) {
                println!("    {percent:6.2} % of the lines of {name}");
                ensure!(percent >= MINIMUM, "{name} has less than {MINIMUM} %");
                known = true;
            }
        }
        ensure!(known, "{} is not in the report", source.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_source_needs_the_minimum() {
        // Minimum of the last source, sources that the report lacks, and the verdict.
        for (percent, missing, passes) in [
            (95.0, 0, true),
            (94.9, 0, false),
            (100.0, 1, false),
            (100.0, SOURCES.len(), false),
        ] {
            let files = SOURCES.iter().skip(missing).map(|source| {
                let is_directory = *source == "pl330/program";
                let file = if is_directory { "/copy.rs" } else { "" };
                let percent = if is_directory { percent } else { 100.0 };

                json!({
                    "filename": format!("/project/{source}{file}"),
                    "summary": {"lines": {"percent": percent}},
                })
            });
            let report = json!({"data": [{"files": files.collect::<Value>()}]});

            assert_eq!(
                check(&report, Path::new("/project")).is_ok(),
                passes,
                "{report}"
            );
        }
    }
}

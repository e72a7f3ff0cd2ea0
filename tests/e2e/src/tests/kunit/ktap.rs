// SPDX-License-Identifier: GPL-2.0

//! The results of KUnit in a kernel log, as the kernel's own `kunit.py` parses them.

use crate::prelude::*;

/// Results of a kernel log.
pub struct Results {
    /// Status of all cases, by `suite::case`: `PASS`, `FAIL`, `SKIP`, or `ERROR` if it did not end.
    cases: BTreeMap<String, String>,
    /// True if `kunit.py` reports that all cases passed, and found no error in the log.
    all_passed: bool,
    /// Output of `kunit.py`, without passed cases: errors, and failed cases with their logs.
    said: String,
    log: String,
}

impl Results {
    /// Parses `log` with the `kunit.py` of the kernel's source.
    pub fn of(log: &str) -> Result<Self> {
        let work = TempDir::new()?;
        let (text, json) = (work.path().join("log"), work.path().join("json"));
        let kernel = &Board::get()?.kernel;

        fs::write(&text, log)?;

        let mut python = Command::new("python3");

        // Without -B, it leaves compiled modules beside the source.
        python
            .arg("-B")
            .arg(kernel.join("source/tools/testing/kunit/kunit.py"))
            .args(["parse", &format!("--json={}", json.display())])
            .arg(text);

        let (output, said) = process::run(&mut python)?;
        let json = fs::read_to_string(json)
            .with_context(|| format!("kunit.py wrote no results; its output is:\n{said}"))?;

        Self::from_json(&json, log, output.status.success(), &said)
    }

    fn from_json(json: &str, log: &str, succeeded: bool, said: &str) -> Result<Self> {
        let is_good = |line: &str| line.contains("] [PASSED]") || line.contains("] ==");
        let said: Vec<_> = said.lines().filter(|line| !is_good(line)).collect();
        let all: Value = serde_json::from_str(json).context("the JSON of kunit.py")?;
        let (counts, mut cases) = (&all["misc"], BTreeMap::new());

        for suite in all["sub_groups"].as_array().into_iter().flatten() {
            add_cases(&mut cases, "", suite);
        }
        Ok(Self {
            all_passed: succeeded
                && counts["passed"] == counts["tests"]
                // Those in the log itself do not make kunit.py fail.
                && counts["errors"] == 0
                // A case outside of all suites is a suite that did not run.
                && all["test_cases"] == json!([])
                && !cases.is_empty()
                && cases.values().all(|status| status == "PASS"),
            cases,
            said: said.join("\n"),
            log: log.into(),
        })
    }

    /// Checks that a case ran and passed.
    pub fn expect_passed(&self, name: &str) -> Result<()> {
        match self.cases.get(name).map(String::as_str) {
            Some("PASS") => Ok(()),
            Some("SKIP") => bail!("skipped: run it, or remove it"),
            Some("FAIL") => bail!("FAIL:\n{}", self.said),
            Some(_) => Err(self.missing("the end of the case")),
            None => Err(self.missing("the case")),
        }
    }

    /// Checks that there were cases, and that `kunit.py` reports that all of them passed.
    pub fn expect_all_passed(&self) -> Result<()> {
        let count = self.cases.len();

        ensure!(self.all_passed, "of {count} cases:\n{}", self.said);
        Ok(())
    }

    /// Checks that a case failed, of those whose names `meant` accepts.
    pub fn expect_a_failure(&self, meant: impl Fn(&str) -> bool) -> Result<()> {
        let names: Vec<_> = self.cases.keys().filter(|name| meant(name)).collect();
        let has_failed = names.iter().any(|&name| self.cases[name] == "FAIL");

        ensure!(!names.is_empty(), self.missing("all cases"));
        ensure!(has_failed, "none of {} KUnit cases failed", names.len());
        Ok(())
    }

    fn missing(&self, what: &str) -> Error {
        missing(&self.log, format!("{what}:\n{}", self.said))
    }
}

/// Adds the cases below `group`, which is a suite or a case with parameters.
fn add_cases(cases: &mut BTreeMap<String, String>, prefix: &str, group: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let items = |key: &str| group[key].as_array().into_iter().flatten();
    let prefix = format!("{prefix}{}::", text(&group["name"]));

    for case in items("test_cases") {
        let name = prefix.clone() + &text(&case["name"]);

        cases.insert(name, text(&case["status"]));
    }
    for group in items("sub_groups") {
        add_cases(cases, &prefix, group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
[14:15:09] ======================= dma (2 subtests) =======================
[14:15:09] [PASSED] maps
[14:15:09] # bounces: EXPECTATION FAILED at dma/mapping.rs:9
[14:15:09] Expected 1 == 2
[14:15:09] [FAILED] bounces";

    /// Results of a suite with the case `maps`, which passed, and the case `bounces`.
    fn results(status: &str, succeeded: bool, errors: u8, outside: Value) -> Results {
        let passed = 1 + u8::from(status == "PASS");
        let maps = json!({ "name": "maps", "status": "PASS" });
        let bounces = json!({ "name": "bounces", "status": status });
        let json = json!({
            "misc": { "tests": 2, "passed": passed, "errors": errors },
            "test_cases": outside,
            "sub_groups": [{ "name": "dma", "sub_groups": [], "test_cases": [maps, bounces] }],
        });

        Results::from_json(&json.to_string(), "", succeeded, SAID).unwrap()
    }

    #[test]
    fn only_a_whole_success_is_one() {
        let none = r#"{ "misc": { "tests": 0, "passed": 0, "errors": 0 }, "test_cases": [] }"#;
        let none = Results::from_json(none, "", true, "").unwrap();
        let outside = json!([{ "name": "pages", "status": "PASS" }]);

        results("PASS", true, 0, json!([]))
            .expect_all_passed()
            .unwrap();
        for bad in [
            results("FAIL", true, 0, json!([])),
            results("SKIP", true, 0, json!([])),
            results("ERROR", true, 0, json!([])),
            results("PASS", false, 0, json!([])),
            results("PASS", true, 1, json!([])),
            results("PASS", true, 0, outside),
            none,
        ] {
            assert!(bad.expect_all_passed().is_err());
        }
    }

    #[test]
    fn a_case_has_its_status_and_log() {
        let bad = results("FAIL", false, 0, json!([]));
        let said = bad.expect_passed("dma::bounces").unwrap_err().to_string();
        let (_, after) = SAID.split_once("maps\n").unwrap();

        assert_eq!(said, format!("FAIL:\n{after}"));
        bad.expect_passed("dma::maps").unwrap();
        for name in ["dma::flies", "maps"] {
            assert!(bad.expect_passed(name).is_err());
        }
        for (meant, a_failure) in [("maps", false), ("bounces", true), ("flies", false)] {
            let meant = |name: &str| name.ends_with(meant);

            assert_eq!(bad.expect_a_failure(meant).is_ok(), a_failure);
        }
        for status in ["SKIP", "ERROR"] {
            let bad = results(status, true, 0, json!([]));

            assert!(bad.expect_passed("dma::bounces").is_err());
            assert!(bad.expect_a_failure(|_| true).is_err());
        }
    }
}

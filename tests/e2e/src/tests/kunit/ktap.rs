// SPDX-License-Identifier: GPL-2.0

//! The results of KUnit in a kernel log, as the kernel's own `kunit.py` parses them.

use std::{
    collections::BTreeMap,
    fs,
    process::Command, //
};

use serde::Deserialize;
use tempfile::TempDir;

use crate::prelude::*;

/// Results of a kernel log.
pub struct Results {
    /// Status of all cases, by `suite::case`.
    cases: BTreeMap<String, Status>,
    /// True if `kunit.py` reports that all cases passed, and found no error in the log.
    all_passed: bool,
    /// Output of `kunit.py`.
    said: String,
    log: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Pass,
    Fail,
    Skip,
    /// The case did not come to an end.
    Error,
}

/// The whole, a suite, or a case with parameters, in the JSON of `kunit.py`.
#[derive(Deserialize)]
struct Group {
    name: String,
    sub_groups: Vec<Group>,
    test_cases: Vec<Leaf>,
    misc: Counts,
}

#[derive(Deserialize)]
struct Leaf {
    name: String,
    status: Status,
}

/// Numbers of cases below a group, of those that passed, and of errors in the log itself, which do
/// not make `kunit.py` fail.
#[derive(Deserialize)]
struct Counts {
    tests: usize,
    passed: usize,
    errors: usize,
}

impl Results {
    /// Parses `log` with the `kunit.py` of the kernel's source.
    pub fn of(log: &str) -> Result<Self> {
        let work = TempDir::new()?;
        let (text, json) = (work.path().join("log"), work.path().join("json"));

        fs::write(&text, log)?;

        let output = Command::new("python3")
            // Leaves no compiled modules beside the source.
            .arg("-B")
            .arg(
                Board::get()?
                    .kernel
                    .join("source/tools/testing/kunit/kunit.py"),
            )
            .arg("parse")
            .arg(format!("--json={}", json.display()))
            .arg(text)
            .output()
            .context("cannot run python3")?;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let json = fs::read_to_string(json)
            .with_context(|| format!("kunit.py wrote no results; its output is:\n{said}"))?;

        Self::from_json(&json, log, output.status.success(), said)
    }

    fn from_json(json: &str, log: &str, succeeded: bool, said: String) -> Result<Self> {
        let all: Group = serde_json::from_str(json).context("the JSON of kunit.py")?;
        let mut cases = BTreeMap::new();

        for suite in &all.sub_groups {
            suite.add_to(&mut cases, "");
        }
        Ok(Self {
            all_passed: succeeded
                && all.misc.passed == all.misc.tests
                && all.misc.errors == 0
                // A case outside of all suites is a suite that did not run.
                && all.test_cases.is_empty()
                && !cases.is_empty()
                && cases.values().all(|&status| status == Status::Pass),
            cases,
            said,
            log: log.into(),
        })
    }

    /// Checks that a case ran and passed.
    pub fn expect_passed(&self, name: &str) -> Result<()> {
        match self.cases.get(name) {
            Some(Status::Pass) => Ok(()),
            Some(Status::Skip) => bail!("skipped: run it, or remove it"),
            Some(status) => bail!("{status:?}:\n{}", excerpt(&self.log, name)),
            None => bail!("the case did not run:\n{}", self.said),
        }
    }

    /// Checks that there were cases, and that `kunit.py` reports that all of them passed.
    pub fn expect_all_passed(&self) -> Result<()> {
        let complaints: Vec<_> = self
            .said
            .lines()
            .filter(|line| line.contains("] [") && !line.contains("] [PASSED]"))
            .collect();

        ensure!(
            self.all_passed,
            "kunit.py reports of {} cases:\n{}",
            self.cases.len(),
            complaints.join("\n")
        );
        Ok(())
    }

    /// Checks that a case failed, of those whose names `meant` accepts.
    pub fn expect_a_failure(&self, meant: impl Fn(&str) -> bool) -> Result<()> {
        let cases = self.of_names(meant)?;

        ensure!(
            cases.iter().any(|(_, status)| **status == Status::Fail),
            "none of {} KUnit cases failed",
            cases.len()
        );
        Ok(())
    }

    /// Checks that all cases passed whose names `meant` accepts.
    pub fn expect_no_failure(&self, meant: impl Fn(&str) -> bool) -> Result<()> {
        self.of_names(meant)?
            .into_iter()
            .try_for_each(|(name, _)| self.expect_passed(name))
    }

    fn of_names(&self, meant: impl Fn(&str) -> bool) -> Result<Vec<(&String, &Status)>> {
        let cases: Vec<_> = self.cases.iter().filter(|(name, _)| meant(name)).collect();

        ensure!(!cases.is_empty(), "no KUnit case ran:\n{}", self.said);
        Ok(cases)
    }
}

impl Group {
    fn add_to(&self, cases: &mut BTreeMap<String, Status>, prefix: &str) {
        let prefix = format!("{prefix}{}::", self.name);

        for group in &self.sub_groups {
            group.add_to(cases, &prefix);
        }
        for leaf in &self.test_cases {
            cases.insert(format!("{prefix}{}", leaf.name), leaf.status);
        }
    }
}

/// Returns the lines of a log on the case `suite::case`: those between the result before it and its
/// own.
fn excerpt(log: &str, name: &str) -> String {
    let (suite, case) = name.rsplit_once("::").unwrap_or(("", name));
    let is_result = |line: &str| line.contains(" ok ") || line.contains(" 1..");
    let is_own = |line: &str| line.contains("not ok ") && line.ends_with(&format!(" {case}"));
    let mut lines = vec![];

    for line in log
        .lines()
        .skip_while(|line| !line.ends_with(&format!("# Subtest: {suite}")))
    {
        if is_result(line) && !is_own(line) {
            lines.clear();
            continue;
        }
        lines.push(line);
        if is_own(line) {
            break;
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "[    1.000001]     # Subtest: dma
[    1.000002]     1..2
[    1.000003]     ok 1 maps
[    1.000004]     # bounces: EXPECTATION FAILED at dma/mapping.rs:9
[    1.000005]     Expected 1 == 2
[    1.000006]     not ok 2 bounces
[    1.000007] # dma: pass:1 fail:1 skip:0 total:2
[    1.000008] not ok 1 dma
";

    /// Results of a suite with the case `maps`, which passed, and the case `bounces`.
    fn results(status: &str, succeeded: bool, errors: u8, outside: &str) -> Results {
        let passed = 1 + u8::from(status == "PASS");
        let misc = format!(r#"{{ "tests": 2, "passed": {passed}, "errors": {errors} }}"#);
        let json = format!(
            r#"{{ "name": "all", "test_cases": [{outside}], "misc": {misc}, "sub_groups": [{{
                "name": "dma", "misc": {misc}, "sub_groups": [], "test_cases": [
                    {{ "name": "maps", "status": "PASS" }},
                    {{ "name": "bounces", "status": "{status}" }}
                ] }}] }}"#
        );

        Results::from_json(&json, LOG, succeeded, "it said".into()).unwrap()
    }

    #[test]
    fn only_a_whole_success_is_one() {
        let outside = r#"{ "name": "pages", "status": "PASS" }"#;

        for (results, all_passed) in [
            (results("PASS", true, 0, ""), true),
            (results("FAIL", true, 0, ""), false),
            (results("SKIP", true, 0, ""), false),
            (results("ERROR", true, 0, ""), false),
            (results("PASS", false, 0, ""), false),
            (results("PASS", true, 1, ""), false),
            (results("PASS", true, 0, outside), false),
        ] {
            assert_eq!(results.expect_all_passed().is_ok(), all_passed);
        }

        let none = r#"{ "name": "all", "test_cases": [], "sub_groups": [],
            "misc": { "tests": 0, "passed": 0, "errors": 0 } }"#;
        let none = Results::from_json(none, LOG, true, String::new()).unwrap();

        assert!(none.expect_all_passed().is_err());
        assert!(none.expect_a_failure(|_| true).is_err());
    }

    #[test]
    fn a_case_has_its_status_and_log() {
        let bad = results("FAIL", false, 0, "");
        let said = bad.expect_passed("dma::bounces").unwrap_err().to_string();

        assert!(said.contains("Expected 1 == 2"), "{said}");
        assert!(!said.contains("ok 1 maps") && !said.contains("ok 1 dma"));
        bad.expect_passed("dma::maps").unwrap();
        for name in ["dma::flies", "maps"] {
            assert!(bad.expect_passed(name).is_err());
        }
        for status in ["SKIP", "ERROR"] {
            let bad = results(status, true, 0, "");

            assert!(bad.expect_passed("dma::bounces").is_err());
            assert!(bad.expect_a_failure(|_| true).is_err());
        }
    }

    #[test]
    fn only_cases_that_are_meant_count() {
        let bad = results("FAIL", false, 0, "");
        let maps = |name: &str| name == "dma::maps";

        bad.expect_no_failure(maps).unwrap();
        assert!(bad.expect_a_failure(maps).is_err());
        assert!(bad.expect_no_failure(|name| !maps(name)).is_err());
        bad.expect_a_failure(|name| !maps(name)).unwrap();
        assert!(bad.expect_a_failure(|_| false).is_err());
        assert!(bad.expect_no_failure(|_| false).is_err());
    }
}

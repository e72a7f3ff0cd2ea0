// SPDX-License-Identifier: GPL-2.0

//! The results of KUnit in a kernel log, as the kernel's own `kunit.py` reads them.

use std::{
    fs,
    path::Path,
    process::Command, //
};

use anyhow::{
    bail,
    ensure,
    Context,
    Result, //
};
use serde::Deserialize;
use tempfile::TempDir;

/// What `kunit.py` made of a log.
pub struct Results {
    /// All cases of all suites.
    pub cases: Vec<Case>,
    /// Whether it says of all cases that they passed, and found no error in what it read.
    content: bool,
    /// What it said.
    said: String,
}

/// A case of a suite.
pub struct Case {
    /// `suite::case`.
    pub name: String,
    status: Status,
    /// What the log says of it.
    log: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Pass,
    Fail,
    Skip,
    /// It did not come to an end.
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

/// How many cases there are below a group, how many of them passed, and how many errors the text
/// has that `kunit.py` reads: those do not make it fail.
#[derive(Deserialize)]
struct Counts {
    tests: usize,
    passed: usize,
    errors: usize,
}

impl Results {
    /// Has the `kunit.py` of a kernel's source read `log`.
    pub fn of(source: &Path, log: &str) -> Result<Self> {
        let work = TempDir::new()?;
        let (text, json) = (work.path().join("log"), work.path().join("json"));

        fs::write(&text, log)?;

        let output = Command::new("python3")
            // Leaves no compiled modules beside the source.
            .arg("-B")
            .arg(source.join("tools/testing/kunit/kunit.py"))
            .arg("parse")
            .arg(format!("--json={}", json.display()))
            .arg(text)
            .output()
            .context("cannot run python3")?;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let json = fs::read_to_string(json)
            .with_context(|| format!("kunit.py wrote no results; it said:\n{said}"))?;

        Self::from_json(&json, log, output.status.success(), said)
    }

    fn from_json(json: &str, log: &str, content: bool, said: String) -> Result<Self> {
        let all: Group = serde_json::from_str(json).context("the JSON of kunit.py")?;
        let mut cases = vec![];

        for suite in &all.sub_groups {
            suite.add_to(&mut cases, "", log);
        }
        Ok(Self {
            content: content
                && all.misc.passed == all.misc.tests
                && all.misc.errors == 0
                // What is not in a suite is a suite that did not run.
                && all.test_cases.is_empty(),
            cases,
            said,
        })
    }

    /// Whether there were cases, and `kunit.py` says that all of them passed.
    pub fn expect_all_passed(&self) -> Result<()> {
        let bad = self.cases.iter().find(|it| it.status != Status::Pass);

        ensure!(!self.cases.is_empty(), "no KUnit case ran:\n{}", self.said);
        ensure!(
            self.content && bad.is_none(),
            "kunit.py says:\n{}",
            self.complaints()
        );
        Ok(())
    }

    /// What `kunit.py` says of what did not pass; the log of each case is shown with the case.
    fn complaints(&self) -> String {
        let is_complaint = |line: &&str| line.contains("] [") && !line.contains("] [PASSED]");
        let lines = self.said.lines();

        lines
            .filter(|line| is_complaint(line) || line.contains("Testing complete"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Whether one of the cases that are `meant`, by name, noticed that something is wrong.
    pub fn expect_a_failure(&self, meant: impl Fn(&str) -> bool) -> Result<()> {
        let cases: Vec<_> = self.cases.iter().filter(|it| meant(&it.name)).collect();

        ensure!(!cases.is_empty(), "no KUnit case ran:\n{}", self.said);
        ensure!(
            cases.iter().any(|it| it.status == Status::Fail),
            "none of {} KUnit cases failed",
            cases.len()
        );
        Ok(())
    }

    /// Whether there were cases that are `meant`, by name, and none of them noticed anything.
    pub fn expect_no_failure(&self, meant: impl Fn(&str) -> bool) -> Result<()> {
        let mut cases = self.cases.iter().filter(|it| meant(&it.name)).peekable();

        ensure!(cases.peek().is_some(), "no KUnit case ran:\n{}", self.said);
        cases.try_for_each(Case::expect_passed)
    }
}

impl Case {
    /// Whether it passed; skipped is not.
    pub fn expect_passed(&self) -> Result<()> {
        match self.status {
            Status::Pass => Ok(()),
            Status::Fail => bail!("failed:\n{}", self.log),
            Status::Skip => bail!("skipped: run it, or take it out"),
            Status::Error => bail!("did not end:\n{}", self.log),
        }
    }
}

impl Group {
    fn add_to(&self, cases: &mut Vec<Case>, prefix: &str, log: &str) {
        let prefix = format!("{prefix}{}::", self.name);

        for group in &self.sub_groups {
            group.add_to(cases, &prefix, log);
        }
        for leaf in &self.test_cases {
            cases.push(Case {
                name: format!("{prefix}{}", leaf.name),
                status: leaf.status,
                log: excerpt(log, &self.name, &leaf.name),
            });
        }
    }
}

/// What a log says of a case, from after the result before it to its own.
fn excerpt(log: &str, suite: &str, case: &str) -> String {
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

    const LOG: &str = "[    1.000001]     # Subtest: dma_mapping
[    1.000002]     1..2
[    1.000003]     ok 1 maps
[    1.000004]     # bounces: EXPECTATION FAILED at dma/mapping.rs:9
[    1.000005]     Expected 1 == 2
[    1.000006]     not ok 2 bounces
[    1.000007] # dma_mapping: pass:1 fail:1 skip:0 total:2
[    1.000008] not ok 1 dma_mapping
";

    /// The JSON of a suite with one case that passed, and one that did as `status` says.
    fn results(status: &str, content: bool, outside: &str) -> Results {
        let passed = 1 + usize::from(status == "PASS");

        from_json(
            &format!(
                r#"{{ "name": "all", "test_cases": [{outside}], "misc": {}, "sub_groups": [{{
                "name": "dma_mapping", "misc": {0}, "sub_groups": [], "test_cases": [
                    {{ "name": "maps", "status": "PASS" }},
                    {{ "name": "bounces", "status": "{status}" }}
                ]
            }}] }}"#,
                counts(2, passed, 0)
            ),
            content,
        )
    }

    fn counts(tests: usize, passed: usize, errors: usize) -> String {
        format!(r#"{{ "tests": {tests}, "passed": {passed}, "errors": {errors} }}"#)
    }

    fn from_json(json: &str, content: bool) -> Results {
        Results::from_json(json, LOG, content, "it said".into()).unwrap()
    }

    #[test]
    fn cases_have_the_name_of_their_suite() {
        let names: Vec<_> = results("PASS", true, "")
            .cases
            .into_iter()
            .map(|it| it.name)
            .collect();

        assert_eq!(names, ["dma_mapping::maps", "dma_mapping::bounces"]);
    }

    #[test]
    fn all_passed_is_good() {
        let good = results("PASS", true, "");

        good.expect_all_passed().unwrap();
        good.cases[1].expect_passed().unwrap();
        assert!(good.expect_a_failure(|_| true).is_err());
    }

    #[test]
    fn a_failure_is_shown_with_its_log() {
        let bad = results("FAIL", false, "");
        let said = bad.cases[1].expect_passed().unwrap_err().to_string();

        assert!(said.contains("Expected 1 == 2"), "{said}");
        assert!(!said.contains("ok 1 maps") && !said.contains("ok 1 dma_mapping"));
        assert!(bad.expect_all_passed().is_err());
        bad.expect_a_failure(|_| true).unwrap();
    }

    #[test]
    fn only_cases_that_are_meant_count() {
        let bad = results("FAIL", false, "");
        let maps = |name: &str| name == "dma_mapping::maps";

        bad.expect_no_failure(maps).unwrap();
        assert!(bad.expect_a_failure(maps).is_err());
        assert!(bad.expect_no_failure(|name| !maps(name)).is_err());
        bad.expect_a_failure(|name| !maps(name)).unwrap();
        assert!(bad.expect_a_failure(|_| false).is_err());
        assert!(bad.expect_no_failure(|_| false).is_err());
    }

    #[test]
    fn skipped_or_unfinished_is_not_passed() {
        for status in ["SKIP", "ERROR"] {
            let bad = results(status, true, "");

            assert!(bad.cases[1].expect_passed().is_err());
            assert!(bad.expect_all_passed().is_err());
            assert!(bad.expect_a_failure(|_| true).is_err());
        }
    }

    #[test]
    fn a_suite_that_did_not_run_is_not_passed() {
        let bad = results("PASS", true, r#"{ "name": "dma_pages", "status": "PASS" }"#);

        assert!(bad.expect_all_passed().is_err());
    }

    #[test]
    fn an_error_in_the_text_is_not_passed() {
        let misc = counts(1, 1, 1);
        let json = format!(
            r#"{{ "name": "all", "test_cases": [], "misc": {misc}, "sub_groups": [{{
                "name": "dma_mapping", "misc": {misc}, "sub_groups": [],
                "test_cases": [{{ "name": "maps", "status": "PASS" }}]
            }}] }}"#
        );

        assert!(from_json(&json, true).expect_all_passed().is_err());
    }

    #[test]
    fn what_kunit_py_is_not_content_with_is_not_passed() {
        assert!(results("PASS", false, "").expect_all_passed().is_err());
    }

    #[test]
    fn no_case_is_neither_passed_nor_failed() {
        let misc = counts(0, 0, 0);
        let json =
            format!(r#"{{ "name": "all", "test_cases": [], "misc": {misc}, "sub_groups": [] }}"#);
        let none = from_json(&json, true);

        assert!(none.expect_all_passed().is_err());
        assert!(none.expect_a_failure(|_| true).is_err());
    }
}

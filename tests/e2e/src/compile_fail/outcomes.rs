// SPDX-License-Identifier: GPL-2.0

//! Outcomes of `ui_test`, collected as text instead of printed.

use ui_test::{
    status_emitter::{
        RevisionStyle,
        StatusEmitter,
        Summary,
        TestStatus, //
    },
    test_result::{
        TestOk,
        TestResult, //
    },
};

use super::{
    case_name,
    test_names, //
};
use crate::prelude::*;

/// Outcomes of all tests. A clone for each test adds that test's.
#[derive(Clone, Default)]
pub struct Outcomes {
    /// Reasons of failure by test, empty for a test that passed.
    reasons: Arc<Mutex<BTreeMap<String, String>>>,
    path: PathBuf,
    /// The revision; empty for both tests of a case.
    revision: String,
}

impl Outcomes {
    /// Returns true if the test `name` ran.
    pub fn has(&self, name: &str) -> bool {
        self.reasons.lock().unwrap().contains_key(name)
    }

    /// Returns the outcome of the test `name`, which ran.
    pub fn of(&self, name: &str) -> Result<()> {
        let reason = self.reasons.lock().unwrap()[name].clone();

        ensure!(reason.is_empty(), "{}", reason.trim_end());
        Ok(())
    }

    /// Adds to the reason of a test.
    fn add(&self, path: &Path, revision: &str, reason: &str) {
        for test in test_names(&case_name(path).unwrap_or_default()) {
            if test.ends_with(revision) {
                *self.reasons.lock().unwrap().entry(test).or_default() += reason;
            }
        }
    }
}

impl StatusEmitter for Outcomes {
    fn register_test(&self, path: PathBuf) -> Box<dyn TestStatus> {
        self.for_path(&path)
    }

    fn finalize(&self, _: usize, _: usize, _: usize, _: usize, _: bool) -> Box<dyn Summary> {
        Box::new(self.clone())
    }
}

impl TestStatus for Outcomes {
    fn for_revision(&self, revision: &str, _: RevisionStyle) -> Box<dyn TestStatus> {
        let mut status = self.clone();

        status.revision = revision.into();
        Box::new(status)
    }

    fn for_path(&self, path: &Path) -> Box<dyn TestStatus> {
        let mut status = self.clone();

        status.path = path.into();
        Box::new(status)
    }

    fn done(&self, result: &TestResult, _: bool) {
        if matches!(result, Ok(TestOk::Ok)) && !self.revision.is_empty() {
            self.add(&self.path, &self.revision, "");
        }
    }

    fn failed_test<'a>(&'a self, _: &'a str, stderr: &'a [u8], _: &'a [u8]) -> Box<dyn Debug + 'a> {
        let output = String::from_utf8_lossy(stderr);

        self.add(&self.path, &self.revision, &output);
        Box::new(())
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn revision(&self) -> &str {
        &self.revision
    }
}

impl Summary for Outcomes {
    fn test_failure(&mut self, status: &dyn TestStatus, errors: &Vec<ui_test::Error>) {
        let lines: String = errors.iter().map(describe).collect();
        let reason = format!("Not as annotated:\n{lines}");

        self.add(status.path(), status.revision(), &reason);
    }
}

/// Describes an error in one line, which follows the compiler's output.
fn describe(error: &ui_test::Error) -> String {
    use ui_test::Error;

    match error {
        Error::PatternNotFound {
            pattern,
            expected_line: Some(line),
        } => format!("line {line}: no message with {:?}\n", pattern.content),
        Error::CodeNotFound {
            code,
            expected_line: Some(line),
        } => format!("line {line}: no error {}\n", code.content),
        Error::ErrorsWithoutPattern { path, msgs } => {
            let line = match path {
                Some((_, line)) => format!("line {line}"),
                None => "another file".into(),
            };
            let words = msgs
                .iter()
                .map(|it| it.code.as_ref().unwrap_or(&it.message).as_str());
            let words: Vec<_> = words.collect();

            format!("{line}: no annotation of: {}\n", words.join("; "))
        }
        Error::NoPatternsFound => "no line has an annotation\n".into(),
        Error::OutputDiffers { .. } => "the compiler must not report anything\n".into(),
        other => format!("{other:?}\n"),
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Outcomes of `ui_test`, collected as text instead of printed.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    path::{
        Path,
        PathBuf, //
    },
    sync::{
        Arc,
        Mutex, //
    },
};

use anyhow::{
    anyhow,
    Result, //
};
use ui_test::{
    status_emitter::{
        RevisionStyle,
        StatusEmitter,
        Summary,
        TestStatus, //
    },
    test_result::TestResult,
    Error, //
};

use super::{
    case_name,
    test_names, //
};

/// Reasons of failure by test, empty for a test that passed. Clones share them.
#[derive(Clone, Default)]
pub struct Outcomes(Arc<Mutex<BTreeMap<String, String>>>);

/// A case, or with a revision one of its two tests.
struct Case {
    outcomes: Outcomes,
    path: PathBuf,
    revision: String,
}

impl Outcomes {
    /// Returns the outcome of the test `name`; none if the test did not run.
    pub fn of(&self, name: &str) -> Option<Result<()>> {
        let reasons = self.0.lock().expect("a collecting thread panicked");
        let reason = reasons.get(name)?;

        Some(if reason.is_empty() {
            Ok(())
        } else {
            Err(anyhow!("{}", reason.trim_end()))
        })
    }

    /// Adds to the reason of a test, or of both tests of a case if `revision` is empty.
    fn add(&self, path: &Path, revision: &str, reason: &str) {
        let name = case_name(path).unwrap_or_default();
        let mut reasons = self.0.lock().expect("a collecting thread panicked");

        for test in test_names(&name) {
            if test.ends_with(revision) {
                *reasons.entry(test).or_default() += reason;
            }
        }
    }

    fn case(&self, path: &Path, revision: &str) -> Box<dyn TestStatus> {
        Box::new(Case {
            outcomes: self.clone(),
            path: path.into(),
            revision: revision.into(),
        })
    }
}

impl StatusEmitter for Outcomes {
    fn register_test(&self, path: PathBuf) -> Box<dyn TestStatus> {
        self.case(&path, "")
    }

    fn finalize(&self, _: usize, _: usize, _: usize, _: usize, _: bool) -> Box<dyn Summary> {
        Box::new(self.clone())
    }
}

impl TestStatus for Case {
    fn for_revision(&self, revision: &str, _: RevisionStyle) -> Box<dyn TestStatus> {
        self.outcomes.case(&self.path, revision)
    }

    fn for_path(&self, path: &Path) -> Box<dyn TestStatus> {
        self.outcomes.case(path, &self.revision)
    }

    fn done(&self, result: &TestResult, _: bool) {
        if result.is_ok() && !self.revision.is_empty() {
            self.outcomes.add(&self.path, &self.revision, "");
        }
    }

    fn failed_test<'a>(&'a self, _: &'a str, stderr: &'a [u8], _: &'a [u8]) -> Box<dyn Debug + 'a> {
        let output = String::from_utf8_lossy(stderr);

        self.outcomes.add(&self.path, &self.revision, &output);
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
    fn test_failure(&mut self, status: &dyn TestStatus, errors: &Vec<Error>) {
        let lines: String = errors.iter().map(describe).collect();
        let reason = format!("Not as annotated:\n{lines}");

        self.add(status.path(), status.revision(), &reason);
    }
}

/// Describes an error in one line, which follows the compiler's output.
fn describe(error: &Error) -> String {
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
            let line = path
                .as_ref()
                .map_or("another file".into(), |(_, line)| format!("line {line}"));

            msgs.iter()
                .map(|it| it.code.as_ref().unwrap_or(&it.message))
                .map(|words| format!("{line}: no annotation of: {words}\n"))
                .collect()
        }
        Error::NoPatternsFound => "no line has an annotation\n".into(),
        Error::OutputDiffers { .. } => "the compiler must not report anything\n".into(),
        other => format!("{other:?}\n"),
    }
}

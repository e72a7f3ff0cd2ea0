// SPDX-License-Identifier: GPL-2.0

//! Cases, and whether the compiler said of them what it was to say.

use std::{
    fs,
    path::Path, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};

use super::diagnostic::Diagnostic;

/// A file of `tests/compile_fail`.
pub struct Case {
    /// The file, without its folder.
    pub file: String,
    expected: Vec<Expected>,
}

/// An annotation: what the compiler is to say of a line.
#[derive(Debug, PartialEq)]
struct Expected {
    line: usize,
    code: String,
    words: String,
}

impl Case {
    /// Reads a case and its annotations.
    pub fn read(path: &Path) -> Result<Self> {
        let file = path
            .file_name()
            .and_then(|name| name.to_str())
            .with_context(|| format!("{} has no name", path.display()))?;
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;

        Self::parse(file, &text)
    }

    fn parse(file: &str, text: &str) -> Result<Self> {
        let mut expected = vec![];

        for (index, line) in text.lines().enumerate() {
            if let Some((_, annotation)) = line.split_once("//~") {
                expected.push(Expected::parse(index + 1, annotation).with_context(|| {
                    format!(
                        "{file}:{}: write `//~ CODE: words`, or `//~^` below",
                        index + 1
                    )
                })?);
            }
        }
        ensure!(
            !expected.is_empty(),
            "{file} does not say what is wrong: end that line with `//~ CODE: words`"
        );
        Ok(Self {
            file: file.into(),
            expected,
        })
    }

    /// Its name: the file's, without the ending.
    pub fn name(&self) -> &str {
        self.file.trim_end_matches(".rs")
    }

    /// Whether these are the errors of the annotations: all of them, and no others.
    pub fn expect_mistake(&self, said: &[Diagnostic]) -> Result<()> {
        let errors: Vec<_> = said.iter().filter(|it| it.is_error()).collect();
        let complaints: Vec<_> = errors
            .iter()
            .filter_map(|error| self.unexpected(error))
            .chain(
                self.expected
                    .iter()
                    .filter_map(|it| self.unmet(it, &errors)),
            )
            .collect();

        ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
        Ok(())
    }

    /// Whether the compiler found nothing to say.
    pub fn expect_correct(&self, said: &[Diagnostic]) -> Result<()> {
        let said: Vec<_> = said.iter().map(Diagnostic::text).collect();

        ensure!(
            said.is_empty(),
            "{} without its mistake is not correct:\n{}",
            self.file,
            said.join("\n")
        );
        Ok(())
    }

    /// What is wrong with an error that no annotation asks for.
    fn unexpected(&self, error: &Diagnostic) -> Option<String> {
        let code = error.code().unwrap_or("error without a code");
        let lines = error.lines_in(&self.file);
        let on_line = |it: &&Expected| lines.contains(&it.line);
        let place = match lines.first() {
            Some(line) => format!("{}:{line}", self.file),
            None => format!("{}, but not on a line of it", self.file),
        };

        if self.expected.iter().any(|it| it.is_met_by(error, &lines)) {
            return None;
        }

        let what = match self.expected.iter().find(on_line) {
            None => format!("{code} on a line without annotation"),
            Some(it) if it.code != code => format!("{code}, expected {}", it.code),
            Some(it) => format!("{code} does not say `{}`", it.words),
        };

        Some(format!("{place}: {what}:\n{}", error.text()))
    }

    /// What to say of an annotation that no error meets.
    fn unmet(&self, expected: &Expected, errors: &[&Diagnostic]) -> Option<String> {
        let met = errors
            .iter()
            .any(|error| expected.is_met_by(error, &error.lines_in(&self.file)));

        (!met).then(|| {
            format!(
                "{}:{}: the compiler does not say {}: {}",
                self.file, expected.line, expected.code, expected.words
            )
        })
    }
}

impl Expected {
    /// `annotation` is what follows `//~` on `line`.
    fn parse(line: usize, annotation: &str) -> Option<Self> {
        let (line, annotation) = match annotation.strip_prefix('^') {
            Some(rest) => (line - 1, rest),
            None => (line, annotation),
        };
        let (code, words) = annotation.strip_prefix(' ')?.split_once(": ")?;
        let digits = code.strip_prefix('E')?;
        let is_code = digits.len() == 4 && digits.bytes().all(|it| it.is_ascii_digit());

        (is_code && !words.trim().is_empty()).then(|| Self {
            line,
            code: code.into(),
            words: words.trim().into(),
        })
    }

    fn is_met_by(&self, error: &Diagnostic, lines: &[usize]) -> bool {
        lines.contains(&self.line)
            && error.code() == Some(self.code.as_str())
            && error.says(&self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TEXT: &str = "fn f() {\n    map(stack); //~ E0277: may not be mapped\n}\n";

    /// An error as the compiler writes it, on line `line` of `file`.
    fn error(file: &str, line: usize, code: &str, message: &str) -> Diagnostic {
        serde_json::from_value(json!({
            "level": "error",
            "message": message,
            "code": { "code": code, "explanation": null },
            "spans": [{
                "file_name": format!("tests/compile_fail/{file}"),
                "line_start": line,
                "is_primary": true,
                "label": null,
                "expansion": null,
            }],
            "children": [],
            "rendered": format!("error[{code}]: {message}"),
        }))
        .unwrap()
    }

    fn complaint(errors: &[Diagnostic]) -> String {
        Case::parse("stack.rs", TEXT)
            .unwrap()
            .expect_mistake(errors)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_right_error_passes() {
        let right = error("stack.rs", 2, "E0277", "`[u8; 64]` may not be mapped");

        Case::parse("stack.rs", TEXT)
            .unwrap()
            .expect_mistake(&[right])
            .unwrap();
    }

    #[test]
    fn words_may_be_in_a_note_of_the_error() {
        let mut with_note = error("stack.rs", 2, "E0277", "not satisfied");

        with_note.add_child("note: this may not be mapped");
        Case::parse("stack.rs", TEXT)
            .unwrap()
            .expect_mistake(&[with_note])
            .unwrap();
    }

    #[test]
    fn no_error_fails() {
        assert_eq!(
            complaint(&[]),
            "stack.rs:2: the compiler does not say E0277: may not be mapped"
        );
    }

    #[test]
    fn a_wrong_line_fails() {
        let said = complaint(&[error("stack.rs", 1, "E0277", "may not be mapped")]);

        assert!(said.contains("stack.rs:1: E0277 on a line without annotation"));
        assert!(said.contains("stack.rs:2: the compiler does not say E0277"));
    }

    #[test]
    fn a_wrong_file_fails() {
        let said = complaint(&[error("root.rs", 2, "E0277", "may not be mapped")]);

        assert!(said.contains("not on a line of it: E0277 on a line without annotation"));
    }

    #[test]
    fn a_wrong_code_fails() {
        let said = complaint(&[error("stack.rs", 2, "E0308", "may not be mapped")]);

        assert!(said.contains("stack.rs:2: E0308, expected E0277"), "{said}");
    }

    #[test]
    fn wrong_words_fail() {
        let said = complaint(&[error("stack.rs", 2, "E0277", "not satisfied")]);

        assert!(said.contains("stack.rs:2: E0277 does not say `may not be mapped`"));
    }

    #[test]
    fn a_second_error_fails() {
        let said = complaint(&[
            error("stack.rs", 2, "E0277", "may not be mapped"),
            error("stack.rs", 3, "E0382", "use of moved value"),
        ]);

        assert!(said.starts_with("stack.rs:3: E0382 on a line without annotation"));
        assert!(!said.contains("does not say"));
    }

    #[test]
    fn a_twin_with_a_warning_fails() {
        let case = Case::parse("stack.rs", TEXT).unwrap();
        let mut warning = error("stack.rs", 1, "unused_imports", "unused import");

        case.expect_correct(&[]).unwrap();
        warning.set_level("warning");
        assert!(case
            .expect_correct(&[warning])
            .unwrap_err()
            .to_string()
            .starts_with("stack.rs without its mistake is not correct:\nerror[unused_imports]"));
    }

    #[test]
    fn the_summary_is_no_error() {
        let summary: Diagnostic = serde_json::from_value(json!({
            "level": "error",
            "message": "aborting due to 1 previous error",
            "code": null,
            "spans": [],
            "children": [],
            "rendered": null,
        }))
        .unwrap();

        assert!(!summary.is_error());
    }

    #[test]
    fn an_annotation_below_means_the_line_above() {
        let case = Case::parse("a.rs", "impl A {\n    //~^ E0200: requires\n}\n").unwrap();

        assert_eq!(case.expected[0].line, 1);
    }

    #[test]
    fn a_case_without_annotation_is_refused() {
        assert!(Case::parse("a.rs", "fn f() {}\n").is_err());
    }

    #[test]
    fn an_annotation_without_code_or_words_is_refused() {
        for text in [
            "//~ may not",
            "//~ E0277",
            "//~ E0277: ",
            "//~ E27: no",
            "//~E0277: no",
        ] {
            assert!(Case::parse("a.rs", text).is_err(), "{text}");
        }
    }
}

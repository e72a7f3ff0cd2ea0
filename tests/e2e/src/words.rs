// SPDX-License-Identifier: GPL-2.0

//! Checks the wording of sources and of commit subjects.
//!
//! The words to avoid are in `tests/words.json`. So are the directories and files that still have
//! findings, each with their number, which may only shrink. To list the findings of one of them,
//! set its number to 0.

mod language;
mod subjects;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    path::Path,
    process::Command, //
};

use anyhow::{
    ensure,
    Result, //
};
use serde::Deserialize;

use crate::process::output;
use language::{
    tokens,
    Language, //
};

pub use subjects::check as check_subjects;

/// Path of the rules in the project.
const PATH: &str = "tests/words.json";

/// Content of `tests/words.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    /// Words that no description begins with.
    first_words: Vec<String>,
    /// Phrases in place of an actor's name.
    persons: Vec<String>,
    /// Phrases in place of a number.
    quantities: Vec<String>,
    /// Verbs of commit subjects that do not name a change to the code.
    subject_verbs: Vec<String>,
    /// Maximum width of a line.
    columns: usize,
    /// Number of findings by directory or file.
    unclean: BTreeMap<String, usize>,
}

/// Finding in a file.
struct Finding {
    file: String,
    line: usize,
    text: String,
}

/// Checks all tracked files.
///
/// # Errors
///
/// The findings, if a file or directory has another number of them than the list says.
pub fn check() -> Result<()> {
    let rules = Rules::new()?;
    let files = git(&["ls-files"])?;
    let mut findings = vec![];

    for file in files.lines().filter(|file| Path::new(file).is_file()) {
        let text = std::fs::read(file)?;

        findings.extend(rules.findings(file, &String::from_utf8_lossy(&text)));
    }
    rules.compare(&findings)
}

impl Rules {
    fn new() -> Result<Self> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../words.json");

        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    }

    /// Returns the findings in a file.
    fn findings(&self, file: &str, text: &str) -> Vec<Finding> {
        let Some(language) = Language::of(file, text) else {
            return vec![];
        };
        let lines: Vec<_> = text.lines().collect();
        let wide = language.may_be_wide(&lines);
        let mut found = self.phrases(&lines);

        for (at, line) in lines.iter().enumerate() {
            let description = language.description(&lines, at);
            let first = description.and_then(|text| tokens(text).next());
            let columns = language.columns(line);

            if let Some((first, _)) = first.filter(|(first, _)| self.first_words.contains(first)) {
                found.push((at, format!("description begins with \"{first}\"")));
            }
            if columns > self.columns && !wide[at] {
                found.push((at, format!("{columns} columns")));
            }
        }
        found.sort();
        found
            .into_iter()
            .map(|(at, rule)| Finding {
                file: file.into(),
                line: at + 1,
                text: format!("{rule}: {}", lines[at].trim()),
            })
            .collect()
    }

    /// Returns the phrases to avoid, also those that a line break divides.
    fn phrases(&self, lines: &[&str]) -> Vec<(usize, String)> {
        let lines = lines.iter().enumerate();
        let tokens: Vec<_> = lines
            .flat_map(|(at, line)| tokens(line).map(move |(word, ends)| (at, word, ends)))
            .collect();
        let mut found = vec![];

        for (phrases, thing) in [(&self.persons, "actor"), (&self.quantities, "number")] {
            for phrase in phrases {
                let words: Vec<_> = phrase.split(' ').collect();

                for window in tokens.windows(words.len()) {
                    let same = window
                        .iter()
                        .zip(&words)
                        .all(|(token, word)| token.1 == *word);

                    if same && !window[..words.len() - 1].iter().any(|token| token.2) {
                        found.push((window[0].0, format!("name the {thing}, not \"{phrase}\"")));
                    }
                }
            }
        }
        found
    }

    /// Compares the number of findings with the list.
    fn compare(&self, findings: &[Finding]) -> Result<()> {
        let entries = || self.unclean.keys().map(String::as_str);
        let mut counts: BTreeMap<_, Vec<_>> = entries().map(|entry| (entry, vec![])).collect();
        let mut wrong = vec![];

        for finding in findings {
            let above = entries().filter(|entry| Path::new(&finding.file).starts_with(entry));
            let entry = above.max_by_key(|entry| entry.len()).unwrap_or("");

            counts.entry(entry).or_default().push(finding);
        }
        for (entry, findings) in counts {
            let allowed = self.unclean.get(entry).copied().unwrap_or(0);
            let number = findings.len();

            if number > allowed {
                wrong.extend(findings.iter().map(ToString::to_string));
            }
            if number != allowed && !entry.is_empty() {
                wrong.push(format!(
                    "{PATH}: {entry}: {allowed} allowed, {number} found"
                ));
            }
            if number < allowed {
                wrong.push(format!("write {number}, or for 0 remove the line"));
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}

fn git(arguments: &[&str]) -> Result<String> {
    let safe = ["-c", "safe.directory=*"];

    output(Command::new("git").args(safe).args(arguments))
}

// SPDX-License-Identifier: GPL-2.0

//! Checks the wording of sources and of commit subjects.
//!
//! The words to avoid are in `tests/words.json`. So are the directories and files that still have
//! findings, each with their number, which may only shrink. To list the findings of one of them,
//! set its number to 0.

mod language;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use crate::prelude::*;
use language::{
    tokens,
    Language, //
};

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
    let files = git("ls-files")?;
    let mut findings = vec![];

    for file in files.lines().filter(|file| Path::new(file).is_file()) {
        let text = std::fs::read(file)?;

        findings.extend(rules.findings(file, &String::from_utf8_lossy(&text)));
    }
    rules.compare(&findings)
}

/// Checks the subjects of the commits from the one that added `tests/words.json` on.
///
/// If a shallow clone ends after that commit, all its commits are newer and are checked. An import,
/// a first commit that has the file, is not.
///
/// # Errors
///
/// The subjects that are not `dir: verb object`, or whose verb does not name a change to the code.
pub fn check_subjects() -> Result<()> {
    let rules = Rules::new()?;
    let added = git(&format!("log -1 --diff-filter=A --format=%H -- {PATH}"))?;
    let added = added.trim();

    ensure!(!added.is_empty(), "{PATH} is in no commit");

    let older = if git(&format!("rev-parse --quiet --verify {added}^")).is_ok() {
        format!(" ^{added}^")
    } else if git("rev-parse --is-shallow-repository")?.trim() == "true" {
        String::new()
    } else {
        format!(" ^{added}")
    };
    let log = git(&format!("log --no-merges --format=%h%x20%s HEAD{older}"))?;
    let is_wrong = |line: &&str| !rules.accepts(line.split_once(' ').unwrap_or_default().1);
    let wrong: Vec<_> = log.lines().filter(is_wrong).collect();

    ensure!(
        wrong.is_empty(),
        "subjects that are not `dir: verb object`, or whose verb is not a change to the code:\n{}",
        wrong.join("\n")
    );
    Ok(())
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
            let columns = language.columns(line);

            if let Some((first, _)) = description.and_then(|text| tokens(text).next()) {
                if self.first_words.contains(&first) {
                    found.push((at, format!("description begins with \"{first}\"")));
                }
            }
            if columns > self.columns && !wide[at] {
                found.push((at, format!("{columns} columns")));
            }
        }
        found.sort();

        let findings = found.into_iter().map(|(at, rule)| Finding {
            file: file.into(),
            line: at + 1,
            text: format!("{rule}: {}", lines[at].trim()),
        });

        findings.collect()
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
                    let is_same = words.iter().eq(window.iter().map(|(_, word, _)| word));
                    let mut before_last = window[..words.len() - 1].iter();

                    if is_same && !before_last.any(|(_, _, ends)| *ends) {
                        found.push((window[0].0, format!("name the {thing}, not \"{phrase}\"")));
                    }
                }
            }
        }
        found
    }

    /// Compares the number of findings with the list.
    fn compare(&self, findings: &[Finding]) -> Result<()> {
        let entry_of = |finding: &Finding| {
            let entries = self.unclean.keys().map(String::as_str);
            let above = entries.filter(|entry| Path::new(&finding.file).starts_with(entry));

            above.max_by_key(|entry| entry.len()).unwrap_or("")
        };
        let entries = self
            .unclean
            .iter()
            .map(|(entry, allowed)| (entry.as_str(), *allowed));
        let mut wrong = vec![];

        for (entry, allowed) in entries.chain([("", 0)]) {
            let found = findings.iter().filter(|finding| entry_of(finding) == entry);
            let number = found.clone().count();

            if number > allowed {
                wrong.extend(found.map(|it| format!("{}:{}: {}", it.file, it.line, it.text)));
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

    /// Returns true if a commit may have this subject.
    fn accepts(&self, subject: &str) -> bool {
        let is_dir = |c: char| c.is_ascii_alphanumeric() || "/_-., ".contains(c);
        let (dirs, change) = subject.split_once(": ").unwrap_or_default();
        let (verb, object) = change.split_once(' ').unwrap_or_default();

        !dirs.is_empty()
            && dirs.chars().all(is_dir)
            && verb.starts_with(|c: char| c.is_ascii_lowercase())
            && !self.subject_verbs.iter().any(|bad| bad == verb)
            && !object.is_empty()
    }
}

/// Returns the output of git, whose arguments have no spaces.
fn git(arguments: &str) -> Result<String> {
    let safe = ["-c", "safe.directory=*"];

    output(Command::new("git").args(safe).args(arguments.split(' ')))
}

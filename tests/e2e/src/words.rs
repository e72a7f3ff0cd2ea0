// SPDX-License-Identifier: GPL-2.0

//! Checks the wording of sources and of commit subjects.
//!
//! The words to avoid are in `tests/words.json`.

#[cfg(test)]
mod tests;

use crate::prelude::*;

/// Path of the rules in the project.
const PATH: &str = "tests/words.json";

/// Width of a tab in C, shell and make.
const TAB: &str = "        ";

/// Patterns of comments, by language, with WORD where a description may begin with it.
///
/// In a shell script the description follows the interpreter and the license. That of a function
/// or a variable begins with `name ARGUMENT: `.
const C: &[&str] = &[r"^/\*(?:\*?\n)?WORD"];
const RUST: &[&str] = &[
    r"^[ \t]*///(?:WORD)?.*(?:\n[ \t]*///.*)*",
    r"^[ \t]*//!(?:WORD)?.*(?:\n[ \t]*//!.*)*",
];
const SHELL: &[&str] =
    &[r"^(?:#(?:!.*| SPDX.*| shellcheck.*)?\n)*# (?:(?-i:\w+(?: [A-Z.]+)*: )?WORD)?.*(?:\n#.*)*"];
const MARKDOWN: &[&str] = &[];

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
}

/// Checks all tracked files.
///
/// # Errors
///
/// The findings.
pub fn check() -> Result<()> {
    let rules = Rules::new()?;
    let files = git("ls-files")?;
    let mut findings = vec![];

    for file in files.lines().filter(|file| Path::new(file).is_file()) {
        let text = fs::read(file)?;

        for (line, finding) in rules.findings(file, &String::from_utf8_lossy(&text)) {
            findings.push(format!("{file}:{line}: {finding}"));
        }
    }
    expect_none("wording", findings.iter().map(String::as_str))
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
    let what =
        "subjects that are not `dir: verb object`, or whose verb is not a change to the code";

    expect_none(what, log.lines().filter(is_wrong))
}

impl Rules {
    fn new() -> Result<Self> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../words.json");

        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }

    /// Returns the findings in a file, by line.
    fn findings(&self, file: &str, text: &str) -> Vec<(usize, String)> {
        let Some(patterns) = language(file, text) else {
            return vec![];
        };
        let first = format!(r"[^\w\n]*\b({})\b", self.first_words.join("|"));
        // Words are divided by a space or a line break, not by punctuation.
        let phrases = |phrases: &[String]| {
            let phrases = phrases.join("|").replace(' ', r"(?:'s)?\s[^\w']*");

            format!(r"\b({phrases})\b")
        };
        let descriptions = patterns.iter().map(|it| it.replace("WORD", &first));
        let descriptions = descriptions.map(|it| (it, "description begins with"));
        let phrases = [
            (phrases(&self.persons), "name the actor, not"),
            (phrases(&self.quantities), "name the number, not"),
        ];
        let mut found = self.wide_lines(text, patterns == MARKDOWN);

        for (pattern, message) in descriptions.chain(phrases) {
            let pattern = regex(&pattern);

            for words in pattern.captures_iter(text).filter_map(|it| it.get(1)) {
                let line = text[..words.start()].matches('\n').count();

                found.push((line + 1, format!("{message} {:?}", words.as_str())));
            }
        }
        found.sort();
        found
    }

    /// Returns the lines that are too wide, except for addresses, and Markdown's code and tables.
    fn wide_lines(&self, text: &str, is_markdown: bool) -> Vec<(usize, String)> {
        let (mut fenced, mut indented, mut blank) = (false, false, true);
        let mut found = vec![];

        for (number, line) in (1..).zip(text.lines()) {
            let columns = line.replace('\t', TAB).chars().count();
            let fence = line.trim_start().starts_with("```");

            fenced ^= fence;
            indented = line.starts_with("    ") && (indented || blank);
            blank = line.is_empty();

            let is_exempt = is_markdown && (fenced || indented || line.starts_with('|'));

            if columns > self.columns && !is_exempt && !line.contains("://") {
                found.push((number, format!("{columns} columns")));
            }
        }
        found
    }

    /// Returns true if a commit may have this subject.
    fn accepts(&self, subject: &str) -> bool {
        let form = regex(r"^[a-z0-9/_\-., ]+: ((?-i:[a-z])[^ ]*) .");
        let verb = form.captures(subject).map(|it| it[1].to_string());

        verb.is_some_and(|verb| !self.subject_verbs.contains(&verb))
    }
}

/// Returns the patterns of a file's descriptions, or `None` if its wording is not checked.
fn language(file: &str, text: &str) -> Option<&'static [&'static str]> {
    let name = file.rsplit('/').next()?;
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);

    match (name, extension) {
        (_, "rs") => Some(RUST),
        (_, "c" | "h") => Some(C),
        (_, "md") => Some(MARKDOWN),
        (_, "sh" | "mk" | "mak" | "config") => Some(SHELL),
        ("Makefile" | "Kbuild" | "env-packages", _) => Some(SHELL),
        _ => text.starts_with("#!/bin/sh").then_some(SHELL),
    }
}

/// Compiles a pattern of this module, once: `^` is a line's start, and case does not matter.
fn regex(pattern: &str) -> Regex {
    static COMPILED: Mutex<BTreeMap<String, Regex>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap();
    let compile = || Regex::new(&format!("(?mi){pattern}")).unwrap();

    compiled
        .entry(pattern.into())
        .or_insert_with(compile)
        .clone()
}

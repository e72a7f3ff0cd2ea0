// SPDX-License-Identifier: GPL-2.0

//! Checks the subjects of commits.

use anyhow::{
    ensure,
    Result, //
};

use super::{
    git,
    Rules,
    PATH, //
};

/// Checks the subjects of the commits from the one that added `tests/words.json` on.
///
/// If a shallow clone ends after that commit, all its commits are newer and are checked. An import,
/// a first commit that has the file, is not.
///
/// # Errors
///
/// The subjects that are not `dir: verb object`, or whose verb does not name a change to the code.
pub fn check() -> Result<()> {
    let rules = Rules::new()?;
    let added = git(&["log", "-1", "--diff-filter=A", "--format=%H", "--", PATH])?;
    let added = added.trim();
    let parent = format!("{added}^");
    let is_shallow = git(&["rev-parse", "--is-shallow-repository"])?.trim() == "true";
    let mut arguments = vec!["log", "--no-merges", "--format=%h %s", "HEAD"];

    ensure!(!added.is_empty(), "{PATH} is in no commit");
    if git(&["rev-parse", "--quiet", "--verify", &parent]).is_ok() {
        arguments.extend(["--not", &parent]);
    } else if !is_shallow {
        arguments.extend(["--not", added]);
    }

    let log = git(&arguments)?;
    let wrong: Vec<_> = log
        .lines()
        .filter(|line| !rules.accepts(line.split_once(' ').unwrap_or_default().1))
        .collect();

    ensure!(
        wrong.is_empty(),
        "subjects that are not `dir: verb object`, or whose verb is not a change to the code:\n{}",
        wrong.join("\n")
    );
    Ok(())
}

impl Rules {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_name_a_directory_a_change_and_an_object() {
        let rules = Rules::new().unwrap();

        for good in [
            "dma: add a test",
            "sg, tests/e2e: remove it",
            ".ci: rename run",
        ] {
            assert!(rules.accepts(good), "{good}");
        }
        for bad in [
            "add a test",
            "dma: add",
            "dma: Add a test",
            ": add a test",
            "a(b): add c",
            "",
        ] {
            assert!(!rules.accepts(bad), "{bad}");
        }
        for verb in &rules.subject_verbs {
            assert!(!rules.accepts(&format!("dma: {verb} a test")), "{verb}");
        }
    }
}

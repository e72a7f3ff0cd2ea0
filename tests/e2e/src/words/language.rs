// SPDX-License-Identifier: GPL-2.0

//! Finds words, descriptions and wide lines in the languages of the project.

/// Tab width of C, shell and make.
const TAB: usize = 8;

/// Language of a file.
#[derive(Clone, Copy, PartialEq)]
pub enum Language {
    C,
    Markdown,
    Rust,
    /// Shell, make, and other files with `#` comments.
    Shell,
}

impl Language {
    /// Returns the language of a file, or `None` if its wording is not checked.
    pub fn of(file: &str, text: &str) -> Option<Self> {
        let name = file.rsplit('/').next()?;
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);

        match (name, extension) {
            (_, "rs") => Some(Self::Rust),
            (_, "c" | "h") => Some(Self::C),
            (_, "md") => Some(Self::Markdown),
            (_, "sh" | "mak" | "config") => Some(Self::Shell),
            ("Makefile" | "Kbuild" | "env-packages", _) => Some(Self::Shell),
            _ => text.starts_with("#!/bin/sh").then_some(Self::Shell),
        }
    }

    /// Returns the description that begins in line `at`, if one does.
    pub fn description<'a>(self, lines: &[&'a str], at: usize) -> Option<&'a str> {
        let line = lines[at];
        let before = at.checked_sub(1).map_or("", |before| lines[before]);

        match self {
            Self::Rust => ["///", "//!"].into_iter().find_map(|marker| {
                let text = line.trim_start().strip_prefix(marker)?;

                (!before.trim_start().starts_with(marker)).then_some(text)
            }),
            Self::C if matches!(before, "/*" | "/**") => Some(line),
            Self::C => line.strip_prefix("/*"),
            Self::Markdown => None,
            Self::Shell => {
                let text = line.strip_prefix("# ").filter(|_| !is_header(line))?;
                let above = lines[..at].iter().rev();
                let mut above = above.take_while(|line| line.starts_with('#'));

                above.all(|line| is_header(line)).then(|| {
                    // Of a function or a variable: `name ARGUMENT: text`.
                    let name = text.split([' ', ':']).next().unwrap_or_default();
                    let code = lines[at..].iter().find(|line| !line.starts_with('#'));
                    let is_named = code.is_some_and(|code| code.starts_with(name));

                    match text.split_once(": ") {
                        Some((_, text)) if is_named => text,
                        _ => text,
                    }
                })
            }
        }
    }

    /// Returns the width of a line.
    pub fn columns(self, line: &str) -> usize {
        line.chars().map(|c| if c == '\t' { TAB } else { 1 }).sum()
    }

    /// Returns for each line if it may be wide: addresses, and Markdown's code and tables.
    pub fn may_be_wide(self, lines: &[&str]) -> Vec<bool> {
        let (mut fenced, mut indented, mut blank) = (false, false, true);
        let may_be_wide = |line: &&str| {
            let fence = line.trim_start().starts_with("```");

            fenced ^= fence;
            indented = line.starts_with("    ") && (indented || blank);
            blank = line.is_empty();

            let exempt = fenced || indented || line.starts_with('|');

            line.contains("://") || (self == Self::Markdown && exempt)
        };

        lines.iter().map(may_be_wide).collect()
    }
}

/// Returns true for the lines of a script before its description.
fn is_header(line: &str) -> bool {
    line == "#"
        || ["#!", "# SPDX", "# shellcheck"]
            .iter()
            .any(|start| line.starts_with(start))
}

/// Returns the words of a line in lower case, each with true if punctuation follows.
pub fn tokens(line: &str) -> impl Iterator<Item = (String, bool)> + '_ {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '\'';

    line.split_whitespace().filter_map(move |token| {
        let start = token.trim_start_matches(|c| !is_word(c));
        let word = start.trim_end_matches(|c| !is_word(c));

        let ends = word.len() < start.len();
        let word = word.trim_end_matches("'s").to_lowercase();

        (!word.is_empty()).then_some((word, ends))
    })
}

// SPDX-License-Identifier: GPL-2.0

//! Replaces the lines of a chapter that stand for something else:
//!
//! ```text
//! {{code lessons/single.rs}}         a file, without its licence line
//! {{code lessons/single.rs copy}}    an item of it, by its name
//! {{run limits}}                     a section of what a board printed
//! {{run limits mask}}                its lines with a text
//! {{rows report single 64}}          its lines with these first columns
//! {{timeline trace A copy}}          the events of a section as a picture with a title
//! {{case stack}}                     a program of tests/compile_fail, and the compiler's words
//! {{exercise one-buffer}}            an exercise, with the command that begins it
//! {{mistakes}}                       all mistakes, each with its programs
//! ```
//!
//! A fence of the language `picture` becomes an SVG.

use super::{
    code,
    exercises::Exercise,
    mistakes,
    picture,
    runs::Runs,
    timeline, //
};
use crate::prelude::*;

/// Beginning and end of the fence of a picture.
const PICTURE: &str = "```picture";
const FENCE: &str = "```";

/// Returns a chapter with all its lines replaced.
///
/// # Errors
///
/// With file and line, if a line names something that does not exist.
pub fn expand(chapter: &str, text: &str, runs: &Runs) -> Result<String> {
    let (mut expanded, mut lines) = (String::new(), (1..).zip(text.lines()));

    while let Some((number, line)) = lines.next() {
        let place = || format!("{}/src/{chapter}:{number}", super::CHAPTERS);

        if let Some(title) = line.strip_prefix(PICTURE) {
            let mut drawn = vec![];

            loop {
                let (_, line) = lines
                    .next()
                    .with_context(|| format!("{}: no end", place()))?;

                if line == FENCE {
                    break;
                }
                drawn.push(line);
            }
            ensure!(!title.trim().is_empty(), "{}: no title", place());
            expanded += &picture::svg(title.trim(), &drawn).with_context(place)?;
        } else if let Some(directive) = directive(line) {
            expanded += &replacement(directive, runs).with_context(place)?;
        } else {
            ensure!(!line.contains("{{"), "{}: braces within a line", place());
            expanded += line;
        }
        expanded.push('\n');
    }
    Ok(expanded)
}

/// Returns the words of a line that stands for something else.
fn directive(line: &str) -> Option<&str> {
    let words = line.strip_prefix("{{")?.strip_suffix("}}")?;

    (!words.starts_with('#')).then_some(words)
}

fn replacement(directive: &str, runs: &Runs) -> Result<String> {
    let words: Vec<_> = directive.split(' ').collect();

    match words[..] {
        ["code", path] => code::file(path),
        ["code", path, item] => code::item(path, item),
        ["run", section] => Ok(fence("text", runs.section(section)?)),
        ["run", section, ..] => {
            let filter = words[2..].join(" ");

            lines_of(section, runs, |line| line.contains(&filter))
        }
        ["rows", section, ..] => {
            let first = words[2..].join(" ");

            lines_of(section, runs, |line| begins_with_columns(line, &first))
        }
        ["timeline", section, ..] => timeline::svg(&words[2..].join(" "), runs.section(section)?),
        ["case", name] => case(name, runs),
        ["exercise", name] => Ok(format!(
            "1. {} Begin with `make exercise N={name}`; the same command checks it.",
            Exercise::find(name)?.task
        )),
        ["mistakes"] => mistakes::sections(runs),
        _ => bail!("unknown: {directive}"),
    }
}

/// Returns the lines of a section that have a property.
fn lines_of(section: &str, runs: &Runs, has: impl Fn(&str) -> bool) -> Result<String> {
    let lines = runs.section(section)?.lines().filter(|line| has(line));
    let lines: Vec<_> = lines.collect();

    ensure!(!lines.is_empty(), "no line of {section} matches");
    Ok(fence("text", &lines.join("\n")))
}

/// Returns true if the first columns of a line are `first`. Two spaces or more separate columns.
fn begins_with_columns(line: &str, first: &str) -> bool {
    let columns = line.split("  ").map(str::trim).filter(|it| !it.is_empty());
    let columns: Vec<_> = columns.collect();

    (1..=columns.len()).any(|count| columns[..count].join(" ") == first)
}

/// Returns a program that does not compile, its comment, and the compiler's words.
pub fn case(name: &str, runs: &Runs) -> Result<String> {
    let (comment, mistake) = code::case(name)?;
    let message = runs.message(name)?;

    Ok(format!(
        "{comment}\n\n{}\n\nThe compiler says:\n\n{}\n",
        fence("rust,ignore", &mistake),
        fence("text", message)
    ))
}

/// Returns a block of code.
pub fn fence(language: &str, text: &str) -> String {
    format!("{FENCE}{language}\n{}\n{FENCE}\n", text.trim_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_replaced() {
        let runs = Runs::of_sections(&[("report", "sync  1 ok\nsynced  2 ok")]);
        let expand = |text| expand("x.md", text, &runs);

        let table = "\n```text\nsync  1 ok\n```\n\n";

        assert_eq!(
            expand("a\n{{rows report sync}}\nb").unwrap(),
            format!("a{table}b\n")
        );
        assert_eq!(expand("{{rows report sync 1 ok}}").unwrap(), table[1..]);
        assert_eq!(
            expand("a\n{{run report c  1}}").unwrap(),
            format!("a{table}")
        );
        for (text, error) in [
            ("\n{{run nothing}}", "docs/tutorial/src/x.md:2"),
            ("{{run report nothing}}", "no line of report matches"),
            ("{{rows report syn}}", "no line of report matches"),
            ("a {{run report}}", "x.md:1: braces within a line"),
            ("```picture A\n│", "x.md:1: no end"),
            ("{{case no_such_case}}", "no_such_case"),
            ("{{code no/such.rs}}", "no/such.rs"),
            ("{{wrong}}", "unknown: wrong"),
            ("```picture\n```", "no title"),
        ] {
            let found = format!("{:#}", expand(text).unwrap_err());

            assert!(found.contains(error), "{found}");
        }
    }
}

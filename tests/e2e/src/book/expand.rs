// SPDX-License-Identifier: GPL-2.0

//! Replaces the lines of a chapter that stand for something else:
//!
//! ```text
//! {{code lessons/single.rs}}         a file, without its licence line
//! {{code lessons/single.rs copy}}    an item of it, by its name
//! {{run report sync}}                a section of what a board printed: the lines with a text
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
            let drawn = lines.by_ref().map(|(_, line)| line);
            let drawn: Vec<_> = drawn.take_while(|line| *line != FENCE).collect();

            ensure!(!title.trim().is_empty(), "{}: no title", place());
            expanded += &picture::svg(title.trim(), &drawn).with_context(place)?;
        } else if let Some(directive) = directive(line) {
            expanded += &replacement(directive, runs).with_context(place)?;
        } else {
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
            let section = runs.section(section)?;
            // The columns of a table are separated by any number of spaces.
            let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
            let has = |line: &&str| words(line).contains(&filter);
            let lines: Vec<_> = section.lines().filter(has).collect();

            ensure!(!lines.is_empty(), "no line of it has {filter:?}");
            Ok(fence("text", &lines.join("\n")))
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
        let runs = Runs::of_sections(&[("report", "sync ok\nsingle ok")]);
        let expand = |text| expand("x.md", text, &runs);

        assert_eq!(
            expand("a\n{{run report sync}}\nb {{run report}}").unwrap(),
            "a\n```text\nsync ok\n```\n\nb {{run report}}\n"
        );
        for (text, error) in [
            ("\n{{run nothing}}", "docs/tutorial/src/x.md:2"),
            ("{{run report nothing}}", "no line of it has \"nothing\""),
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

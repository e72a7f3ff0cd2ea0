// SPDX-License-Identifier: GPL-2.0

use super::*;

/// Returns the rules with a list of `dir` and `dir/sub`.
fn rules() -> Rules {
    let unclean = [("dir".into(), 2), ("dir/sub".into(), 1)].into();

    Rules {
        unclean,
        ..Rules::new().unwrap()
    }
}

fn lines(file: &str, text: &str) -> Vec<usize> {
    let findings = rules().findings(file, text);

    findings.iter().map(|finding| finding.line).collect()
}

#[test]
fn each_first_word_is_found() {
    for word in rules().first_words {
        for (file, text) in [
            (
                "a.rs",
                format!("//! Good.\n//! {word} is.\n/// {word} is.\n"),
            ),
            (
                "a.h",
                format!("/* Good:\n * {word} is. */\n/** {word} is. */\n"),
            ),
            ("a.c", format!("\n/*\n * {word} is.\n * {word} is.\n */\n")),
            (
                "a",
                format!("#!/bin/sh\n#\n# {word} is.\n#\n# {word} is.\n"),
            ),
            (
                "a.sh",
                format!("\n\n# f WORD: {word} is.\n# {word} is.\nf() {{\n"),
            ),
            ("Makefile", format!("\n\n# {word} is.\n# {word} is.\n")),
        ] {
            assert_eq!(lines(file, &text), [3], "{text}");
        }
    }
}

#[test]
fn each_phrase_is_found_also_across_lines() {
    for phrase in rules().persons.iter().chain(&rules().quantities) {
        let broken = phrase.replace(' ', "\n * ");

        assert_eq!(lines("a.md", &format!("A\n({phrase}, B).")), [2]);
        assert_eq!(lines("a.c", &format!("/* A\n * {broken} */")), [2]);
        assert!(lines("a.rs", &format!("let {}_ = 1;", phrase.replace(' ', "_"))).is_empty());
    }
}

#[test]
fn wide_lines_are_found_except_for_tables_code_and_addresses() {
    let wide = "x".repeat(101);

    for file in ["a.rs", "a.c", "a.sh", "a.md", "Kbuild"] {
        assert_eq!(
            lines(file, &format!("{}\n{wide}", &wide[1..])),
            [2],
            "{file}"
        );
        assert!(lines(file, &format!("a://{wide}")).is_empty());
    }
    assert_eq!(lines("a.c", &format!("\t{}", &wide[8..])), [1]);
    for text in ["|", "```\n", "A\n\n    ", "A\n\n    B\n    "] {
        assert!(lines("a.md", &format!("{text}{wide}")).is_empty(), "{text}");
    }
    assert_eq!(lines("a.md", &format!("- A\n    {wide}")), [2]);
    assert_eq!(lines("a.md", &format!("```\nA\n```\n{wide}")), [4]);
}

#[test]
fn more_and_fewer_findings_than_listed_fail() {
    let compare = |files: &[&str]| {
        let finding = |file: &&str| Finding {
            file: file.to_string(),
            line: 1,
            text: "text".into(),
        };
        let findings: Vec<_> = files.iter().map(finding).collect();

        rules()
            .compare(&findings)
            .map_err(|error| error.to_string())
    };

    assert_eq!(compare(&["dir/a", "dir/sub/a", "dir/b"]), Ok(()));
    assert!(compare(&["dir/a", "dir/sub/a"])
        .unwrap_err()
        .contains("write 1"));
    assert!(compare(&["dir/a"; 3])
        .unwrap_err()
        .contains("dir/a:1: text"));
    assert!(compare(&["dir/a", "dir/sub/a", "dir/b", "dirt"])
        .unwrap_err()
        .contains("dirt:1"));
}

// SPDX-License-Identifier: GPL-2.0

use super::*;

fn rules() -> Rules {
    Rules::new().unwrap()
}

/// Checks that a file has findings in these lines, and no others.
#[track_caller]
fn expect(file: &str, text: &str, lines: &[usize]) {
    let findings = rules().findings(file, text);
    let found: Vec<_> = findings.iter().map(|(line, _)| *line).collect();

    assert_eq!(found, lines, "{file}: {text}");
}

#[test]
fn each_first_word_is_found() {
    for word in rules().first_words {
        for (file, text) in [
            ("a.rs", "//! Good.\n//! WORD is.\n/// WORD is.\n"),
            ("a.h", "/* Good:\n * WORD is. */\n/** WORD is. */\n"),
            ("a.c", "\n/*\n * WORD is.\n * WORD is.\n */\n"),
            ("a", "#!/bin/sh\n#\n# WORD is.\n#\n# WORD is.\n"),
            ("a.sh", "\n\n# f A: WORD is.\n# WORD is.\nf() {\n"),
            ("Makefile", "\n\n# WORD is.\n# WORD is.\n"),
        ] {
            expect(file, &text.replace("WORD", &word), &[3]);
        }
    }
}

#[test]
fn each_phrase_is_found_also_across_lines() {
    for phrase in rules().persons.iter().chain(&rules().quantities) {
        let [lines, name] = ["\n * ", "_"].map(|space| phrase.replace(' ', space));

        expect("a.md", &format!("A\n({phrase}, B)."), &[2]);
        expect("a.c", &format!("/* A\n * {lines} */"), &[2]);
        expect("a.rs", &format!("let {name}_ = 1;"), &[]);
    }
}

#[test]
fn wide_lines_are_found_except_for_tables_code_and_addresses() {
    let wide = "x".repeat(101);

    for file in ["a.rs", "a.c", "a.sh", "a.md", "Kbuild"] {
        expect(file, &format!("{}\n{wide}\na://{wide}", &wide[1..]), &[2]);
    }
    expect("a.c", &format!("\t{}", &wide[8..]), &[1]);
    for (before, lines) in [
        ("|", &[][..]),
        ("```\n", &[]),
        ("A\n\n    ", &[]),
        ("A\n\n    B\n    ", &[]),
        ("- A\n    ", &[2]),
        ("```\nA\n```\n", &[4]),
    ] {
        expect("a.md", &format!("{before}{wide}"), lines);
    }
}

#[test]
fn subjects_name_a_directory_a_change_and_an_object() {
    let rules = rules();

    for (subject, is_good) in [
        ("dma: add a test", true),
        ("sg, tests/e2e: remove it", true),
        (".ci: rename run", true),
        ("add a test", false),
        ("dma: add", false),
        ("dma: Add a test", false),
        (": add a test", false),
        ("a(b): add c", false),
        ("", false),
    ] {
        assert_eq!(rules.accepts(subject), is_good, "{subject}");
    }
    for verb in &rules.subject_verbs {
        assert!(!rules.accepts(&format!("dma: {verb} a test")), "{verb}");
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Compares the documentation with the tests that passed.
//!
//! `docs/mistakes.md` has a table with a row for each mistake. Its last column names the tests that
//! show the row, as code spans: `compile_fail::stack::mistake`, or `kunit::*::mapping::maps` with a
//! star in place of one part.

use crate::prelude::*;

/// Page with the tables.
pub const MISTAKES: &str = "docs/mistakes.md";

/// Checks that each row of the tables names tests, and only tests of `passed`.
pub fn check(passed: &[String]) -> Result<()> {
    check_page(&fs::read_to_string(MISTAKES).context(MISTAKES)?, passed)
}

fn check_page(page: &str, passed: &[String]) -> Result<()> {
    let rows = rows(page);
    let mut wrong = vec![];

    for (line, cell) in &rows {
        // Code spans that are names of tests.
        let spans = cell.split('`').skip(1).step_by(2);
        let patterns: Vec<_> = spans.filter(|span| span.contains("::")).collect();

        if patterns.is_empty() {
            wrong.push(format!("{MISTAKES}:{line} names no test as a code span"));
        }
        for pattern in patterns {
            if !passed.iter().any(|test| matches(pattern, test)) {
                wrong.push(format!(
                    "{MISTAKES}:{line} names {pattern}, which is not a test that passed"
                ));
            }
        }
    }
    ensure!(!rows.is_empty(), "{MISTAKES} has no table");
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Returns line number and last cell of the rows of all tables, without their heads.
fn rows(page: &str) -> Vec<(usize, String)> {
    let mut rows = vec![];
    let mut in_table = false;

    for (number, line) in (1..).zip(page.lines()) {
        let is_row = line.trim_start().starts_with('|');

        if in_table && is_row {
            // A cell ends with `|`, but not with `\|`.
            let cells = line.trim_end().replace(r"\|", "");
            let cells = cells.strip_suffix('|').unwrap_or(&cells);

            rows.push((number, cells.rsplit('|').next().unwrap_or_default().into()));
        }
        // The line of dashes ends the head.
        let is_dashes = line.contains("--") && line.chars().all(|it| " -:|".contains(it));

        in_table = is_row && (in_table || is_dashes);
    }
    rows
}

/// Returns true if `test` has the name `pattern`, where a part `*` stands for any one part.
fn matches(pattern: &str, test: &str) -> bool {
    let [pattern, test] = [pattern, test].map(|name| name.split("::").collect::<Vec<_>>());

    pattern.len() == test.len() && pattern.iter().zip(test).all(|(a, b)| *a == "*" || *a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# Mistakes\n\n| Mistake | C | Tests |\n|---|:-:|--|\n";

    #[test]
    fn names_are_compared() {
        let tests = ["fail::stack", "kunit::plain::maps"].map(String::from);
        let no_test = "docs/mistakes.md:5 names no test as a code span".to_string();
        let unknown = |line, name| {
            format!("docs/mistakes.md:{line} names {name}, which is not a test that passed")
        };
        let two = [unknown(5, "x::y"), unknown(6, "y::z")].join("\n");

        for (rows, expected) in [
            ("a stack | S | `fail::stack` |", String::new()),
            ("a | `kunit::*::maps`, `fail::stack` |", String::new()),
            ("a | S | `fail::stack` \\| c |", String::new()),
            ("a | S | `x::y` |\n| b \\| c | D | `y::z` |", two.clone()),
            (
                "a | `x::y` and `f*::stack` |",
                two.replace("6 names y::z", "5 names f*::stack"),
            ),
            (
                "a | `x::y`, `kunit::*` |",
                two.replace("6 names y::z", "5 names kunit::*"),
            ),
            ("a | S | see `Mapping` |", no_test.clone()),
            ("`fail::stack` | S | |", no_test),
        ] {
            let found = check_page(&format!("{HEAD}| {rows}\n\nThe end.\n"), &tests);
            let found = found.map_or_else(|error| error.to_string(), |()| String::new());

            assert_eq!(found, expected, "{rows}");
        }
        assert!(check_page("# Mistakes\n", &[]).is_err());
        assert!(check_page(HEAD, &[]).is_err());
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Compares the documentation with the tests.
//!
//! `docs/mistakes.md` has a table with a row for each mistake. Its last column names the tests that
//! show the row, as code spans: `compile_fail::stack::mistake`, or `kunit::*::mapping::maps` with a
//! star in place of one part.

use crate::prelude::*;

/// Page with the tables.
const MISTAKES: &str = "docs/mistakes.md";

/// Adds the test that compares the page with all tests that were added before.
pub fn add(suite: &mut Suite) {
    let names = suite.names();

    suite.test("docs::mistakes_names_tests_that_ran", move || {
        let page =
            fs::read_to_string(MISTAKES).with_context(|| format!("cannot read {MISTAKES}"))?;

        check(&page, &names)
    });
}

/// Checks that each row of the page's tables names tests, and only tests that exist.
fn check(page: &str, tests: &[String]) -> Result<()> {
    let rows = rows(page);
    let mut wrong = vec![];

    for (line, cell) in &rows {
        let (place, patterns) = (format!("{MISTAKES}:{line}"), patterns(cell));

        if patterns.is_empty() {
            wrong.push(format!("{place} names no test as a code span"));
        }
        for pattern in patterns {
            if !tests.iter().any(|test| matches(pattern, test)) {
                wrong.push(format!("{place} names {pattern}, which is not a test"));
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

    for (line, number) in page.lines().zip(1..) {
        let Some(cells) = line.trim().strip_prefix('|') else {
            in_table = false;
            continue;
        };

        if in_table {
            rows.push((number, last_cell(cells)));
        } else {
            // The line of dashes ends the head.
            in_table = cells.contains("--") && cells.chars().all(|it| " -:|".contains(it));
        }
    }
    rows
}

/// Returns the last of some cells. A cell ends with `|`, but not with `\|`.
fn last_cell(cells: &str) -> String {
    let cells = cells.trim_end().replace(r"\|", "\0");
    let cells = cells.strip_suffix('|').unwrap_or(&cells);
    let (_, last) = cells.rsplit_once('|').unwrap_or(("", cells));

    last.trim().replace('\0', "|")
}

/// Returns the code spans of a cell that are names of tests.
fn patterns(cell: &str) -> Vec<&str> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .filter(|span| span.contains("::"))
        .collect()
}

/// Returns whether `test` has the name `pattern`, where a part `*` stands for any one part.
fn matches(pattern: &str, test: &str) -> bool {
    let [pattern, test] = [pattern, test].map(|name| name.split("::").collect::<Vec<_>>());

    pattern.len() == test.len() && pattern.iter().zip(test).all(|(a, b)| *a == "*" || *a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# Mistakes\n\n| Mistake | C | Tests |\n|---|:-:|--|\n";

    /// Returns the error for a page with these rows, or "".
    fn complaint(rows: &str) -> String {
        let tests = [
            "compile_fail::stack::mistake",
            "kunit::virt_plain::mapping::maps",
        ];

        check(
            &format!("{HEAD}{rows}\n\nThe end.\n"),
            &tests.map(String::from),
        )
        .map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn names_are_compared() {
        const NO_TEST: &str = "docs/mistakes.md:5 names no test as a code span";

        for (rows, expected) in [
            ("| a stack | S | `compile_fail::stack::mistake` |", ""),
            (
                "| a | S | `kunit::*::mapping::maps`, `compile_fail::stack::mistake` |",
                "",
            ),
            (
                "| a | S | `x::y` |\n| b \\| c | D | `y::z` |",
                "docs/mistakes.md:5 names x::y, which is not a test\n\
                 docs/mistakes.md:6 names y::z, which is not a test",
            ),
            ("| a | S | see `Mapping` |", NO_TEST),
            ("| `compile_fail::stack::mistake` | S | |", NO_TEST),
        ] {
            assert_eq!(complaint(rows), expected, "{rows}");
        }
        assert!(check("# Mistakes\n", &[]).is_err());
        assert!(check(HEAD, &[]).is_err());
        assert_eq!(last_cell(r" a | b \| c |"), r"b | c");
    }

    #[test]
    fn a_star_is_one_part_only() {
        for (pattern, expected) in [
            ("kunit::*::a::b", true),
            ("kunit::*", false),
            ("kunit::*::b", false),
            ("kunit::vi*::a::b", false),
        ] {
            assert_eq!(matches(pattern, "kunit::virt::a::b"), expected);
        }
    }
}

// SPDX-License-Identifier: GPL-2.0

//! What the documentation says of the tests, compared with those that ran.
//!
//! `docs/mistakes.md` is a table, a row for each mistake. Its last column names the tests that show
//! the row, as code spans: `compile_fail::stack::mistake`, or with a star in place of any one part,
//! `kunit::*::mapping::maps`. Where what would show it is still to be written, the cell says so and
//! nothing else: `to come: ` and the room, `sg` or `pl330`.

use std::fs;

use anyhow::{
    bail,
    ensure,
    Context,
    Result, //
};

/// The table.
const MISTAKES: &str = "docs/mistakes.md";

/// What a cell may say instead of naming tests.
const TO_COME: [&str; 2] = ["to come: sg", "to come: pl330"];

/// Whether every test that the table names is one of those that `passed`.
pub fn mistakes_name_tests_that_ran(passed: &[String]) -> Result<()> {
    let page = fs::read_to_string(MISTAKES).with_context(|| format!("cannot read {MISTAKES}"))?;

    expect_named_tests(&page, passed)
}

fn expect_named_tests(page: &str, passed: &[String]) -> Result<()> {
    let rows = rows(page);
    let wrong: Vec<_> = rows
        .iter()
        .filter_map(|row| row.check(passed).err())
        .map(|error| error.to_string())
        .collect();

    ensure!(!rows.is_empty(), "{MISTAKES} has no table");
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// A row of a table.
#[derive(Debug, PartialEq)]
struct Row {
    /// Where it is in the page.
    line: usize,
    /// What its last column says.
    last: String,
}

impl Row {
    fn check(&self, passed: &[String]) -> Result<()> {
        let Self { line, last } = self;
        let names = names(last);

        if TO_COME.contains(&last.replace('`', "").as_str()) {
            return Ok(());
        }
        if names.is_empty() {
            bail!(
                "{MISTAKES}:{line} names no test: write its name as a code span, or one of: {}",
                TO_COME.join(", ")
            );
        }
        for name in names {
            ensure!(
                passed.iter().any(|test| matches(name, test)),
                "{MISTAKES}:{line} names {name}, which did not run, or did not pass"
            );
        }
        Ok(())
    }
}

/// The rows of all tables of a page, without their heads.
fn rows(page: &str) -> Vec<Row> {
    let mut rows = vec![];
    let mut in_table = false;

    for (index, line) in page.lines().enumerate() {
        let Some(cells) = line.trim().strip_prefix('|') else {
            in_table = false;
            continue;
        };

        if in_table {
            rows.push(Row {
                line: index + 1,
                last: last_cell(cells),
            });
        } else {
            // The head comes first; the line of dashes below it ends it.
            in_table = cells.contains("--") && cells.chars().all(|it| " -:|".contains(it));
        }
    }
    rows
}

/// The last of some cells, which `|` ends, but not `\|`.
fn last_cell(cells: &str) -> String {
    let cells = cells.trim_end().replace(r"\|", "\0");
    let cells = cells.strip_suffix('|').unwrap_or(&cells);

    cells
        .rsplit('|')
        .next()
        .unwrap_or_default()
        .trim()
        .replace('\0', "|")
}

/// The code spans of a cell that are names of tests.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .filter(|span| span.contains("::"))
        .collect()
}

/// Whether `test` has the name `pattern`, where a part `*` stands for any one part.
fn matches(pattern: &str, test: &str) -> bool {
    let (pattern, test): (Vec<_>, Vec<_>) =
        (pattern.split("::").collect(), test.split("::").collect());

    pattern.len() == test.len() && pattern.iter().zip(test).all(|(a, b)| *a == "*" || *a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# Mistakes\n\n| Mistake | C | Tests |\n|---|:-:|--|\n";

    fn check(cells: &str) -> Result<()> {
        let passed = [
            "compile_fail::stack::mistake".to_string(),
            "kunit::virt_plain::mapping::maps".to_string(),
        ];

        expect_named_tests(&format!("{HEAD}{cells}\n\nThe end.\n"), &passed)
    }

    fn complaint(cells: &str) -> String {
        check(cells).unwrap_err().to_string()
    }

    #[test]
    fn tests_that_passed_may_be_named() {
        check("| a stack | S | `compile_fail::stack::mistake` |").unwrap();
        check("| a | S | `kunit::*::mapping::maps`, `compile_fail::stack::mistake` |").unwrap();
    }

    #[test]
    fn a_test_that_did_not_run_is_named() {
        assert_eq!(
            complaint("| a | S | `compile_fail::stack::mistake`, `compile_fail::heap::mistake` |"),
            "docs/mistakes.md:5 names compile_fail::heap::mistake, which did not run, or did not \
             pass"
        );
    }

    #[test]
    fn every_wrong_row_is_named() {
        let said = complaint("| a | S | `x::y` |\n| b | D | `y::z` |");

        assert!(said.contains(":5 names x::y") && said.contains(":6 names y::z"));
    }

    #[test]
    fn a_star_is_one_part_only() {
        assert!(matches("kunit::*::a::b", "kunit::virt::a::b"));
        assert!(!matches("kunit::*", "kunit::virt::a::b"));
        assert!(!matches("kunit::*::b", "kunit::virt::a::b"));
        assert!(!matches("kunit::vi*::a::b", "kunit::virt::a::b"));
    }

    #[test]
    fn a_row_without_test_fails() {
        assert!(complaint("| a | S | see `Mapping` |").starts_with("docs/mistakes.md:5 names no"));
        assert!(complaint("| `compile_fail::stack::mistake` | S | |").contains("names no test"));
    }

    #[test]
    fn a_row_may_be_to_come() {
        check("| a | S | to come: sg |").unwrap();
        check("| a | S | `to come: pl330` |").unwrap();
        assert!(check("| a | S | to come: usb |").is_err());
        assert!(check("| a | S | to come: sg, perhaps |").is_err());
    }

    #[test]
    fn a_bar_in_a_cell_does_not_end_it() {
        assert_eq!(last_cell(r" a | b \| c |"), r"b | c");
    }

    #[test]
    fn a_page_without_table_fails() {
        assert!(expect_named_tests("# Mistakes\n", &[]).is_err());
        assert!(expect_named_tests(HEAD, &[]).is_err());
    }
}

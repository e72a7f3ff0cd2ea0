// SPDX-License-Identifier: GPL-2.0

//! The mistakes of `docs/mistakes.md`, a section each.

use super::{
    expand,
    runs::Runs, //
};
use crate::prelude::*;

/// Returns a section for each mistake: what it does in C and here, its programs with the compiler's
/// words, and the tests that run.
pub fn sections(runs: &Runs) -> Result<String> {
    let page = fs::read_to_string(docs::MISTAKES).context(docs::MISTAKES)?;
    let mut sections = String::new();

    for row in page.lines().filter_map(cells) {
        let [number, mistake, in_c, here, tests] = &row[..] else {
            bail!("{}: a row of {} cells: {row:?}", docs::MISTAKES, row.len());
        };

        // The head of a table, and the line below it.
        if ["#", "---"].contains(number) {
            continue;
        }

        let names: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        let program = |test: &&str| {
            let case = test.strip_prefix("compile_fail::")?;

            Some(case.strip_suffix("::mistake")?.to_string())
        };
        let programs: Vec<_> = names.iter().filter_map(program).collect();
        let others: Vec<_> = names.iter().filter(|it| program(it).is_none()).collect();

        sections += &format!("## {number}. {mistake}\n\nIn C: {in_c}.\n\nHere: {here}.\n\n");
        for program in programs {
            sections += &format!("<details><summary><code>{program}</code></summary>\n\n");
            sections += &expand::case(&program, runs)?;
            sections += "\n</details>\n\n";
        }
        if !others.is_empty() {
            let others = others.iter().map(|it| format!("`{it}`"));

            sections += &format!("Tests: {}\n\n", others.collect::<Vec<_>>().join(", "));
        }
    }
    ensure!(!sections.is_empty(), "{} has no mistakes", docs::MISTAKES);
    Ok(sections)
}

/// Returns the cells of a row of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    // No cell has a bar, which would be a cell more: an error.
    let cells = line.strip_prefix('|')?.strip_suffix('|')?;

    Some(cells.split('|').map(str::trim).collect())
}

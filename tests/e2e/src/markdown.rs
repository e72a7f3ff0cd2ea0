// SPDX-License-Identifier: GPL-2.0

//! Checks the links of the pages that are read in the tree: of the README and those beside the
//! course, whose links are checked once it is built.

use crate::prelude::*;

/// Directory of the course.
const COURSE: &str = "docs/tutorial";

/// Checks that the file of each link exists, and the heading that it names.
pub fn check() -> Result<()> {
    let mut broken = vec![];

    for page in lint::tracked("*.md")? {
        if page.starts_with(COURSE) {
            continue;
        }
        for link in links(&fs::read_to_string(&page)?) {
            if !exists(&page, &link)? {
                broken.push(format!("{}: no {link}", page.display()));
            }
        }
    }
    expect_none("links", broken.iter().map(String::as_str))
}

/// Returns the links of a page to files of the project.
fn links(page: &str) -> Vec<String> {
    static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\]\(([^)\s]+)\)").unwrap());

    let found = LINK.captures_iter(page).map(|it| it[1].to_string());

    found.filter(|link| !link.contains("://")).collect()
}

fn exists(page: &Path, link: &str) -> Result<bool> {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let file = match file {
        "" => page.into(),
        file => page.with_file_name(file),
    };

    if heading.is_empty() || !file.exists() {
        return Ok(file.exists());
    }

    let text = fs::read_to_string(&file)?;
    let mut headings = text.lines().filter(|line| line.starts_with('#'));

    Ok(headings.any(|line| name_of(line) == heading))
}

/// Returns the name by which a link finds a heading.
fn name_of(heading: &str) -> String {
    let kept = |it: &char| it.is_alphanumeric() || " -_".contains(*it);

    heading
        .trim_start_matches('#')
        .trim()
        .chars()
        .filter(kept)
        .map(|it| {
            if it == ' ' {
                '-'
            } else {
                it.to_ascii_lowercase()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_and_headings_are_found() {
        let page = "[a](docs/a.md) `[b]` [c](x#y)\n[d](https://x.y/z) [e](#f)";

        assert_eq!(links(page), ["docs/a.md", "x#y", "#f"]);
        assert_eq!(name_of("## `make test`, twice"), "make-test-twice");
    }
}

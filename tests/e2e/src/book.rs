// SPDX-License-Identifier: GPL-2.0

//! Builds the course of `docs/tutorial` with mdBook, into `out/book`.
//!
//! The chapters are Markdown. Code, output and the compiler's words are not pasted into them: a
//! line in double braces stands for each, and is replaced by what the tree has and what a run of
//! this build printed. [`expand`] lists these lines.

mod browser;
mod code;
pub mod exercises;
mod expand;
mod links;
mod mistakes;
mod picture;
mod runs;
mod timeline;

use crate::prelude::*;

/// Directory of the chapters.
pub const CHAPTERS: &str = "docs/tutorial";

/// Directory of the book: `src` has the chapters as mdBook gets them, `html` the pages.
const OUT: &str = "out/book";

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    let is_built = Test::new("book::is_built_with_good_links", |_| Ok(()));
    let is_good = Test::new("book::is_good_in_a_browser", |problems: &Vec<String>| {
        expect_none("pages", problems.iter().map(String::as_str))
    });

    suite.add("book", [is_built, is_good], || {
        build()?;
        browser::check(&Path::new(OUT).join("html"))
    });
    exercises::add(suite);
}

/// Builds the documentation of the module, then the book, and checks the links of all pages.
pub fn build() -> Result<()> {
    rustdoc::build()?;

    let runs = runs::Runs::collect()?;

    write(&runs)?;
    mdbook()?;
    links::check(&[Path::new(OUT).join("html"), rustdoc::DIRECTORY.into()])?;
    println!("The course: {OUT}/html/index.html");
    println!(
        "All items: {}/rk3588_dma_demo/index.html",
        rustdoc::DIRECTORY
    );
    Ok(())
}

/// Writes the book's sources to [`OUT`].
fn write(runs: &runs::Runs) -> Result<()> {
    let out = Path::new(OUT);

    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    fs::create_dir_all(out.join("src"))?;
    fs::copy(format!("{CHAPTERS}/book.toml"), out.join("book.toml"))?;
    fs::copy(format!("{CHAPTERS}/book.css"), out.join("book.css"))?;
    for (name, text) in chapters()? {
        let text = expand::expand(&name, &text, runs)?;

        fs::write(out.join("src").join(name), text)?;
    }
    Ok(())
}

/// Returns the names and texts of all chapters.
///
/// # Errors
///
/// If the summary does not name one of them, which would have no page.
fn chapters() -> Result<BTreeMap<String, String>> {
    let mut chapters = BTreeMap::new();

    for entry in fs::read_dir(format!("{CHAPTERS}/src")).context(CHAPTERS)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();

        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;

        chapters.insert(name.into_owned(), text);
    }

    let summary = chapters.get("SUMMARY.md").context("no SUMMARY.md")?;

    for name in chapters.keys().filter(|it| *it != "SUMMARY.md") {
        ensure!(
            summary.contains(&format!("({name})")),
            "SUMMARY.md lacks {name}"
        );
    }
    Ok(chapters)
}

/// Runs mdBook, whose warnings are errors.
fn mdbook() -> Result<()> {
    let mdbook = made_by("scripts/mdbook", &[])?;
    let (output, said) = process::run(Command::new(mdbook).args(["build", OUT]))?;
    let is_bad = ["[ERROR]", "[WARN]"].iter().any(|it| said.contains(it));

    ensure!(output.status.success() && !is_bad, "mdbook:\n{said}");
    Ok(())
}

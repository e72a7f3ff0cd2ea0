// SPDX-License-Identifier: GPL-2.0

//! Opens the pages of the book in a browser, as narrow as a telephone.
//!
//! Each page is a copy with the script `probe.js` in it, which puts what is wrong into an attribute
//! of the page. The browser prints the page once the script has run.

use crate::prelude::*;

/// Directory of the copies, and of the pictures of some pages.
const COPIES: &str = "out/book/probed";
const PICTURES: &str = "out/screenshots";

/// Pages of which there are pictures, as wide as on a desk.
const PICTURED: [&str; 5] = ["index", "syncs", "lists", "faults", "mistakes"];

/// Word that the book's search must find.
const WORD: &str = "sync";

/// Attributes of the page that the script sets.
const PROBLEMS: &str = "data-problems";
const FOUND: &str = "data-found";

/// Opens all pages of a directory, searches, and makes the pictures. Returns what is wrong.
pub fn check(html: &Path) -> Result<Vec<String>> {
    let mut problems = vec![];
    let mut pages = 0;

    copy(html)?;
    for entry in fs::read_dir(COPIES)? {
        let page = entry?.path();

        if page.extension().is_some_and(|it| it == "html") {
            let found = attribute(&open(&page, "")?, PROBLEMS)?;
            let found: Vec<String> = serde_json::from_str(&found)?;
            let name = page.file_name().unwrap_or_default().to_string_lossy();

            problems.extend(found.iter().map(|problem| format!("{name}: {problem}")));
            pages += 1;
        }
    }
    ensure!(pages > 20, "only {pages} pages");

    let found = open(
        &Path::new(COPIES).join("index.html"),
        &format!("?search={WORD}"),
    )?;

    if attribute(&found, FOUND)? == "0" {
        problems.push(format!("the search does not find {WORD}"));
    }
    fs::create_dir_all(PICTURES)?;
    for name in PICTURED {
        let picture = absolute(format!("{PICTURES}/{name}.png"))?;
        let options = format!("--screenshot={}", picture.display());

        browse(
            &html.join(format!("{name}.html")),
            "",
            &["--window-size=1200,1600", &options],
        )?;
        ensure!(picture.exists(), "no {}", picture.display());
    }
    Ok(problems)
}

/// Copies a directory to [`COPIES`], with the script in each page.
fn copy(html: &Path) -> Result<()> {
    let script = format!("<head><script>{}</script>", include_str!("probe.js"));
    let mut rsync = Command::new("rsync");

    succeeds(
        rsync
            .args(["--archive", "--delete"])
            .arg(html.join(""))
            .arg(COPIES),
    )?;
    for entry in fs::read_dir(COPIES)? {
        let page = entry?.path();

        if page.extension().is_some_and(|it| it == "html") {
            let text = fs::read_to_string(&page)?;

            ensure!(text.contains("<head>"), "{}: no head", page.display());
            fs::write(&page, text.replacen("<head>", &script, 1))?;
        }
    }
    Ok(())
}

/// Opens a page with this query, and returns it as it is after its scripts.
fn open(page: &Path, query: &str) -> Result<String> {
    let options = [
        "--window-size=360,800",
        "--virtual-time-budget=10000",
        "--dump-dom",
    ];

    browse(page, query, &options)
}

/// Runs the browser on a page, and returns its output.
fn browse(page: &Path, query: &str, options: &[&str]) -> Result<String> {
    static BROWSER: LazyLock<Result<PathBuf>> = LazyLock::new(|| made_by("scripts/chromium", &[]));

    let browser = BROWSER.as_ref().map_err(|error| anyhow!("{error:#}"))?;
    let url = format!("file://{}{query}", absolute(page)?.display());

    output(Command::new(browser).args(options).arg(url))
}

/// Returns the value of an attribute of the root of a page.
fn attribute(page: &str, name: &str) -> Result<String> {
    let begin = format!(" {name}=\"");
    let value = page
        .split_once(&begin)
        .and_then(|(_, rest)| rest.split_once('"'));
    let (value, _) = value.with_context(|| format!("the script has not set {name}"))?;

    let escapes = [
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];

    Ok(escapes
        .iter()
        .fold(value.into(), |value: String, (from, to)| {
            value.replace(from, to)
        }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_unescaped() {
        let page = r#"<html lang="en" data-problems="[&quot;a &amp;amp; &lt;b&gt;&quot;]"><head>"#;

        assert_eq!(attribute(page, PROBLEMS).unwrap(), r#"["a &amp; <b>"]"#);
        assert!(attribute(page, FOUND).is_err());
    }
}

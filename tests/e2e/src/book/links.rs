// SPDX-License-Identifier: GPL-2.0

//! Checks the links of pages: their files and the places in them exist. Links to other sites are
//! not followed.

use crate::prelude::*;

/// Pages by path, each with the names of its places and its links.
type Pages = BTreeMap<PathBuf, (BTreeSet<String>, Vec<String>)>;

/// Checks all links of the pages in directories, of which the first is the book.
///
/// Only the links of the first are checked, rustdoc checks its own.
///
/// # Errors
///
/// With a line for each link whose target is missing.
pub fn check(directories: &[PathBuf]) -> Result<()> {
    let mut pages = Pages::new();

    for directory in directories {
        read(directory, &mut pages)?;
    }

    let broken: Vec<_> = pages
        .iter()
        .filter(|(page, _)| page.starts_with(&directories[0]))
        .flat_map(|(page, (_, links))| links.iter().map(move |link| (page, link)))
        .filter(|(page, link)| !exists(page, link, &pages))
        .map(|(page, link)| format!("{}: no {link}", page.display()))
        .collect();

    ensure!(
        pages.keys().any(|page| page.starts_with(&directories[0])),
        "no pages in {}",
        directories[0].display()
    );
    ensure!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}

/// Adds the pages below a directory.
fn read(directory: &Path, pages: &mut Pages) -> Result<()> {
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();

        if path.is_dir() {
            read(&path, pages)?;
        } else if path.extension().is_some_and(|it| it == "html") {
            let page = parse(&fs::read_to_string(&path)?);

            pages.insert(path, page);
        }
    }
    Ok(())
}

/// Returns the names of the places and the links of a page.
fn parse(page: &str) -> (BTreeSet<String>, Vec<String>) {
    static ATTRIBUTE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"\s(id|href|src)="([^"]*)""#).unwrap());

    let (mut places, mut links) = (BTreeSet::new(), vec![]);

    for found in ATTRIBUTE.captures_iter(page) {
        let value = found[2].replace("&amp;", "&");

        match &found[1] {
            "id" => drop(places.insert(value)),
            _ => links.push(value),
        }
    }
    (places, links)
}

fn exists(page: &Path, link: &str, pages: &Pages) -> bool {
    if link.contains("://")
        || ["data:", "mailto:", "javascript:"]
            .iter()
            .any(|it| link.starts_with(it))
    {
        return true;
    }

    let (file, place) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => page.to_path_buf(),
        _ => normal(&page.parent().unwrap_or(Path::new("")).join(file)),
    };

    match pages.get(&target) {
        Some((places, _)) => place.is_empty() || places.contains(place),
        None => target.exists(),
    }
}

/// Removes `..` from a path.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();

    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(normal.pop()),
            std::path::Component::CurDir => (),
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_links_are_found() {
        let work = TempDir::new().unwrap();
        let [book, items] = ["book", "items"].map(|name| work.path().join(name));
        let write = |name: &str, text: &str| fs::write(work.path().join(name), text).unwrap();

        for directory in [&book, &items] {
            fs::create_dir(directory).unwrap();
        }
        write(
            "items/a.html",
            "<h1 id=\"here\"><a href=\"not-checked.html\">",
        );
        write("book/b.css", "");

        let good = "<link href=\"b.css\"> <a href=\"../items/a.html#here\"> <a href=\"#top\"> \
                    <a id=\"top\" href=\"x://y\">";
        let directories = [book, items];

        write("book/b.html", good);
        check(&directories).unwrap();
        for (bad, error) in [
            ("<a href=\"../items/b.html\">", "no ../items/b.html"),
            (
                "<a href=\"../items/a.html#there\">",
                "no ../items/a.html#there",
            ),
            ("<img src=\"c.svg\">", "no c.svg"),
            ("<a href=\"#bottom\">", "no #bottom"),
        ] {
            write("book/b.html", &format!("{good}{bad}"));

            let found = check(&directories).unwrap_err().to_string();

            assert!(found.ends_with(error), "{found}");
        }
    }
}

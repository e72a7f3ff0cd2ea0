// SPDX-License-Identifier: GPL-2.0

use super::*;
use serde_json::json;

/// Checks a report of `SOURCES` with this share of the last one, without the first `skip`.
fn check_with(percent: f64, skip: usize) -> Result<()> {
    let last = SOURCES.len() - 1;
    let files = SOURCES.iter().enumerate().map(|(at, source)| {
        // A directory has files.
        let name = if source.ends_with(".rs") {
            format!("/project/{source}")
        } else {
            format!("/project/{source}/copy.rs")
        };
        let percent = if at == last { percent } else { 100.0 };

        json!({ "filename": name, "summary": { "lines": { "percent": percent } } })
    });
    let files: Vec<_> = files.skip(skip).collect();

    check(
        &json!({ "data": [{ "files": files }] }),
        Path::new("/project"),
    )
}

#[test]
fn each_file_needs_the_minimum() {
    assert!(check_with(95.0, 0).is_ok());
    assert!(check_with(94.9, 0).is_err());
}

#[test]
fn files_that_are_not_in_the_report_fail() {
    assert!(check_with(100.0, 1).is_err());
    assert!(check_with(100.0, SOURCES.len()).is_err());
    assert!(check(&json!({}), Path::new("/project")).is_err());
}

// SPDX-License-Identifier: GPL-2.0

//! Writes `rust-project.json`, by which rust-analyzer finds the crates of the module.
//!
//! The kernel's build writes such a file for an external module, but does not know crate roots that
//! are not in the `Kbuild` of their own directory, nor the variables that name bindgen's output. So
//! it is asked for the crates of the kernel only, and the crates of the project are added here.

use std::os::unix::fs::symlink;

use serde_json::Map;

use crate::prelude::*;

/// Path of the file.
const FILE: &str = "rust-project.json";

/// Crate roots of the project, each with a name.
const CRATES: [(&str, &str); 4] = [
    ("rk3588_dma", "rk3588_dma_demo.rs"),
    ("rk3588_dma_edu", "samples/edu.rs"),
    ("rk3588_dma_minimal", "samples/minimal/main.rs"),
    ("rk3588_dma_bench", "tests/bench/main.rs"),
];

/// Crates of the kernel that a module uses.
const DEPENDENCIES: [&str; 5] = ["core", "kernel", "pin_init", "zerocopy", "zerocopy_derive"];

/// Variables that kbuild exports, with the files that they name.
pub const VARIABLES: [(&str, &str); 3] = [
    ("RK3588_DMA_HELPERS_RS", "dma/helpers.rs"),
    ("RK3588_DMA_BINDINGS_RS", "bindings/helpers.rs"),
    ("RK3588_DMA_DMAENGINE_RS", "dmaengine/bindings.rs"),
];

/// Directory that the minimal sample expects beside it, with links to two of this project.
const MINIMAL: &str = "samples/minimal/rk3588_dma";

/// Directories with other copies of the sources.
const EXCLUDED: [&str; 2] = ["out", ".git"];

/// Writes the file, and links to the directories of the minimal sample.
///
/// # Errors
///
/// If the module has not been built: bindgen's output is missing.
pub fn write() -> Result<()> {
    for (_, file) in VARIABLES {
        ensure!(
            Path::new(file).exists(),
            "there is no {file}: build the module with `make stock`"
        );
    }
    fs::create_dir_all(MINIMAL)?;
    for directory in ["dma", "sg"] {
        let link = Path::new(MINIMAL).join(directory);

        if !link.exists() {
            symlink(format!("../../../{directory}"), link)?;
        }
    }

    let mut project = of_kernel()?;
    let crates = project["crates"].as_array_mut().context("no crates")?;

    for (name, root) in CRATES {
        crates.push(of_project(crates, name, root)?);
    }
    Ok(fs::write(FILE, serde_json::to_vec(&project)?)?)
}

/// Returns the project file with the crates of the kernel.
fn of_kernel() -> Result<Value> {
    let work = TempDir::new()?;
    let mut make = Command::new("make");

    // A module without crates.
    fs::write(work.path().join("Kbuild"), "")?;
    make.arg("-sC").arg(Kernel::Stock.folder()?.join("build"));
    make.arg(format!("M={}", work.path().display()));
    succeeds(make.arg("rust-analyzer"))?;

    let mut project: Value = serde_json::from_slice(&fs::read(work.path().join(FILE))?)?;

    for part in project["crates"].as_array_mut().context("no crates")? {
        // Nothing in them is to be changed.
        part["is_workspace_member"] = false.into();
        show_outside(&mut part["root_module"]);
    }
    show_outside(&mut project["sysroot"]);
    Ok(project)
}

/// Changes a path of the build environment to its path on this machine, where the editor runs.
fn show_outside(path: &mut Value) {
    let root = env::var("RK3588_DMA_ENV").unwrap_or_default();

    if let (Some(inside), true) = (path.as_str(), root.starts_with('/')) {
        if inside.starts_with("/usr") {
            *path = format!("{root}{inside}").into();
        }
    }
}

/// Returns a crate of the project, which uses `others`.
fn of_project(others: &[Value], name: &str, root: &str) -> Result<Value> {
    let find = |name: &str| others.iter().position(|it| it["display_name"] == name);
    let mut dependencies = vec![];
    let mut variables = Map::new();

    for name in DEPENDENCIES {
        let index = find(name).with_context(|| format!("the kernel has no crate {name}"))?;

        dependencies.push(json!({ "crate": index, "name": name }));
    }
    // Of `module!`.
    variables.insert("RUST_MODFILE".into(), name.into());
    for (variable, file) in VARIABLES {
        variables.insert(variable.into(), json!(absolute(file)?));
    }

    let kernel = find("kernel").context("no kernel")?;
    let excluded: Vec<_> = EXCLUDED.iter().map(absolute).collect::<Result<_, _>>()?;

    Ok(json!({
        "display_name": name,
        "root_module": absolute(root)?,
        "edition": "2021",
        "deps": dependencies,
        "cfg": others[kernel]["cfg"],
        "env": variables,
        "is_workspace_member": true,
        "source": { "include_dirs": [env::current_dir()?], "exclude_dirs": excluded },
    }))
}

/// Writes the file, and checks that it has what the sources need.
pub fn check() -> Result<()> {
    write()?;

    let project: Value = serde_json::from_slice(&fs::read(FILE)?)?;
    let crates = project["crates"].as_array().context("no crates")?;
    let mut roots = BTreeSet::new();

    for part in crates {
        let root = path_of(&part["root_module"])?;
        let dependencies = part["deps"].as_array().context("no deps")?;

        ensure!(root.is_file(), "there is no {}", root.display());
        for dependency in dependencies {
            let index = dependency["crate"].as_u64().context("no index")? as usize;

            expect("name", &dependency["name"], &crates[index]["display_name"])?;
        }
        if part["is_workspace_member"] == true {
            check_crate(part, &root)?;
            roots.insert(root);
        }
    }
    ensure!(
        path_of(&project["sysroot"])?.join("lib/rustlib").is_dir(),
        "no sysroot"
    );
    expect("crate roots", roots, roots_of_kbuild()?)
}

/// Checks that the modules and the environment of a crate of the project exist.
fn check_crate(part: &Value, root: &Path) -> Result<()> {
    let text = fs::read_to_string(root)?;
    let directory = root.parent().context("no directory")?;
    let module = Regex::new(r#"#\[path = "([^"]*)"\]\n"#).unwrap();
    let name = root.display();

    for path in module.captures_iter(&text).map(|it| directory.join(&it[1])) {
        ensure!(path.is_file(), "{name}: there is no {}", path.display());
    }
    for variable in variables_of_sources()? {
        let file =
            path_of(&part["env"][&variable]).with_context(|| format!("{name}: {variable}"))?;
        let declarations = fs::read_to_string(file)?;

        ensure!(
            declarations.contains("pub fn "),
            "{name}: {variable} has no function"
        );
    }

    let cfg = part["cfg"].as_array().context("no cfg")?;

    ensure!(
        cfg.contains(&json!("CONFIG_RUST")),
        "{name}: no configuration of the kernel"
    );
    Ok(())
}

fn path_of(path: &Value) -> Result<PathBuf> {
    path.as_str().map(PathBuf::from).context("no path")
}

/// Returns the crate roots in the project's `Kbuild` files.
fn roots_of_kbuild() -> Result<BTreeSet<PathBuf>> {
    let object = Regex::new(r"\b([\w/]+)\.o\b").unwrap();
    let tracked = lint::tracked("*.rs")?;
    let mut roots = BTreeSet::new();

    for kbuild in lint::tracked("*Kbuild")? {
        let directory = kbuild.parent().context("no directory")?;
        let text = fs::read_to_string(&kbuild)?;

        for name in object.captures_iter(&text) {
            let root = directory.join(format!("{}.rs", &name[1]));

            // Not the output of bindgen, nor a module in Rust beside a file in C.
            if tracked.contains(&root) && !root.with_extension("c").exists() {
                roots.insert(absolute(root)?);
            }
        }
    }
    Ok(roots)
}

/// Returns the variables of `include!` in the sources, other than those of tests.
fn variables_of_sources() -> Result<BTreeSet<String>> {
    let include = Regex::new(r#"include!\(env!\("(\w+)"\)\)"#).unwrap();
    let mut variables = BTreeSet::new();

    for file in source::without_tests()? {
        let text = fs::read_to_string(file)?;

        variables.extend(include.captures_iter(&text).map(|it| it[1].to_string()));
    }
    ensure!(!variables.is_empty(), "no source includes bindgen's output");
    Ok(variables)
}

// SPDX-License-Identifier: GPL-2.0

//! Exercises of the course: a function of the tree to write again.
//!
//! The skeleton is the function's file with another body, so it follows the tree. A check builds
//! the module with the reader's file in place of that of the tree, boots, and looks at the report
//! of the lessons. So it believes what the function returns.

use std::fs::File;

use super::code;
use crate::prelude::*;

/// Directory of the readers' files, which git ignores.
const FILES: &str = "exercises";

/// Directory in which the module is built with them.
const BUILD: &str = "out/exercises";

/// Function to write.
pub struct Exercise {
    /// Name, which is that of its chapter.
    pub name: &'static str,
    /// File of the function.
    file: &'static str,
    function: &'static str,
    pub task: &'static str,
    check: Check,
}

/// Proof that an exercise is done.
enum Check {
    /// All transfers of these names are `ok` in the report of the lessons.
    Transfers(&'static [&'static str]),
    /// `samples/minimal` sends a page and receives it.
    Minimal,
}

pub const EXERCISES: [Exercise; 7] = [
    Exercise {
        name: "one-buffer",
        file: "lessons/single.rs",
        function: "copy",
        task: "Copy `range` from a buffer that the device only reads to one that it only writes. \
               Return the statistics after a check of the destination.",
        check: Check::Transfers(&["single"]),
    },
    Exercise {
        name: "directions",
        file: "lessons/bidirectional.rs",
        function: "there_and_back",
        task: "Copy `range` to a second buffer, and from there back to the first, without a sync \
               in between. Both buffers stay mapped.",
        check: Check::Transfers(&["there", "back"]),
    },
    Exercise {
        name: "syncs",
        file: "lessons/sync.rs",
        function: "halves",
        task: "Copy `range` with progress at its half. Read the first half while the second half \
               is copied, and find that the second half cannot be read yet.",
        check: Check::Transfers(&["sync"]),
    },
    Exercise {
        name: "pages",
        file: "lessons/page.rs",
        function: "copy",
        task: "Copy `range` between two pages. Map only the range and a margin.",
        check: Check::Transfers(&["page"]),
    },
    Exercise {
        name: "lists",
        file: "lessons/list.rs",
        function: "gather_and_scatter",
        task: "Copy a list of buffers into one buffer, and that to another list, in two transfers.",
        check: Check::Transfers(&["gather", "scatter"]),
    },
    Exercise {
        name: "engine",
        file: "samples/minimal/main.rs",
        function: "run",
        task: "Submit the mapping, program the device with each segment, wait until it has \
               stopped, and return the mapping.",
        check: Check::Minimal,
    },
    Exercise {
        name: "faults",
        file: "lessons/failure.rs",
        function: "recover",
        task: "Submit a copy with an injected fault. Take the mappings from the error, and copy \
               with them again.",
        check: Check::Transfers(&["after fault", "after timeout"]),
    },
];

impl Exercise {
    /// Returns the exercise of this name.
    pub fn find(name: &str) -> Result<&'static Self> {
        let names = EXERCISES.iter().map(|it| it.name).collect::<Vec<_>>();
        let found = EXERCISES.iter().find(|it| it.name == name);

        found.with_context(|| format!("no exercise {name:?}: there are {}", names.join(", ")))
    }

    /// Returns the file of the reader.
    fn path(&self) -> PathBuf {
        Path::new(FILES).join(format!("{}.rs", self.name))
    }

    /// Returns the file of the tree without the body of the function.
    fn skeleton(&self) -> Result<String> {
        code::with_body(self.file, self.function, &wrapped(self.task, 84).join("\n"))
    }
}

/// Begins the exercise `name`, or checks it if it was begun; returns false if it is not done.
pub fn run(name: Option<&str>) -> Result<bool> {
    let Some(name) = name else {
        for it in &EXERCISES {
            println!(
                "make exercise N={:11}  {}: {}",
                it.name, it.file, it.function
            );
        }
        return Ok(true);
    };
    let exercise = Exercise::find(name)?;
    let path = exercise.path();

    if !path.exists() {
        fs::create_dir_all(FILES)?;
        fs::write(&path, exercise.skeleton()?)?;
        println!("{}\n", exercise.task);
        println!("Write `{}` in {}.", exercise.function, path.display());
        println!(
            "Then `make exercise N={name}` checks it. The solution is {}.",
            exercise.file
        );
        return Ok(true);
    }
    println!("Building the module with {} ...", path.display());

    let replaced = [(exercise, fs::read_to_string(&path)?)];
    let (directory, module) = prepare(&replaced, exercise)?;
    let problem = match make(&directory) {
        Ok(()) => examine(exercise, &boot(exercise, &module)?)?,
        Err(error) => Some(format!("{error:#}")),
    };

    match &problem {
        Some(problem) => println!("{problem}\n\nNot done yet."),
        None => println!("Done."),
    }
    Ok(problem.is_none())
}

/// Makes a directory with these files in place of those of the tree. Returns the directory to build
/// and the module that this makes.
fn prepare(files: &[(&Exercise, String)], exercise: &Exercise) -> Result<(PathBuf, PathBuf)> {
    let tree = absolute(format!("{BUILD}/tree"))?;
    // A file that is what it was keeps its time, so that it is not compiled again.
    let time_if_same = |(exercise, text): &(&Exercise, String)| {
        let path = tree.join(exercise.file);
        let is_same = fs::read_to_string(&path).is_ok_and(|it| it == *text);

        is_same.then(|| fs::metadata(&path)?.modified()).transpose()
    };
    let times = files.iter().map(time_if_same);
    let times = times.collect::<Result<Vec<_>, _>>()?;

    lint::copy_tracked(&["Kbuild", "*/Kbuild", "*.mk", "*.rs", "*.[ch]"], &tree)?;
    for ((exercise, text), time) in files.iter().zip(times) {
        let path = tree.join(exercise.file);

        fs::write(&path, text)?;
        if let Some(time) = time {
            File::options()
                .write(true)
                .open(&path)?
                .set_modified(time)?;
        }
    }

    let (directory, module) = match exercise.check {
        Check::Transfers(_) => (tree, "rk3588_dma.ko"),
        Check::Minimal => (minimal(&tree)?, "minimal.ko"),
    };
    let module = directory.join(module);

    Ok((directory, module))
}

/// Builds the module of a directory.
fn make(directory: &Path) -> Result<()> {
    let mut make = Command::new("make");

    make.arg("-C").arg(Kernel::Stock.folder()?.join("build"));
    succeeds(make.args([&format!("M={}", directory.display()), "-s", "modules"]))
}

/// Makes the directory of `samples/minimal` with copies of what it includes.
fn minimal(tree: &Path) -> Result<PathBuf> {
    let directory = absolute(format!("{BUILD}/minimal"))?;
    let inside = directory.join("rk3588_dma");

    fs::create_dir_all(&inside)?;
    for (from, to) in [
        ("samples/minimal/", &directory),
        ("dma", &inside),
        ("sg", &inside),
    ] {
        let mut rsync = Command::new("rsync");

        rsync.args(["--recursive", "--checksum", "--exclude=*.o"]);
        succeeds(rsync.arg(tree.join(from)).arg(to))?;
    }
    Ok(directory)
}

/// Boots the machine of an exercise with a module.
fn boot(exercise: &Exercise, module: &Path) -> Result<Console> {
    let (boot, scripts) = match exercise.check {
        Check::Transfers(_) => (Boot::with_driver().with_inspect(), &["demo"][..]),
        Check::Minimal => (
            samples::boot(Machine::VirtSmmu, Kernel::Stock),
            &["state", "samples/minimal"][..],
        ),
    };
    let mut boot = boot;

    boot.files
        .retain(|it| it.extension().is_none_or(|it| it != "ko"));
    boot.files.push(module.into());
    boot.target = None;
    Board::get()?.boot(&boot, &script(scripts)?)
}

/// Returns the problem that a boot shows, or `None` if the exercise is done.
fn examine(exercise: &Exercise, console: &Console) -> Result<Option<String>> {
    let Check::Transfers(names) = exercise.check else {
        let log = console.section("log")?;

        return Ok((!log.contains("4096 bytes sent and received")).then(|| log.into()));
    };
    let report = console.section("report")?;
    let mut problems = vec![];

    for name in names {
        let prefix = format!("{name:14} ");
        let lines: Vec<_> = report
            .lines()
            .filter(|it| it.starts_with(&prefix))
            .collect();

        if lines.is_empty() {
            problems.push(format!("no transfer {name}"));
        }
        // A read of the first half may come after the end of a short copy.
        let is_ok = |line: &&str| line.contains("  ok") && !line.contains("ended before");
        let failed = lines.iter().filter(|it| !is_ok(it));

        problems.extend(failed.map(|it| it.to_string()));
    }
    Ok((!problems.is_empty()).then(|| problems.join("\n")))
}

/// Breaks words into lines of at most `width` characters.
fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];

    for word in words.split_whitespace() {
        let line = lines.last_mut().expect("there is a line");

        if line.is_empty() {
            *line = word.into();
        } else if line.len() + 1 + word.len() <= width {
            *line += &format!(" {word}");
        } else {
            lines.push(word.into());
        }
    }
    lines
}

/// Adds the tests: each skeleton compiles and is not done, and the function of the tree is done.
pub fn add(suite: &mut Suite) {
    let tests = EXERCISES.iter().flat_map(|exercise| {
        [("skeleton_is_not_done", false), ("solution_is_done", true)].map(|(test, is_done)| {
            let name = format!("exercises::{}::{test}", exercise.name);

            Test::new(name, move |consoles: &Consoles| {
                let is_minimal = matches!(exercise.check, Check::Minimal);
                let problem = examine(exercise, &consoles[&(is_minimal, is_done)])?;

                match problem {
                    Some(problem) if is_done => bail!("{problem}"),
                    None if !is_done => bail!("the skeleton passes"),
                    _ => Ok(()),
                }
            })
        })
    });

    suite.add("exercises", tests.collect::<Vec<_>>(), consoles);
}

/// Consoles of boots: with `samples/minimal` or without, and of solutions or of skeletons.
type Consoles = BTreeMap<(bool, bool), Console>;

/// Boots with all skeletons, and with the modules of the tree.
fn consoles() -> Result<Consoles> {
    let mut consoles = Consoles::new();
    let with_skeleton = |it: &'static Exercise| Ok((it, it.skeleton()?));
    let files = EXERCISES.iter().map(with_skeleton);
    let files = files.collect::<Result<Vec<_>>>()?;

    process::make("minimal-module")?;
    for (name, solution) in [("one-buffer", MODULE), ("engine", "out/minimal/minimal.ko")] {
        let exercise = Exercise::find(name)?;
        let (directory, module) = prepare(&files, exercise)?;
        let is_minimal = matches!(exercise.check, Check::Minimal);

        make(&directory)?;
        consoles.insert((is_minimal, false), boot(exercise, &module)?);
        consoles.insert((is_minimal, true), boot(exercise, Path::new(solution))?);
    }
    Ok(consoles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped() {
        assert_eq!(wrapped("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrapped("abcdef g", 4), ["abcdef", "g"]);
    }
}

// SPDX-License-Identifier: GPL-2.0

//! Runs the tests: `libtest-mimic` selects, prints and counts them; this module does in the
//! background what they look at.
//!
//! A [`Suite`] holds jobs. A job, a boot for example, does its work once, and each of its tests
//! checks the outcome. A job without a selected test does not run. The jobs run side by side,
//! one per core of the host, in the order in which they were added, so long ones come first. A
//! table at the end shows the seconds of each job.

use std::{
    collections::VecDeque,
    num::NonZero,
    panic::{
        catch_unwind,
        AssertUnwindSafe, //
    },
    sync::mpsc::{
        self,
        Receiver,
        RecvTimeoutError,
        Sender, //
    }, //
};

use libtest_mimic::{
    Arguments,
    Failed,
    Trial, //
};

use crate::prelude::*;

/// A check of the outcome of a job.
type Check<T> = Box<dyn FnOnce(&T) -> Result<()> + Send>;

/// A test of a job whose work results in a `T`.
pub struct Test<T> {
    pub name: String,
    pub check: Check<T>,
}

impl<T> Test<T> {
    /// Makes the test `name` of a check of the job's outcome.
    pub fn new(
        name: impl Into<String>,
        check: impl FnOnce(&T) -> Result<()> + Send + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            check: Box::new(check),
        }
    }
}

/// Reasons of failure, by the name of the test.
pub type Failures = BTreeMap<String, String>;

/// The outcome of a job: an access waits until the job is done.
type Outcome<T> = Arc<LazyLock<Result<T>, Box<dyn FnOnce() -> Result<T> + Send>>>;

/// Beginning of the error of a test whose job failed.
pub const JOB_FAILED: &str = "the job failed: ";

/// Interval of the lines about jobs that run. A boot or a build prints nothing for minutes.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// Work that tests wait for.
struct Job {
    name: String,
    work: Box<dyn FnOnce() + Send>,
}

/// Jobs that wait, that run since a time, and that took a time.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    running: BTreeMap<String, Instant>,
    times: Vec<(String, Duration)>,
}

/// The tests and their jobs.
pub struct Suite {
    arguments: Arguments,
    trials: Vec<Trial>,
    jobs: VecDeque<Job>,
    /// Sender of the names of tests that passed. Each test has a clone until it ends.
    passed: Sender<String>,
    /// Receiver of these names, for the last test.
    names: Option<Receiver<String>>,
}

impl Suite {
    /// Makes an empty suite; `arguments` select the tests that run.
    pub fn new(arguments: Arguments) -> Self {
        let (passed, names) = mpsc::channel();

        Self {
            arguments,
            trials: vec![],
            jobs: VecDeque::new(),
            passed,
            names: Some(names),
        }
    }

    /// Returns whether a test named `name` is selected.
    pub fn selects(&self, name: &str) -> bool {
        !self
            .arguments
            .is_filtered_out(&Trial::test(name, || Ok(())))
    }

    /// Returns whether all tests are selected.
    pub fn is_whole(&self) -> bool {
        self.arguments.filter.is_none() && !self.arguments.list
    }

    /// Adds a test that does not run.
    pub fn ignore(&mut self, name: &str) {
        self.trials
            .push(Trial::test(name, || Ok(())).with_ignored_flag(true));
    }

    /// Returns the names of all tests, selected or not.
    pub fn names(&self) -> Vec<String> {
        self.trials.iter().map(|it| it.name().into()).collect()
    }

    /// Adds the job `name` and its tests.
    pub fn add<T: Send + Sync + 'static>(
        &mut self,
        name: &str,
        tests: impl IntoIterator<Item = Test<T>>,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) {
        let (sender, receiver) = mpsc::channel();
        let outcome: Outcome<T> = Arc::new(LazyLock::new(Box::new(move || {
            receiver
                .recv()
                .unwrap_or_else(|_| bail!("the job panicked; see above"))
        })));
        let mut is_wanted = false;

        for test in tests {
            let (outcome, passed) = (Arc::clone(&outcome), self.passed.clone());
            let trial = Trial::test(test.name.clone(), move || {
                (**outcome)
                    .as_ref()
                    .map_err(|error| anyhow!("{JOB_FAILED}{error:#}"))
                    .and_then(test.check)
                    .map_err(failed)?;
                // The last test may not be selected; then the name is of no interest.
                let _ = passed.send(test.name);
                Ok(())
            });

            is_wanted |= !self.arguments.is_filtered_out(&trial);
            self.trials.push(trial);
        }
        if is_wanted {
            assert!(
                self.jobs.iter().all(|it| it.name != name),
                "two jobs {name}"
            );
            self.jobs.push_back(Job {
                name: name.into(),
                // All tests may have been given up; then the outcome is of no interest.
                work: Box::new(move || drop(sender.send(work()))),
            });
        }
    }

    /// Adds the job `name` and tests, which pass unless the outcome has a reason of their failure.
    pub fn add_each(
        &mut self,
        name: &str,
        tests: impl IntoIterator<Item = String>,
        work: impl FnOnce() -> Result<Failures> + Send + 'static,
    ) {
        let tests = tests.into_iter().map(|test| {
            Test::new(test.clone(), move |failures: &Failures| {
                failures.get(&test).map_or(Ok(()), |text| bail!("{text}"))
            })
        });

        self.add(name, tests, work);
    }

    /// Adds a test that is a job of its own.
    pub fn test(&mut self, name: &str, work: impl FnOnce() -> Result<()> + Send + 'static) {
        self.add(name, [Test::new(name, |()| Ok(()))], work);
    }

    /// Adds the test `name`, which runs after all others. Its `check` gets the names of the others
    /// that passed or are not selected.
    pub fn add_last(
        &mut self,
        name: &str,
        check: impl FnOnce(&[String]) -> Result<()> + Send + 'static,
    ) {
        let (mut names, passed) = (self.names(), self.names.take());

        names.retain(|name| !self.selects(name));
        self.trials.push(Trial::test(name, move || {
            // Waits until no test has a sender. Each other test has ended or has a thread, because
            // libtest-mimic starts tests in their order.
            names.extend(passed.into_iter().flatten());
            check(&names).map_err(failed)
        }));
    }

    /// Runs the selected tests, and returns whether all passed. No test at all is a failure.
    pub fn run(mut self) -> bool {
        drop(self.passed);
        // With two threads, libtest-mimic prints whole lines, so those of jobs fit between.
        self.arguments.test_threads.get_or_insert(2);
        if self.arguments.list {
            return !libtest_mimic::run(&self.arguments, self.trials).has_failed();
        }

        let start = Instant::now();
        let queue = Mutex::new(Queue {
            waiting: self.jobs,
            ..Queue::default()
        });
        let (end, ended) = mpsc::channel::<()>();
        let conclusion = thread::scope(|scope| {
            for _ in 0..cores().get() {
                scope.spawn(|| work(&queue));
            }
            scope.spawn(|| {
                let ended = ended;

                while ended.recv_timeout(REPORT_EVERY) == Err(RecvTimeoutError::Timeout) {
                    report(&queue.lock().unwrap().running);
                }
            });

            let conclusion = libtest_mimic::run(&self.arguments, self.trials);

            drop(end);
            conclusion
        });

        print_times(queue.into_inner().unwrap().times, start.elapsed());
        println!(
            "{} passed, {} failed",
            conclusion.num_passed, conclusion.num_failed
        );
        !conclusion.has_failed() && conclusion.num_passed != 0
    }
}

fn failed(error: Error) -> Failed {
    format!("{error:#}").into()
}

/// Returns the number of jobs that run side by side.
fn cores() -> NonZero<usize> {
    thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

/// Does jobs as long as there are any.
fn work(queue: &Mutex<Queue>) {
    let next = || {
        let mut queue = queue.lock().unwrap();
        let job = queue.waiting.pop_front()?;

        queue.running.insert(job.name.clone(), Instant::now());
        Some(job)
    };

    while let Some(Job { name, work }) = next() {
        // The tests of a job that panics find that its sender is gone.
        let _ = catch_unwind(AssertUnwindSafe(work));
        let mut queue = queue.lock().unwrap();
        let start = queue.running.remove(&name);

        queue
            .times
            .extend(start.map(|start| (name, start.elapsed())));
    }
}

/// Prints the jobs that run, each with its seconds until now.
fn report(running: &BTreeMap<String, Instant>) {
    let jobs = running.iter();
    let jobs = jobs.map(|(name, start)| format!("{name} ({} s)", start.elapsed().as_secs()));

    eprintln!("running: {}", jobs.collect::<Vec<_>>().join(", "));
}

/// Prints how long each job took, the longest first, and how long the whole.
fn print_times(mut times: Vec<(String, Duration)>, whole: Duration) {
    let sum: Duration = times.iter().map(|(_, time)| time).sum();

    times.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    times.push((format!("sum, on {} cores", cores()), sum));
    times.push(("from start to end".into(), whole));

    let rows = times.into_iter();
    let rows = rows.map(|(name, time)| vec![name, format!("{:.1}", time.as_secs_f32())]);

    println!("{}", table("", &["phase", "seconds"], rows).trim_start());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the names that the last test of two good tests and a bad one gets.
    fn names_for_last(options: &[&str]) -> Result<BTreeSet<String>> {
        let options = ["board", "--logfile=/dev/null"].iter().chain(options);
        let mut suite = Suite::new(Arguments::from_iter(options));
        let (sender, receiver) = mpsc::channel();

        suite.test("group::good", || Ok(()));
        suite.test("group::bad", || bail!("it is bad"));
        suite.test("other::slow", || {
            thread::sleep(Duration::from_millis(100));
            Ok(())
        });
        suite.add_last("last", move |names| {
            Ok(sender.send(names.iter().cloned().collect())?)
        });
        suite.run();
        Ok(receiver.recv()?)
    }

    #[test]
    fn last_test_gets_all_names_except_of_failed_tests() {
        for options in [&[][..], &["--test-threads=1"], &["--skip=other"]] {
            let names = names_for_last(options).unwrap();

            assert!(names.iter().eq(["group::good", "other::slow"]), "{names:?}");
        }
        assert_eq!(names_for_last(&["--exact", "last"]).unwrap().len(), 3);
        assert!(names_for_last(&["group"]).is_err());
    }
}

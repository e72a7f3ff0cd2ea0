// SPDX-License-Identifier: GPL-2.0

//! All orders of the first inputs, for three requests and two channels.
//!
//! After the inputs whose order varies, each run goes on until all requests are completed.

use super::{
    driver::Driver,
    hardware::{
        Course,
        Kind,
        Response, //
    },
    scheduler_tests::SIGNALS, //
};

/// Number of requests.
const REQUESTS: usize = 3;

/// Input of the scheduler, or a step of the hardware.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Submit,
    Port,
    Run(usize),
    Events,
    LoseEvents,
    Faults,
    Work,
    Take,
    Write,
    Check,
    Terminate(usize),
    ShutDown,
}

/// Kinds and queue of a request.
type Wanted = (&'static [Kind], Option<usize>);

/// Driver, with the requests that it has not submitted.
struct Run {
    driver: Driver,
    wanted: [Wanted; REQUESTS],
    submitted: usize,
    terminated: usize,
    is_shut_down: bool,
}

impl Run {
    fn new(wanted: [Wanted; REQUESTS]) -> Self {
        Self {
            driver: Driver::new(0x03, 1),
            wanted,
            submitted: 0,
            terminated: 0,
            is_shut_down: false,
        }
    }

    /// Returns the inputs that are possible now and change anything.
    fn steps(&mut self) -> Vec<Step> {
        let hardware = self.driver.hardware();
        let mut steps = Vec::new();
        let mut add = |is_possible: bool, step| {
            if is_possible {
                steps.push(step);
            }
        };

        add(hardware.is_port_busy(), Step::Port);
        for channel in 0..2 {
            add(hardware.can_step(channel), Step::Run(channel));
        }
        add(hardware.is_event_raised, Step::Events);
        add(hardware.is_event_raised, Step::LoseEvents);
        add(hardware.is_abort_raised, Step::Faults);
        add(self.submitted < REQUESTS, Step::Submit);
        add(self.driver.is_work_due, Step::Work);
        add(self.driver.is_work_due, Step::Take);
        add(self.driver.is_writing(), Step::Write);
        add(self.driver.is_watched, Step::Check);
        // One request is terminated at most: each choice of it is tried.
        for request in 0..self.submitted {
            add(self.terminated == 0, Step::Terminate(request));
        }
        add(
            self.submitted == REQUESTS && !self.is_shut_down,
            Step::ShutDown,
        );
        steps
    }

    fn make(&mut self, step: Step) {
        let driver = &mut self.driver;

        match step {
            Step::Submit => {
                let (kinds, queue) = self.wanted[self.submitted];

                driver.submit(kinds, queue, None);
                self.submitted += 1;
            }
            Step::Port => {
                driver.hardware().step_port();
            }
            Step::Run(channel) => {
                driver.hardware().step(channel);
            }
            Step::Events => driver.events(),
            Step::LoseEvents => driver.hardware().is_event_raised = false,
            Step::Faults => driver.faults(),
            Step::Work => driver.work(),
            Step::Take => {
                driver.take_unwritten();
            }
            Step::Write => {
                driver.write();
            }
            Step::Check => driver.check(),
            Step::Terminate(request) => {
                driver.terminate(request);
                self.terminated += 1;
            }
            Step::ShutDown => {
                driver.shut_down();
                self.is_shut_down = true;
            }
        }
    }

    fn finish(mut self) {
        while self.submitted < REQUESTS {
            self.make(Step::Submit);
        }
        if self.is_shut_down {
            self.driver.close(30);
        } else {
            self.driver.quiesce();
        }
    }
}

/// Runs all orders of `inputs` inputs after those in `first`. Returns the number of orders.
fn run_all(wanted: [Wanted; REQUESTS], first: &[Step], inputs: usize) -> usize {
    // Choices at each depth: which one is taken, and how many there are.
    let mut choices: Vec<(usize, usize)> = Vec::new();
    let mut count = 0;

    loop {
        let mut run = Run::new(wanted);

        for &step in first {
            run.make(step);
        }
        for depth in 0..inputs {
            let steps = run.steps();

            if steps.is_empty() {
                break;
            }
            if depth == choices.len() {
                choices.push((0, steps.len()));
            }
            assert_eq!(choices[depth].1, steps.len());
            run.make(steps[choices[depth].0]);
        }
        run.finish();
        count += 1;

        while choices.last().is_some_and(|&(taken, all)| taken + 1 == all) {
            choices.pop();
        }
        match choices.last_mut() {
            Some((taken, _)) => *taken += 1,
            None => return count,
        }
    }
}

const FAULTS: Kind = Kind::new(Course::FaultsBeforeEvent);
const LATE_FAULT: Kind = Kind::new(Course::FaultsAfterEvent);
const SILENT: Kind = Kind::new(Course::EndsSilently);
const LATE_EVENT: Kind = Kind {
    course: Course::NeverEnds,
    response: Response::SignalsAndStops,
    points: 0,
};
const HANGS: Kind = Kind {
    course: Course::Signals,
    response: Response::Hangs,
    points: 0,
};

const SUBMIT_ALL: [Step; 3] = [Step::Submit; REQUESTS];

#[test]
fn each_order_completes_requests_of_a_queue() {
    let wanted: [Wanted; REQUESTS] = [
        (&[SIGNALS], Some(0)),
        (&[SIGNALS], Some(0)),
        (&[SIGNALS], Some(0)),
    ];

    assert!(run_all(wanted, &[], 6) > 1000);
    assert!(run_all(wanted, &SUBMIT_ALL, 6) > 1000);
}

#[test]
fn each_order_completes_requests_of_two_programs() {
    let wanted: [Wanted; REQUESTS] = [
        (&[SIGNALS, SIGNALS], Some(0)),
        (&[SIGNALS], None),
        (&[SIGNALS], Some(0)),
    ];

    assert!(run_all(wanted, &SUBMIT_ALL, 6) > 1000);
    // The first channel has raised its event.
    let first = [SUBMIT_ALL.as_slice(), &[Step::Port, Step::Run(0)]].concat();

    assert!(run_all(wanted, &first, 5) > 1000);
}

#[test]
fn each_order_completes_requests_with_faults() {
    let wanted: [Wanted; REQUESTS] = [
        (&[FAULTS], Some(0)),
        (&[LATE_FAULT, SIGNALS], None),
        (&[SIGNALS], Some(0)),
    ];

    assert!(run_all(wanted, &SUBMIT_ALL, 6) > 1000);
    // Both channels are about to have their fault.
    let first = [
        SUBMIT_ALL.as_slice(),
        &[Step::Port, Step::Run(0), Step::Run(1)],
    ]
    .concat();

    assert!(run_all(wanted, &first, 5) > 1000);
}

#[test]
fn each_order_completes_requests_that_end_badly() {
    let wanted: [Wanted; REQUESTS] = [
        (&[HANGS], Some(0)),
        (&[LATE_EVENT], None),
        (&[SILENT, SIGNALS], Some(0)),
    ];
    let first = [
        SUBMIT_ALL.as_slice(),
        &[Step::Port, Step::Terminate(0), Step::Port],
    ]
    .concat();

    assert!(run_all(wanted, &SUBMIT_ALL, 6) > 1000);
    assert!(run_all(wanted, &first, 5) > 1000);
}

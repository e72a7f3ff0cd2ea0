// SPDX-License-Identifier: GPL-2.0

//! Random calls, interrupts and steps of the hardware, in any order.

use proptest::{
    collection::vec,
    prelude::*,
    sample::select, //
};

use super::{
    driver::Driver,
    hardware::{
        Course,
        Kind,
        Response, //
    },
    scheduler::MAX_CHANNELS, //
};
use crate::copy_tests::proptest_config;

/// Number of queues.
const QUEUES: usize = 2;

/// Input of the scheduler, or a step of the hardware.
#[derive(Clone, Debug)]
enum Step {
    Submit(Vec<Kind>, Option<usize>, Option<u32>),
    Terminate(usize),
    TerminateQueue(usize),
    Port,
    Run(usize),
    SetPortSlow(bool),
    Events,
    LoseEvents,
    Faults,
    LoseFaults,
    Settle,
    TakeFailed,
    Complete,
    TakeUnwritten,
    Write,
    Dispatch,
    Check,
    /// Lines of the MFIFO that the next programs need.
    SetLines(u16),
    Hold,
    Sleep,
    Wake,
    WakeInVain,
}

fn kinds() -> impl Strategy<Value = Kind> {
    let course = prop_oneof![
        8 => Just(Course::Signals),
        1 => Just(Course::EndsSilently),
        1 => Just(Course::FaultsBeforeEvent),
        1 => Just(Course::FaultsAfterEvent),
        1 => Just(Course::NeverEnds),
    ];
    let response = prop_oneof![
        6 => Just(Response::Stops),
        3 => Just(Response::SignalsAndStops),
        1 => Just(Response::Ignores),
        1 => Just(Response::Hangs),
    ];

    (course, response, 0..3_u64).prop_map(|(course, response, points)| Kind {
        course,
        response,
        points,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let limits = select(vec![
        None,
        None,
        None,
        Some(0),
        Some(1),
        Some(100),
        Some(101),
        Some(300),
    ]);
    let submit = (vec(kinds(), 1..4), prop::option::of(0..QUEUES), limits)
        .prop_map(|(kinds, queue, limit)| Step::Submit(kinds, queue, limit));

    prop_oneof![
        6 => submit,
        2 => (0..12_usize).prop_map(Step::Terminate),
        1 => (0..QUEUES).prop_map(Step::TerminateQueue),
        8 => Just(Step::Port),
        16 => (0..MAX_CHANNELS).prop_map(Step::Run),
        1 => any::<bool>().prop_map(Step::SetPortSlow),
        6 => Just(Step::Events),
        1 => Just(Step::LoseEvents),
        2 => Just(Step::Faults),
        1 => Just(Step::LoseFaults),
        3 => Just(Step::Settle),
        2 => Just(Step::TakeFailed),
        2 => Just(Step::Complete),
        3 => Just(Step::TakeUnwritten),
        3 => Just(Step::Write),
        3 => Just(Step::Dispatch),
        6 => Just(Step::Check),
        2 => select(vec![0, 1, 9, 16, 17, 40, 128]).prop_map(Step::SetLines),
        1 => Just(Step::Hold),
        2 => Just(Step::Sleep),
        3 => Just(Step::Wake),
        1 => Just(Step::WakeInVain),
    ]
}

/// Makes `step`, if it is possible now. `channels` are the channels that the driver uses.
fn make(driver: &mut Driver, channels: &[usize], step: Step) {
    match step {
        Step::Submit(kinds, queue, timeout_ms) => {
            driver.submit(&kinds, queue, timeout_ms);
        }
        Step::Terminate(index) => {
            let count = driver.scheduler.platform.entries.len();

            if count != 0 {
                driver.terminate(index % count);
            }
        }
        Step::TerminateQueue(queue) => driver.terminate_queue(queue),
        Step::Port => {
            driver.hardware().step_port();
        }
        Step::Run(index) => {
            driver.hardware().step(channels[index % channels.len()]);
        }
        Step::SetPortSlow(is_slow) => driver.hardware().is_port_slow = is_slow,
        Step::Events if driver.hardware().is_event_raised => driver.events(),
        Step::LoseEvents => driver.hardware().is_event_raised = false,
        Step::Faults if driver.hardware().is_abort_raised => driver.faults(),
        Step::LoseFaults => driver.hardware().is_abort_raised = false,
        Step::Settle => driver.settle(),
        Step::TakeFailed => {
            driver.take_failed();
        }
        Step::Complete => {
            driver.complete();
        }
        Step::TakeUnwritten => {
            driver.take_unwritten();
        }
        Step::Write => {
            driver.write();
        }
        Step::Dispatch => driver.dispatch(),
        Step::SetLines(lines) => driver.scheduler.platform.lines = lines,
        Step::Check if driver.is_watched => driver.check(),
        Step::Hold => driver.hold(),
        Step::Sleep => {
            driver.sleep();
        }
        Step::Wake => driver.wake(),
        Step::WakeInVain => driver.wake_in_vain(),
        Step::Events | Step::Faults | Step::Check => (),
    }
}

fn make_all(usable: u32, steps: Vec<Step>) -> Driver {
    let mut driver = Driver::new(usable, QUEUES);
    let channels: Vec<_> = (0..MAX_CHANNELS)
        .filter(|it| usable & 1 << it != 0)
        .collect();

    for step in steps {
        make(&mut driver, &channels, step);
    }
    driver
}

fn masks() -> impl Strategy<Value = u32> {
    select(vec![0x01, 0x80, 0x03, 0x24, 0x07, 0x70, 0xff])
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: proptest_config().cases.max(3000),
        max_shrink_iters: 20_000,
        ..proptest_config()
    })]

    /// Each request is completed, in whatever order its inputs arrive.
    #[test]
    fn requests_are_completed_after_any_steps(
        usable in masks(), steps in vec(steps(), 1..150),
    ) {
        let mut driver = make_all(usable, steps);

        driver.quiesce();
        driver.shut_down();
        driver.close(100);
    }

    /// The driver can leave the device after any steps, and the same steps may follow.
    #[test]
    fn all_is_closed_after_any_steps(
        usable in masks(), before in vec(steps(), 1..100), after in vec(steps(), 0..60),
        rounds in select(vec![1, 5, 10, 20, 100]),
    ) {
        let channels: Vec<_> = (0..MAX_CHANNELS).filter(|it| usable & 1 << it != 0).collect();
        let mut driver = make_all(usable, before);

        driver.shut_down();
        for step in after {
            make(&mut driver, &channels, step);
        }
        driver.close(rounds);
    }
}

// SPDX-License-Identifier: GPL-2.0

//! The scheduler, one case each: faults, and idle channels that have not stopped.

use super::{
    channel::State,
    hardware::{
        Course,
        Kind,
        Response,
        ThreadState, //
    },
    platform::{
        Reason,
        RETIRE_CHECKS, //
    },
    scheduler_stop_tests::{
        check,
        step,
        ENDLESS,
        HANGS, //
    },
    scheduler_tests::{
        driver,
        submit,
        SIGNALS, //
    }, //
};

const FAULTS: Kind = Kind::new(Course::FaultsBeforeEvent);
const LATE_FAULT: Kind = Kind::new(Course::FaultsAfterEvent);

#[test]
fn the_worker_completes_a_request_with_a_fault() {
    let mut driver = driver(0x03);
    let request = driver.submit(&[FAULTS, SIGNALS], Some(0), None);
    let next = submit(&mut driver, 1, Some(0));

    step(&mut driver, 0);
    driver.is_work_due = false;
    driver.faults();
    assert!(driver.is_work_due);
    assert!(!driver.take_failed());
    step(&mut driver, 0);
    driver.settle();
    assert!(driver.take_failed());
    assert_eq!(
        (driver.state(0), driver.state(1)),
        (State::Idle, State::Idle)
    );
    assert_eq!(driver.result(request), None);
    assert!(driver.complete());
    assert_eq!(driver.result(request), Some(Err(Reason::Fault)));
    driver.quiesce();
    assert_eq!(driver.result(next), Some(Ok(())));
}

#[test]
fn a_fault_that_is_not_complete_is_killed_again() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[FAULTS], None, None);

    driver.hardware().step_port();
    driver.hardware().step(0);
    driver.faults();
    // The state is Faulting completing, which DMAKILL does not end.
    step(&mut driver, 0);
    assert_eq!(driver.hardware().threads[0].state, ThreadState::Faulting);
    driver.settle();
    step(&mut driver, 0);
    assert!(driver.take_failed() && driver.complete());
    assert_eq!(driver.result(request), Some(Err(Reason::Fault)));
}

#[test]
fn the_event_of_a_program_with_a_fault_does_not_end_the_next() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[LATE_FAULT], None, None);
    let next = submit(&mut driver, 1, None);

    step(&mut driver, 0);
    driver.faults();
    step(&mut driver, 0);
    assert!(driver.take_failed() && driver.complete());
    assert_eq!(driver.state(0), State::Running);
    driver.events();
    assert_eq!(driver.result(request), Some(Err(Reason::Fault)));
    assert_eq!(driver.result(next), None);
    driver.quiesce();
}

#[test]
fn a_fault_of_a_terminated_program_changes_nothing() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[FAULTS], None, None);

    driver.hardware().step_port();
    driver.hardware().step(0);
    driver.terminate(request);
    driver.faults();
    assert_eq!(
        driver.scheduler.channel(0).reason(),
        Some(Reason::Terminated)
    );
    driver.quiesce();
    assert_eq!(driver.result(request), Some(Err(Reason::Terminated)));
}

#[test]
fn a_request_with_a_fault_is_terminated_while_the_worker_reports_it() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[FAULTS], None, None);

    step(&mut driver, 0);
    driver.faults();
    step(&mut driver, 0);
    assert!(driver.take_failed());
    driver.terminate(request);
    assert!(driver.complete());
    assert_eq!(driver.result(request), Some(Err(Reason::Terminated)));
}

#[test]
fn an_idle_channel_with_a_fault_is_killed_when_it_is_needed() {
    let mut driver = driver(0x01);

    driver.submit(&[LATE_FAULT], None, None);
    driver.hardware().step_port();
    driver.hardware().step(0);
    driver.events();
    step(&mut driver, 0);
    driver.faults();
    assert_eq!(driver.result(0), Some(Ok(())));
    // Nothing waits for it.
    check(&mut driver, 1);
    assert_eq!(driver.hardware().threads[0].state, ThreadState::Faulting);

    let next = submit(&mut driver, 1, None);

    assert_eq!(driver.state(0), State::Idle);
    check(&mut driver, 1);
    step(&mut driver, 0);
    driver.dispatch();
    assert_eq!(driver.state(0), State::Running);
    driver.quiesce();
    assert_eq!(driver.result(next), Some(Ok(())));
}

#[test]
fn an_idle_channel_that_does_not_stop_is_retired() {
    for usable in [0x01, 0x03] {
        let mut driver = driver(usable);

        driver.submit(
            &[Kind {
                response: Response::Ignores,
                ..LATE_FAULT
            }],
            None,
            None,
        );
        driver.hardware().step_port();
        driver.hardware().step(0);
        driver.events();
        step(&mut driver, 0);
        if usable == 0x03 {
            driver.submit(&[ENDLESS], None, None);
            driver.hardware().step_port();
        }

        let waiting = submit(&mut driver, 1, None);

        check(&mut driver, RETIRE_CHECKS - 1);
        assert_eq!(driver.state(0), State::Idle);
        assert_eq!(driver.result(waiting), None);
        check(&mut driver, 1);
        assert_eq!(driver.state(0), State::Retired);
        assert_eq!(driver.scheduler.platform.retired, [(0, None)]);
        if usable == 0x01 {
            assert_eq!(driver.result(waiting), Some(Err(Reason::NoChannels)));
        } else {
            driver.quiesce();
            assert_eq!(driver.result(waiting), Some(Ok(())));
        }
    }
}

#[test]
fn checks_of_an_idle_channel_are_consecutive() {
    let mut driver = driver(0x03);

    driver.submit(&[SIGNALS], None, None);
    driver.hardware().step_port();
    driver.hardware().step(0);
    driver.events();
    driver.submit(&[ENDLESS], None, None);
    submit(&mut driver, 1, None);
    check(&mut driver, RETIRE_CHECKS - 1);
    driver.hardware().step(0);
    // The port is free, so the check starts the request that waits.
    check(&mut driver, 1);
    assert_eq!(driver.state(0), State::Running);
    driver.quiesce();
}

#[test]
fn a_fault_that_does_not_end_is_stuck() {
    let mut driver = driver(0x01);
    let request = driver.submit(
        &[Kind {
            response: Response::Ignores,
            ..FAULTS
        }],
        None,
        None,
    );

    step(&mut driver, 0);
    driver.faults();
    check(&mut driver, RETIRE_CHECKS);
    assert_eq!(driver.result(request), Some(Err(Reason::Stuck)));
    assert_eq!(
        driver.scheduler.platform.retired,
        [(0, Some(Reason::Fault))]
    );
    assert!(!driver.take_failed());
}

#[test]
fn a_reported_fault_ends_its_queue_without_channels() {
    let mut driver = driver(0x01);

    driver.submit(&[FAULTS], Some(0), None);
    submit(&mut driver, 1, Some(0));
    step(&mut driver, 0);
    driver.faults();
    step(&mut driver, 0);
    assert!(driver.take_failed());
    driver.submit(&[HANGS], None, None);
    driver.hardware().step_port();
    driver.terminate(2);
    check(&mut driver, RETIRE_CHECKS);
    assert_eq!(driver.state(0), State::Retired);
    assert!(driver.complete());
    assert_eq!(driver.result(0), Some(Err(Reason::Fault)));
    assert_eq!(driver.result(1), Some(Err(Reason::NoChannels)));
}

#[test]
fn a_reported_fault_ends_its_queue_after_the_close() {
    let mut driver = driver(0x01);

    driver.submit(&[FAULTS], Some(0), None);
    submit(&mut driver, 1, Some(0));
    step(&mut driver, 0);
    driver.faults();
    step(&mut driver, 0);
    assert!(driver.take_failed());
    driver.shut_down();
    assert!(driver.scheduler.close());
    assert!(driver.complete());
    assert_eq!(driver.result(0), Some(Err(Reason::Fault)));
    assert_eq!(driver.result(1), Some(Err(Reason::ShuttingDown)));
}

#[test]
fn the_close_kills_an_idle_channel_with_a_fault() {
    let mut driver = driver(0x01);

    driver.submit(&[LATE_FAULT], None, None);
    driver.hardware().step_port();
    driver.hardware().step(0);
    driver.events();
    step(&mut driver, 0);
    driver.shut_down();
    assert!(!driver.scheduler.close());
    step(&mut driver, 0);
    assert!(driver.scheduler.close());
    assert_eq!(driver.state(0), State::Retired);
    assert!(driver.scheduler.channel(0).program().is_none());
}

#[test]
fn a_port_that_is_busy_at_times_retires_no_channel() {
    let mut driver = driver(0x03);

    submit(&mut driver, 1, None);
    step(&mut driver, 0);
    driver.events();
    driver.hardware().is_port_slow = true;

    let endless = driver.submit(&[ENDLESS], None, None);
    let waiting = submit(&mut driver, 1, None);

    // The port is busy, so the driver does not see that channel 0 has stopped.
    for _ in 0..RETIRE_CHECKS - 1 {
        driver.check();
    }
    driver.terminate(endless);
    driver.hardware().step_port();
    // The port is idle until the check kills channel 1.
    driver.check();
    assert!(driver.hardware().is_port_busy());
    driver.check();
    assert_eq!(driver.state(0), State::Idle);
    driver.quiesce();
    assert_eq!(driver.result(waiting), Some(Ok(())));
}

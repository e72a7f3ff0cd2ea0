// SPDX-License-Identifier: GPL-2.0

//! The scheduler, one case each: programs that report progress.

use super::{
    driver::Driver,
    hardware::{
        Course,
        Kind, //
    },
    platform::Reason,
    scheduler_tests::{
        driver,
        running,
        SIGNALS, //
    }, //
};

/// A program that reports progress twice.
const REPORTS: Kind = SIGNALS.with_points(2);

fn progress(driver: &Driver, request: usize) -> u64 {
    driver.scheduler.platform.entries[request].progress
}

/// Starts the program of `channel`.
fn start(driver: &mut Driver, channel: usize) {
    driver.hardware().step_port();
    assert!(running(driver, channel).is_some());
}

#[test]
fn each_point_is_known_after_its_event() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[REPORTS], None, None);

    start(&mut driver, 0);
    for points in 1..=2 {
        driver.hardware().step(0);
        assert_eq!(progress(&driver, request), points - 1);
        driver.events();
        assert_eq!(progress(&driver, request), points);
        assert_eq!(driver.result(request), None);
    }
    while driver.hardware().step(0) {}
    driver.events();
    assert_eq!(driver.result(request), Some(Ok(())));
}

#[test]
fn an_event_of_two_points_tells_of_both() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[REPORTS], None, None);

    start(&mut driver, 0);
    driver.hardware().step(0);
    driver.hardware().step(0);
    driver.events();
    assert_eq!(progress(&driver, request), 2);
}

#[test]
fn an_event_of_several_channels_tells_of_each() {
    let mut driver = driver(0x07);
    let requests = [0, 1, 2].map(|_| driver.submit(&[REPORTS], None, None));

    for (channel, points) in [1, 0, 2].into_iter().enumerate() {
        start(&mut driver, channel);
        for _ in 0..points {
            driver.hardware().step(channel);
        }
    }
    driver.events();
    assert_eq!(requests.map(|it| progress(&driver, it)), [1, 0, 2]);
}

#[test]
fn the_end_of_a_program_counts_for_a_request_of_several() {
    let mut driver = driver(0x01);
    let request = driver.submit(&[REPORTS, REPORTS], None, None);

    driver.work();
    start(&mut driver, 0);
    while driver.hardware().step(0) {}
    driver.events();
    assert_eq!(progress(&driver, request), 3);
    start(&mut driver, 0);
    driver.hardware().step(0);
    driver.events();
    assert_eq!(progress(&driver, request), 4);
}

/// The event of a program that has ended comes when the next request runs on its channel.
#[test]
fn a_late_event_does_not_tell_of_the_next_request() {
    let mut driver = driver(0x01);
    let first = driver.submit(&[REPORTS], None, None);
    let second = driver.submit(&[REPORTS], None, None);

    start(&mut driver, 0);
    while driver.hardware().step(0) {}
    // The end is handled, the report of progress later.
    driver.hardware().is_progress_pending = false;
    driver.events();
    assert_eq!(driver.result(first), Some(Ok(())));
    start(&mut driver, 0);
    assert_eq!(running(&driver, 0), Some(second));
    driver.hardware().is_progress_pending = true;
    driver.events();
    assert_eq!(progress(&driver, second), 0);
}

#[test]
fn a_point_before_a_fault_or_a_kill_stays_known() {
    for is_killed in [false, true] {
        let mut driver = driver(0x01);
        let kind = Kind::new(Course::FaultsBeforeEvent).with_points(1);
        let request = driver.submit(&[kind], None, None);

        start(&mut driver, 0);
        driver.hardware().step(0);
        driver.events();
        if is_killed {
            driver.terminate(request);
        } else {
            while driver.hardware().step(0) {}
            driver.faults();
        }
        for _ in 0..8 {
            driver.hardware().step_port();
            while driver.hardware().step(0) {}
            driver.work();
        }
        assert_eq!(progress(&driver, request), 1);

        let reason = if is_killed {
            Reason::Terminated
        } else {
            Reason::Fault
        };

        assert_eq!(driver.result(request), Some(Err(reason)));
    }
}

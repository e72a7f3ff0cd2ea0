// SPDX-License-Identifier: GPL-2.0

//! The scheduler before, during and after a system sleep, one case each.

use super::{
    channel::State,
    driver::Driver,
    platform::Reason,
    scheduler_tests::{
        completed,
        driver,
        run,
        running,
        submit, //
    }, //
};

/// Lets the system sleep, which it can.
fn sleep(driver: &mut Driver) {
    driver.hold();
    assert!(driver.sleep());
}

#[test]
fn a_program_that_runs_ends_before_the_sleep() {
    let mut driver = driver(0x03);

    submit(&mut driver, 1, None);
    driver.hold();
    assert!(!driver.sleep());
    // Its request has ended, but the channel has not stopped.
    driver.hardware().step_port();
    driver.hardware().step(0);
    driver.events();
    assert_eq!(completed(&driver), [0]);
    assert!(!driver.sleep());
    driver.hardware().step(0);
    assert!(driver.sleep());
}

#[test]
fn a_program_that_is_killed_stops_before_the_sleep() {
    let mut driver = driver(0x03);
    let request = submit(&mut driver, 1, None);

    driver.hardware().step_port();
    driver.hold();
    driver.terminate(request);
    assert_eq!(driver.state(0), State::Stopping);
    assert!(!driver.sleep());
    driver.hardware().step(0);
    driver.work();
    assert!(driver.sleep());
}

#[test]
fn requests_wait_while_the_system_sleeps() {
    let mut driver = driver(0x03);

    sleep(&mut driver);

    let requests = [None, Some(0), Some(0), None].map(|queue| submit(&mut driver, 1, queue));

    driver.terminate(requests[3]);
    driver.work();
    assert!(!driver.is_watched && !driver.is_work_due);
    assert!(completed(&driver).is_empty());
    driver.wake();
    assert_eq!(
        [running(&driver, 0), running(&driver, 1)],
        [Some(0), Some(1)]
    );
    driver.quiesce();
    for request in &requests[..3] {
        assert_eq!(driver.result(*request), Some(Ok(())));
    }
    assert_eq!(driver.result(requests[3]), Some(Err(Reason::Terminated)));
}

#[test]
fn the_next_program_waits_while_the_system_sleeps() {
    let mut driver = driver(0x01);
    let request = submit(&mut driver, 2, None);

    driver.hold();
    run(&mut driver, 0);
    driver.work();
    assert_eq!(running(&driver, 0), None);
    assert!(driver.sleep());
    driver.wake();
    assert_eq!(running(&driver, 0), Some(request));
    driver.quiesce();
    assert_eq!(driver.result(request), Some(Ok(())));
}

#[test]
fn a_sleep_that_does_not_come_is_no_matter() {
    let mut driver = driver(0x01);

    submit(&mut driver, 1, None);
    driver.hold();

    let second = submit(&mut driver, 1, None);

    assert!(!driver.sleep());
    driver.wake();
    run(&mut driver, 0);
    assert_eq!(running(&driver, 0), Some(second));
    driver.quiesce();
}

#[test]
fn requests_fail_without_a_clock() {
    let mut driver = driver(0x01);

    sleep(&mut driver);

    let waiting = submit(&mut driver, 1, None);

    driver.wake_in_vain();
    assert_eq!(driver.result(waiting), Some(Err(Reason::NoPower)));

    let late = submit(&mut driver, 1, None);

    assert_eq!(driver.result(late), Some(Err(Reason::NoPower)));
    // The next one tries the clock again.
    driver.wake();

    let next = submit(&mut driver, 1, None);

    driver.quiesce();
    assert_eq!(driver.result(next), Some(Ok(())));
}

#[test]
fn the_driver_can_leave_without_a_clock() {
    let mut driver = driver(0x03);

    submit(&mut driver, 1, None);
    run(&mut driver, 0);
    sleep(&mut driver);
    driver.wake_in_vain();
    driver.shut_down();
    assert!(driver.close(1));
}

// SPDX-License-Identifier: GPL-2.0

//! The scheduler, one case each: requests of several programs, which the worker writes.

use super::{
    platform::Reason,
    scheduler_tests::{
        completed,
        driver,
        run,
        running,
        submit, //
    }, //
};

#[test]
fn the_second_program_comes_after_requests_that_wait() {
    for is_written_before in [true, false] {
        let mut driver = driver(0x01);

        submit(&mut driver, 2, None);
        assert!(driver.is_work_due);
        submit(&mut driver, 1, None);
        submit(&mut driver, 1, None);
        if is_written_before {
            assert!(driver.take_unwritten() && driver.write());
        }
        run(&mut driver, 0);
        driver.work();

        let mut order = Vec::new();

        while let Some(request) = running(&driver, 0) {
            order.push(request);
            run(&mut driver, 0);
        }
        assert_eq!(order, [1, 2, 0]);
        assert_eq!(completed(&driver), [1, 2, 0]);
    }
}

#[test]
fn a_request_is_completed_after_its_last_program() {
    let mut driver = driver(0x03);
    let request = submit(&mut driver, 3, Some(0));
    let next = submit(&mut driver, 1, Some(0));

    for channel in [0, 1, 0] {
        assert_eq!(running(&driver, channel), Some(request));
        assert_eq!(driver.result(request), None);
        driver.work();
        run(&mut driver, channel);
    }
    assert_eq!(driver.result(request), Some(Ok(())));
    assert_eq!(running(&driver, 1), Some(next));
}

#[test]
fn the_worker_is_asked_for_once_a_program_is_missing() {
    let mut driver = driver(0x01);

    submit(&mut driver, 2, None);
    driver.is_work_due = false;
    run(&mut driver, 0);
    assert!(driver.is_work_due && driver.is_watched);
    assert!(driver.take_unwritten() && driver.write());
    assert_eq!(running(&driver, 0), Some(0));
}

#[test]
fn an_event_during_the_write_makes_the_request_wait() {
    let mut driver = driver(0x01);

    submit(&mut driver, 2, None);
    assert!(driver.take_unwritten());
    run(&mut driver, 0);
    assert_eq!(driver.result(0), None);
    assert!(!driver.take_unwritten());
    driver.dispatch();
    assert_eq!(running(&driver, 0), None);
    assert!(driver.write());
    assert_eq!(running(&driver, 0), Some(0));
    run(&mut driver, 0);
    assert_eq!(driver.result(0), Some(Ok(())));
}

#[test]
fn a_program_that_cannot_be_written_fails_the_request() {
    for is_waiting in [true, false] {
        let mut driver = driver(0x01);

        submit(&mut driver, 3, Some(0));
        submit(&mut driver, 1, Some(0));
        assert!(driver.take_unwritten());
        if is_waiting {
            run(&mut driver, 0);
        }
        driver.fail_writing();
        // What runs is not stopped.
        assert_eq!(driver.result(0).is_some(), is_waiting);
        assert!(!driver.take_unwritten());
        driver.quiesce();
        assert_eq!(driver.result(0), Some(Err(Reason::NoMemory)));
        assert_eq!(driver.result(1), Some(Ok(())));
    }
}

#[test]
fn a_request_is_terminated_while_the_worker_writes() {
    for is_waiting in [true, false] {
        let mut driver = driver(0x01);

        submit(&mut driver, 3, None);
        assert!(driver.take_unwritten());
        if is_waiting {
            run(&mut driver, 0);
        }
        driver.terminate(0);
        assert!(driver.write());
        assert_eq!(completed(&driver).is_empty(), !is_waiting);
        driver.quiesce();
        assert_eq!(driver.result(0), Some(Err(Reason::Terminated)));
    }
}

#[test]
fn the_worker_ends_terminated_requests_without_program() {
    let mut driver = driver(0x01);

    for request in 0..40 {
        submit(&mut driver, 2, None);
        run(&mut driver, 0);
        driver.is_work_due = false;
        driver.terminate(request);
        assert!(driver.is_work_due);
    }
    assert_eq!(completed(&driver), []);
    // It takes a bounded number at a time.
    driver.work();
    assert!(!completed(&driver).is_empty() && completed(&driver).len() < 40);
    assert!(driver.is_work_due);
    driver.quiesce();
    assert_eq!(completed(&driver).len(), 40);
}

#[test]
fn a_request_that_waits_for_its_program_gets_its_turn() {
    let mut driver = driver(0x03);

    submit(&mut driver, 60, None);
    submit(&mut driver, 2, None);
    run(&mut driver, 0);
    run(&mut driver, 1);
    assert!(driver.take_unwritten() && driver.write());
    // The worker writes no faster than programs run.
    for _ in 0..4 {
        assert!(driver.take_unwritten() && driver.write());

        let busy: Vec<_> = (0..2)
            .filter(|&channel| running(&driver, channel).is_some())
            .collect();

        for channel in busy {
            run(&mut driver, channel);
        }
    }
    assert_eq!(completed(&driver), [1]);
}

#[test]
fn the_worker_passes_terminated_requests() {
    let mut driver = driver(0x01);

    for request in 0..40 {
        submit(&mut driver, 2, None);
        run(&mut driver, 0);
        if request < 39 {
            driver.terminate(request);
        }
    }
    driver.is_work_due = false;
    while !driver.take_unwritten() {
        assert!(driver.is_work_due);
        driver.is_work_due = false;
    }
    assert!(driver.write());
    driver.dispatch();
    assert_eq!(driver.result(0), Some(Err(Reason::Terminated)));
    driver.quiesce();
    assert_eq!(driver.result(39), Some(Ok(())));
}

// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of mappings in objects that may outlive the binding of their device.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_revocable)]
mod suite {
    use kernel::{
        sync::{
            atomic::{
                Acquire,
                Atomic,
                Relaxed,
                Release, //
            },
            Arc, //
        },
        time::{
            delay::fsleep,
            Delta, //
        },
        workqueue, //
    };

    use super::super::*;
    use crate::{
        dma::{
            Bidirectional,
            Buffer,
            BusMaster,
            FromDevice,
            Mapped, //
        },
        fixture::{
            self,
            Recorded,
            TestDevice, //
        }, //
    };

    const LEN: usize = 3000;

    /// Most milliseconds that a test waits.
    const PATIENCE: usize = 10_000;

    type Revocable<D> = RevocableMapping<Buffer, D>;

    fn mapping<D: Direction>(dev: &DmaDevice) -> Result<Mapping<'_, Buffer, D>> {
        Ok(Mapping::new(dev, Buffer::zeroed(LEN, GFP_KERNEL)?)?)
    }

    fn revocable<D: Direction>(dev: &DmaDevice) -> Result<Revocable<D>> {
        mapping(dev)?.into_revocable(dev).map_err(|_| ENOMEM)
    }

    fn live(dev: &DmaDevice) -> u64 {
        fixture::counters(dev).live
    }

    /// Waits until `state` is not 0, and returns it; or 0 after [`PATIENCE`].
    fn wait_for(state: &Atomic<u64>) -> u64 {
        for _ in 0..PATIENCE {
            if state.load(Acquire) != 0 {
                break;
            }
            fsleep(Delta::from_millis(1));
        }
        state.load(Acquire)
    }

    #[test]
    fn the_cpu_sees_and_changes_what_the_device_does() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let revocable = revocable::<Bidirectional>(dev)?;

        for round in 0..5 {
            let mapping = revocable.take(dev).ok_or(ENODEV)?;
            let mapping = fixture::run(dev, mapping, |hardware| {
                assert_eq!(hardware.len(), LEN);
                hardware.write_pattern(round);
            })?;

            assert!(revocable.put(mapping).is_ok());

            let is_seen = revocable.with(|mapping| {
                let is_filled = fixture::is_filled(round, 0, mapping.for_cpu(..)?);

                fixture::fill(round + 100, 0, &mut mapping.for_cpu_mut(..)?);
                Ok::<_, Error>(is_filled)
            });

            assert!(is_seen.ok_or(ENODEV)??);

            let mapping = revocable.take(dev).ok_or(ENODEV)?;
            let mapping = fixture::run(dev, mapping, |hardware| {
                assert!(hardware.has_pattern(round + 100));
            })?;

            assert!(revocable.put(mapping).is_ok());
        }

        let now = fixture::counters(dev);

        assert_eq!((now.mapped, now.live), (1, 1));
        assert_eq!((now.syncs_for_cpu, now.syncs_for_device), (10, 5));
        assert!(fixture::is_filled(
            104,
            0,
            &revocable.unmap().ok_or(ENODEV)?
        ));
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn while_it_is_taken_there_is_none() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let revocable = revocable::<FromDevice>(dev)?;
        let taken = revocable.take(dev).ok_or(ENODEV)?;

        assert!(revocable.take(dev).is_none());
        assert!(revocable.with(|_| ()).is_none());
        assert!(revocable.unmap().is_none());
        // It does not end with its place.
        assert_eq!(live(dev), 1);
        drop(taken);
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn another_mapping_takes_its_place_but_no_second_one() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let revocable = revocable::<FromDevice>(dev)?;
        let second = revocable.put(mapping(dev)?).err().ok_or(EINVAL)?;

        assert_eq!(live(dev), 2);
        drop(revocable.take(dev).ok_or(ENODEV)?);

        let second = fixture::run(dev, second, |hardware| hardware.write_pattern(2))?;

        assert!(revocable.put(second).is_ok());
        assert!(fixture::is_filled(2, 0, &revocable.unmap().ok_or(ENODEV)?));
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn for_another_device_it_comes_back() -> Result {
        let (device, other) = (TestDevice::new()?, TestDevice::new()?);
        let (dev, other) = (device.dma()?, other.dma()?);
        let result = mapping::<FromDevice>(dev)?.into_revocable(other);
        let mapping_of_dev = result.err().ok_or(EINVAL)?;
        let revocable = revocable::<FromDevice>(other)?;

        assert!(revocable.take(dev).is_none());
        drop(revocable.take(other).ok_or(ENODEV)?);

        let mapping_of_dev = revocable.put(mapping_of_dev).err().ok_or(EINVAL)?;

        assert!(mapping_of_dev.is_mapped_for(dev));
        assert!(revocable.put(mapping(other)?).is_ok());
        assert_eq!((live(dev), live(other)), (1, 1));
        Ok(())
    }

    #[test]
    fn dropped_while_the_device_is_bound_it_is_unmapped_first() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let before = fixture::total().live;
        let (memory, record) = Recorded::zeroed(LEN)?;
        let mapping = Mapping::<_, FromDevice>::new(dev, memory)?;
        let revocable = mapping.into_revocable(dev).map_err(|_| ENOMEM)?;

        assert_eq!(fixture::total().live, before + 1);
        assert_eq!(record.load(Relaxed), Recorded::NOT_FREED);
        drop(revocable);
        assert_eq!(record.load(Relaxed), before);
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn unbinding_unmaps_it_first_and_frees_it() -> Result {
        let other = TestDevice::new()?;
        let other = other.dma()?;
        let before = fixture::total().live;
        let (memory, record) = Recorded::zeroed(LEN)?;
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mapping = Mapping::<_, FromDevice>::new(dev, memory)?;
        let revocable = mapping.into_revocable(dev).map_err(|_| ENOMEM)?;
        // It outlives the device.
        let revocable = Arc::new(revocable, GFP_KERNEL)?;
        let copy = revocable.clone();

        assert!(copy.with(|_| ()).is_some());
        drop(device);
        assert_eq!(record.load(Relaxed), before);
        assert_eq!(fixture::total().live, before);
        for revocable in [&revocable, &copy] {
            assert!(revocable.with(|_| ()).is_none());
            assert!(revocable.take(other).is_none());
        }

        let (memory, record) = Recorded::zeroed(LEN)?;
        let mapping = revocable.put(Mapping::new(other, memory)?);

        assert_eq!(record.load(Relaxed), Recorded::NOT_FREED);
        assert!(mapping.err().ok_or(EINVAL)?.is_mapped_for(other));
        assert_eq!(live(other), 0);
        Ok(())
    }

    #[test]
    fn after_unbinding_there_is_nothing_to_unmap() -> Result {
        let device = TestDevice::new()?;
        let revocable = revocable::<FromDevice>(device.dma()?)?;

        drop(device);
        assert!(revocable.unmap().is_none());
        Ok(())
    }

    #[test]
    fn unbinding_without_a_mapping_in_it_is_harmless() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let revocable = revocable::<FromDevice>(dev)?;

        drop(revocable.take(dev).ok_or(ENODEV)?);
        drop(device);
        assert!(revocable.with(|_| ()).is_none());
        Ok(())
    }

    /// The device is the same, but not its binding, at whose end the mapping ended.
    #[test]
    fn bound_again_the_device_has_no_mapping() -> Result {
        let mut device = TestDevice::new()?;
        let before = fixture::total().live;
        let (memory, record) = Recorded::zeroed(LEN)?;
        let revocable = {
            let dev = device.dma()?;
            let mapping = Mapping::<_, FromDevice>::new(dev, memory)?;

            mapping.into_revocable(dev).map_err(|_| ENOMEM)?
        };

        device.rebind()?;
        assert_eq!(record.load(Relaxed), before);

        let dev = device.dma()?;

        assert!(revocable.take(dev).is_none());
        assert!(revocable.with(|_| ()).is_none());

        let (memory, record) = Recorded::zeroed(LEN)?;
        let mapping = revocable.put(Mapping::new(dev, memory)?);

        assert!(mapping.is_err());
        assert_eq!(record.load(Relaxed), Recorded::NOT_FREED);
        assert!(revocable.unmap().is_none());
        Ok(())
    }

    #[test]
    fn a_work_item_that_runs_after_unbinding_gets_nothing() -> Result {
        const SOME: u64 = 1;
        const NONE: u64 = 2;

        let device = TestDevice::new()?;
        let (memory, record) = Recorded::zeroed(LEN)?;
        let revocable = {
            let dev = device.dma()?;
            let mapping = Mapping::<_, FromDevice>::new(dev, memory)?;

            mapping.into_revocable(dev).map_err(|_| ENOMEM)?
        };
        let is_unbound = Arc::new(Atomic::new(0), GFP_KERNEL)?;
        let answers = [
            Arc::new(Atomic::new(0), GFP_KERNEL)?,
            Arc::new(Atomic::new(0), GFP_KERNEL)?,
        ];
        let ask = |revocable: &RevocableMapping<Recorded, FromDevice>| match revocable
            .with(|mapping| mapping.len())
        {
            Some(_) => SOME,
            None => NONE,
        };
        let work = {
            let (is_unbound, answers) = (is_unbound.clone(), answers.clone());

            move || {
                let [before, after] = answers;

                before.store(ask(&revocable), Release);
                wait_for(&is_unbound);

                let answer = ask(&revocable);

                // The last reference, which the work item drops as late.
                drop(revocable);
                after.store(answer, Release);
            }
        };

        workqueue::system_unbound().try_spawn(GFP_KERNEL, work)?;

        let [before, after] = answers;
        let before = wait_for(&before);

        drop(device);

        let live_when_freed = record.load(Relaxed);

        // Before a check fails, so that the work item ends in any case.
        is_unbound.store(1, Release);

        let after = wait_for(&after);

        assert_eq!((before, after), (SOME, NONE));
        assert_ne!(live_when_freed, Recorded::NOT_FREED);
        Ok(())
    }

    #[test]
    fn in_flight_it_is_as_any_mapping() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let revocable = revocable::<FromDevice>(dev)?;
        let mapping = revocable.take(dev).ok_or(ENODEV)?;
        let mut flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;

        fixture::hardware(dev, &flight)?.write_pattern(3);
        // SAFETY: The device must not write the bytes meanwhile: the hardware is gone.
        assert!(fixture::is_filled(3, 0, unsafe { flight.for_cpu(..)? }));
        // SAFETY: The device must not use the mapping any more: as above.
        assert!(revocable.put(unsafe { flight.complete() }).is_ok());
        assert!(fixture::is_filled(3, 0, &revocable.unmap().ok_or(ENODEV)?));
        Ok(())
    }

    #[test]
    fn without_memory_the_mapping_comes_back() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mapping = mapping::<FromDevice>(dev)?;
        let result = fixture::without_memory(|| mapping.into_revocable(dev))?;
        let mapping = result.err().ok_or(EINVAL)?;

        assert_eq!(live(dev), 1);

        let mapping = fixture::run(dev, mapping, |hardware| hardware.write_pattern(2))?;

        assert!(fixture::is_filled(2, 0, &mapping.unmap()));
        assert_eq!(live(dev), 0);
        Ok(())
    }
}

//! Work on several threads that sleeps while it waits for them.
//!
//! A thread of rayon that waits for others begins what else is to be done. If that is one of many
//! jobs that wait in their turn, such as the experiments of a parallel sweep, each job is begun
//! inside another one until the stack is full. Here a thread that waits for others sleeps; it can take up
//! other work only in the moment in which one of them begins or leaves.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Calls `work` on this thread, which is one of the pool, and as far as other threads of the pool have nothing
/// else to do, on each of these at the same time. `work` has to share what there is to do, and to return when
/// nothing is left.
pub fn together(work: impl Fn() + Sync) {
    among(rayon::current_num_threads(), work);
}

/// Calls `work` with 0, …, `count` − 1, [together]. After a panic no more calls are begun.
pub fn share(count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    among(count.min(rayon::current_num_threads()), || {
        let _guard = EndOnPanic(&next, count);
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            work(index);
        }
    });
}

/// The values of `of` at 0, …, `count` − 1, computed [together].
pub fn map<T: Send>(count: usize, of: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let values = Mutex::new(Vec::with_capacity(count));
    share(count, |index| {
        let value = of(index);
        lock(&values).push((index, value));
    });
    let mut values = values.into_inner().unwrap_or_else(PoisonError::into_inner);
    values.sort_unstable_by_key(|(index, _)| *index);
    values.into_iter().map(|(_, value)| value).collect()
}

/// Calls `work` on at most so many threads.
fn among(threads: usize, work: impl Fn() + Sync) {
    if threads <= 1 {
        return work();
    }
    let helpers = Helpers::default();
    rayon::scope(|scope| {
        let _dismiss = Dismiss(&helpers);
        for _ in 1..threads {
            scope.spawn(|_| helpers.join_in(&work));
        }
        work();
    });
}

/// Ends the sharing of work when a thread panics.
struct EndOnPanic<'a>(&'a AtomicUsize, usize);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(self.1, Ordering::Relaxed);
        }
    }
}

/// The locked value. A thread that panicked has left it whole.
pub fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The threads that help with some work.
#[derive(Default)]
struct Helpers {
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Default)]
struct State {
    /// The number of threads that are at work.
    busy: usize,
    /// True once the work is done: a thread that comes later does nothing.
    is_done: bool,
}

impl Helpers {
    fn join_in(&self, work: impl Fn()) {
        let mut state = lock(&self.state);
        if !state.is_done {
            state.busy += 1;
            drop(state);
            let _leave = Leave(self);
            work();
        }
    }
}

/// Waits for the threads that have begun, also after a panic.
struct Dismiss<'a>(&'a Helpers);

impl Drop for Dismiss<'_> {
    fn drop(&mut self) {
        let Helpers { state, left } = self.0;
        let mut state = lock(state);
        state.is_done = true;
        while state.busy > 0 {
            state = left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Says that a helper leaves, also by a panic.
struct Leave<'a>(&'a Helpers);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).busy -= 1;
        self.0.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;
    use std::cell::Cell;

    fn pool(threads: usize) -> rayon::ThreadPool {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap()
    }

    fn wait_a_moment(number: usize) {
        std::thread::sleep(std::time::Duration::from_micros(
            100 + 50 * (number as u64 % 7),
        ));
    }

    #[test]
    fn values_are_in_order_for_any_number_of_threads() {
        for threads in [1, 2, 5] {
            for count in [0, 1, 3, 100] {
                let of = |index| {
                    wait_a_moment(index);
                    index * index
                };
                let values = pool(threads).install(|| map(count, of));
                let expected: Vec<usize> = (0..count).map(|index| index * index).collect();
                assert_eq!(values, expected);
            }
        }
    }

    #[test]
    fn all_threads_of_the_pool_work() {
        let meeting = std::sync::Barrier::new(3);
        // The barrier opens only for three threads at the same time.
        let meet = || {
            meeting.wait();
        };
        pool(3).install(|| together(meet));
    }

    thread_local! {
        static DEPTH: Cell<usize> = const { Cell::new(0) };
    }

    /// With `rayon::broadcast` or parallel iterators inside of jobs the depth grows to dozens.
    #[test]
    fn jobs_are_not_begun_inside_of_others() {
        let deepest = AtomicUsize::new(0);
        let job = |number: usize| {
            DEPTH.set(DEPTH.get() + 1);
            deepest.fetch_max(DEPTH.get(), Ordering::Relaxed);
            map(3, |index| wait_a_moment(number + index));
            DEPTH.set(DEPTH.get() - 1);
        };
        pool(4).install(|| (0..500).into_par_iter().for_each(job));
        let deepest = deepest.into_inner();
        // A helper that was taken up and has not begun can let one in.
        assert!(deepest <= 8, "{deepest} jobs inside of each other");
    }

    #[test]
    fn a_panic_of_any_thread_goes_on_and_ends_the_work() {
        for planted in [0, 7, 19] {
            let begun = AtomicUsize::new(0);
            let of = |index| {
                begun.fetch_add(1, Ordering::Relaxed);
                wait_a_moment(index);
                assert_ne!(index, planted, "planted");
            };
            let mapped = || pool(3).install(|| map(500, of));
            let mapped = std::panic::AssertUnwindSafe(mapped);
            assert!(std::panic::catch_unwind(mapped).is_err());
            assert!(begun.into_inner() < 100);
        }
    }
}

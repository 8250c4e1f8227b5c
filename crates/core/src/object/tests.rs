//! Tests of an object: a machine, its lock and its effects.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use ottla_types::BrokerId;

use super::Object;
use crate::clock::Now;
use crate::cluster::Cluster;
use crate::error::ErrorKind;
use crate::io::{Demand, Io, Owner, OwnerId};
use crate::lane::Lane;
use crate::machine::{Effect, Input, Machine, Outbound, RequestId, Work};
use crate::slot::{Filler, slot};

/// An `Io` that writes down what it is asked for.
struct Paper {
    start: Instant,
    owner: Mutex<Option<Weak<dyn Owner>>>,
    armed: Mutex<Vec<Instant>>,
    jobs: Mutex<VecDeque<Box<dyn FnOnce() + Send>>>,
    inline: bool,
}

impl Paper {
    fn new(inline: bool) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            owner: Mutex::default(),
            armed: Mutex::default(),
            jobs: Mutex::default(),
            inline,
        })
    }
}

impl Io for Paper {
    fn register(&self, owner: Weak<dyn Owner>) -> OwnerId {
        *self.owner.lock().unwrap() = Some(owner);
        OwnerId(1)
    }
    fn unregister(&self, _: OwnerId) {}
    fn now(&self) -> Now {
        Now { mono: self.start, wall_ms: 0 }
    }
    fn coarse_now(&self) -> Now {
        self.now()
    }
    fn cluster(&self) -> Arc<Cluster> {
        Arc::default()
    }
    fn queue(&self, _: OwnerId, _: Outbound) {}
    fn cancel(&self, _: OwnerId, _: RequestId) {}
    fn arm(&self, _: OwnerId, at: Instant) {
        self.armed.lock().unwrap().push(at);
    }
    fn flush(&self, _: BrokerId, _: Lane) {}
    fn demand(&self, _: OwnerId, _: Demand) {}
    fn runs_inline(&self, _: usize) -> bool {
        self.inline
    }
    fn spawn(&self, work: Box<dyn FnOnce() + Send>) {
        self.jobs.lock().unwrap().push_back(work);
    }
    fn yield_then(&self, _: OwnerId) {}
    fn client_id(&self) -> Arc<str> {
        Arc::from("test")
    }
    fn seed(&self) -> u64 {
        1
    }
}

/// Doubles numbers: each is a job first and fills its slot afterwards.
#[derive(Default)]
struct Doubler {
    asked: VecDeque<Double>,
    done: VecDeque<Double>,
    deadline: Option<Instant>,
}

struct Double {
    number: u32,
    filler: Filler<u32>,
}

impl Work for Double {
    fn cost(&self) -> usize {
        1
    }
    fn run(&mut self) {
        self.number *= 2;
    }
}

impl Effect for Double {
    fn apply(self) {
        self.filler.fill(self.number);
    }
}

impl Machine for Doubler {
    type Job = Double;
    type Event = Double;
    fn handle(&mut self, _: Now, input: Input<Double>) {
        if let Input::Job(double) = input {
            self.done.push_back(double);
        }
    }
    fn poll_request(&mut self, _: Now) -> Option<Outbound> {
        None
    }
    fn poll_demand(&mut self) -> Option<Demand> {
        None
    }
    fn poll_job(&mut self) -> Option<Double> {
        self.asked.pop_front()
    }
    fn poll_event(&mut self) -> Option<Double> {
        self.done.pop_front()
    }
    fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }
}

/// A waker that calls the object again from within the wake.
struct CallsAgain(Arc<Object<Doubler>>, Mutex<Option<Filler<u32>>>);

impl Wake for CallsAgain {
    fn wake(self: Arc<Self>) {
        if let Some(filler) = self.1.lock().unwrap().take() {
            self.0.with(|machine, _| machine.asked.push_back(Double { number: 50, filler })).unwrap();
        }
    }
}

fn double(object: &Object<Doubler>, number: u32) -> crate::slot::Waiting<u32> {
    let (filler, waiting) = slot();
    object.with(|machine, _| machine.asked.push_back(Double { number, filler })).unwrap();
    waiting
}

#[test]
fn a_waker_may_call_the_object_that_wakes_it() {
    let io = Paper::new(false);
    let object = Object::new(Arc::<Paper>::clone(&io), Doubler::default());
    let first = double(&object, 4);
    let (filler, second) = slot();
    let waker = Waker::from(Arc::new(CallsAgain(Arc::clone(&object), Mutex::new(Some(filler)))));
    let mut context = Context::from_waker(&waker);
    let (mut first, mut second) = (pin!(first), pin!(second));
    assert!(first.as_mut().poll(&mut context).is_pending());
    let job = io.jobs.lock().unwrap().pop_front().unwrap();
    job();
    assert!(matches!(first.poll(&mut context), Poll::Ready(Ok(8))));
    let job = io.jobs.lock().unwrap().pop_front().unwrap();
    job();
    assert!(matches!(second.as_mut().poll(&mut context), Poll::Ready(Ok(100))));
}

#[test]
fn small_jobs_run_where_they_stand() {
    let object = Object::new(Paper::new(true), Doubler::default());
    let waiting = double(&object, 21);
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(pin!(waiting).poll(&mut context), Poll::Ready(Ok(42))));
}

#[test]
fn a_later_deadline_is_not_armed_until_the_earlier_one_has_come() {
    let io = Paper::new(true);
    let object = Object::new(Arc::<Paper>::clone(&io), Doubler::default());
    let at = |millis| Some(io.start + Duration::from_millis(millis));
    for deadline in [at(20), at(30), at(10)] {
        object.with(|machine, _| machine.deadline = deadline).unwrap();
    }
    assert_eq!(*io.armed.lock().unwrap(), [at(20).unwrap(), at(10).unwrap()]);
    object.with(|machine, _| machine.deadline = at(40)).unwrap();
    object.input(Input::Timeout);
    assert_eq!(io.armed.lock().unwrap().last().copied(), at(40));
}

#[test]
fn a_panic_inside_a_machine_makes_its_object_fatal() {
    let object = Object::new(Paper::new(true), Doubler::default());
    let inner = Arc::clone(&object);
    let panicked = std::thread::spawn(move || inner.with(|_, _| panic!("on purpose"))).join();
    assert!(panicked.is_err());
    let error = object.with(|_, _| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    object.input(Input::Timeout);
}

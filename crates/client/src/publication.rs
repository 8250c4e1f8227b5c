//! The present view of the cluster, for all to read, and its way to every object.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use ottla_core::cluster::Cluster;

#[derive(Debug)]
pub(crate) struct Publication {
    current: ArcSwap<Cluster>,
    /// Whether a thread is telling the objects. Another that comes meanwhile leaves its view to that thread, so that no
    /// object sees an older view after a newer one.
    telling: Mutex<Telling>,
}

#[derive(Debug, Default)]
struct Telling {
    busy: bool,
    next: Option<Arc<Cluster>>,
}

impl Publication {
    pub(crate) fn new(cluster: Arc<Cluster>) -> Self {
        Self { current: ArcSwap::new(cluster), telling: Mutex::default() }
    }

    pub(crate) fn current(&self) -> Arc<Cluster> {
        self.current.load_full()
    }

    /// Makes a view the present one and gives it to `tell`, unless a newer one is there.
    pub(crate) fn publish(&self, cluster: Arc<Cluster>, tell: impl Fn(&Arc<Cluster>)) {
        {
            let mut telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
            if cluster.revision <= self.current.load().revision {
                return;
            }
            self.current.store(Arc::clone(&cluster));
            telling.next = Some(cluster);
            if telling.busy {
                return;
            }
            telling.busy = true;
        }
        loop {
            let next = {
                let mut telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
                match telling.next.take() {
                    Some(next) => next,
                    None => {
                        telling.busy = false;
                        return;
                    }
                }
            };
            tell(&next);
        }
    }
}

//! Tests of lanes.

use std::sync::Arc;

use ottla_types::BrokerId;

use super::{Lane, Link, LinkState, Links};
use crate::error::{Error, ErrorKind};
use crate::io::Demand;
use crate::versions::Versions;

const BROKER: BrokerId = BrokerId(1);

fn ready(epoch: u64) -> Link {
    Link { broker: BROKER, lane: Lane::Produce, epoch, state: LinkState::Ready(Arc::new(Versions::default())) }
}

fn down(epoch: u64) -> Link {
    let error = Error::new(ErrorKind::Transport, "gone");
    Link { broker: BROKER, lane: Lane::Produce, epoch, state: LinkState::Down(error) }
}

#[test]
fn a_connection_is_asked_for_once_until_it_goes_down() {
    let mut links = Links::default();
    let demand = Demand::Connect { broker: BROKER, lane: Lane::Produce };
    assert_eq!(links.want(BROKER, Lane::Produce), Some(demand.clone()));
    assert_eq!(links.want(BROKER, Lane::Produce), None);
    assert!(links.on_link(&ready(1)));
    assert_eq!(links.want(BROKER, Lane::Produce), None);
    assert!(links.on_link(&down(1)));
    assert_eq!(links.want(BROKER, Lane::Produce), Some(demand));
    assert_eq!(links.want(BROKER, Lane::Produce), None);
}

#[test]
fn a_ready_that_was_overtaken_by_its_down_is_ignored() {
    let mut links = Links::default();
    assert!(links.on_link(&down(5)));
    assert!(!links.on_link(&ready(5)));
    assert!(links.ready(BROKER, Lane::Produce).is_none());
    assert!(links.on_link(&ready(6)));
    assert!(!links.on_link(&down(5)));
    assert_eq!(links.ready(BROKER, Lane::Produce).map(|(epoch, _)| epoch), Some(6));
}

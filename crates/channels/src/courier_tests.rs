use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tenancy::{OutboxId, WorkspaceId};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::*;
use crate::transport::TransportError;

/// An outbox in memory. An effect's kind says how its delivery goes.
#[derive(Default)]
struct Outbox {
    batches: Mutex<VecDeque<Vec<Due>>>,
    wake: Notify,
    takes: AtomicUsize,
    running: AtomicUsize,
    most_running: AtomicUsize,
    delivered: Mutex<Vec<OutboxId>>,
    back: Mutex<Vec<(OutboxId, &'static str, SignedDuration)>>,
}

impl Round for Outbox {
    async fn take(&self) -> Result<Vec<Due>, tenancy::Error> {
        self.takes.fetch_add(1, Ordering::SeqCst);
        if self.takes.load(Ordering::SeqCst) == 1 {
            return Err(tenancy::Error::Unavailable);
        }
        Ok(self.batches.lock().unwrap().pop_front().unwrap_or_default())
    }
    async fn deliver(&self, due: &Due) -> Result<Delivered, DeliveryError> {
        let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_running.fetch_max(now, Ordering::SeqCst);
        sleep(Duration::from_millis(10)).await;
        if due.kind == "hangs" {
            sleep(DELIVERY_MAX * 10).await;
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
        match due.kind.as_str() {
            "refused" => return Err(TransportError::Refused(550).into()),
            "defect" => panic!("a composer's defect"),
            "slow" => sleep(Duration::from_secs(5)).await,
            _ => {}
        }
        self.delivered.lock().unwrap().push(due.id);
        Ok(Delivered::Letters(1))
    }
    async fn put_back(&self, due: &Due, code: &'static str, delay: SignedDuration) -> Result<(), tenancy::Error> {
        self.back.lock().unwrap().push((due.id, code, delay));
        Err(tenancy::Error::Unavailable)
    }
    async fn written(&self) {
        self.wake.notified().await;
    }
}

fn due(kind: &str, attempts: i32) -> Due {
    let (workspace, id) = (WorkspaceId::random(), OutboxId::random());
    Due { workspace, id, kind: kind.to_owned(), attempts, max_attempts: 6 }
}

fn start(batches: Vec<Vec<Due>>) -> (Arc<Outbox>, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
    let outbox = Arc::new(Outbox { batches: Mutex::new(batches.into()), ..Outbox::default() });
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(run(Arc::clone(&outbox), || 0, Pace::per_second(50), stopped));
    (outbox, stop, running)
}

#[tokio::test(start_paused = true)]
async fn all_are_delivered_four_at_a_time_and_the_poll_is_the_floor() {
    let batches: Vec<Vec<Due>> = (0..3).map(|_| (0..16).map(|_| due("ok", 1)).collect()).collect();
    let (outbox, stop, running) = start(batches);
    sleep(Duration::from_millis(900)).await;
    assert!(outbox.delivered.lock().unwrap().is_empty(), "the first look failed, the next comes after a second");
    sleep(Duration::from_secs(2)).await;
    assert_eq!(outbox.delivered.lock().unwrap().len(), 48);
    assert_eq!(outbox.most_running.load(Ordering::SeqCst), AT_ONCE_MAX);
    let looks = outbox.takes.load(Ordering::SeqCst);
    sleep(Duration::from_secs(10)).await;
    let more = outbox.takes.load(Ordering::SeqCst) - looks;
    assert!((9..=11).contains(&more), "{more} looks in ten quiet seconds");
    stop.send(true).unwrap();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_written_effect_wakes_it() {
    let (outbox, _stop, _running) = start(vec![]);
    sleep(Duration::from_millis(1100)).await;
    outbox.batches.lock().unwrap().push_back(vec![due("ok", 1)]);
    outbox.wake.notify_one();
    sleep(Duration::from_millis(50)).await;
    assert_eq!(outbox.delivered.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn failed_ones_go_back_with_a_code_and_hold_up_nobody() {
    let (refused, defect, hangs, fine) = (due("refused", 2), due("defect", 1), due("hangs", 6), due("ok", 1));
    let ids = [refused.id, defect.id, hangs.id];
    let (outbox, stop, running) = start(vec![vec![refused, defect, hangs, fine.clone()]]);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(*outbox.delivered.lock().unwrap(), [fine.id]);
    sleep(DELIVERY_MAX).await;
    let back = outbox.back.lock().unwrap().clone();
    let of = |id| {
        back.iter()
            .filter(|(found, ..)| *found == id)
            .map(|(_, code, delay)| (*code, delay.as_secs()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(ids[0]), [("mail_refused", 300)]);
    assert_eq!(of(ids[1]), [("defect", 60)]);
    assert_eq!(of(ids[2]), [("too_slow", 43_200)]);
    stop.send(true).unwrap();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_what_was_begun_and_returns_what_was_not() {
    let mut batch: Vec<Due> = (0..7).map(|_| due("slow", 1)).collect();
    batch.push(due("slow", 6));
    let (outbox, stop, running) = start(vec![batch]);
    sleep(Duration::from_millis(1500)).await;
    stop.send(true).unwrap();
    let begun = Instant::now();
    running.await.unwrap();
    assert!(begun.elapsed() < DELIVERY_MAX);
    assert_eq!(outbox.delivered.lock().unwrap().len(), AT_ONCE_MAX);
    let back = outbox.back.lock().unwrap().clone();
    assert_eq!(back.len(), 3, "the one at its last attempt is left to its lock");
    assert!(back.iter().all(|(_, code, delay)| *code == "stopped" && delay.is_zero()));
}

#[tokio::test(start_paused = true)]
async fn it_stops_when_nobody_could_tell_it() {
    let (_outbox, stop, running) = start(vec![]);
    drop(stop);
    tokio::time::timeout(Duration::from_secs(2), running).await.unwrap().unwrap();
}

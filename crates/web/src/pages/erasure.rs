//! Erasing what is kept of somebody or of a month, and the end of a workspace: its owners' page.

use axum::http::StatusCode;
use identity::erasing;
use jiff::Timestamp;
use tenancy::ending::{self, EndError};
use tenancy::erasure::{self, Order, OrderError, PartName};
use tenancy::policy::{CancelEnd, OrderEnd, OrderErasure, SeeHome, SeeTrail};
use tenancy::{ReadWrite, Scope, Whole};

use super::body::Pairs;
use super::caller::PageCaller;
use super::fail::{Answer, Fail, sentence};
use super::look::{Done, page, see_other_with};
use super::words;
use crate::problem::Problem;
use crate::views::{Erasure, ErasureLine, Nav, Pill, Tone};

/// Fewest days that a page takes: an owner has a day to think, the operator's command does without.
const DAYS_MIN: u8 = 1;

/// `GET /w/{slug}/erasure`.
pub(super) async fn erasure(caller: PageCaller) -> Answer {
    show(&caller, StatusCode::OK, None, None).await
}

/// `POST /w/{slug}/erasure`.
pub(super) async fn erasure_post(caller: PageCaller, form: Pairs) -> Answer {
    let mut scope = caller.scope().await?;
    let came = match form.get("act") {
        "person" => {
            let ordered = erasing::order_person(&mut scope, form.get("person")).await;
            ordered.map(|_| Done::Erasing).map_err(|why| of_order("person", why))
        }
        "month" => {
            let ordered = erasing::order_month(&mut scope, form.get("month")).await;
            ordered.map(|_| Done::Erasing).map_err(|why| of_order("month", why))
        }
        "end" => end(&caller, &mut scope, &form).await.map(|()| Done::EndOrdered),
        "keep" => {
            let permit = scope.permit::<CancelEnd>(Whole).await?;
            ending::cancel(&mut scope, permit).await.map(|()| Done::EndTakenBack).map_err(of_end)
        }
        _ => return Err(Problem::malformed("The form does not say what to do.").into()),
    };
    match came {
        Ok(done) => {
            drop(scope.commit().await?);
            Ok(see_other_with(&caller.path("/erasure"), done))
        }
        Err(refused) => {
            drop(scope);
            let (of, why) = refused?;
            show(&caller, StatusCode::UNPROCESSABLE_ENTITY, Some((of, sentence(&why))), Some(&form)).await
        }
    }
}

/// What a form is told, or the failure that is no matter of its values.
type Refused = Result<(&'static str, String), Fail>;

async fn end(caller: &PageCaller, scope: &mut Scope<ReadWrite>, form: &Pairs) -> Result<(), Refused> {
    let permit = scope.permit::<OrderEnd>(Whole).await.map_err(|why| Err(why.into()))?;
    if form.get("slug").trim() != caller.slug {
        return Err(Ok(("end", format!("Type {} to confirm", caller.slug))));
    }
    let days = form.get("days").parse().ok().filter(|days| (DAYS_MIN..=ending::DAYS_MAX).contains(days));
    let days = days.ok_or_else(|| Ok(("end", format!("Choose {DAYS_MIN} to {} days", ending::DAYS_MAX))))?;
    ending::order(scope, permit, caller.app.platform, days).await.map(drop).map_err(of_end)
}

fn of_order(form: &'static str, why: OrderError) -> Refused {
    match why {
        OrderError::Tenancy(error) => Err(error.into()),
        why => Ok((form, why.to_string())),
    }
}

fn of_end(why: EndError) -> Refused {
    match why {
        EndError::Tenancy(error) => Err(error.into()),
        why => Ok(("end", why.to_string())),
    }
}

async fn show(
    caller: &PageCaller,
    status: StatusCode,
    error: Option<(&'static str, String)>,
    form: Option<&Pairs>,
) -> Answer {
    let mut scope = caller.view().await?;
    // The page is for whoever may order, and shows what was ordered.
    drop(scope.permit::<OrderErasure>(Whole).await?);
    let see = scope.permit::<SeeTrail>(Whole).await?;
    let home = scope.permit::<SeeHome>(Whole).await?;
    let now = scope.now();
    let typed = |name: &str| form.map_or_else(String::new, |form| form.get(name).to_owned());
    let orders = erasure::orders(&scope, &see).await?;
    let ordered = ending::of(&scope, &home).await?;
    let certificate = super::look::current().absolute(&format!("/ended/{}", caller.workspace));
    let days = typed("days");
    let shown = Erasure {
        frame: caller.frame(&scope, "Erasure", Nav::Audit).await?,
        slug: caller.slug.clone(),
        orders: orders.iter().map(|order| line(now, order)).collect(),
        person: typed("person"),
        month: typed("month"),
        days: if days.is_empty() { "14".to_owned() } else { days },
        error,
        ends: ordered.map(|ordered| (words::until(ordered.due_at), certificate)),
        may_end: caller.workspace != caller.app.platform,
        days_max: ending::DAYS_MAX,
    };
    scope.finish();
    Ok(page(status, &shown))
}

fn line(now: Timestamp, order: &Order) -> ErasureLine {
    ErasureLine {
        of: order.month.clone().unwrap_or_else(|| "A person who left".to_owned()),
        part: match order.part {
            PartName::Person => "who acted, from where",
            PartName::Period => "what acts were about",
        },
        ordered: words::when(now, order.ordered_at),
        state: match (order.shredded_at, order.erased_at) {
            (_, Some(_)) => Pill::new(Tone::Ok, "erased"),
            (Some(_), None) => Pill::new(Tone::Wait, "key destroyed"),
            (None, None) => Pill::new(Tone::Wait, "ordered"),
        },
    }
}

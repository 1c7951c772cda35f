//! What a request costs when there is more and more of something. Every count is measured in turn with the smallest one, so
//! that whatever else the machine does meets both.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};

use super::checks::account_questions;
use super::compare::rates;
use super::door::{self, question, request, sample};
use super::writes::status_reports;
use crate::bench::{Bench, Log};
use crate::installation::{Installation, OPEN_PACKAGE, package_of_step, site_name};
use crate::load::{Load, Plan, Requests, post, repeat};
use crate::process::Running;
use crate::report::{Bound, Curve, Figure};
use crate::statistics::Spread;

/// How many times as much a request may cost at the end of a curve as at its beginning.
const AT_THE_END: Bound = Bound::AtMost(1.3);
/// Updates at the beginning of their curve.
const FEW_UPDATES: u32 = 10;

/// The check of a device with a license, and a status report, among more and more devices and licenses.
pub(super) async fn devices(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let counts: Vec<u32> = decades(1000.min(bench.amount.devices / 10), bench.amount.devices).collect();
    let few = bench.new_installation("few-devices").await?;
    few.grow(*counts.first().context("there is no count")?).await?;
    let (mut checks, mut reports) = (Vec::new(), Vec::new());
    for (step, count) in (0_u32..).zip(counts) {
        let many = bench.large(count).await?;
        let ask = |on: &Installation| anyhow::Ok((Plan::Ask, account_questions(on.token(0)?, on.devices())));
        checks.push(point(bench, count, [(&few, ask(&few)?), (&many, ask(&many)?)]).await?);
        // Times of their own in every step, so that no report is taken for one of the step before.
        let tell = |on: &Installation| anyhow::Ok((Plan::Tell, status_reports(on, step << 26, on.devices())?));
        reports.push(point(bench, count, [(&few, tell(&few)?), (&many, tell(&many)?)]).await?);
    }
    Ok(vec![
        figure(format!("{name} check"), "devices", &checks)?,
        figure(format!("{name} status"), "devices", &reports)?,
    ])
}

/// The check of an anonymous device in a site with more and more updates.
pub(super) async fn updates(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let [few, many] = [bench.new_installation("few-updates").await?, bench.new_installation("updates").await?];
    few.add_updates(0..FEW_UPDATES).await?;
    let (mut points, mut there) = (Vec::new(), 0);
    for count in decades(FEW_UPDATES, bench.amount.updates) {
        many.add_updates(there..count).await?;
        there = count;
        let ask = |on: &Installation| {
            let ask = request(door::SIGNED_UPDATES, &on.token(0)?, &question(&package_of_step(0), 1033));
            anyhow::Ok((Plan::Ask, repeat(ask)))
        };
        points.push(point(bench, count, [(&few, ask(&few)?), (&many, ask(&many)?)]).await?);
    }
    Ok(vec![figure(name.to_owned(), "updates", &points)?])
}

/// The unsigned check, spread over more and more sites.
pub(super) async fn sites(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let [few, many] = [bench.new_installation("one-site").await?, bench.new_installation("sites").await?];
    few.add_sites(0..1).await?;
    let (mut points, mut there) = (Vec::new(), 0);
    for count in decades(1, bench.amount.sites) {
        many.add_sites(there..count).await?;
        there = count;
        let ask = |on: &Installation, count| anyhow::Ok((Plan::Ask, questions_to_sites(on.token(0)?, count)));
        points.push(point(bench, count, [(&few, ask(&few, 1)?), (&many, ask(&many, count)?)]).await?);
    }
    Ok(vec![figure(name.to_owned(), "sites", &points)?])
}

/// What a request costs at a count, and at the smallest count measured in turn with it.
pub(super) struct Point {
    count: u32,
    few: Spread,
    many: Spread,
}

/// Measures two installations, each with its requests, in turn.
async fn point(bench: &Bench, count: u32, sides: [(&Installation, (Plan, Requests)); 2]) -> Result<Point> {
    let [(_, (plan, _)), _] = &sides;
    let plan = *plan;
    let mut servers = Vec::new();
    let mut asked = Vec::new();
    for (installation, (_, mut requests)) in sides {
        let server = bench.serve(installation, Log::Usual)?;
        if plan == Plan::Ask {
            let mut ask = Vec::new();
            requests(&mut ask);
            let offered = sample(server.address(), &ask).await?.offers(installation)?;
            ensure!(offered == 1, "a device is offered {offered} updates instead of one");
        }
        servers.push(server);
        asked.push(requests);
    }
    let point = costs(bench, count, plan, servers.iter().zip(asked)).await?;
    for server in servers {
        server.stop()?;
    }
    Ok(point)
}

/// Measures two programs, each with its requests, in turn.
pub(super) async fn costs(
    bench: &Bench,
    count: u32,
    plan: Plan,
    programs: impl IntoIterator<Item = (&Running, Requests)>,
) -> Result<Point> {
    let load = |program: &Running, requests| Arc::new(Load::new(program.address(), plan, requests));
    let sides: Vec<_> = programs.into_iter().map(|(program, requests)| (program, load(program, requests))).collect();
    let rounds = bench.in_turn(&sides).await?;
    let [few, many] = &rounds[..] else { bail!("two installations were to be measured") };
    // Microseconds of the whole server for each request, under full load.
    let cost = |rates: Spread| Spread { median: 1e6 / rates.median, min: 1e6 / rates.max, max: 1e6 / rates.min };
    Ok(Point { count, few: cost(rates(few)?), many: cost(rates(many)?) })
}

/// The cost at the end of a curve beside the cost at its beginning.
pub(super) fn figure(name: String, of: &'static str, points: &[Point]) -> Result<Figure> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { bail!("nothing was measured") };
    let what = format!("× that with {} {of}", first.count);
    let mut figure = Figure::against(name, "µs", last.many, (&what, last.few), AT_THE_END);
    figure.notes.push(format!("with {} {of}", last.count));
    let points = points.iter().map(|point| (point.count, point.many.median / point.few.median)).collect();
    figure.curve = Some(Curve { of, points });
    Ok(figure)
}

/// Questions of anonymous devices to sites, one after the other.
fn questions_to_sites(token: String, sites: u32) -> Requests {
    let (body, mut number) = (question(OPEN_PACKAGE, 1033), 0_u32);
    Box::new(move |out| {
        let path = format!("/t/{}{}", site_name(number % sites), door::UPDATES);
        post(out, &path, &token, body.as_bytes());
        number = number.wrapping_add(1);
    })
}

/// Counts from the first to the last, each ten times the one before.
pub(super) fn decades(first: u32, last: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(first.max(1)), move |count| Some((count * 10).min(last)).filter(|next| next > count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_grow_by_decades_to_the_last() {
        let counts = |first, last| decades(first, last).collect::<Vec<_>>();
        assert_eq!(counts(1000, 1_000_000), [1000, 10_000, 100_000, 1_000_000]);
        assert_eq!(counts(10, 250), [10, 100, 250]);
        assert_eq!(counts(0, 1), [1]);
    }

    #[test]
    fn the_end_is_compared_with_what_was_measured_in_turn_with_it() {
        let point = |count, few, many| Point { count, few: Spread::single(few), many: Spread::single(many) };
        let figure = figure("check".to_owned(), "updates", &[point(10, 20.0, 20.0), point(100, 40.0, 60.0)]).unwrap();
        assert_eq!((figure.goals[0].value, figure.holds()), (1.5, false));
        assert_eq!(figure.curve.unwrap().points, [(10, 1.0), (100, 1.5)]);
    }
}
